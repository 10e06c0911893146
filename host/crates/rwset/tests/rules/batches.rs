//! Whole blocks: numbering, configuration, commit hash, purges, and what is no read-write set.

use expect_test::expect;
use model::{TxValidationCode, Version};
use rwset::{BlockTx, StateReader, TxRwSet, validate_block};

use crate::{
    notation::{bytes, encoded, hash, show_batch, state, tx},
    validation::WORDS,
};

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
    let cases = [
        ("ff", "the read-write set cannot be decoded"),
        (
            "1204120208ff",
            "the part of namespace \"\" cannot be decoded",
        ),
        (
            "1209 1a07 1205 0a03 08ffff",
            "collection \"\" of namespace \"\" cannot be decoded",
        ),
    ];
    for (text, said) in cases {
        let bytes = hex::decode(text.replace(' ', "")).unwrap();
        let error = TxRwSet::parse(&bytes.into()).unwrap_err();
        assert_eq!(error.to_string(), said);
        assert_eq!(
            TxValidationCode::from(error),
            TxValidationCode::BadRwset,
            "{text}"
        );
    }
    assert_eq!(TxRwSet::parse(&bytes("")), Ok(TxRwSet::default()));
}
