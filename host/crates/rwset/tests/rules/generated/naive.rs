//! The rules as simply as they can be said: transactions are applied to the state one after the other, and every read
//! looks at it. Which rule decided is counted, so that a test can say that each has.

use std::collections::{BTreeMap, BTreeSet};

use model::{TxValidationCode as Code, Version};
use proto::kvrwset::{KvRead, QueryReadsMerkleSummary};

use super::plan::{Kind, Op, Plan, Range, Row, Slot, results};
use crate::notation::{hash, naive_merkle};

/// Every rule that a random block may come to. Each must have decided often.
pub(super) const RULES: [&str; 33] = [
    "a key that the block wrote",
    "a key that is there now",
    "a key that is gone",
    "a key with another version",
    "a hash that the block wrote",
    "a hash that is there now",
    "a hash that is gone",
    "a hash with another version",
    "a stale key before a changed range",
    "a changed range before a stale hash",
    "a range that the block changed",
    "a range with more results",
    "a range with fewer results",
    "a range with other versions",
    "a range left early that changed",
    "hashes over a range that changed",
    "hashes over too few results for a tree",
    "the same range",
    "the same hashes over a range",
    "the same range left early",
    "the same transaction twice",
    "an invalid transaction is left out",
    "a value alone",
    "a value alone keeps the metadata",
    "a value with metadata",
    "a value that drops the metadata",
    "metadata alone",
    "metadata taken away",
    "metadata of an absent key",
    "a deletion",
    "a purge",
    "an empty value deletes",
    "entries that add up to another rule",
];

/// The model.
#[derive(Default)]
pub(super) struct Naive {
    pub(super) state: BTreeMap<Slot, Row>,
    /// What the present block has written or deleted.
    pub(super) touched: BTreeSet<Slot>,
    /// How often each rule decided.
    pub(super) rules: BTreeMap<&'static str, usize>,
}

/// Why a read does not hold any more.
#[derive(Clone, Copy)]
enum Stale {
    InBlock,
    New,
    Gone,
    Changed,
}

impl Naive {
    pub(super) fn block(&mut self, block: u64, plans: &[Plan]) -> Vec<Code> {
        self.touched.clear();
        let mut codes = Vec::new();
        for (plan, tx) in plans.iter().zip(0..) {
            let code = match plan.kind {
                Kind::Invalid => {
                    self.count("an invalid transaction is left out");
                    Code::NotValidated
                }
                Kind::Again => {
                    self.count("the same transaction twice");
                    self.code(plan)
                }
                Kind::Own => self.code(plan),
            };
            if code == Code::Valid {
                self.apply(plan, Version { block, tx });
            }
            codes.push(code);
        }
        codes
    }

    fn count(&mut self, rule: &'static str) {
        assert!(RULES.contains(&rule), "{rule}");
        *self.rules.entry(rule).or_default() += 1;
    }

    fn code(&mut self, plan: &Plan) -> Code {
        for namespace in namespaces(plan) {
            let key = self.stale(plan, namespace, false);
            let range = plan.ranges.iter().find(|range| !self.same(range));
            let range = range.filter(|_| namespace == "cc").cloned();
            let hash = self.stale(plan, namespace, true);
            if let Some(stale) = key {
                if range.is_some() {
                    self.count("a stale key before a changed range");
                }
                self.count(match stale {
                    Stale::InBlock => "a key that the block wrote",
                    Stale::New => "a key that is there now",
                    Stale::Gone => "a key that is gone",
                    Stale::Changed => "a key with another version",
                });
                return Code::MvccReadConflict;
            }
            if let Some(range) = range {
                if hash.is_some() {
                    self.count("a changed range before a stale hash");
                }
                self.count_changed(&range);
                return Code::PhantomReadConflict;
            }
            if let Some(stale) = hash {
                self.count(match stale {
                    Stale::InBlock => "a hash that the block wrote",
                    Stale::New => "a hash that is there now",
                    Stale::Gone => "a hash that is gone",
                    Stale::Changed => "a hash with another version",
                });
                return Code::MvccReadConflict;
            }
        }
        for range in &plan.ranges {
            self.count(match (range.degree, range.exhausted) {
                (Some(_), _) => "the same hashes over a range",
                (None, true) => "the same range",
                (None, false) => "the same range left early",
            });
        }
        Code::Valid
    }

    fn stale(&self, plan: &Plan, namespace: &str, hashed: bool) -> Option<Stale> {
        plan.reads.iter().find_map(|(slot, version)| {
            if slot.0 != namespace || slot.1.is_empty() == hashed {
                return None;
            }
            let current = self.state.get(slot).map(|row| row.2);
            match (version, current) {
                _ if self.touched.contains(slot) => Some(Stale::InBlock),
                (read, now) if *read == now => None,
                (None, _) => Some(Stale::New),
                (_, None) => Some(Stale::Gone),
                _ => Some(Stale::Changed),
            }
        })
    }

    fn same(&self, range: &Range) -> bool {
        let now = results(&self.state, range);
        let Some(degree) = range.degree else {
            return now == range.results;
        };
        let empty = QueryReadsMerkleSummary {
            max_degree: degree,
            ..QueryReadsMerkleSummary::default()
        };
        let read = naive_merkle(&kv_reads(&range.results), degree).unwrap_or(empty);
        naive_merkle(&kv_reads(&now), degree) == Some(read)
    }

