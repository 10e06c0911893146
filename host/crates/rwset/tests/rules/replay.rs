//! The recorded channel, block by block: codes, commit hashes and the state at the end are those of the real peer.

use std::{collections::BTreeMap, fs, path::Path};

use bytes::{Buf, Bytes};
use model::{TxValidationCode, Version};
use prost::{Message, encoding::decode_varint};
use rwset::{
    BlockTx, KeyModification, MemoryState, StateReader, TxRwSet, Update, UpdateBatch, Verdict,
    VersionedValue, expiry_block, validate_block,
};

use crate::recorded::{self, Content, RecordedBlock};

/// A peer's state while it takes the recorded blocks.
#[derive(Default)]
pub(crate) struct Replay {
    pub(crate) state: MemoryState,
    commit_hash: Vec<u8>,
    /// By the block in which they are due: the hashed keys of collection `c1`, whose blockToLive is 3.
    expiring: BTreeMap<u64, Vec<(Bytes, u64)>>,
}

impl Replay {
    /// Commits a block and returns what serial validation said of it.
    pub(crate) fn commit(&mut self, block: &RecordedBlock) -> Vec<Verdict> {
        let rwsets: Vec<_> = block.txs.iter().map(|tx| parse(&tx.content)).collect();
        let txs: Vec<_> = block
            .txs
            .iter()
            .zip(&rwsets)
            .map(|(tx, rwset)| block_tx(tx.code, &tx.content, rwset))
            .collect();
        let (verdicts, mut batch) = validate_block(&self.state, block.number, &txs).unwrap();
        if block.number > 0 {
            self.commit_hash = batch.commit_hash(&block.filter, &self.commit_hash).to_vec();
        }
        assert_eq!(
            self.commit_hash, block.commit_hash,
            "block {}",
            block.number
        );
        self.expire(block.number, &mut batch);
        self.remember(block, &rwsets);
        self.state.apply(block.number, &batch);
        verdicts
    }

    /// Adds to a block's batch the keys that are due, and schedules those that it writes.
    pub(crate) fn expire(&mut self, block: u64, batch: &mut UpdateBatch) {
        for (_, collection, key_hash, update) in batch.hashed_updates() {
            if let (Some(due), "c1") = (expiry_block(block, 3), collection)
                && update.value.is_some()
            {
                self.expiring
                    .entry(due)
                    .or_default()
                    .push((key_hash.clone(), block));
            }
        }
        for (key_hash, written) in self.expiring.remove(&block).unwrap_or_default() {
            let current = self.state.get_hashed("vec", "c1", &key_hash).unwrap();
            let untouched = batch.get_hashed("vec", "c1", &key_hash).is_none();
            if untouched && current.is_some_and(|row| row.version.block == written) {
                batch.put_hashed(
                    "vec",
                    "c1",
                    key_hash,
                    Update::deletion(Version { block, tx: 0 }),
                );
            }
        }
    }

    fn remember(&mut self, block: &RecordedBlock, rwsets: &[TxRwSet]) {
        for ((tx, rwset), index) in block.txs.iter().zip(rwsets).zip(0..) {
            if tx.code != TxValidationCode::Valid {
                continue;
            }
            for namespace in rwset.namespaces() {
                for (key, value) in namespace.writes() {
                    let change = KeyModification {
                        tx_id: tx.tx_id.clone(),
                        value: value.cloned().unwrap_or_default(),
                        timestamp: tx.timestamp,
                        is_delete: value.is_none(),
                        version: Version {
                            block: block.number,
                            tx: index,
                        },
                    };
                    self.state.push_history(namespace.name(), key, change);
                }
            }
        }
    }
}

fn parse(content: &Content) -> TxRwSet {
    match content {
        Content::Config(_) => TxRwSet::default(),
        Content::Endorsed { results, .. } => TxRwSet::parse(results).unwrap(),
    }
}

/// What the stages before serial validation leave of a recorded transaction.
fn block_tx<'a>(code: TxValidationCode, content: &Content, rwset: &'a TxRwSet) -> BlockTx<'a> {
    use TxValidationCode as C;
    match (code, content) {
        (_, Content::Config(value)) => BlockTx::Config {
            key: "CHANNEL_CONFIG_ENV_BYTES",
            value: value.clone(),
        },
        (C::Valid | C::MvccReadConflict | C::PhantomReadConflict, _) => BlockTx::Endorser(rwset),
        _ => BlockTx::Invalid,
    }
}

