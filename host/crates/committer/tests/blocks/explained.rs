//! Why a transaction is not valid, as it is told to who asks: with what the ledger knows beside the kept cause.

use bytes::Bytes;
use decoded::Explanation;
use expect_test::{Expect, expect};
use inspect::{Which, explain};
use model::Version;
use model::envelope::tx_id_as_exported;
use msp::SigningIdentity;
use rwset::Simulator;

use crate::set::{Set, set};
use crate::world::{World, put};

fn both(world: &World) -> [&'static SigningIdentity; 2] {
    [&world.people.org1.peer, &world.people.org2.peer]
}

fn explained(world: &World, tx_id: &str) -> Explanation {
    explain(&world.channel, &Which::Id(tx_id.to_owned())).unwrap()
}

/// Commits a block of these and checks what is told of its last transaction, ids replaced by places.
async fn check(world: &World, sets: Vec<Set>, expected: Expect) -> String {
    let entries: Vec<Bytes> = sets
        .into_iter()
        .map(|set| world.does(set, &both(world)))
        .collect();
    let tx_id = tx_id_as_exported(entries.last().unwrap());
    world.codes(entries).await;
    expected.assert_eq(&told(world, &tx_id));
    tx_id
}

fn told(world: &World, tx_id: &str) -> String {
    let mut text = explained(world, tx_id).lines().join("\n");
    for number in 0..world.channel.ledger().height() {
        let block = world.channel.ledger().block(number).unwrap().unwrap();
        for (place, entry) in block.data.iter().enumerate() {
            let id = tx_id_as_exported(entry);
            text = text.replace(&id, &format!("<id {number}:{place}>"));
        }
    }
    text
}

/// What a simulation of these calls on the present state reads and writes.
fn simulated(world: &World, calls: impl FnOnce(&mut Simulator)) -> Bytes {
    let snapshot = world.channel.ledger().snapshot().unwrap();
    let mut simulator = Simulator::new(Box::new(snapshot), "tx");
    calls(&mut simulator);
    simulator.finish().unwrap().results
}

