//! Private data: transient, late, missing, expired, purged.

use bytes::Bytes;
use model::{Block, Version};
use prost::Message;
use proto::kvrwset::{KvWrite, KvrwSet};
use rwset::{PrivateUpdate, StateReader, Update};
use tempfile::TempDir;

use super::{
    chain::{Chain, key_hash},
    create, ledger_of, wait,
};
use crate::{
    CommitInput, Config, ExpiryRow, LateSet, MissingSet, PeerLedger, PrivateSet, TransientSet,
    TxLocation, TxRow,
};

const CC: &str = "cc";
const COLLECTION: &str = "secrets";

/// A ledger with block 0 and a way to append blocks that hold nothing but what a test adds.
struct Fixture {
    _folder: TempDir,
    ledger: PeerLedger,
    last: Block,
}

impl Fixture {
    async fn new(config: Config) -> Self {
        let (_, genesis) = Chain::started(31);
        let folder = TempDir::new().unwrap();
        let ledger = create(folder.path(), &genesis, config).await.unwrap();
        let last = genesis.block.clone();
        ledger.commit(genesis).await.unwrap();
        Self {
            _folder: folder,
            ledger,
            last,
        }
    }

    async fn commit(&mut self, fill: impl FnOnce(&mut CommitInput)) {
        let previous = Bytes::copy_from_slice(&self.last.header_hash());
        let block = Block::new(self.last.number + 1, previous, Vec::new());
        let mut input = CommitInput::new(block, Bytes::new());
        fill(&mut input);
        self.last = input.block.clone();
        self.ledger.commit(input).await.unwrap();
    }

    /// The private value and whether the hashed key is there.
    fn read(&self, key: &str) -> (Option<Bytes>, bool) {
        let snapshot = self.ledger.snapshot().unwrap();
        let private = snapshot.get_private(CC, COLLECTION, key).unwrap();
        let hashed = snapshot.get_hashed(CC, COLLECTION, &key_hash(key)).unwrap();
        (private.map(|row| row.value), hashed.is_some())
    }
}

fn set_of(writes: &[(&str, &str)]) -> PrivateSet {
    let writes = writes.iter().map(|(key, value)| KvWrite {
        key: (*key).to_owned(),
        is_delete: false,
        value: Bytes::copy_from_slice(value.as_bytes()),
    });
    let set = KvrwSet {
        writes: writes.collect(),
        ..KvrwSet::default()
    };
    PrivateSet {
        tx: 0,
        namespace: CC.to_owned(),
        collection: COLLECTION.to_owned(),
        bytes: set.encode_to_vec().into(),
    }
}

fn private(block: u64, key: &str, value: &str) -> PrivateUpdate {
    PrivateUpdate {
        namespace: CC.to_owned(),
        collection: COLLECTION.to_owned(),
        key: key.to_owned(),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        version: Version { block, tx: 0 },
    }
}

fn put_hashed(input: &mut CommitInput, key: &str) {
    let update = Update {
        value: Some(Bytes::from_static(b"hash of the value")),
        ..Update::deletion(Version {
            block: input.block.number,
            tx: 0,
        })
    };
    let hash = Bytes::copy_from_slice(&key_hash(key));
    input.updates.put_hashed(CC, COLLECTION, hash, update);
}

/// All of a private write: hash, value, and what is to expire at `at`.
fn write(input: &mut CommitInput, key: &str, value: &str, at: Option<u64>) {
    put_hashed(input, key);
    input.private.push(private(input.block.number, key, value));
    input.private_sets.push(set_of(&[(key, value)]));
    input.expiry.extend(at.map(|at| ExpiryRow {
        at,
        namespace: CC.to_owned(),
        collection: COLLECTION.to_owned(),
        key_hash: Bytes::copy_from_slice(&key_hash(key)),
    }));
}

#[test]
fn a_value_expires_with_its_block_hash_and_write_set_included() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        at.commit(|input| write(input, "k", "v", Some(4))).await;
        at.commit(|_| {}).await;
        at.commit(|_| {}).await;
        assert_eq!(at.read("k"), (Some("v".into()), true));
        assert_eq!(at.ledger.private_sets(1).unwrap().len(), 1);
        at.commit(|_| {}).await;
        assert_eq!(at.read("k"), (None, false));
        assert_eq!(at.ledger.private_sets(1).unwrap(), []);
    });
}

