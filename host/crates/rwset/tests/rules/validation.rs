//! Serial validation, case by case. The notation is explained in `notation`.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use rwset::{BlockTx, validate_block};

use crate::notation::{show_batch, state, tx};

pub(crate) const WORDS: [&str; 8] = ["a", "b", "k", "x", "y", "z", "", "old"];

/// Validates transactions, separated by `|`, as block 9 on a state, and shows codes, causes and changes.
pub(crate) fn check(before: &str, txs: &str, expected: Expect) {
    let state = state(before);
    let rwsets: Vec<_> = txs.split('|').map(tx).collect();
    let txs: Vec<_> = rwsets.iter().map(BlockTx::Endorser).collect();
    let (verdicts, batch) = validate_block(&state, 9, &txs).unwrap();
    let mut text = String::new();
    for verdict in verdicts {
        let cause = verdict
            .cause
            .map(|cause| format!(" {cause}"))
            .unwrap_or_default();
        writeln!(text, "{}{cause}", verdict.code.as_str_name()).unwrap();
    }
    expected.assert_eq(&(text + &show_batch(&batch, &WORDS)));
}

#[test]
fn a_read_is_good_while_the_key_has_the_version_that_was_read() {
    check(
        "a@3=x",
        "get a@3 put a=y",
        expect![[r#"
        VALID
        cc:a [9,0] y
    "#]],
    );
    check(
        "a@3=x",
        "get a@2 put a=y",
        expect![[r#"
        MVCC_READ_CONFLICT cc: key "a" was read at version [2,0], now it is at version [3,0]
    "#]],
    );
    check(
        "a@3.1=x",
        "get a@3 put a=y",
        expect![[r#"
        MVCC_READ_CONFLICT cc: key "a" was read at version [3,0], now it is at version [3,1]
    "#]],
    );
    check(
        "a@3=x",
        "get a@- put a=y",
        expect![[r#"
        MVCC_READ_CONFLICT cc: key "a" was read as absent, now it is at version [3,0]
    "#]],
    );
    check(
        "",
        "get a@- put a=y",
        expect![[r#"
        VALID
        cc:a [9,0] y
    "#]],
    );
    check(
        "",
        "get a@3 put a=y",
        expect![[r#"
            MVCC_READ_CONFLICT cc: key "a" was read at version [3,0], now it is absent
        "#]],
    );
}

#[test]
fn reading_a_key_written_in_the_same_block_is_a_conflict() {
    check(
        "a@3=x",
        "get a@3 put a=y | get a@3 put a=z",
        expect![[r#"
        VALID
        MVCC_READ_CONFLICT cc: key "a" was read at version [3,0], transaction 0 of the same block wrote it before
        cc:a [9,0] y
    "#]],
    );
    check(
        "a@3=x",
        "del a | get a@-",
        expect![[r#"
        VALID
        MVCC_READ_CONFLICT cc: key "a" was read as absent, transaction 0 of the same block wrote it before
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "",
        "del a | get a@-",
        expect![[r#"
        VALID
        MVCC_READ_CONFLICT cc: key "a" was read as absent, transaction 0 of the same block wrote it before
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "a@3=x",
        "meta a=p | get a@3",
        expect![[r#"
        VALID
        MVCC_READ_CONFLICT cc: key "a" was read at version [3,0], transaction 0 of the same block wrote it before
        cc:a [9,0] x + p
    "#]],
    );
    check(
        "a@3=x",
        "put a=y | get a@9 put b=z",
        expect![[r#"
        VALID
        MVCC_READ_CONFLICT cc: key "a" was read at version [9,0], transaction 0 of the same block wrote it before
        cc:a [9,0] y
    "#]],
    );
}

#[test]
fn what_an_invalid_transaction_writes_is_no_obstacle_to_later_ones() {
    check(
        "a@3=x",
        "get a@2 put a=y | get a@3 put a=z",
        expect![[r#"
        MVCC_READ_CONFLICT cc: key "a" was read at version [2,0], now it is at version [3,0]
        VALID
        cc:a [9,1] z
    "#]],
    );
}

#[test]
fn writes_without_reads_never_conflict_and_the_last_one_stays() {
    check(
        "a@3=x",
        "put a=y | put a=z | put b=x",
        expect![[r#"
        VALID
        VALID
        VALID
        cc:a [9,1] z
        cc:b [9,2] x
    "#]],
    );
}

#[test]
fn other_namespaces_keys_are_other_keys() {
    check(
        "a@3=x n:a@4=y",
        "put a=z | get n:a@4 put n:a=x | get n:a@4",
        expect![[r#"
        VALID
        VALID
        MVCC_READ_CONFLICT n: key "a" was read at version [4,0], transaction 1 of the same block wrote it before
        cc:a [9,0] z
        n:a [9,1] x
    "#]],
    );
}

#[test]
fn the_first_conflict_found_is_reads_then_ranges_then_hashed_reads_by_namespace() {
    check(
        "a@3=x",
        "get c/k@1 range a..z[] get a@1",
        expect![[r#"
        MVCC_READ_CONFLICT cc: key "a" was read at version [1,0], now it is at version [3,0]
    "#]],
    );
    check(
        "a@3=x",
        "get c/k@1 range a..z[]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."z": no more was read, now "a" is at version [3,0]
    "#]],
    );
    check(
        "a@3=x",
        "get c/k@1",
        expect![[r#"
            MVCC_READ_CONFLICT cc/c: key hash 8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a was read at version [1,0], now it is absent
        "#]],
    );
    check(
        "a@3=x",
        "get n:a@1 get a@1",
        expect![[r#"
            MVCC_READ_CONFLICT n: key "a" was read at version [1,0], now it is absent
        "#]],
    );
}

#[test]
fn a_range_is_good_while_it_has_the_same_keys_and_versions() {
    check(
        "a@3=x b@4=y d@5=z",
        "range a..d[a@3,b@4]",
        expect![[r#"
        VALID
    "#]],
    );
    check(
        "a@3=x b@4=y d@5=z",
        "range a..d[a@3]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."d": no more was read, now "b" is at version [4,0]
    "#]],
    );
    check(
        "a@3=x b@4=y d@5=z",
        "range a..d[a@3,b@4,c@4]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."d": "c" was read at version [4,0], now there is no more
    "#]],
    );
    check(
        "a@3=x b@4=y d@5=z",
        "range a..d[a@3,b@5]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."d": "b" was read at version [5,0], now "b" is at version [4,0]
    "#]],
    );
    check(
        "a@3=x b@4=y d@5=z",
        "range a..d[a@3,b@-]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."d": "b" was read as absent, now "b" is at version [4,0]
    "#]],
    );
    check(
        "a@3=x",
        "range b..d[]",
        expect![[r#"
        VALID
    "#]],
    );
    check(
        "a@3=x",
        "range a..[a@3]",
        expect![[r#"
        VALID
    "#]],
    );
    check(
        "a@3=x",
        "range d..a[]",
        expect![[r#"
        VALID
    "#]],
    );
}

#[test]
fn a_range_sees_what_earlier_transactions_of_the_block_did() {
    check(
        "a@3=x b@4=y",
        "put aa=z | range a..c[a@3,b@4]",
        expect![[r#"
        VALID
        PHANTOM_READ_CONFLICT cc: range "a".."c": "b" was read at version [4,0], now "aa" is at version [9,0]
        cc:aa [9,0] z
    "#]],
    );
    check(
        "a@3=x b@4=y",
        "del b | range a..c[a@3,b@4]",
        expect![[r#"
        VALID
        PHANTOM_READ_CONFLICT cc: range "a".."c": "b" was read at version [4,0], now there is no more
        cc:b [9,0] deleted
    "#]],
    );
    check(
        "a@3=x b@4=y",
        "put b=z | range a..c[a@3,b@4]",
        expect![[r#"
        VALID
        PHANTOM_READ_CONFLICT cc: range "a".."c": "b" was read at version [4,0], now "b" is at version [9,0]
        cc:b [9,0] z
    "#]],
    );
    check(
        "a@3=x b@4=y",
        "put c=z | range a..c[a@3,b@4]",
        expect![[r#"
        VALID
        VALID
        cc:c [9,0] z
    "#]],
    );
    check(
        "a@3=x b@4=y",
        "put aa=z | del aa | range a..c[a@3,b@4]",
        expect![[r#"
        VALID
        VALID
        VALID
        cc:aa [9,1] deleted
    "#]],
    );
    check(
        "a@3=x b@4=y",
        "del b | range a..c[a@3]",
        expect![[r#"
        VALID
        VALID
        cc:b [9,0] deleted
    "#]],
    );
}

#[test]
fn a_range_that_runs_backwards_is_empty_but_for_the_last_key_read() {
    check(
        "a@3=x b@4=y",
        "put b=z | range b..a[]",
        expect![[r#"
        VALID
        VALID
        cc:b [9,0] z
    "#]],
    );
    check(
        "a@3=x b@4=y",
        "put b=z | range b..!a[a@3]",
        expect![[r#"
        VALID
        VALID
        cc:b [9,0] z
    "#]],
    );
}

#[test]
fn a_range_that_was_left_early_ends_with_its_last_key() {
    check(
        "a@3=x b@4=y c@4=z",
        "range a..!b[a@3,b@4]",
        expect![[r#"
        VALID
    "#]],
    );
    check(
        "a@3=x b@4=y c@4=z",
        "range a..!b[a@3]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."b": no more was read, now "b" is at version [4,0]
    "#]],
    );
    check(
        "a@3=x b@4=y c@4=z",
        "put b=z | range a..!b[a@3,b@4]",
        expect![[r#"
        VALID
        PHANTOM_READ_CONFLICT cc: range "a".."b": "b" was read at version [4,0], now "b" is at version [9,0]
        cc:b [9,0] z
    "#]],
    );
    check(
        "a@3=x b@4=y c@4=z",
        "del b | range a..!b[a@3,b@4]",
        expect![[r#"
        VALID
        PHANTOM_READ_CONFLICT cc: range "a".."b": "b" was read at version [4,0], now there is no more
        cc:b [9,0] deleted
    "#]],
    );
    check(
        "a@3=x c@4=z",
        "put b=z | range a..!b[a@3,b@9]",
        expect![[r#"
        VALID
        VALID
        cc:b [9,0] z
    "#]],
    );
}

#[test]
fn a_range_with_hashes_is_good_while_the_hashes_are_equal() {
    let five = "a@3=x b@4=y c@5=z d@5.1=x e@6=y";
    check(
        five,
        "merkle/2 a..z[a@3,b@4,c@5,d@5.1,e@6]",
        expect![[r#"
        VALID
    "#]],
    );
    check(
        five,
        "merkle/2 a..z[a@3,b@4,c@5,d@5.1,e@7]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."z": the hashes over its results differ
    "#]],
    );
    check(
        five,
        "merkle/2 a..z[a@3,b@4,c@5]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."z": the hashes over its results differ
    "#]],
    );
    check(
        five,
        "merkle/2 a..!c[a@3,b@4,c@5]",
        expect![[r#"
        VALID
    "#]],
    );
    check(
        five,
        "put cc=x | merkle/2 a..z[a@3,b@4,c@5,d@5.1,e@6]",
        expect![[r#"
        VALID
        PHANTOM_READ_CONFLICT cc: range "a".."z": the hashes over its results differ
        cc:cc [9,0] x
    "#]],
    );
}

#[test]
fn hashes_that_no_peer_would_make_are_a_conflict_and_stop_nothing() {
    check(
        "a@3=x b@4=y",
        "merkle/2 a..z[a@3,b@4]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."z": the hashes over its results differ
    "#]],
    );
    check(
        "a@3=x",
        "merkle/1 a..z[a@3,b@4,c@5]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."z": the hashes over its results differ
    "#]],
    );
    check(
        "a@3=x",
        "merkle/0 a..z[a@3]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."z": the hashes over its results differ
    "#]],
    );
    check(
        "",
        "merkle/4294967294 a..z[]",
        expect![[r#"
        PHANTOM_READ_CONFLICT cc: range "a".."z": the hashes over its results differ
    "#]],
    );
}

#[test]
fn hashed_keys_follow_the_same_rules_as_public_ones() {
    check(
        "c/a@3=x",
        "get c/a@3 put c/a=y | get c/a@3",
        expect![[r#"
        VALID
        MVCC_READ_CONFLICT cc/c: key hash ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb was read at version [3,0], transaction 0 of the same block wrote it before
        cc:c/#a [9,0] #y
    "#]],
    );
    check(
        "c/a@3=x",
        "get c/a@2",
        expect![[r#"
        MVCC_READ_CONFLICT cc/c: key hash ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb was read at version [2,0], now it is at version [3,0]
    "#]],
    );
    check(
        "c/a@3=x",
        "get d/a@3",
        expect![[r#"
            MVCC_READ_CONFLICT cc/d: key hash ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb was read at version [3,0], now it is absent
        "#]],
    );
    check(
        "c/a@3=x",
        "del c/a | get c/a@-",
        expect![[r#"
        VALID
        MVCC_READ_CONFLICT cc/c: key hash ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb was read as absent, transaction 0 of the same block wrote it before
        cc:c/#a [9,0] deleted
    "#]],
    );
}