/// A transaction that has read the keys from `r` on to before `s`.
fn ranging(world: &World) -> Bytes {
    let results = simulated(world, |simulator| {
        let cursor = simulator.open_range("basic", "r", "s").unwrap();
        while !simulator.next(cursor, 100).unwrap().is_empty() {}
    });
    let mut tx = world.tx();
    tx.action.results = results;
    tx.entry()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_transaction_says_what_it_wrote() {
    let world = World::new().await;
    let written = put("a").del("b").hashed_put("plain", "s", "v");
    let policy = written.policy("a", "OR('Org3MSP.peer')");
    check(&world, vec![policy], expect![[r#"
        VALID (0): The transaction is valid and its writes are in the state.
        Next: Nothing is to be done.

        transaction  <id 2:0>
        place        block 2, transaction 0
        time         2027-01-15T08:00:00Z, as its creator stated it
        wrote        key "a" of chaincode basic
        deleted      key "b" of chaincode basic
        metadata of  key "a" of chaincode basic
        wrote        the key with hash 043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89 of collection plain of chaincode basic"#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_read_names_the_transaction_that_wrote_or_deleted_the_key() {
    let world = World::new().await;
    world
        .done(world.does(put("a").put("b", "1"), &both(&world)))
        .await;
    let guarded = set("basic").policy("b", "OR('Org1MSP.peer')");
    world.done(world.does(guarded, &both(&world))).await;
    world
        .done(world.does(set("basic").del("a"), &both(&world)))
        .await;
    let reads = |key, at| set("basic").get(key, at).put("x", "v");
    check(&world, vec![reads("a", Some((2, 0)))], expect![[r#"
        MVCC_READ_CONFLICT (11): A key that the transaction read was changed by another transaction before this one was committed.
        Cause: key "a" of chaincode basic was read as transaction 0 of block 2 left it; transaction 0 of block 4 (<id 4:0>) has deleted it since.
        Next: Submit the call again as a new transaction: it will read the present state.

        transaction  <id 5:0>
        place        block 5, transaction 0
        time         2027-01-15T08:00:00Z, as its creator stated it
          version read: block 2, transaction 0
          version now:  none"#]]).await;
    check(&world, vec![reads("b", Some((2, 0)))], expect![[r#"
        MVCC_READ_CONFLICT (11): A key that the transaction read was changed by another transaction before this one was committed.
        Cause: key "b" of chaincode basic was read as transaction 0 of block 2 left it; transaction 0 of block 3 (<id 3:0>) has changed its metadata since.
        Next: Submit the call again as a new transaction: it will read the present state.

        transaction  <id 6:0>
        place        block 6, transaction 0
        time         2027-01-15T08:00:00Z, as its creator stated it
          version read: block 2, transaction 0
          version now:  block 3, transaction 0"#]]).await;
    let deletes = set("basic").del("b");
    check(&world, vec![deletes, reads("b", Some((3, 0)))], expect![[r#"
        MVCC_READ_CONFLICT (11): A key that the transaction read was changed by another transaction before this one was committed.
        Cause: key "b" of chaincode basic was read as transaction 0 of block 3 left it; transaction 0 of block 7 (<id 7:0>) has deleted it since.
        Next: Submit the call again as a new transaction: it will read the present state.

        transaction  <id 7:1>
        place        block 7, transaction 1
        time         2027-01-15T08:00:00Z, as its creator stated it
          version read: block 3, transaction 0
          version now:  none"#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_is_kept_as_hashes_is_put_together_again() {
    let world = World::new().await;
    let many = (0..60).fold(set("basic"), |set, index| {
        set.put(&format!("r{index:02}"), "v")
    });
    world.done(world.does(many, &both(&world))).await;
    world.done(world.does(put("r59"), &both(&world))).await;
    let (ranged, again) = (ranging(&world), ranging(&world));
    let id = tx_id_as_exported(&ranged);
    let change = |set| world.does(set, &both(&world));
    world.done(change(put("elsewhere"))).await;
    world
        .done(change(set("basic").del("r05").put("r07x", "v")))
        .await;
    world.done(change(put("r10").del("r59"))).await;
    world.codes(vec![change(put("r59")), ranged]).await;
    let before = told(&world, &id);
    expect![[r#"
        PHANTOM_READ_CONFLICT (12): A range that the transaction read has other members or versions now than when it was endorsed.
        Cause: the keys of chaincode basic from "r" to "s" are not those that were read: it lost key "r05", which transaction 0 of block 5 (<id 5:0>) has deleted.
        Next: Submit the call again as a new transaction; let it read a smaller range if this comes often.

        transaction  <id 7:1>
        place        block 7, transaction 1
        time         2027-01-15T08:00:00Z, as its creator stated it
          it gained key "r07x", which transaction 0 of block 5 (<id 5:0>) has written
          it read key "r10" at version block 2, transaction 0, which transaction 0 of block 6 (<id 6:0>) has changed since
          it read key "r59" at version block 3, transaction 0, which transaction 0 of block 7 (<id 7:0>) has changed since
          it was as it was read up to height 5, as the hashes over what was read show"#]].assert_eq(&before);
    // What comes later changes nothing of it.
    world
        .done(change(put("r05").del("r07x").put("r10", "w")))
        .await;
    assert_eq!(told(&world, &id), before);
    // Nor does it keep what is endorsed late from being told.
    let id = tx_id_as_exported(&again);
    world.codes(vec![again]).await;
    expect![[r#"
        PHANTOM_READ_CONFLICT (12): A range that the transaction read has other members or versions now than when it was endorsed.
        Cause: the keys of chaincode basic from "r" to "s" are not those that were read: it read key "r05" at version block 2, transaction 0, which transaction 0 of block 8 (<id 8:0>) has changed since.
        Next: Submit the call again as a new transaction; let it read a smaller range if this comes often.

        transaction  <id 9:0>
        place        block 9, transaction 0
        time         2027-01-15T08:00:00Z, as its creator stated it
          it read key "r10" at version block 2, transaction 0, which transaction 0 of block 8 (<id 8:0>) has changed since
          it read key "r59" at version block 3, transaction 0, which transaction 0 of block 7 (<id 7:0>) has changed since
          it was as it was read up to height 5, as the hashes over what was read show"#]].assert_eq(&told(&world, &id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_lost_a_key_names_who_deleted_it() {
    let world = World::new().await;
    world
        .done(world.does(put("r1").put("r2", "v"), &both(&world)))
        .await;
    let (ranged, again) = (ranging(&world), ranging(&world));
    world
        .done(world.does(set("basic").del("r1"), &both(&world)))
        .await;
    let id = tx_id_as_exported(&ranged);
    world.codes(vec![ranged]).await;
    expect![[r#"
        PHANTOM_READ_CONFLICT (12): A range that the transaction read has other members or versions now than when it was endorsed.
        Cause: the keys of chaincode basic from "r" to "s" are not those that were read: it lost key "r1", which transaction 0 of block 3 (<id 3:0>) has deleted.
        Next: Submit the call again as a new transaction; let it read a smaller range if this comes often.

        transaction  <id 4:0>
        place        block 4, transaction 0
        time         2027-01-15T08:00:00Z, as its creator stated it"#]].assert_eq(&told(&world, &id));
    let restored = world.does(put("r1"), &both(&world));
    let id = tx_id_as_exported(&again);
    world.codes(vec![restored, again]).await;
    expect![[r#"
        PHANTOM_READ_CONFLICT (12): A range that the transaction read has other members or versions now than when it was endorsed.
        Cause: the keys of chaincode basic from "r" to "s" are not those that were read: it read key "r1" at version block 2, transaction 0, which transaction 0 of block 5 (<id 5:0>) has changed since.
        Next: Submit the call again as a new transaction; let it read a smaller range if this comes often.

        transaction  <id 5:1>
        place        block 5, transaction 1
        time         2027-01-15T08:00:00Z, as its creator stated it"#]].assert_eq(&told(&world, &id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_state_of_the_range_explains_is_said_to_be_so() {
    let world = World::new().await;
    let many = (0..60).fold(set("basic"), |set, index| {
        set.put(&format!("r{index:02}"), "v")
    });
    world.done(world.does(many, &both(&world))).await;
    // A write of metadata alone gives the key a version that no history has.
    let guarded = set("basic").policy("r05", "AND('Org1MSP.peer', 'Org2MSP.peer')");
    world.done(world.does(guarded, &both(&world))).await;
    let ranged = ranging(&world);
    world.done(world.does(put("r10"), &both(&world))).await;
    let id = tx_id_as_exported(&ranged);
    world.codes(vec![ranged]).await;
    expect![[r#"
        PHANTOM_READ_CONFLICT (12): A range that the transaction read has other members or versions now than when it was endorsed.
        Cause: the keys of chaincode basic from "r" to "s" are not those that were read.
        Next: Submit the call again as a new transaction; let it read a smaller range if this comes often.

        transaction  <id 5:0>
        place        block 5, transaction 0
        time         2027-01-15T08:00:00Z, as its creator stated it
          the transaction has hashes over what it read, and none of the last 3 states of the range has them"#]].assert_eq(&told(&world, &id));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_transaction_of_an_id_is_explained_and_the_others_named() {
    let world = World::new().await;
    let named = |endorsers: &[&'static SigningIdentity]| {
        let mut tx = world.tx().with(put("a")).endorsed_by(endorsers);
        tx.has_nonce(b"again");
        tx.entry()
    };
    let id = tx_id_as_exported(&named(&[]));
    world.codes(vec![named(&[]), named(&both(&world))]).await;
    world.codes(vec![named(&both(&world))]).await;
    expect![[r#"
        ENDORSEMENT_POLICY_FAILURE (10): The endorsements do not satisfy the policy of something the transaction writes.
        Cause: writing to key "a" of chaincode basic needs the chaincode's policy, which is not satisfied.
        Next: Have it endorsed again, by the organisations whose signature is lacking too, and submit it as a new transaction.

        transaction  <id 2:0>
        place        block 2, transaction 0
        time         2027-01-15T08:00:00Z, as its creator stated it
        policy: AND('Org1MSP.peer', 'Org2MSP.peer')
          2 of 2: not satisfied
            'Org1MSP.peer': lacking: no good endorsement is by a member of Org1MSP
            'Org2MSP.peer': lacking: no good endorsement is by a member of Org2MSP
        no endorsement is good
        the id again  block 2, transaction 1: VALID
        the id again  block 3, transaction 0: DUPLICATE_TXID
          transaction 0 of block 2 had the id first; it is ENDORSEMENT_POLICY_FAILURE"#]].assert_eq(&told(&world, &id));
    let later = Version { block: 3, tx: 0 };
    let later = explain(&world.channel, &Which::Place(later)).unwrap();
    assert_eq!(later.code, "DUPLICATE_TXID");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_no_block_is_not_found() {
    let world = World::new().await;
    let height = world.channel.ledger().height();
    let places = [(0, 1), (height, 0), (u64::MAX, u64::MAX)];
    let places = places.map(|(block, tx)| Which::Place(Version { block, tx }));
    for which in [Which::Id("0".repeat(64))].iter().chain(&places) {
        let error = explain(&world.channel, which).unwrap_err();
        assert_eq!(error.code().name(), "transaction.not_found");
    }
}