#[test]
fn recorded_blocks_give_the_codes_and_commit_hashes_of_the_real_peer() {
    let Some(blocks) = recorded::blocks() else {
        return;
    };
    let mut replay = Replay::default();
    let mut counts = BTreeMap::<_, usize>::new();
    for block in &blocks {
        for (verdict, tx) in replay.commit(block).iter().zip(&block.txs) {
            if tx.code == TxValidationCode::EndorsementPolicyFailure {
                assert_eq!(verdict.code, TxValidationCode::NotValidated);
            } else {
                assert_eq!(verdict.code, tx.code, "block {}", block.number);
            }
            *counts.entry(tx.code.as_str_name()).or_default() += 1;
        }
    }
    assert_eq!(
        counts.into_iter().collect::<Vec<_>>(),
        [
            ("ENDORSEMENT_POLICY_FAILURE", 1),
            ("MVCC_READ_CONFLICT", 3),
            ("VALID", 35)
        ]
    );
}

#[test]
fn the_state_after_the_recorded_blocks_is_the_real_peers_snapshot() {
    let (Some(blocks), Some(folder)) = (recorded::blocks(), recorded::folder()) else {
        return;
    };
    let mut replay = Replay::default();
    for block in &blocks {
        replay.commit(block);
    }
    let snapshot = folder.join("snapshot/ch1/35");
    let public: Vec<_> = replay
        .state
        .public_rows()
        .map(|(namespace, key, row)| record(namespace.to_owned(), key.as_bytes(), row))
        .collect();
    let hashed: Vec<_> = replay
        .state
        .hashed_rows()
        .map(|(namespace, collection, key_hash, row)| {
            record(format!("{namespace}$$h{collection}"), key_hash, row)
        })
        .collect();
    assert_eq!((public.len(), hashed.len()), (132, 13));
    assert_eq!(public, read_snapshot(&snapshot, "public_state"));
    assert_eq!(hashed, read_snapshot(&snapshot, "private_state_hashes"));
}

#[test]
fn a_private_key_is_gone_in_the_block_after_its_time_to_live() {
    let Some(blocks) = recorded::blocks() else {
        return;
    };
    let mut replay = Replay::default();
    for block in &blocks {
        replay.commit(block);
    }
    let key_hash = model::hash::sha256(b"pk2");
    assert!(
        replay
            .state
            .get_hashed("vec", "c1", &key_hash)
            .unwrap()
            .is_some()
    );
    let mut batch = UpdateBatch::default();
    replay.expire(36, &mut batch);
    replay.state.apply(36, &batch);
    assert_eq!(
        replay.state.get_hashed("vec", "c1", &key_hash).unwrap(),
        None
    );
}

/// A state record as a snapshot holds it.
#[derive(Debug, PartialEq)]
struct Record {
    namespace: String,
    key: Vec<u8>,
    value: Vec<u8>,
    metadata: Vec<u8>,
    version: Vec<u8>,
}

fn record(namespace: String, key: &[u8], row: &VersionedValue) -> Record {
    Record {
        namespace,
        key: key.to_vec(),
        value: row.value.to_vec(),
        metadata: row.metadata.to_vec(),
        version: row.version.order_preserving(),
    }
}

/// `SnapshotRecord` of Fabric's privacyenabledstate/snapshot_record.proto.
#[derive(Clone, PartialEq, Message)]
struct SnapshotRecord {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    metadata: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    version: Vec<u8>,
}

fn read_snapshot(folder: &Path, name: &str) -> Vec<Record> {
    let mut data = Bytes::from(fs::read(folder.join(format!("{name}.data"))).unwrap());
    let mut rows = Bytes::from(fs::read(folder.join(format!("{name}.metadata"))).unwrap());
    assert_eq!((data.get_u8(), rows.get_u8()), (1, 1), "snapshot format");
    let mut records = Vec::new();
    for _ in 0..decode_varint(&mut rows).unwrap() {
        let len = usize::try_from(decode_varint(&mut rows).unwrap()).unwrap();
        let namespace = String::from_utf8(rows.split_to(len).to_vec()).unwrap();
        for _ in 0..decode_varint(&mut rows).unwrap() {
            let found = SnapshotRecord::decode_length_delimited(&mut data).unwrap();
            records.push(Record {
                namespace: namespace.clone(),
                key: found.key,
                value: found.value,
                metadata: found.metadata,
                version: found.version,
            });
        }
    }
    assert!(!data.has_remaining() && !rows.has_remaining());
    records
}
