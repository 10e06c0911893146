//! Chains of random blocks made by the ordinary rules, and the naive model of what they do.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::{
    Block, ChannelId, Digest, Envelope, Proposal, TxValidationCode, Version,
    client::{Invocation, Sender, assemble},
    hash::sha256,
};
use prost::Message;
use proto::{
    protos::{
        ChaincodeAction, ChaincodeId, Endorsement, ProposalResponse, ProposalResponsePayload,
        Response, SignedProposal,
    },
    rwset::TxPvtReadWriteSet,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use rwset::{
    BlockTx, KeyModification, MemoryState, PrivateTx, PrivateUpdate, Simulator, StateReader,
    TxRwSet, Update, UpdateBatch, expiry_block, private_updates, validate_block,
};

use crate::{CauseRow, CommitInput, ExpiryRow, HistoryRow, MissingSet, PrivateSet, TxRow};

pub(super) const NAMESPACES: [&str; 2] = ["assets", "assets2"];
/// Keys that are hard to order or to store; short enough that blocks meet often.
pub(super) const KEYS: [&str; 9] = [
    "\u{0}\u{10ffff}",
    "\u{0}a\u{0}",
    "\u{0}a\u{0}b\u{0}",
    "a",
    "a\u{0}",
    "a\u{1}",
    "ab",
    "ä",
    "\u{10ffff}",
];
/// The second one's values live for two blocks.
pub(super) const COLLECTIONS: [&str; 2] = ["kept", "short"];
const BLOCKS_TO_LIVE: u64 = 2;

pub(super) fn channel() -> ChannelId {
    ChannelId::parse("testing").unwrap()
}

/// The naive model: a [`MemoryState`], and plain lists for what it does not know.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) state: MemoryState,
    pub(super) blocks: Vec<Block>,
    pub(super) commit_hash: Bytes,
    /// Every key ever used in a collection, by its hash.
    private_keys: BTreeMap<Bytes, &'static str>,
    expiry: Vec<(ExpiryRow, u64)>,
}

/// Makes blocks from a seed. Equal seeds make equal chains.
pub(super) struct Chain {
    random: StdRng,
    pub(super) world: World,
}

struct Tx {
    entry: Bytes,
    tx_id: String,
    timestamp: prost_types::Timestamp,
    rwset: TxRwSet,
    private: TxPvtReadWriteSet,
    /// Whether the private writes reached this peer.
    arrived: bool,
}