#[test]
fn a_value_written_again_lives_on_also_when_the_expiring_block_writes_it() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        at.commit(|input| {
            write(input, "before", "1", Some(3));
            input.private_sets.clear();
            write(input, "with", "1", Some(3));
        })
        .await;
        at.commit(|input| write(input, "before", "2", Some(9)))
            .await;
        at.commit(|input| write(input, "with", "2", Some(9))).await;
        assert_eq!(at.read("before"), (Some("2".into()), true));
        assert_eq!(at.read("with"), (Some("2".into()), true));
    });
}

#[test]
fn a_purge_takes_the_value_and_all_older_write_sets_of_the_key_and_no_other() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        for _ in 0..2 {
            at.commit(|input| {
                write(input, "gone", "canary", None);
                write(input, "stays", "v", None);
                input.private_sets = vec![set_of(&[("gone", "canary"), ("stays", "v")])];
            })
            .await;
        }
        at.commit(|input| {
            let version = Version { block: 3, tx: 1 };
            let purge = Update {
                purge: Some(version),
                ..Update::deletion(version)
            };
            let hash = Bytes::copy_from_slice(&key_hash("gone"));
            input.updates.put_hashed(CC, COLLECTION, hash, purge);
        })
        .await;
        assert_eq!(at.read("gone"), (None, false));
        assert_eq!(at.read("stays"), (Some("v".into()), true));
        for block in [1, 2] {
            let stored = at.ledger.private_sets(block).unwrap();
            assert_eq!(stored.len(), 1);
            assert_eq!(stored[0].set, set_of(&[("stays", "v")]));
        }
    });
}

#[test]
fn a_key_purged_and_written_again_in_one_block_keeps_only_the_new_value() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        at.commit(|input| write(input, "k", "old", None)).await;
        at.commit(|input| {
            put_hashed(input, "k");
            let hash = Bytes::copy_from_slice(&key_hash("k"));
            let mut update = input
                .updates
                .get_hashed(CC, COLLECTION, &hash)
                .unwrap()
                .clone();
            update.purge = Some(Version { block: 2, tx: 0 });
            input.updates.put_hashed(CC, COLLECTION, hash, update);
            // The new value's write set did not arrive.
        })
        .await;
        assert_eq!(at.read("k"), (None, true));
        let kept = at.ledger.private_sets(1).unwrap();
        assert_eq!(kept[0].set, set_of(&[]));
    });
}

#[test]
fn two_heights_show_the_same_of_a_namespace_unless_a_block_between_wrote_to_it() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        at.commit(|input| put_hashed(input, "key")).await;
        at.commit(|_| {}).await;
        let same = |one, other| at.ledger.shows_the_same(CC, one, other);
        assert!(same(2, 3) && same(3, 2) && same(3, 3));
        assert!(!same(1, 2) && !same(3, 1));
        assert!(at.ledger.shows_the_same("other", 0, 3));
    });
}

#[test]
fn a_late_write_set_fills_in_only_what_is_still_current() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        let missing = |eligible| MissingSet {
            tx: 0,
            namespace: CC.to_owned(),
            collection: COLLECTION.to_owned(),
            eligible,
        };
        at.commit(|input| {
            put_hashed(input, "current");
            put_hashed(input, "overwritten");
            input.missing.push(missing(true));
        })
        .await;
        at.commit(|input| write(input, "overwritten", "newer", None))
            .await;
        at.commit(|input| input.missing.push(missing(false))).await;
        assert_eq!(at.ledger.missing_private(10).unwrap(), [(1, missing(true))]);
        let set = set_of(&[("current", "1"), ("overwritten", "1")]);
        let updates = vec![private(1, "current", "1"), private(1, "overwritten", "1")];
        let late = LateSet {
            block: 1,
            set: set.clone(),
            updates,
        };
        let height = at.ledger.height();
        assert!(at.ledger.shows_the_same(CC, height, height));
        at.ledger.store_late(&[late]).await.unwrap();
        assert!(!at.ledger.shows_the_same(CC, height, height));
        assert_eq!(at.read("current"), (Some("1".into()), true));
        assert_eq!(at.read("overwritten"), (Some("newer".into()), true));
        assert_eq!(at.ledger.missing_private(10).unwrap(), []);
        assert_eq!(at.ledger.private_sets(1).unwrap()[0].set, set);
        assert_eq!(at.ledger.height(), 4);
    });
}

