//! What a block states of itself, compared with what is found.

use audit::{Replay, read_block};
use bytes::Bytes;
use expect_test::{Expect, expect};
use model::{Block, TxValidationCode};

use crate::{judged, ordered, replayed, vectors};

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_verdict_is_found_again() {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let genesis = read_block(&vectors.join("peer/0.block")).unwrap();
    let begun = Replay::begin(&folder.path().join("ledger"), genesis).await;
    let (mut replay, first) = begun.unwrap();
    assert_eq!((first.stated, first.differences), (1, vec![]));
    for number in 1..36 {
        let replayed = replay.commit(judged(&vectors, number)).await.unwrap();
        assert_eq!(
            (replayed.stated, replayed.differences),
            (2, vec![]),
            "block {number}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_and_commit_hashes_are_found_not_taken_over() {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut replay = replayed(&vectors, &folder.path().join("ledger"), 1).await;
    for number in 1..36 {
        let mut lying = ordered(&vectors, number);
        lying.set_transactions_filter(&vec![TxValidationCode::BadRwset; lying.data.len()]);
        lying.set_commit_hash(&[7; 32]);
        let replayed = replay.commit(lying).await.unwrap();
        let right = judged(&vectors, number);
        assert_eq!(replayed.commit_hash, right.commit_hash().unwrap());
        let stored = replay.ledger().block(number).unwrap().unwrap();
        assert_eq!(stored.encode(), right.encode(), "block {number}");
        assert_eq!(replayed.differences.len(), right.data.len() + 1);
    }
}

/// Replays block 35, changed, and shows the differences.
async fn check(change: impl FnOnce(&mut Block), expected: Expect) {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut replay = replayed(&vectors, &folder.path().join("ledger"), 35).await;
    let mut block = judged(&vectors, 35);
    change(&mut block);
    let replayed = replay.commit(block).await.unwrap();
    let differences = replayed.differences.iter().map(ToString::to_string);
    expected.assert_eq(&differences.collect::<Vec<_>>().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_names_block_transaction_and_both_values() {
    use TxValidationCode as Code;
    let stated = [
        Code::Valid,
        Code::Valid,
        Code::MvccReadConflict,
        Code::PhantomReadConflict,
    ];
    check(
        |block| block.set_transactions_filter(&stated),
        expect![[r#"
            block 35 transaction 1: validation code is 11 MVCC_READ_CONFLICT here, the block states 0 VALID
            block 35 transaction 3: validation code is 11 MVCC_READ_CONFLICT here, the block states 12 PHANTOM_READ_CONFLICT"#]],
    )
    .await;
    check(
        |block| block.set_transactions_filter(&[Code::Valid]),
        expect!["block 35: transaction filter is 4 codes here, the block states 1 codes"],
    )
    .await;
    check(
        |block| block.metadata[2] = Bytes::from_static(&[0, 11, 11, 99]),
        expect!["block 35 transaction 3: validation code is 11 MVCC_READ_CONFLICT here, the block states 99 unknown"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_hash_that_is_another_or_none_is_a_difference_too() {
    check(|block| block.set_commit_hash(&[7; 32]), expect!["block 35: commit hash is 7b9396412b264de926f14030a10980a29eb7d36e38c4768fc809e2acbb98d13b here, the block states 0707070707070707070707070707070707070707070707070707070707070707"]).await;
    check(
        |block| block.metadata[4] = Bytes::from_static(b"\x0a\x05"),
        expect!["block 35: commit hash is 7b9396412b264de926f14030a10980a29eb7d36e38c4768fc809e2acbb98d13b here, the block states what does not decode"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_block_does_not_state_is_not_compared() {
    check(|block| block.metadata.truncate(1), expect![[""]]).await;
    check(
        |block| {
            block.set_transactions_filter(&[]);
            block.clear_commit_hash();
        },
        expect![[""]],
    )
    .await;
}