impl Chain {
    /// A chain without blocks yet; the next one is block 0.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            world: World::default(),
        }
    }

    /// Block 0 and a chain that goes on after it.
    pub(super) fn started(seed: u64) -> (Self, CommitInput) {
        let mut chain = Self::new(seed);
        let genesis = chain.genesis();
        (chain, genesis)
    }

    fn genesis(&mut self) -> CommitInput {
        let value = Bytes::from_static(b"the configuration");
        let config = BlockTx::Config {
            key: "CHANNEL_CONFIG_ENV_BYTES",
            value,
        };
        let (_, batch) = validate_block(&self.world.state, 0, &[config]).unwrap();
        let entry = Envelope {
            payload: Bytes::from_static(b"no one looks in here"),
            signature: Bytes::from_static(b"signature"),
        };
        let mut block = Block::new(0, Bytes::new(), vec![entry.encode()]);
        block.set_transactions_filter(&[TxValidationCode::Valid]);
        self.world.state.apply(0, &batch);
        self.world.blocks.push(block.clone());
        CommitInput {
            is_config: true,
            updates: batch,
            ..CommitInput::new(block, Bytes::new())
        }
    }

    /// The next block with up to `txs_max` transactions, already applied to the world.
    pub(super) fn next(&mut self, txs_max: usize) -> CommitInput {
        let number = self.world.blocks.len() as u64;
        let count = self.random.random_range(1..=txs_max);
        let txs: Vec<Tx> = (0..count).map(|_| self.tx()).collect();
        let malformed = self.random.random_bool(0.2).then_some(0);
        let block_txs: Vec<_> = txs
            .iter()
            .enumerate()
            .map(|(index, tx)| match malformed == Some(index) {
                true => BlockTx::Invalid,
                false => BlockTx::Endorser(&tx.rwset),
            })
            .collect();
        let (verdicts, batch) = validate_block(&self.world.state, number, &block_txs).unwrap();
        let codes: Vec<_> = verdicts.iter().map(|verdict| verdict.code).collect();
        let valid = |index: usize| codes[index] == TxValidationCode::Valid;
        let arrived: Vec<_> = txs
            .iter()
            .enumerate()
            .filter(|(index, tx)| valid(*index) && tx.arrived)
            .map(|(index, tx)| PrivateTx {
                version: version(number, index),
                rwset: &tx.rwset,
                private: &tx.private,
            })
            .collect();
        let private = private_updates(&self.world.state, &batch, &arrived).unwrap();
        assert!(private.refused.is_empty());
        let filter: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
        let commit_hash = batch.commit_hash(&filter, &self.world.commit_hash);
        let commit_hash = Bytes::copy_from_slice(&commit_hash);
        let previous = self.world.blocks.last().unwrap().header_hash();
        let entries = txs.iter().map(|tx| tx.entry.clone()).collect();
        let mut block = Block::new(number, Bytes::copy_from_slice(&previous), entries);
        block.set_transactions_filter(&codes);
        block.set_commit_hash(&commit_hash);
        let mut input = CommitInput {
            expiry: expiry_of(number, &batch),
            updates: batch,
            private: private.updates,
            ..CommitInput::new(block, commit_hash)
        };
        for (index, tx) in txs.iter().enumerate() {
            input.txs.push(TxRow {
                tx: index as u64,
                tx_id: tx.tx_id.clone(),
                code: codes[index],
            });
            if valid(index) {
                add_valid(&mut input, index, tx);
            } else {
                input.causes.push(CauseRow {
                    tx: index as u64,
                    bytes: format!("why {} is not valid", tx.tx_id).into(),
                });
            }
        }
        self.world.apply(&input, &txs);
        input
    }

    /// A transaction of random calls, simulated on the newest state or now and then on what another transaction of the block would
    /// make old.
    fn tx(&mut self) -> Tx {
        let random = &mut self.random;
        let timestamp = prost_types::Timestamp {
            seconds: random.random_range(0..2_000_000_000),
            nanos: random.random_range(0..1_000_000_000),
        };
        let sender = Sender {
            creator: Bytes::from_static(b"somebody"),
            nonce: random.random(),
            timestamp,
        };
        let tx_id = sender.tx_id();
        let mut simulator = Simulator::new(Box::new(self.world.state.clone()), tx_id.as_str());
        for _ in 0..random.random_range(1..6) {
            call(random, &mut simulator);
        }
        let simulated = simulator.finish().unwrap();
        let entry = envelope(&sender, simulated.results.clone());
        Tx {
            entry,
            tx_id: tx_id.as_str().to_owned(),
            timestamp,
            rwset: TxRwSet::parse(&simulated.results).unwrap(),
            private: simulated.private.unwrap_or_default(),
            arrived: random.random_bool(0.8),
        }
    }
}

/// One random call of a chaincode.
fn call(random: &mut StdRng, simulator: &mut Simulator) {
    let namespace = NAMESPACES.choose(random).unwrap();
    let key = KEYS.choose(random).unwrap();
    let collection = COLLECTIONS.choose(random).unwrap();
    let value = random.random_range(0..1_000_u32).to_string();
    match random.random_range(0..11) {
        0..4 => simulator.put_state(namespace, key, value.into()).unwrap(),
        4 => simulator.del_state(namespace, key).unwrap(),
        5 => drop(simulator.get_state(namespace, key).unwrap()),
        6 => simulator
            .set_validation_parameter(namespace, key, value.into())
            .unwrap(),
        7..9 => simulator
            .put_private(namespace, collection, key, value.into())
            .unwrap(),
        9 => simulator.del_private(namespace, collection, key).unwrap(),
        _ => simulator.purge_private(namespace, collection, key).unwrap(),
    }
}