#[test]
fn a_late_write_set_brings_back_nothing_that_was_purged_or_has_expired() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        let missing = MissingSet {
            tx: 0,
            namespace: CC.to_owned(),
            collection: COLLECTION.to_owned(),
            eligible: true,
        };
        at.commit(|input| {
            put_hashed(input, "purged");
            put_hashed(input, "stays");
            input.missing.push(missing.clone());
        })
        .await;
        at.commit(|input| {
            write(input, "expired", "canary", Some(4));
            input.private.clear();
            input.private_sets.clear();
            input.missing.push(missing.clone());
        })
        .await;
        at.commit(|input| {
            let version = Version { block: 3, tx: 0 };
            let purge = Update {
                purge: Some(version),
                ..Update::deletion(version)
            };
            let hash = Bytes::copy_from_slice(&key_hash("purged"));
            input.updates.put_hashed(CC, COLLECTION, hash, purge);
        })
        .await;
        at.commit(|_| {}).await;
        let late = |block, keys: &[&str]| LateSet {
            block,
            set: set_of(&keys.iter().map(|key| (*key, "canary")).collect::<Vec<_>>()),
            updates: keys
                .iter()
                .map(|key| private(block, key, "canary"))
                .collect(),
        };
        let sets = [late(1, &["purged", "stays"]), late(2, &["expired"])];
        at.ledger.store_late(&sets).await.unwrap();
        assert_eq!(at.read("purged"), (None, false));
        assert_eq!(at.read("stays"), (Some("canary".into()), true));
        assert_eq!(at.read("expired"), (None, false));
        let stored = at.ledger.private_sets(1).unwrap();
        assert_eq!(stored[0].set, set_of(&[("stays", "canary")]));
        assert_eq!(at.ledger.private_sets(2).unwrap(), []);
    });
}

#[test]
fn a_purge_goes_through_more_write_sets_than_are_read_at_a_time() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        at.commit(|input| {
            input.private_sets = (0..150)
                .map(|tx| PrivateSet {
                    tx,
                    ..set_of(&[("gone", "canary")])
                })
                .collect();
        })
        .await;
        at.commit(|input| {
            let version = Version { block: 2, tx: 0 };
            let purge = Update {
                purge: Some(version),
                ..Update::deletion(version)
            };
            let hash = Bytes::copy_from_slice(&key_hash("gone"));
            input.updates.put_hashed(CC, COLLECTION, hash, purge);
        })
        .await;
        let stored = at.ledger.private_sets(1).unwrap();
        assert_eq!(stored.len(), 150);
        assert!(stored.iter().all(|stored| stored.set.bytes.is_empty()));
    });
}

#[test]
fn transient_sets_wait_until_their_transaction_is_committed() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        let put = async |tx_id: &str, bytes: &'static str| {
            let bytes = Bytes::from_static(bytes.as_bytes());
            at.ledger.transient_put(tx_id, 1, &bytes).await.unwrap();
        };
        put("tx1", "from one").await;
        put("tx1", "from another").await;
        put("tx2", "waits").await;
        let set = |bytes: &'static str| TransientSet {
            height: 1,
            bytes: Bytes::from_static(bytes.as_bytes()),
        };
        let both = [set("from one"), set("from another")];
        assert_eq!(at.ledger.transient_get("tx1").unwrap(), both);
        at.commit(|input| {
            input.txs.push(TxRow {
                tx: 0,
                tx_id: "tx1".to_owned(),
                code: model::TxValidationCode::MvccReadConflict,
            });
        })
        .await;
        assert_eq!(at.ledger.transient_get("tx1").unwrap(), []);
        assert_eq!(at.ledger.transient_get("tx2").unwrap(), [set("waits")]);
    });
}

