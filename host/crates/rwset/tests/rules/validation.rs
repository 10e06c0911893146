//! Serial validation and what becomes of the writes, case by case. The notation is explained in `notation`.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use model::{TxValidationCode, Version};
use rwset::{BlockTx, StateReader, TxRwSet, validate_block};

use crate::notation::{bytes, encoded, hash, show_batch, state, tx};

const WORDS: [&str; 8] = ["a", "b", "k", "x", "y", "z", "", "old"];

/// Validates transactions, separated by `|`, as block 9 on a state, and shows codes, causes and changes.
fn check(before: &str, txs: &str, expected: Expect) {
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

#[test]
fn a_value_without_metadata_keeps_the_metadata_there_is() {
    check(
        "a@3=x+p",
        "put a=y",
        expect![[r#"
        VALID
        cc:a [9,0] y + p
    "#]],
    );
    check(
        "a@3=x+p",
        "meta a=q | put a=y",
        expect![[r#"
        VALID
        VALID
        cc:a [9,1] y + q
    "#]],
    );
    check(
        "a@3=x+p",
        "del a | put a=y",
        expect![[r#"
        VALID
        VALID
        cc:a [9,1] y
    "#]],
    );
    check(
        "c/a@3=x+p",
        "put c/a=y",
        expect![[r#"
        VALID
        cc:c/#a [9,0] #y + p
    "#]],
    );
}

#[test]
fn metadata_alone_keeps_the_value_and_moves_the_version() {
    check(
        "a@3=x+p",
        "meta a=q",
        expect![[r#"
        VALID
        cc:a [9,0] x + q
    "#]],
    );
    check(
        "a@3=x+p",
        "meta a",
        expect![[r#"
        VALID
        cc:a [9,0] x
    "#]],
    );
    check(
        "a@3=x",
        "put a=y | meta a=q",
        expect![[r#"
        VALID
        VALID
        cc:a [9,1] y + q
    "#]],
    );
    check(
        "c/a@3=x",
        "meta c/a=q",
        expect![[r#"
        VALID
        cc:c/#a [9,0] #x + q
    "#]],
    );
}

#[test]
fn metadata_alone_does_nothing_to_a_key_that_is_absent_at_that_point() {
    check(
        "",
        "meta a=q | get a@-",
        expect![[r#"
        VALID
        VALID
    "#]],
    );
    check(
        "a@3=x",
        "del a | meta a=q",
        expect![[r#"
        VALID
        VALID
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "",
        "meta c/a=q",
        expect![[r#"
        VALID
    "#]],
    );
}

#[test]
fn value_and_metadata_together_replace_both() {
    check(
        "a@3=x+p",
        "put a=y meta a=q",
        expect![[r#"
        VALID
        cc:a [9,0] y + q
    "#]],
    );
    check(
        "a@3=x+p",
        "put a=y meta a",
        expect![[r#"
        VALID
        cc:a [9,0] y
    "#]],
    );
    check(
        "",
        "put a=y meta a=q",
        expect![[r#"
        VALID
        cc:a [9,0] y + q
    "#]],
    );
    check(
        "",
        "put c/a=y meta c/a=q",
        expect![[r#"
        VALID
        cc:c/#a [9,0] #y + q
    "#]],
    );
}

#[test]
fn a_deletion_beats_all_else_and_drops_the_metadata() {
    check(
        "a@3=x+p",
        "del a",
        expect![[r#"
        VALID
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "a@3=x+p",
        "del a put a=y meta a=q",
        expect![[r#"
        VALID
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "c/a@3=x",
        "purge c/a",
        expect![[r#"
            VALID
            cc:c/#a [9,0] deleted, purged below [9,0]
        "#]],
    );
    check(
        "c/a@3=x",
        "purge c/a | put c/a=y | meta c/a=p",
        expect![[r#"
            VALID
            VALID
            VALID
            cc:c/#a [9,2] #y + p, purged below [9,0]
        "#]],
    );
}

#[test]
fn an_empty_value_deletes_whatever_the_flag_says() {
    check(
        "a@3=x",
        "put a=",
        expect![[r#"
        VALID
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "c/a@3=x",
        "put c/a=",
        expect![[r#"
        VALID
        cc:c/#a [9,0] deleted
    "#]],
    );
}

#[test]
fn entries_of_one_key_are_added_up_as_fabric_does_it() {
    check(
        "",
        "put a=x put a=y",
        expect![[r#"
        VALID
    "#]],
    );
    check(
        "a@3=old+p",
        "put a=x put a=y",
        expect![[r#"
        VALID
        cc:a [9,0] old
    "#]],
    );
    check(
        "a@3=old+p",
        "put a=x put a=y put a=z",
        expect![[r#"
        VALID
        cc:a [9,0] z
    "#]],
    );
    check(
        "a@3=old+p",
        "del a del a",
        expect![[r#"
        VALID
        cc:a [9,0] old
    "#]],
    );
    check(
        "a@3=old+p",
        "meta a=q meta a",
        expect![[r#"
        VALID
        cc:a [9,0] old + q
    "#]],
    );
    check(
        "c/a@3=old",
        "put c/a=x put c/a=y",
        expect![[r#"
        VALID
        cc:c/#a [9,0] #old
    "#]],
    );
}

#[test]
fn entries_so_many_that_their_sum_wraps_around_stop_nothing() {
    let deletions = "del a ".repeat(32);
    check(
        "a@3=old",
        &deletions,
        expect![[r#"
        VALID
    "#]],
    );
    let values = "put a=x ".repeat(256);
    check(
        "a@3=old+p",
        &values,
        expect![[r#"
        VALID
        cc:a [9,0] x + p
    "#]],
    );
}

#[test]
fn transactions_found_invalid_before_count_only_in_the_numbering() {
    let state = state("a@3=x");
    let reads = tx("get a@3 put b=y");
    let config = BlockTx::Config {
        key: "CHANNEL_CONFIG_ENV_BYTES",
        value: bytes("config"),
    };
    let txs = [BlockTx::Invalid, BlockTx::Endorser(&reads), config];
    let (verdicts, batch) = validate_block(&state, 9, &txs).unwrap();
    let codes: Vec<_> = verdicts.iter().map(|verdict| verdict.code).collect();
    use TxValidationCode as C;
    assert_eq!(codes, [C::NotValidated, C::Valid, C::Valid]);
    expect![[r#"
        :CHANNEL_CONFIG_ENV_BYTES [9,2] config
        cc:b [9,1] y
    "#]]
    .assert_eq(&show_batch(&batch, &WORDS));
}

#[test]
fn the_configuration_is_no_part_of_the_commit_hash() {
    let state = state("");
    let write = tx("put a=y");
    let config = |value| BlockTx::Config {
        key: "CHANNEL_CONFIG_ENV_BYTES",
        value: bytes(value),
    };
    let hash_with = |value| {
        let txs = [config(value), BlockTx::Endorser(&write)];
        validate_block(&state, 9, &txs)
            .unwrap()
            .1
            .commit_hash(&[0, 0], b"previous")
    };
    assert_eq!(hash_with("one"), hash_with("another"));
}

#[test]
fn the_commit_hash_depends_on_filter_writes_versions_and_the_hash_before() {
    let state = state("a@3=x");
    let hash_of = |txs: &str, block, filter: &[u8], previous: &[u8]| {
        let rwset = tx(txs);
        let (_, batch) = validate_block(&state, block, &[BlockTx::Endorser(&rwset)]).unwrap();
        batch.commit_hash(filter, previous)
    };
    let hashes = [
        hash_of("put a=y", 9, &[0], b"h"),
        hash_of("put a=z", 9, &[0], b"h"),
        hash_of("put b=y", 9, &[0], b"h"),
        hash_of("del a", 9, &[0], b"h"),
        hash_of("put n:a=y", 9, &[0], b"h"),
        hash_of("put c/a=y", 9, &[0], b"h"),
        hash_of("put a=y", 10, &[0], b"h"),
        hash_of("put a=y", 9, &[1], b"h"),
        hash_of("put a=y", 9, &[0, 0], b"h"),
        hash_of("put a=y", 9, &[0], b""),
    ];
    let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
    assert_eq!(distinct.len(), hashes.len());
    assert_eq!(
        hash_of("put a=y meta a=p", 9, &[0], b"h"),
        hashes[0],
        "metadata is no part of it"
    );
}

#[test]
fn a_purge_destroys_private_values_found_by_their_hash() {
    let mut state = state("");
    state.put_private("cc", "c", "a", "x", Version { block: 3, tx: 0 });
    state.put_private("cc", "c", "b", "y", Version { block: 3, tx: 0 });
    let purge = tx("purge c/a");
    let (_, batch) = validate_block(&state, 9, &[BlockTx::Endorser(&purge)]).unwrap();
    assert_eq!(
        batch.purges().collect::<Vec<_>>(),
        [("cc", "c", &hash("a"), Version { block: 9, tx: 0 })]
    );
    state.apply(9, &batch);
    assert_eq!(state.get_private("cc", "c", "a").unwrap(), None);
    assert!(state.get_private("cc", "c", "b").unwrap().is_some());
}

#[test]
fn a_namespace_that_is_there_twice_is_found() {
    let once = encoded("put a=x put n:a=x");
    assert_eq!(TxRwSet::parse(&once).unwrap().duplicate_namespace(), None);
    let twice = [once.as_ref(), &encoded("get n:b@-")].concat();
    assert_eq!(
        TxRwSet::parse(&twice.into()).unwrap().duplicate_namespace(),
        Some("n")
    );
}

#[test]
fn bytes_that_do_not_decode_at_any_level_are_a_bad_rwset() {
    for text in ["ff", "1204120208ff", "1209 1a07 1205 0a03 08ffff"] {
        let bytes = hex::decode(text.replace(' ', "")).unwrap();
        let error = TxRwSet::parse(&bytes.into()).unwrap_err();
        assert_eq!(
            TxValidationCode::from(error),
            TxValidationCode::BadRwset,
            "{text}"
        );
    }
    assert_eq!(TxRwSet::parse(&bytes("")), Ok(TxRwSet::default()));
}