    fn count_changed(&mut self, range: &Range) {
        let now = results(&self.state, range);
        let inside = |slot: &Slot| {
            let key = &slot.2;
            let before_end = range.end.is_empty() || *key < range.end;
            slot.0 == "cc" && slot.1.is_empty() && *key >= range.start && before_end
        };
        if self.touched.iter().any(inside) {
            self.count("a range that the block changed");
        }
        if !range.exhausted {
            self.count("a range left early that changed");
        }
        if let Some(degree) = range.degree {
            let tree = |results| naive_merkle(&kv_reads(results), degree).is_some();
            self.count(match tree(&now) && tree(&range.results) {
                true => "hashes over a range that changed",
                false => "hashes over too few results for a tree",
            });
            return;
        }
        self.count(match now.len().cmp(&range.results.len()) {
            std::cmp::Ordering::Greater => "a range with more results",
            std::cmp::Ordering::Less => "a range with fewer results",
            std::cmp::Ordering::Equal => "a range with other versions",
        });
    }

    fn apply(&mut self, plan: &Plan, version: Version) {
        let slots: BTreeSet<_> = plan.writes.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let writes = plan.writes.iter().filter(|(found, _)| found == slot);
            let ops: Vec<&Op> = writes.map(|(_, op)| op).collect();
            let current = self.state.get(slot).cloned();
            self.count(rule(&ops, current.as_ref()));
            let Some(row) = written(&ops, current) else {
                continue;
            };
            self.touched.insert(slot.clone());
            match row {
                Some((value, policy)) => self.state.insert(slot.clone(), (value, policy, version)),
                None => self.state.remove(slot),
            };
        }
    }

    /// The state as the rows of a `MemoryState`: name, value, policy, version.
    pub(super) fn rows(&self) -> super::Rows {
        let row = |(slot, (value, policy, version)): (&Slot, &Row)| {
            let (name, key) = in_state(slot);
            let value = match slot.1 {
                "" => value.as_bytes().to_vec(),
                _ => hash(value).to_vec(),
            };
            (name, key, value, policy.clone(), *version)
        };
        self.state.iter().map(row).collect()
    }

    pub(super) fn touched_keys(&self) -> BTreeSet<(String, Vec<u8>)> {
        self.touched.iter().map(in_state).collect()
    }
}

/// Namespace with collection, and the key or its hash.
fn in_state((namespace, collection, key): &Slot) -> (String, Vec<u8>) {
    let key = match *collection {
        "" => key.as_bytes().to_vec(),
        _ => hash(key).to_vec(),
    };
    (format!("{namespace}/{collection}"), key)
}

/// What a key's entries make of it: nothing, its end, or a value and a policy. Fabric adds up a number for each entry.
fn written(ops: &[&Op], current: Option<Row>) -> Option<Option<(String, String)>> {
    let sum: usize = ops.iter().map(|op| number(op)).sum();
    let bit = |bit: usize| sum / bit % 2 == 1;
    let last =
        |wanted: fn(&Op) -> Option<&String>| ops.iter().rev().find_map(|op| wanted(op)).cloned();
    let value = last(|op| match op {
        Op::Put(value) => Some(value),
        _ => None,
    });
    let policy = last(|op| match op {
        Op::Policy(policy) => Some(policy),
        _ => None,
    });
    let policy = policy.unwrap_or_default();
    if bit(8) {
        Some(None)
    } else if bit(1) && (bit(2) || bit(4)) {
        Some(Some((value.unwrap(), policy)))
    } else if sum == 1 {
        let kept = current.map(|row| row.1).unwrap_or_default();
        Some(Some((value.unwrap(), kept)))
    } else {
        current.map(|row| Some((row.0, policy)))
    }
}

fn number(op: &Op) -> usize {
    match op {
        Op::Put(_) => 1,
        Op::Policy(_) => 2,
        Op::NoMetadata => 4,
        Op::Delete | Op::Purge | Op::Empty => 8,
    }
}

/// The name of what [`written`] does.
fn rule(ops: &[&Op], current: Option<&Row>) -> &'static str {
    match ops {
        [Op::Put(_)] if current.is_some_and(|row| !row.1.is_empty()) => {
            "a value alone keeps the metadata"
        }
        [Op::Put(_)] => "a value alone",
        [Op::Policy(_) | Op::NoMetadata] if current.is_none() => "metadata of an absent key",
        [Op::Policy(_)] => "metadata alone",
        [Op::NoMetadata] => "metadata taken away",
        [Op::Delete] => "a deletion",
        [Op::Purge] => "a purge",
        [Op::Empty] => "an empty value deletes",
        [Op::Put(_), Op::Policy(_)] => "a value with metadata",
        [Op::Put(_), Op::NoMetadata] => "a value that drops the metadata",
        _ => "entries that add up to another rule",
    }
}

/// The namespaces of a transaction in the order in which `notation` meets them.
fn namespaces(plan: &Plan) -> Vec<&'static str> {
    let reads = plan.reads.iter().map(|(slot, _)| slot.0);
    let ranges = plan.ranges.iter().map(|_| "cc");
    let writes = plan.writes.iter().map(|(slot, _)| slot.0);
    let mut found = Vec::new();
    for namespace in reads.chain(ranges).chain(writes) {
        if !found.contains(&namespace) {
            found.push(namespace);
        }
    }
    found
}

fn kv_reads(results: &[(String, Version)]) -> Vec<KvRead> {
    let read = |(key, version): &(String, Version)| KvRead {
        key: key.clone(),
        version: Some(version.to_proto()),
    };
    results.iter().map(read).collect()
}