#[test]
fn transient_sets_are_dropped_after_so_many_blocks_and_limited_in_number() {
    wait(async {
        let mut at = Fixture::new(Config {
            transient_retention_blocks: 2,
            transient_sets_max: 2,
            ..Config::default()
        })
        .await;
        let bytes = Bytes::from_static(b"set");
        at.ledger.transient_put("tx", 1, &bytes).await.unwrap();
        at.ledger.transient_put("tx", 2, &bytes).await.unwrap();
        let refused = at.ledger.transient_put("tx", 2, &bytes).await.unwrap_err();
        assert_eq!(refused.code(), "limit");
        at.commit(|_| {}).await;
        at.commit(|_| {}).await;
        at.commit(|_| {}).await;
        assert_eq!(at.ledger.transient_get("tx").unwrap().len(), 2);
        at.commit(|_| {}).await;
        assert_eq!(at.ledger.transient_get("tx").unwrap().len(), 1);
        at.commit(|_| {}).await;
        assert_eq!(at.ledger.transient_get("tx").unwrap(), []);
    });
}

#[test]
fn a_transaction_id_that_occurs_twice_is_found_at_its_first_place() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        let row = |tx, tx_id: &str, code| TxRow {
            tx,
            tx_id: tx_id.to_owned(),
            code,
        };
        use model::TxValidationCode::{BadPayload, DuplicateTxid, Valid};
        at.commit(|input| input.txs.push(row(1, "id", BadPayload)))
            .await;
        at.commit(|input| {
            let odd = "\u{0}odd\u{10ffff}".repeat(1_000);
            input.txs = vec![
                row(0, "id", DuplicateTxid),
                row(1, "", BadPayload),
                row(2, &odd, Valid),
            ];
        })
        .await;
        let found = |tx_id: &str| at.ledger.tx(tx_id).unwrap();
        let place = |block, tx, code| Some(TxLocation { block, tx, code });
        assert_eq!(found("id"), place(1, 1, BadPayload));
        assert_eq!(
            found(&"\u{0}odd\u{10ffff}".repeat(1_000)),
            place(2, 2, Valid)
        );
        assert_eq!(found(""), None);
        assert_eq!(found("other"), None);
        assert_eq!(
            at.ledger.snapshot().unwrap().tx("id").unwrap(),
            place(1, 1, BadPayload)
        );
    });
}

#[test]
fn the_collections_of_a_chaincode_are_found_as_they_were_at_a_block() {
    wait(async {
        let mut at = Fixture::new(Config::default()).await;
        let config = |package: &'static str| crate::CollectionConfig {
            chaincode: CC.to_owned(),
            package: Bytes::from_static(package.as_bytes()),
        };
        at.commit(|input| input.config_history.push(config("one")))
            .await;
        at.commit(|_| {}).await;
        at.commit(|input| input.config_history.push(config("two")))
            .await;
        let found = |block| at.ledger.collection_config(CC, block).unwrap();
        assert_eq!(found(0), None);
        assert_eq!(found(2), Some((1, "one".into())));
        assert_eq!(found(3), Some((3, "two".into())));
        assert_eq!(found(u64::MAX), Some((3, "two".into())));
        assert_eq!(at.ledger.collection_config("other", 9).unwrap(), None);
    });
}

#[test]
fn the_state_hash_tells_states_apart_and_leaves_private_values_out() {
    wait(async {
        let (_, genesis) = Chain::started(32);
        let hash = async |fill: fn(&mut CommitInput)| {
            let (_folder, ledger) = ledger_of(&genesis).await;
            ledger.commit(genesis.clone()).await.unwrap();
            let previous = Bytes::copy_from_slice(&genesis.block.header_hash());
            let mut input = CommitInput::new(Block::new(1, previous, Vec::new()), Bytes::new());
            fill(&mut input);
            ledger.commit(input).await.unwrap();
            ledger.snapshot().unwrap().state_hash().unwrap()
        };
        let empty = hash(|_| {}).await;
        let put = hash(|input| put_hashed(input, "k")).await;
        let with_value = hash(|input| write(input, "k", "v", None)).await;
        assert_ne!(empty, put);
        assert_eq!(put, with_value);
        let metadata = hash(|input| {
            let mut update = Update::deletion(Version { block: 1, tx: 0 });
            update.value = Some(Bytes::from_static(b"v"));
            update.metadata = Bytes::from_static(b"m");
            input.updates.put("cc", "k", update);
        });
        let version = hash(|input| {
            let mut update = Update::deletion(Version { block: 1, tx: 1 });
            update.value = Some(Bytes::from_static(b"vm"));
            input.updates.put("cc", "k", update);
        });
        assert_ne!(metadata.await, version.await);
    });
}
