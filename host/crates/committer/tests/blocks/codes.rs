//! The one table of validation codes: what a transaction is like, what it gets, and why.

#![allow(clippy::too_many_lines, reason = "a table is as long as it has rows")]

mod endorsed;
mod envelope;
mod policy;
mod state;
mod valid;

use std::collections::BTreeMap;

use TxValidationCode as C;
use bytes::Bytes;
use model::{TxValidationCode, codes};

use crate::set::set;
use crate::tx::Tx;
use crate::world::World;

/// A kind of transaction.
pub(crate) struct Row {
    pub(crate) code: TxValidationCode,
    pub(crate) name: &'static str,
    why: &'static str,
    change: fn(&mut Tx),
}

/// A valid transaction, changed like this, gets that code.
fn row(code: TxValidationCode, name: &'static str, why: &'static str, change: fn(&mut Tx)) -> Row {
    Row {
        code,
        name,
        why,
        change,
    }
}

pub(crate) fn table() -> Vec<Row> {
    let parts = [
        valid::rows(),
        envelope::rows(),
        endorsed::rows(),
        policy::rows(),
        state::rows(),
    ];
    parts.into_iter().flatten().collect()
}

/// The codes that no block can give, and why not.
const NEVER: [(TxValidationCode, &str); 10] = [
    (C::NilEnvelope, "a block with an empty entry is refused"),
    (
        C::UnknownTxType,
        "every type but three is a BAD_COMMON_HEADER before",
    ),
    (
        C::TargetChainNotFound,
        "another channel's identities are not known here: BAD_CREATOR_SIGNATURE",
    ),
    (
        C::MarshalTxError,
        "nothing is encoded again to be validated",
    ),
    (
        C::NilTxaction,
        "a transaction has exactly one action, or it is an INVALID_ENDORSER_TRANSACTION",
    ),
    (C::ExpiredChaincode, "only Fabric 1's lifecycle has it"),
    (
        C::ChaincodeVersionConflict,
        "only Fabric 1's lifecycle has it",
    ),
    (
        C::BadChannelHeader,
        "a channel header that does not decode is a BAD_COMMON_HEADER before",
    ),
    (C::InvalidWriteset, "only CouchDB refuses keys or values"),
    (
        C::NotValidated,
        "what a filter holds before validation; none is stored with it",
    ),
];

/// The nonce of a valid transaction in block 2, and of an invalid one.
const USED: &[u8] = b"a nonce that was used";
const SPOILT: &[u8] = b"a nonce of one that was invalid";

/// What the rows that look at the state find: `basic` has `a`, `r1` and `r2` at version (2, 0), `guarded` with a policy of
/// Org3's peer, and `secret` in the collection `plain`.
pub(crate) async fn scene() -> World {
    let world = World::new().await;
    let written = set("basic")
        .put("a", "v")
        .put("r1", "v")
        .put("r2", "v")
        .put("guarded", "v")
        .policy("guarded", "OR('Org3MSP.peer')")
        .hashed_put("plain", "secret", "v");
    let first = world.tx().with(written);
    let mut used = world.tx();
    used.has_nonce(USED);
    let mut spoilt = world.tx().endorsed_by(&[]);
    spoilt.has_nonce(SPOILT);
    let codes = world
        .codes(vec![first.entry(), used.entry(), spoilt.entry()])
        .await;
    assert_eq!(codes, [C::Valid, C::Valid, C::EndorsementPolicyFailure]);
    world
}

pub(crate) fn entry(world: &World, row: &Row) -> Bytes {
    let mut tx = world.tx();
    (row.change)(&mut tx);
    tx.entry()
}

/// Compares by name, so that a failure says which rows are wrong.
fn assert_codes(got: &[(&'static str, TxValidationCode)], rows: &[Row]) {
    let wrong = got
        .iter()
        .zip(rows)
        .filter(|((_, got), row)| *got != row.code);
    let wrong: Vec<String> = wrong
        .map(|((name, got), row)| {
            let (got, wanted) = (codes::name(*got), codes::name(row.code));
            format!("{name}: {got} and not {wanted}, although {}", row.why)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(got.len(), rows.len());
}

#[test]
fn the_table_has_every_code_or_says_why_no_block_gives_it() {
    let mut known: BTreeMap<TxValidationCode, usize> = BTreeMap::new();
    for row in table() {
        assert!(!row.why.is_empty(), "{}", row.name);
        *known.entry(row.code).or_default() += 1;
    }
    for (code, why) in NEVER {
        assert!(
            !why.is_empty() && !known.contains_key(&code),
            "{}",
            codes::name(code)
        );
        known.insert(code, 0);
    }
    let all = (0..=u8::MAX).filter_map(codes::from_byte);
    let missing: Vec<&str> = all
        .filter(|code| !known.contains_key(code))
        .map(codes::name)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let mut names: Vec<_> = table().iter().map(|row| row.name).collect();
    names.sort_unstable();
    assert!(
        names.windows(2).all(|pair| pair[0] != pair[1]),
        "two rows have one name"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_transaction_gets_its_code_and_its_neighbours_are_valid() {
    let (world, rows) = (scene().await, table());
    let mut got = Vec::new();
    for row in &rows {
        let entries = vec![world.tx().entry(), entry(&world, row), world.tx().entry()];
        let codes = world.codes(entries).await;
        assert_eq!(
            (codes[0], codes[2]),
            (C::Valid, C::Valid),
            "beside {}",
            row.name
        );
        got.push((row.name, codes[1]));
    }
    assert_codes(&got, &rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_transaction_gets_its_code_alone_and_before_others() {
    let (world, rows) = (scene().await, table());
    let (mut alone, mut first) = (Vec::new(), Vec::new());
    for row in &rows {
        alone.push((row.name, world.code(entry(&world, row)).await));
        let codes = world
            .codes(vec![entry(&world, row), world.tx().entry()])
            .await;
        assert_eq!(codes[1], C::Valid, "behind {}", row.name);
        first.push((row.name, codes[0]));
    }
    assert_codes(&alone, &rows);
    // What is alone in one block and valid has used up its id, or moved what it read.
    let (first, rows): (Vec<_>, Vec<_>) = first
        .into_iter()
        .zip(rows)
        .filter(|(_, row)| row.code != C::Valid)
        .unzip();
    assert_codes(&first, &rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_every_malformed_transaction_completes_and_its_valid_ones_are_valid() {
    let (world, mut rows) = (scene().await, table());
    rows.retain(|row| row.code != C::Valid);
    let mut entries = vec![world.tx().entry()];
    for row in &rows {
        entries.extend([entry(&world, row), world.tx().entry()]);
    }
    // Again side by side, since before only valid ones were their neighbours.
    entries.extend(rows.iter().map(|row| entry(&world, row)));
    let codes = world.codes(entries).await;
    let (between, after) = codes.split_at(2 * rows.len() + 1);
    assert!(
        between.iter().step_by(2).all(|code| *code == C::Valid),
        "{between:?}"
    );
    for codes in [
        between.iter().skip(1).step_by(2).collect::<Vec<_>>(),
        after.iter().collect(),
    ] {
        let got: Vec<_> = rows
            .iter()
            .zip(codes)
            .map(|(row, code)| (row.name, *code))
            .collect();
        assert_codes(&got, &rows);
    }
    world.done(world.tx().entry()).await;
}
