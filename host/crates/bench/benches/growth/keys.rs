//! The keys of a growing ledger: random ones, with the versions they were written at.

use std::collections::HashSet;

use bytes::Bytes;
use ledger::{CommitInput, HistoryRow, TxRow};
use model::{TxValidationCode, Version};
use rwset::{MemoryState, Simulator, StateReader as _, Update};

use crate::world::{CHAINCODE, World, fill_random};

/// Keys a block of the filling writes; as few blocks as memory allows, since each touches most pages of the file.
const KEYS_PER_FILLING: u64 = 100_000;

/// All keys a ledger has, by their number. They are known here so that making a block reads nothing from the ledger: the
/// committer is to find its connections as other blocks have left them.
pub(crate) struct Keys {
    versions: Vec<Version>,
    /// The chaincode's definition, as in the ledger.
    definition: MemoryState,
    filled: u64,
}

/// A transaction's keys, or two numbers of keys that a ledger does not have.
pub(crate) type Pair = [String; 2];

impl Keys {
    pub(crate) fn new(world: &World) -> Self {
        let snapshot = world.channel.ledger().snapshot().unwrap();
        let mut definition = MemoryState::default();
        for (key, row) in snapshot.range(lifecycle::NAMESPACE, "", "", 1_000).unwrap() {
            definition.put_row(lifecycle::NAMESPACE, &key, row);
        }
        Self {
            versions: Vec::new(),
            definition,
            filled: 0,
        }
    }

    /// How many keys there were to be when the ledger was filled last.
    pub(crate) fn filled(&self) -> u64 {
        self.filled
    }

    /// Writes keys straight into the ledger until there are so many, as transactions of two keys each would have left them:
    /// with history and ids, but in few huge blocks that have no transactions in them.
    pub(crate) fn fill(&mut self, world: &World, size: u64) {
        while self.count() < size {
            let adding = KEYS_PER_FILLING.min(size - self.count());
            let input = self.filling(world, adding);
            world
                .runtime
                .block_on(world.channel.ledger().commit(input))
                .unwrap();
        }
        self.filled = size;
    }

    fn filling(&mut self, world: &World, adding: u64) -> CommitInput {
        let block = world.block(vec![Bytes::from_static(b"filled")]);
        let number = block.number;
        let mut input = CommitInput::new(block, Bytes::from_static(&[7; 32]));
        for index in 0..adding {
            let version = Version {
                block: number,
                tx: index / 2,
            };
            let key = name(self.count());
            self.versions.push(version);
            let update = Update {
                version,
                value: Some(value(&key)),
                metadata: Bytes::new(),
                purge: None,
            };
            input.history.push(HistoryRow {
                tx: version.tx,
                namespace: CHAINCODE.to_owned(),
                key: key.clone(),
            });
            input.updates.put(CHAINCODE, &key, update);
        }
        input.txs = (0..adding / 2).map(|tx| row(tx, random_id())).collect();
        // Rows in the order of their tables: the same tables, filled sooner.
        input.history.sort_by(|a, b| a.key.cmp(&b.key));
        input.txs.sort_by(|a, b| a.tx_id.cmp(&b.tx_id));
        input
    }

    /// The keys of so many transactions, one that the ledger has and a new one each, none twice. While the ledger has too few
    /// keys, both are new.
    pub(crate) fn pairs(&self, count: usize) -> Vec<Pair> {
        let there = self.count();
        let mut taken = HashSet::new();
        let mut new = there..;
        let mut pairs = Vec::with_capacity(count);
        for _ in 0..count {
            let existing = if there > 2 * u64::try_from(count).unwrap() {
                std::iter::repeat_with(|| random() % there).find(|index| taken.insert(*index))
            } else {
                new.next()
            };
            pairs.push([existing, new.next()].map(|index| name(index.unwrap())));
        }
        pairs
    }

    /// The results of a transaction that reads and writes both keys.
    pub(crate) fn results(&self, pair: &Pair) -> Bytes {
        let mut state = self.definition.clone();
        for key in pair {
            if let Some(version) = self.version(key) {
                state.put(CHAINCODE, key, value(key), version);
            }
        }
        let mut simulator = Simulator::new(Box::new(state), "growth");
        lifecycle::record_reads(&mut simulator, CHAINCODE, false).unwrap();
        for key in pair {
            simulator.get_state(CHAINCODE, key).unwrap();
            simulator.put_state(CHAINCODE, key, value(key)).unwrap();
        }
        simulator.finish().unwrap().results
    }

    /// Takes note that a block has written the keys.
    pub(crate) fn written(&mut self, block: u64, pairs: &[Pair]) {
        for (tx, pair) in (0..).zip(pairs) {
            for key in pair {
                let version = Version { block, tx };
                let index = usize::try_from(number(key)).unwrap();
                if index >= self.versions.len() {
                    self.versions.resize(index + 1, version);
                }
                self.versions[index] = version;
            }
        }
    }

    /// So many of the ledger's keys, chosen at random.
    pub(crate) fn some(&self, count: u32) -> Vec<String> {
        (0..count).map(|_| name(random() % self.count())).collect()
    }

    /// So many keys that the ledger does not have.
    pub(crate) fn absent(count: u32) -> Vec<String> {
        (0..count)
            .map(|_| name(u64::MAX - random() % (1 << 40)))
            .collect()
    }

    fn count(&self) -> u64 {
        u64::try_from(self.versions.len()).unwrap()
    }

    fn version(&self, key: &str) -> Option<Version> {
        let index = usize::try_from(number(key)).unwrap();
        self.versions.get(index).copied()
    }
}

/// The key of a number: numbers that follow one another lie anywhere. SplitMix64's last step, which can be undone.
fn name(number: u64) -> String {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    format!("asset{mixed:016x}-{number:x}")
}

/// The number of a key.
fn number(key: &str) -> u64 {
    let (_, number) = key.split_once('-').unwrap();
    u64::from_str_radix(number, 16).unwrap()
}

/// About 200 bytes.
fn value(key: &str) -> Bytes {
    let note = "x".repeat(95);
    format!(r#"{{"AppraisedValue":300,"Color":"blue","ID":"{key}","Owner":"Tomoko","Size":5,"note":"{note}"}}"#)
        .into()
}

fn row(tx: u64, tx_id: String) -> TxRow {
    TxRow {
        tx,
        tx_id,
        code: TxValidationCode::Valid,
    }
}

fn random_id() -> String {
    (0..4).map(|_| format!("{:016x}", random())).collect()
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    fill_random(&mut bytes);
    u64::from_le_bytes(bytes)
}
