//! What becomes of private values in the clear.

use bytes::Bytes;
use expect_test::{Expect, expect};
use model::Version;
use proto::rwset::TxPvtReadWriteSet;
use rwset::{
    BlockTx, MemoryState, PrivateTx, PrivateUpdates, Simulator, StateReader, TxRwSet,
    private_updates, validate_block,
};

use crate::notation::{bytes, state};

/// A transaction as endorsed on a state: the public set and the private one.
fn endorsed(
    state: &MemoryState,
    calls: impl FnOnce(&mut Simulator),
) -> (TxRwSet, TxPvtReadWriteSet) {
    let mut simulator = Simulator::new(Box::new(state.clone()), "tx1");
    calls(&mut simulator);
    let simulated = simulator.finish().unwrap();
    (
        TxRwSet::parse(&simulated.results).unwrap(),
        simulated.private.unwrap(),
    )
}

/// Commits transactions as block 9. Those whose private set is not at hand have none.
fn commit(state: &mut MemoryState, txs: &[(TxRwSet, Option<TxPvtReadWriteSet>)]) -> PrivateUpdates {
    let block: Vec<_> = txs
        .iter()
        .map(|(rwset, _)| BlockTx::Endorser(rwset))
        .collect();
    let (verdicts, batch) = validate_block(state, 9, &block).unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.cause.is_none()));
    let private: Vec<_> = txs
        .iter()
        .zip(0..)
        .filter_map(|((rwset, private), tx)| {
            let private = private.as_ref()?;
            Some(PrivateTx {
                version: Version { block: 9, tx },
                rwset,
                private,
            })
        })
        .collect();
    let updates = private_updates(state, &batch, &private).unwrap();
    state.apply(9, &batch);
    state.apply_private(&updates.updates);
    updates
}

fn check(updates: &PrivateUpdates, expected: Expect) {
    let mut lines: Vec<_> = updates
        .updates
        .iter()
        .map(|update| {
            let value = update
                .value
                .as_ref()
                .map_or("deleted", |value| std::str::from_utf8(value).unwrap());
            format!(
                "{}/{}/{} {} {value}",
                update.namespace, update.collection, update.key, update.version
            )
        })
        .collect();
    let refused = updates.refused.iter();
    lines.extend(refused.map(|found| {
        format!(
            "refused {}/{} {}",
            found.namespace, found.collection, found.version
        )
    }));
    expected.assert_eq(&lines.join("\n"));
}

fn old_values() -> MemoryState {
    let mut state = state("");
    for key in ["a", "b", "gone"] {
        state.put_private("cc", "c", key, "old", Version { block: 4, tx: 0 });
    }
    state
}

/// Whether the private and the hashed key have the same version, so that chaincode can read the value.
fn readable(state: &MemoryState, key: &str) -> bool {
    Simulator::new(Box::new(state.clone()), "tx2")
        .get_private("cc", "c", key)
        .is_ok()
}

