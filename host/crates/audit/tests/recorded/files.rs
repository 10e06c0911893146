//! Files that are no blocks of the chain, and folders that are no chain.

use std::fs;
use std::path::Path;

use audit::{BlockFolder, Error, Replay, read_block};
use expect_test::{Expect, expect};

use crate::{chain, ordered, replayed, vectors};

/// Block 5's file with other bytes: why it is refused, without the folder.
fn check(change: impl FnOnce(&mut Vec<u8>), expected: Expect) {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = ordered(&vectors, 5).encode().to_vec();
    change(&mut bytes);
    let file = folder.path().join("5.block");
    fs::write(&file, bytes).unwrap();
    let refused = read_block(&file).unwrap_err();
    assert!(refused.is_refusal());
    let place = folder.path().display().to_string();
    expected.assert_eq(&chain(&refused).replace(&place, "."));
}

#[test]
fn truncated_and_padded_files_are_refused() {
    check(
        |bytes| bytes.truncate(bytes.len() - 1),
        expect![
            "./5.block is refused: not a block: failed to decode Protobuf message: Block.metadata: buffer underflow"
        ],
    );
    check(
        Vec::clear,
        expect!["./5.block is refused: the block has no header"],
    );
    // A field that blocks do not have, the header once more, an overlong length.
    check(
        |bytes| bytes.extend([0x78, 1]),
        expect!["./5.block is refused: it is not a block in its one encoding"],
    );
    check(
        |bytes| {
            let header = bytes[..usize::from(bytes[1]) + 2].to_vec();
            bytes.extend(header);
        },
        expect!["./5.block is refused: it is not a block in its one encoding"],
    );
    check(
        |bytes| {
            bytes[1] |= 0x80;
            bytes.insert(2, 0);
        },
        expect!["./5.block is refused: it is not a block in its one encoding"],
    );
}

#[test]
fn blocks_are_put_in_the_order_of_their_headers() {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, number) in [("z", 1), ("a", 2), ("m", 3)] {
        let block = ordered(&vectors, number).encode();
        fs::write(folder.path().join(format!("{name}.block")), block).unwrap();
    }
    fs::write(folder.path().join("notes.txt"), "no block").unwrap();
    let blocks = BlockFolder::open(folder.path()).unwrap();
    assert_eq!(blocks.last(), 3);
    for number in 1..=3 {
        assert_eq!(blocks.read(number).unwrap().number, number);
    }
    assert!(matches!(blocks.read(4), Err(Error::Gap { number: 4 })));
    fs::copy(folder.path().join("z.block"), folder.path().join("y.block")).unwrap();
    let twice = BlockFolder::open(folder.path()).unwrap_err();
    assert!(matches!(twice, Error::Twice { number: 1, .. }));
}

#[test]
fn a_folder_without_blocks_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let none = BlockFolder::open(folder.path());
    assert!(matches!(none, Err(Error::NoBlocks { .. })));
    let missing = BlockFolder::open(&folder.path().join("missing"));
    assert!(matches!(missing, Err(Error::Files { .. })));
}

#[test]
fn the_folders_genesis_block_must_be_the_given_one() {
    let Some(vectors) = vectors() else { return };
    let blocks = BlockFolder::open(&vectors.join("peer")).unwrap();
    let given = read_block(&vectors.join("genesis.block")).unwrap();
    assert!(
        !blocks
            .genesis(given.clone())
            .unwrap()
            .transactions_filter()
            .is_empty()
    );
    let mut other = given;
    other.data_hash = bytes::Bytes::from_static(&[7; 32]);
    assert!(matches!(blocks.genesis(other), Err(Error::Genesis { .. })));
}

async fn refused_genesis(folder: &Path, block: model::Block) -> String {
    match Replay::begin(folder, block).await {
        Err(error) => chain(&error),
        Ok(_) => "begun".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_no_chain_is_refused_before_anything_is_written() {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("ledger");
    let genesis = read_block(&vectors.join("genesis.block")).unwrap();
    let texts = [
        refused_genesis(&place, ordered(&vectors, 1)).await,
        refused_genesis(&place, {
            let mut block = ordered(&vectors, 1);
            block.number = 0;
            block.previous_hash.clear();
            block
        })
        .await,
        refused_genesis(&place, {
            let mut block = genesis.clone();
            block.previous_hash = bytes::Bytes::from_static(&[7; 32]);
            block
        })
        .await,
        refused_genesis(&place, {
            let mut block = genesis.clone();
            block.data_hash.clear();
            block
        })
        .await,
    ];
    assert!(!place.exists());
    expect![[r#"
        the genesis block is refused: it is block 1
        the genesis block is refused: it is no configuration block
        the genesis block is refused: it names a block before it
        the genesis block is refused: block 0 states data hash , its entries have 208b29474607d6db9c407df3b9bee663a3e384b346b4cdee8146379636c3f2dc"#]].assert_eq(&texts.join("\n"));
    fs::create_dir(&place).unwrap();
    fs::write(place.join("mine"), "").unwrap();
    let occupied = Replay::begin(&place, genesis).await;
    assert!(matches!(occupied, Err(Error::Occupied { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_does_not_follow_is_refused_and_the_right_one_still_taken() {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut replay = replayed(&vectors, &folder.path().join("ledger"), 5).await;
    let before = replay.ledger().snapshot().unwrap().state_hash().unwrap();
    let mut shifted = ordered(&vectors, 5);
    let (first, second) = (shifted.data[0].slice(..100), shifted.data[0].slice(100..));
    shifted.data = vec![first, second];
    for wrong in [ordered(&vectors, 6), ordered(&vectors, 4), shifted] {
        let refused = replay.commit(wrong).await.unwrap_err();
        assert!(refused.is_refusal(), "{refused}");
    }
    assert_eq!(replay.ledger().height(), 5);
    assert_eq!(
        replay.ledger().snapshot().unwrap().state_hash().unwrap(),
        before
    );
    replay.commit(ordered(&vectors, 5)).await.unwrap();
}
