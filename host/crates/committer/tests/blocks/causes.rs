//! Why a transaction is not valid, as it is kept with its block.

use std::fmt::Write as _;

use decoded::Cause;
use expect_test::{expect, expect_file};
use model::{TxValidationCode, codes};

use crate::codes::{entry, scene, table};
use crate::set::set;
use crate::world::{World, put};

/// The cause that the peer has kept of a transaction.
fn kept(world: &World, block: u64, tx: u64) -> Option<Cause> {
    let snapshot = world.channel.ledger().snapshot().unwrap();
    let bytes = snapshot.cause(block, tx).unwrap()?;
    Some(Cause::from_bytes(&bytes).unwrap())
}

/// The causes of the last block's transactions in words, a line for those that have none.
fn told(world: &World) -> String {
    let block = world.channel.ledger().height() - 1;
    let count = world
        .channel
        .ledger()
        .block(block)
        .unwrap()
        .unwrap()
        .data
        .len();
    let told = (0..count).map(|tx| {
        let cause = kept(world, block, u64::try_from(tx).unwrap());
        cause.map_or("-".to_owned(), |cause| cause.to_string())
    });
    told.collect::<Vec<_>>().join("\n")
}

/// The line without what depends on how many rows of the table come before: keys by number, ids, block numbers.
fn masked(line: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric();
    let mut masked = String::new();
    for part in line.split_inclusive(|letter| !is_word(letter)) {
        let word = part.trim_end_matches(|letter| !is_word(letter));
        let behind = &part[word.len()..];
        let number = word.strip_prefix("key").unwrap_or(word);
        let shown = match number.parse::<u64>() {
            _ if word.len() == 64 => "<hash>",
            Ok(10..) => "<number>",
            Ok(_) | Err(_) => word,
        };
        masked.extend([shown, behind]);
    }
    masked
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_invalid_transaction_has_its_cause_and_valid_ones_have_none() {
    let world = scene().await;
    let mut told = String::new();
    for row in table() {
        let codes = world
            .codes(vec![world.tx().entry(), entry(&world, &row)])
            .await;
        let block = world.channel.ledger().height() - 1;
        assert_eq!(kept(&world, block, 0), None);
        let cause = kept(&world, block, 1);
        assert_eq!(
            cause.is_none(),
            row.code == TxValidationCode::Valid,
            "{}",
            row.name
        );
        if let Some(cause) = cause {
            writeln!(told, "{}: {}", codes::name(codes[1]), row.name).unwrap();
            for line in cause.lines() {
                writeln!(told, "    {}", masked(&line)).unwrap();
            }
        }
    }
    expect_file!["goldens/causes.txt"].assert_eq(&told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_in_its_own_block_names_the_first_and_what_that_got() {
    let world = scene().await;
    let twice = |set| {
        let mut tx = world.tx().with(set);
        tx.has_nonce(b"another nonce");
        tx.entry()
    };
    let stale = twice(set("basic").get("a", None).put("x", "v"));
    world
        .codes(vec![world.tx().entry(), stale, twice(put("y"))])
        .await;
    expect![[r#"
        -
        key "a" of chaincode basic was read as absent; transaction 0 of block 2 has changed it since
          version read: none
          version now:  block 2, transaction 0
        transaction 1 of block 3 had the id first; it is MVCC_READ_CONFLICT"#]]
    .assert_eq(&told(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_transaction_of_the_block_did_is_told_with_its_place() {
    let world = scene().await;
    let both: &[_] = &[&world.people.org1.peer, &world.people.org2.peer];
    let entries = vec![
        world.does(put("a").policy("k", "OR('Org3MSP.peer')"), both),
        world.does(put("k"), both),
        world.does(set("basic").get("a", Some((2, 0))), both),
        world.does(
            set("basic").del("r1").hashed_put("plain", "secret", "w"),
            both,
        ),
        world.does(
            set("basic").hashed_get("plain", "secret", Some((2, 0))),
            both,
        ),
        world.does(
            set("basic").range("r", "s", &[("r1", (2, 0)), ("r2", (2, 0))]),
            both,
        ),
    ];
    world.codes(entries).await;
    expect![[r#"
        -
        it writes key "k" of chaincode basic, whose endorsement policy transaction 0 of block 3, in the same block, has changed before
        key "a" of chaincode basic was read as transaction 0 of block 2 left it; transaction 0 of block 3 has changed it since
          version read: block 2, transaction 0
          version now:  block 3, transaction 0
        -
        the key with hash 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b of collection plain of chaincode basic was read as transaction 0 of block 2 left it; transaction 3 of block 3 has changed it since
          version read: block 2, transaction 0
          version now:  block 3, transaction 3
        the keys of chaincode basic from "r" to "s" are not those that were read: it lost key "r1", deleted by a transaction that is not known"#]].assert_eq(&told(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn endorsements_that_do_not_count_are_told_with_the_reason() {
    let world = scene().await;
    let org1 = &world.people.org1;
    let endorsers = [
        &org1.peer,
        &org1.peer,
        &org1.revoked,
        &org1.impostor,
        &world.people.stranger.peer,
        &world.people.org2.peer,
    ];
    let mut tx = world.tx().with(put("k")).endorsed_by(&endorsers);
    tx.on_endorsements = Some(Box::new(|endorsements| {
        endorsements[5].signature = endorsements[0].signature.clone();
    }));
    world.codes(vec![tx.entry()]).await;
    expect![[r#"
        writing to key "k" of chaincode basic needs the chaincode's policy, which is not satisfied
        policy: AND('Org1MSP.peer', 'Org2MSP.peer')
          2 of 2: not satisfied
            'Org1MSP.peer': satisfied by CN=peer0,OU=peer of Org1MSP
            'Org2MSP.peer': lacking: no good endorsement is by a member of Org2MSP
        good endorsement: CN=peer0,OU=peer of Org1MSP
        good endorsement: CN=impostor,OU=client of Org1MSP
        not counted: CN=peer0,OU=peer of Org1MSP: it has endorsed before, and counts once
        not counted: CN=revoked,OU=client of Org1MSP: MSP Org1MSP does not accept the identity: the certificate has been revoked
        not counted: CN=peer0,OU=peer of Org9MSP: MSP Org9MSP is unknown
        not counted: CN=peer0,OU=peer of Org2MSP: it has not signed this result: the signature is invalid: it does not belong to the message and the key"#]].assert_eq(&told(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_finds_the_same_causes_again() {
    let world = scene().await;
    let stale = set("basic").get("a", None).put("x", "v");
    let stale = world.does(stale, &[&world.people.org1.peer, &world.people.org2.peer]);
    let undefined = world.tx().with(put("k").ns("unheard-of").put("k", "v"));
    world.codes(vec![undefined.entry(), stale]).await;
    let before = told(&world);
    assert_eq!(before.matches("chaincode").count(), 2, "{before}");
    let ledger = world.channel.ledger();
    ledger.rebuild().await.unwrap();
    while let Some(block) = ledger.block_to_rebuild().unwrap() {
        world.commit(block).await.unwrap();
    }
    assert_eq!(told(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_write_does_not_fill_the_disk() {
    let world = scene().await;
    let long = "\u{0}".repeat(100_000);
    let mut foreign = world.tx();
    foreign.channel_header.channel_id = long.clone();
    let stale = world.tx().with(set("basic").get(&long, Some((1, 0))));
    let undefined = world.tx().with(put("k").ns(&long).put("k", "v"));
    let entries = vec![stale.entry(), foreign.entry(), undefined.entry()];
    let codes = world.codes(entries).await;
    assert!(codes.iter().all(|code| *code != TxValidationCode::Valid));
    let block = world.channel.ledger().height() - 1;
    let snapshot = world.channel.ledger().snapshot().unwrap();
    for tx in 0..3 {
        let bytes = snapshot.cause(block, tx).unwrap().unwrap();
        assert!(bytes.len() <= decoded::CAUSE_BYTES_MAX);
        assert!(
            kept(&world, block, tx)
                .unwrap()
                .to_string()
                .contains("characters more)")
        );
    }
}