#[test]
fn writes_that_match_their_hashes_are_merged_and_the_last_one_stays() {
    let mut state = old_values();
    let first = endorsed(&state, |tx| {
        tx.put_private("cc", "c", "a", bytes("first")).unwrap();
        tx.put_private("cc", "d", "k", bytes("x")).unwrap();
        tx.del_private("cc", "c", "gone").unwrap();
    });
    let second = endorsed(&state, |tx| {
        tx.put_private("cc", "c", "a", bytes("second")).unwrap()
    });
    let updates = commit(
        &mut state,
        &[(first.0, Some(first.1)), (second.0, Some(second.1))],
    );
    check(
        &updates,
        expect![[r#"
        cc/c/a [9,1] second
        cc/c/gone [9,0] deleted
        cc/d/k [9,0] x"#]],
    );
    assert!(["a", "b", "gone"].iter().all(|key| readable(&state, key)));
}

#[test]
fn a_set_that_is_not_the_transactions_is_refused_and_the_value_stays_unavailable() {
    let mut state = old_values();
    let real = endorsed(&state, |tx| {
        tx.put_private("cc", "c", "a", bytes("real")).unwrap()
    });
    let forged = endorsed(&state, |tx| {
        tx.put_private("cc", "c", "a", bytes("forged")).unwrap();
        tx.put_private("cc", "d", "a", bytes("not in the transaction"))
            .unwrap();
    });
    let updates = commit(&mut state, &[(real.0, Some(forged.1))]);
    check(
        &updates,
        expect![[r#"
        refused cc/c [9,0]
        refused cc/d [9,0]"#]],
    );
    assert!(!readable(&state, "a"));
}

#[test]
fn a_set_that_matches_its_hash_and_does_not_decode_is_refused() {
    let mut state = old_values();
    let (rwset, mut private) = endorsed(&state, |tx| {
        tx.put_private("cc", "c", "a", bytes("x")).unwrap()
    });
    let garbage = Bytes::from_static(b"\xff");
    private.ns_pvt_rwset[0].collection_pvt_rwset[0].rwset = garbage.clone();
    let hash = model::hash::sha256(&garbage);
    let encoded = with_private_hash(&rwset, &hash);
    let updates = commit(&mut state, &[(encoded, Some(private))]);
    check(&updates, expect!["refused cc/c [9,0]"]);
}

/// A transaction of one private write whose set has another hash.
fn with_private_hash(rwset: &TxRwSet, hash: &[u8]) -> TxRwSet {
    use prost::Message;
    use proto::{kvrwset, rwset as set};
    let collection = &rwset.namespaces()[0].collections()[0];
    let (key_hash, value_hash) = collection.writes().next().unwrap();
    let write = kvrwset::KvWriteHash {
        key_hash: key_hash.clone(),
        is_delete: false,
        value_hash: value_hash.unwrap().clone(),
        is_purge: false,
    };
    let hashed = kvrwset::HashedRwSet {
        hashed_writes: vec![write],
        ..kvrwset::HashedRwSet::default()
    };
    let collection = set::CollectionHashedReadWriteSet {
        collection_name: collection.name().to_owned(),
        hashed_rwset: hashed.encode_to_vec().into(),
        pvt_rwset_hash: Bytes::copy_from_slice(hash),
    };
    let namespace = set::NsReadWriteSet {
        namespace: "cc".to_owned(),
        rwset: Bytes::new(),
        collection_hashed_rwset: vec![collection],
    };
    let tx = set::TxReadWriteSet {
        data_model: 0,
        ns_rwset: vec![namespace],
    };
    TxRwSet::parse(&tx.encode_to_vec().into()).unwrap()
}

#[test]
fn metadata_alone_moves_the_private_version_along_with_the_hashed_one() {
    let mut state = old_values();
    let (rwset, private) = endorsed(&state, |tx| {
        tx.set_private_validation_parameter("cc", "c", "a", bytes("p"))
            .unwrap();
        tx.set_private_validation_parameter("cc", "c", "never written", bytes("p"))
            .unwrap();
    });
    let updates = commit(&mut state, &[(rwset, Some(private))]);
    check(&updates, expect!["cc/c/a [9,0] old"]);
    assert!(readable(&state, "a"));
}

#[test]
fn metadata_alone_does_not_make_an_old_private_value_current() {
    let mut state = old_values();
    let unseen = endorsed(&state, |tx| {
        tx.put_private("cc", "c", "a", bytes("new")).unwrap()
    });
    let meta = endorsed(&state, |tx| {
        tx.set_private_validation_parameter("cc", "c", "a", bytes("p"))
            .unwrap();
    });
    let updates = commit(&mut state, &[(unseen.0, None), (meta.0, Some(meta.1))]);
    check(&updates, expect![[""]]);
    assert!(!readable(&state, "a"));
}

#[test]
fn metadata_after_a_write_of_the_same_block_moves_that_writes_version() {
    let mut state = old_values();
    let write = endorsed(&state, |tx| {
        tx.put_private("cc", "c", "a", bytes("new")).unwrap()
    });
    let meta = endorsed(&state, |tx| {
        tx.set_private_validation_parameter("cc", "c", "a", bytes("p"))
            .unwrap();
    });
    let delete = endorsed(&state, |tx| tx.del_private("cc", "c", "b").unwrap());
    let meta_of_deleted = endorsed(&state, |tx| {
        tx.set_private_validation_parameter("cc", "c", "b", bytes("p"))
            .unwrap();
    });
    let txs = [write, meta, delete, meta_of_deleted].map(|(rwset, private)| (rwset, Some(private)));
    check(
        &commit(&mut state, &txs),
        expect![[r#"
        cc/c/a [9,1] new
        cc/c/b [9,2] deleted"#]],
    );
    assert!(readable(&state, "a") && readable(&state, "b"));
    assert_eq!(state.get_private("cc", "c", "b").unwrap(), None);
}

#[test]
fn the_collections_whose_values_a_peer_looks_for_are_those_written() {
    let (rwset, _) = endorsed(&old_values(), |tx| {
        tx.put_private("cc", "c", "a", bytes("x")).unwrap();
        tx.private_hash("cc", "d", "a").unwrap();
        tx.del_private("n", "e", "a").unwrap();
    });
    let found: Vec<_> = rwset
        .private_collections()
        .map(|(namespace, collection, _)| (namespace, collection))
        .collect();
    assert_eq!(found, [("cc", "c"), ("n", "e")]);
    assert_eq!(rwset.private_hash("cc", "d"), None);
}
