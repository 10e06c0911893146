//! Why transactions are not valid, and who wrote a range's keys.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::Version;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    chain::{Chain, KEYS, NAMESPACES},
    create, ledger_of, wait,
};
use crate::{CommitInput, Config, KeyVersions, PeerLedger};

/// What the ledger has of all invalid transactions.
fn causes(ledger: &PeerLedger, inputs: &[CommitInput]) -> Vec<Option<Bytes>> {
    let snapshot = ledger.snapshot().unwrap();
    let places = inputs
        .iter()
        .flat_map(|input| input.causes.iter().map(|row| (input.block.number, row.tx)));
    places
        .map(|(block, tx)| snapshot.cause(block, tx).unwrap())
        .collect()
}

async fn committed(ledger: &PeerLedger, chain: &mut Chain, blocks: usize) -> Vec<CommitInput> {
    let mut inputs = Vec::new();
    for _ in 0..blocks {
        let input = chain.next(6);
        ledger.commit(input.clone()).await.unwrap();
        inputs.push(input);
    }
    inputs
}

#[test]
fn the_cause_of_an_invalid_transaction_is_kept_and_made_anew_by_a_rebuild() {
    wait(async {
        let (mut chain, genesis) = Chain::started(51);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis.clone()).await.unwrap();
        let inputs = committed(&ledger, &mut chain, 30).await;
        let kept: Vec<Option<Bytes>> = inputs
            .iter()
            .flat_map(|input| input.causes.iter().map(|row| Some(row.bytes.clone())))
            .collect();
        assert!(kept.len() > 3, "{} invalid transactions", kept.len());
        assert_eq!(causes(&ledger, &inputs), kept);
        let snapshot = ledger.snapshot().unwrap();
        let valid = inputs
            .iter()
            .flat_map(|input| input.txs.iter().map(move |tx| (input, tx)))
            .find(|(_, tx)| i32::from(tx.code) == 0);
        let (input, tx) = valid.unwrap();
        assert_eq!(snapshot.cause(input.block.number, tx.tx).unwrap(), None);
        drop(snapshot);

        ledger.rebuild().await.unwrap();
        assert!(causes(&ledger, &inputs).iter().all(Option::is_none));
        for input in [&genesis].into_iter().chain(&inputs) {
            ledger.commit(input.clone()).await.unwrap();
        }
        assert_eq!(causes(&ledger, &inputs), kept);
    });
}

#[test]
fn a_ledger_of_an_older_version_has_no_causes_and_keeps_those_to_come() {
    wait(async {
        let (mut chain, genesis) = Chain::started(52);
        let folder = TempDir::new().unwrap();
        let ledger = create(folder.path(), &genesis, Config::default());
        let ledger = ledger.await.unwrap();
        ledger.commit(genesis).await.unwrap();
        let older = committed(&ledger, &mut chain, 8).await;
        ledger.close().await.unwrap();
        drop(ledger);
        let connection = Connection::open(folder.path().join("ledger.db")).unwrap();
        let before = "DROP TABLE causes; DELETE FROM _sqlx_migrations WHERE version = 6";
        connection.execute_batch(before).unwrap();
        drop(connection);
        let ledger = PeerLedger::open(folder.path(), Config::default())
            .await
            .unwrap();
        assert!(causes(&ledger, &older).iter().all(Option::is_none));
        let newer = committed(&ledger, &mut chain, 8).await;
        let kept = causes(&ledger, &newer);
        assert!(!kept.is_empty() && kept.iter().all(Option::is_some));
    });
}

#[test]
fn transactions_of_one_id_are_found_in_their_order() {
    wait(async {
        let (mut chain, genesis) = Chain::started(53);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        for _ in 0..3 {
            let mut input = chain.next(6);
            for tx in &mut input.txs {
                tx.tx_id = "again".to_owned();
            }
            ledger.commit(input).await.unwrap();
        }
        let snapshot = ledger.snapshot().unwrap();
        let all = snapshot.txs("again", 1_000).unwrap();
        let places: Vec<_> = all.iter().map(|found| (found.block, found.tx)).collect();
        assert!(places.is_sorted() && places.len() > 3, "{places:?}");
        assert_eq!(snapshot.tx("again").unwrap(), all.first().copied());
        assert_eq!(snapshot.txs("again", 2).unwrap(), all[..2]);
        assert!(snapshot.txs("never", 2).unwrap().is_empty());
    });
}

/// By key, the newest transaction of each block below a version.
fn naive(
    inputs: &[CommitInput],
    namespace: &str,
    below: Version,
) -> BTreeMap<String, Vec<Version>> {
    let mut found: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for input in inputs {
        for row in input
            .history
            .iter()
            .filter(|row| row.namespace == namespace)
        {
            let block = input.block.number;
            let version = Version { block, tx: row.tx };
            if version >= below {
                continue;
            }
            let versions = found.entry(row.key.clone()).or_default();
            versions.retain(|known| known.block != block);
            versions.insert(0, version);
        }
    }
    found
}

#[test]
fn the_writers_of_a_range_are_found_by_the_index_alone() {
    wait(async {
        let (mut chain, genesis) = Chain::started(54);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        let inputs = committed(&ledger, &mut chain, 30).await;
        let snapshot = ledger.snapshot().unwrap();
        let mut compared = 0;
        for namespace in NAMESPACES {
            for (block, tx) in [(31, 0), (20, 2), (12, 0), (1, 0)] {
                let below = Version { block, tx };
                let expected = naive(&inputs, namespace, below);
                for (start, end) in [("", ""), (KEYS[3], KEYS[6]), (KEYS[6], KEYS[3])] {
                    let found = snapshot.range_versions(namespace, (start, end), below, (100, 3));
                    let within = expected.iter().filter(|(key, _)| {
                        key.as_str() >= start && (end.is_empty() || key.as_str() < end)
                    });
                    let expected: Vec<KeyVersions> = within
                        .map(|(key, versions)| KeyVersions {
                            key: key.clone(),
                            versions: versions.iter().take(3).copied().collect(),
                        })
                        .collect();
                    compared += expected.len();
                    assert_eq!(found.unwrap().unwrap(), expected);
                }
                for key in KEYS {
                    let last = expected.get(key).and_then(|versions| versions.first());
                    let found = snapshot.last_write(namespace, key, below).unwrap();
                    assert_eq!(found.as_ref(), last);
                }
            }
        }
        assert!(compared > 30, "{compared} keys");
        let below = Version { block: 31, tx: 0 };
        let few = snapshot.range_versions(NAMESPACES[0], ("", ""), below, (2, 3));
        assert_eq!(few.unwrap(), None);
    });
}