/// An endorsed transaction around `results`, complete but for real signatures.
pub(super) fn envelope(sender: &Sender, results: Bytes) -> Bytes {
    let invocation = Invocation {
        channel_id: channel().as_str().to_owned(),
        chaincode: "assets".to_owned(),
        ..Invocation::default()
    };
    let (_, proposal_bytes) = sender.propose(invocation);
    let signed = SignedProposal {
        proposal_bytes,
        signature: Bytes::from_static(b"signature"),
    };
    let proposal = Proposal::parse(&signed).unwrap();
    let action = ChaincodeAction {
        results,
        chaincode_id: Some(ChaincodeId {
            name: "assets".to_owned(),
            version: "1".to_owned(),
            ..ChaincodeId::default()
        }),
        ..ChaincodeAction::default()
    };
    let payload = ProposalResponsePayload {
        proposal_hash: Bytes::copy_from_slice(&proposal.proposal_hash()),
        extension: action.encode_to_vec().into(),
    };
    let response = ProposalResponse {
        response: Some(Response {
            status: 200,
            ..Response::default()
        }),
        payload: payload.encode_to_vec().into(),
        endorsement: Some(Endorsement::default()),
        ..ProposalResponse::default()
    };
    let payload = assemble(&proposal, &[response]).unwrap();
    let signature = Bytes::from_static(b"signature");
    Envelope { payload, signature }.encode()
}

fn add_valid(input: &mut CommitInput, index: usize, tx: &Tx) {
    for namespace in tx.rwset.namespaces() {
        for (key, _) in namespace.writes() {
            input.history.push(HistoryRow {
                tx: index as u64,
                namespace: namespace.name().to_owned(),
                key: key.to_owned(),
            });
        }
    }
    for namespace in &tx.private.ns_pvt_rwset {
        for set in &namespace.collection_pvt_rwset {
            let (namespace, collection) =
                (namespace.namespace.clone(), set.collection_name.clone());
            let tx_index = index as u64;
            match tx.arrived {
                true => input.private_sets.push(PrivateSet {
                    tx: tx_index,
                    namespace,
                    collection,
                    bytes: set.rwset.clone(),
                }),
                false => input.missing.push(MissingSet {
                    tx: tx_index,
                    namespace,
                    collection,
                    eligible: true,
                }),
            }
        }
    }
}

fn expiry_of(block: u64, batch: &UpdateBatch) -> Vec<ExpiryRow> {
    let short = |collection: &str| collection == COLLECTIONS[1];
    batch
        .hashed_updates()
        .filter(|(_, collection, _, update)| short(collection) && update.value.is_some())
        .map(|(namespace, collection, key_hash, _)| ExpiryRow {
            at: expiry_block(block, BLOCKS_TO_LIVE).unwrap(),
            namespace: namespace.to_owned(),
            collection: collection.to_owned(),
            key_hash: key_hash.clone(),
        })
        .collect()
}

fn version(block: u64, index: usize) -> Version {
    Version {
        block,
        tx: index as u64,
    }
}

pub(super) fn key_hash(key: &str) -> Digest {
    sha256(key.as_bytes())
}

impl World {
    fn apply(&mut self, input: &CommitInput, txs: &[Tx]) {
        for key in KEYS {
            self.private_keys
                .insert(Bytes::copy_from_slice(&key_hash(key)), key);
        }
        let number = input.block.number;
        self.state.apply(number, &input.updates);
        for (namespace, collection, key_hash, update) in input.updates.hashed_updates() {
            if update.value.is_none() || update.purge.is_some() {
                self.forget(namespace, collection, key_hash, update.version);
            }
        }
        self.state.apply_private(&input.private);
        self.expiry
            .extend(input.expiry.iter().map(|row| (row.clone(), number)));
        self.expire(number);
        for row in &input.history {
            let tx = &txs[usize::try_from(row.tx).unwrap()];
            let namespaces = tx.rwset.namespaces().iter();
            let value = namespaces
                .filter(|namespace| namespace.name() == row.namespace)
                .flat_map(|namespace| namespace.writes())
                .find_map(|(key, value)| (key == row.key).then(|| value.cloned()))
                .unwrap();
            let change = KeyModification {
                tx_id: tx.tx_id.clone(),
                is_delete: value.is_none(),
                value: value.unwrap_or_default(),
                timestamp: Some(tx.timestamp),
                version: Version {
                    block: number,
                    tx: row.tx,
                },
            };
            self.state.push_history(&row.namespace, &row.key, change);
        }
        self.commit_hash = input.commit_hash.clone();
        self.blocks.push(input.block.clone());
    }

