//! Transactions with one id: in a block the first that is valid so far counts, in the ledger any that was there before.

use TxValidationCode as C;
use bytes::Bytes;
use futures::FutureExt as _;
use joined::Committed;
use model::{TxId, TxValidationCode};
use msp::Signer as _;

use crate::people::people;
use crate::set::set;
use crate::tx::Tx;
use crate::world::{World, put};

const NONCE: &[u8] = b"the same in all of them";

/// A transaction with the one id, unlike the others by what it does.
fn same(world: &World, change: impl FnOnce(&mut Tx)) -> Bytes {
    let mut tx = world.tx();
    tx.has_nonce(NONCE);
    change(&mut tx);
    tx.entry()
}

/// A transaction and what it gets.
type Case = (fn(&mut Tx), TxValidationCode);

/// Their id.
fn id() -> TxId {
    TxId::compute(NONCE, people().org1.client.identity())
}

/// The codes of a block of transactions with one id, alone and then between two others.
async fn check(changes: &[fn(&mut Tx)], expected: &[TxValidationCode]) {
    let world = World::new().await;
    let all = |world: &World| -> Vec<Bytes> {
        changes.iter().map(|change| same(world, change)).collect()
    };
    assert_eq!(world.codes(all(&world)).await, expected);
    let world = World::new().await;
    let mut entries = all(&world);
    entries.insert(1, world.tx().entry());
    entries.insert(0, world.tx().entry());
    let mut codes = world.codes(entries).await;
    assert_eq!((codes.remove(0), codes.remove(1)), (C::Valid, C::Valid));
    assert_eq!(codes, expected);
    // Who asks for the id hears of the first one that states it.
    let location = world.channel.ledger().tx(id().as_str()).unwrap().unwrap();
    let first = (location.block, location.tx, location.code);
    assert_eq!(first, (2, 1, expected[0]));
    // From the next block on the id is used, whatever became of it.
    assert_eq!(world.code(same(&world, |_| ())).await, C::DuplicateTxid);
}

fn valid(_: &mut Tx) {}

fn unendorsed(tx: &mut Tx) {
    tx.endorsers.clear();
}

fn stale(tx: &mut Tx) {
    tx.does(put("k").get("nothing", Some((1, 0))));
}

fn undecodable(tx: &mut Tx) {
    tx.action.results = Bytes::from_static(b"\xff");
}

fn unsigned(tx: &mut Tx) {
    tx.creator = &tx.people.org2.client;
}

fn shapeless(tx: &mut Tx) {
    tx.on_payload = Some(Box::new(|payload| payload.data = Bytes::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_two_valid_ones_in_a_block_counts() {
    check(
        &[valid, valid, valid],
        &[C::Valid, C::DuplicateTxid, C::DuplicateTxid],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_counts_even_if_it_then_fails_for_its_reads() {
    check(&[stale, valid], &[C::MvccReadConflict, C::DuplicateTxid]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_invalid_before_does_not_count_in_its_block() {
    check(
        &[unendorsed, valid],
        &[C::EndorsementPolicyFailure, C::Valid],
    )
    .await;
    check(&[undecodable, valid], &[C::BadRwset, C::Valid]).await;
    check(&[unsigned, valid], &[C::BadCreatorSignature, C::Valid]).await;
    check(
        &[shapeless, valid],
        &[C::InvalidEndorserTransaction, C::Valid],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_invalid_behind_the_valid_one_has_its_own_code() {
    check(
        &[valid, unendorsed],
        &[C::Valid, C::EndorsementPolicyFailure],
    )
    .await;
    check(&[valid, undecodable], &[C::Valid, C::BadRwset]).await;
    check(&[valid, unsigned], &[C::Valid, C::BadCreatorSignature]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_id_is_told_of_the_first_one_that_states_it_however_malformed() {
    let first: [Case; 5] = [
        (valid, C::Valid),
        (unendorsed, C::EndorsementPolicyFailure),
        (stale, C::MvccReadConflict),
        (shapeless, C::InvalidEndorserTransaction),
        (unsigned, C::BadCreatorSignature),
    ];
    for (change, code) in first {
        let world = World::new().await;
        let waiter = world.channel.waiters().wait(id()).unwrap();
        let entries = vec![
            world.tx().entry(),
            same(&world, change),
            same(&world, valid),
        ];
        world.codes(entries).await;
        // The block is committed, so whoever is to be told has been.
        let told = waiter.committed().now_or_never().flatten();
        assert_eq!(told, Some(Committed { block: 2, code }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_used_by_any_transaction_that_states_it_and_has_a_header() {
    let world = World::new().await;
    let mut malformed = world.tx();
    // Not this transaction's id, but that of one to come.
    malformed.channel_header.tx_id = {
        let mut next = world.tx();
        next.has_nonce(NONCE);
        next.id().to_string()
    };
    assert_eq!(world.code(malformed.entry()).await, C::BadProposalTxid);
    assert_eq!(world.code(same(&world, valid)).await, C::DuplicateTxid);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_in_a_payload_that_does_not_decode_is_not_used() {
    let world = World::new().await;
    let headless = same(&world, |tx| {
        tx.on_payload_bytes = Some(Box::new(|bytes| bytes.truncate(bytes.len() - 1)));
    });
    // Not the first, since a block is refused whose first entry names no channel.
    let codes = world.codes(vec![world.tx().entry(), headless]).await;
    assert_eq!(codes, [C::Valid, C::BadPayload]);
    world.done(same(&world, valid)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_writes_nothing_and_changes_no_policy() {
    let world = World::new().await;
    world.done(world.tx().with(put("k")).entry()).await;
    let first = same(&world, |tx| tx.does(put("first")));
    let second = same(&world, |tx| tx.does(set("basic").put("second", "v")));
    assert_eq!(
        world.codes(vec![first, second]).await,
        [C::Valid, C::DuplicateTxid]
    );
    let absent = set("basic").get("first", Some((3, 0))).get("second", None);
    world.done(world.tx().with(absent).entry()).await;
    // A duplicate of the ledger is not judged at all, so the policy it would set does not stand in the way.
    let late = same(&world, |tx| {
        tx.does(set("basic").policy("k", "OR('Org3MSP.peer')"))
    });
    let codes = world
        .codes(vec![late, world.tx().with(put("k")).entry()])
        .await;
    assert_eq!(codes, [C::DuplicateTxid, C::Valid]);
}