    /// Deletes what is due, one row after the other.
    fn expire(&mut self, number: u64) {
        for (row, written) in self.expiry.clone() {
            if row.at != number {
                continue;
            }
            let (namespace, collection) = (&row.namespace, &row.collection);
            let hashed = self.state.get_hashed(namespace, collection, &row.key_hash);
            if hashed
                .unwrap()
                .is_some_and(|row| row.version.block == written)
            {
                let mut batch = UpdateBatch::default();
                let deletion = Update::deletion(version(number, 0));
                batch.put_hashed(namespace, collection, row.key_hash.clone(), deletion);
                self.state.apply(number, &batch);
            }
            let key = self.private_keys[&row.key_hash];
            let private = self.state.get_private(namespace, collection, key);
            if private
                .unwrap()
                .is_some_and(|row| row.version.block == written)
            {
                self.forget(namespace, collection, &row.key_hash, version(number, 0));
            }
        }
    }

    fn forget(&mut self, namespace: &str, collection: &str, key_hash: &Bytes, version: Version) {
        self.state.apply_private(&[PrivateUpdate {
            namespace: namespace.to_owned(),
            collection: collection.to_owned(),
            key: self.private_keys[key_hash].to_owned(),
            value: None,
            version,
        }]);
    }
}

/// Compares everything that can be read of two states at the same height.
pub(super) fn assert_same(found: &dyn StateReader, expected: &MemoryState) {
    assert_eq!(found.height(), expected.height());
    for namespace in NAMESPACES {
        for key in KEYS {
            assert_eq!(
                found.get(namespace, key).unwrap(),
                expected.get(namespace, key).unwrap()
            );
            assert_same_history(found, expected, namespace, key);
            for end in ["", key] {
                for limit in [0, 1, 3, 100] {
                    assert_eq!(
                        found.range(namespace, "a", end, limit).unwrap(),
                        expected.range(namespace, "a", end, limit).unwrap(),
                    );
                }
            }
        }
        assert_eq!(
            found.get_many(namespace, &KEYS).unwrap(),
            expected.get_many(namespace, &KEYS).unwrap()
        );
        for collection in COLLECTIONS {
            assert_same_collection(found, expected, namespace, collection);
        }
    }
}

fn assert_same_history(
    found: &dyn StateReader,
    expected: &MemoryState,
    namespace: &str,
    key: &str,
) {
    let all = found.history(namespace, key, None, usize::MAX).unwrap();
    assert_eq!(
        all,
        expected.history(namespace, key, None, usize::MAX).unwrap()
    );
    let mut paged: Vec<KeyModification> = Vec::new();
    while paged.len() < all.len() {
        let below = paged.last().map(|change| change.version);
        paged.extend(found.history(namespace, key, below, 2).unwrap());
    }
    assert_eq!(paged, all);
}

fn assert_same_collection(
    found: &dyn StateReader,
    expected: &MemoryState,
    namespace: &str,
    collection: &str,
) {
    for key in KEYS {
        let hash = key_hash(key);
        assert_eq!(
            found.get_hashed(namespace, collection, &hash).unwrap(),
            expected.get_hashed(namespace, collection, &hash).unwrap(),
        );
        assert_eq!(
            found.get_private(namespace, collection, key).unwrap(),
            expected.get_private(namespace, collection, key).unwrap(),
        );
        for limit in [2, 100] {
            assert_eq!(
                found
                    .private_range(namespace, collection, "", key, limit)
                    .unwrap(),
                expected
                    .private_range(namespace, collection, "", key, limit)
                    .unwrap(),
            );
        }
    }
    assert_eq!(
        found
            .private_range(namespace, collection, "", "", 100)
            .unwrap(),
        expected
            .private_range(namespace, collection, "", "", 100)
            .unwrap(),
    );
}
