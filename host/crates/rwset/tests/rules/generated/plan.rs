//! What the transactions of a random block do.

use std::{collections::BTreeMap, fmt::Write as _};

use model::Version;

/// A namespace, a collection or `""`, and the key in the clear.
pub(super) type Slot = (&'static str, &'static str, String);

/// A key's value, key-level policy or `""`, and version.
pub(super) type Row = (String, String, Version);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    Put(String),
    /// A value of no bytes.
    Empty,
    Delete,
    Purge,
    Policy(String),
    NoMetadata,
}

#[derive(Debug, Clone)]
pub(super) struct Range {
    pub(super) start: String,
    pub(super) end: String,
    pub(super) exhausted: bool,
    pub(super) results: Vec<(String, Version)>,
    /// Of a Merkle tree over the results, if they are not there themselves.
    pub(super) degree: Option<u32>,
}

/// How a transaction comes into its block.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Kind {
    #[default]
    Own,
    /// The same as one before it.
    Again,
    /// It was found invalid before.
    Invalid,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) reads: Vec<(Slot, Option<Version>)>,
    pub(super) ranges: Vec<Range>,
    pub(super) writes: Vec<(Slot, Op)>,
}

/// Random numbers from a seed (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn key(&mut self) -> String {
        format!("k{:02}", self.roll(14))
    }

    fn slot(&mut self) -> Slot {
        let key = self.key();
        match self.roll(10) {
            0..4 => ("cc", "", key),
            4 => ("n", "", key),
            5 => ("n", "c", key),
            6 => ("cc", "d", key),
            _ => ("cc", "c", key),
        }
    }

    /// The transactions of a block, made by somebody who sees this state.
    pub(super) fn plans(&mut self, state: &BTreeMap<Slot, Row>) -> Vec<Plan> {
        let mut plans: Vec<Plan> = Vec::new();
        for _ in 0..=self.roll(8) {
            let mut plan = self.plan(state);
            if self.chance(4) {
                plan.kind = Kind::Invalid;
            } else if let (true, Some(last)) = (self.chance(4), plans.last()) {
                plan = Plan {
                    kind: Kind::Again,
                    ..last.clone()
                };
            }
            plans.push(plan);
        }
        plans
    }

    fn plan(&mut self, state: &BTreeMap<Slot, Row>) -> Plan {
        let mut plan = Plan::default();
        for _ in 0..self.roll(4) {
            let slot = self.slot();
            let mut version = state.get(&slot).map(|row| row.2);
            if self.chance(14) {
                version = self.chance(50).then(|| Version {
                    block: self.roll(60),
                    tx: self.roll(4),
                });
            }
            plan.reads.push((slot, version));
        }
        if self.chance(46) {
            plan.ranges.push(self.range(state));
        }
        for _ in 0..self.roll(4) {
            let slot = self.slot();
            for _ in 0..if self.chance(6) { 2 + self.roll(2) } else { 1 } {
                plan.writes
                    .push((slot.clone(), self.op(!slot.1.is_empty())));
            }
            if self.chance(15) {
                let metadata = match self.roll(3) {
                    0 => Op::NoMetadata,
                    _ => Op::Policy(format!("p{}", self.roll(9))),
                };
                plan.writes.push((slot, metadata));
            }
        }
        plan
    }

    fn op(&mut self, hashed: bool) -> Op {
        match self.roll(12) {
            0..6 => Op::Put(format!("v{}", self.roll(99))),
            6 => Op::Delete,
            7 => Op::Empty,
            8 if hashed => Op::Purge,
            8..11 => Op::Policy(format!("p{}", self.roll(9))),
            _ => Op::NoMetadata,
        }
    }

    fn range(&mut self, state: &BTreeMap<Slot, Row>) -> Range {
        let (start, mut end) = (self.key(), self.key());
        if self.chance(20) {
            end.clear();
        }
        let exhausted = end.is_empty() || self.chance(60);
        let mut range = Range {
            start,
            end,
            exhausted,
            results: Vec::new(),
            degree: None,
        };
        range.results = results(state, &range);
        let degree = u32::try_from(2 + self.roll(3)).unwrap();
        // A tree needs more results than its degree; without them it is no tree that any state has.
        let tree = u32::try_from(range.results.len()).unwrap() > degree;
        if self.chance(if tree { 60 } else { 10 }) {
            range.degree = Some(degree);
        }
        match self.roll(12) {
            0 => drop(range.results.pop()),
            1 => {
                let gone = format!("{}x", range.start);
                let version = Version { block: 1, tx: 0 };
                range.results.push((gone, version));
            }
            _ => {}
        }
        range
    }
}

impl Plan {
    /// The transaction in the words of `notation`.
    pub(super) fn words(&self) -> String {
        let mut text = String::new();
        for (slot, version) in &self.reads {
            write!(text, "get {}@{} ", name(slot), at(*version)).unwrap();
        }
        for range in &self.ranges {
            match range.degree {
                Some(degree) => write!(text, "merkle/{degree} ").unwrap(),
                None => text.push_str("range "),
            }
            let mark = if range.exhausted { "" } else { "!" };
            let results: Vec<_> = range
                .results
                .iter()
                .map(|(key, version)| format!("{key}@{}", at(Some(*version))))
                .collect();
            write!(
                text,
                "{}..{mark}{}[{}] ",
                range.start,
                range.end,
                results.join(",")
            )
            .unwrap();
        }
        for (slot, op) in &self.writes {
            let name = name(slot);
            match op {
                Op::Put(value) => write!(text, "put {name}={value} "),
                Op::Empty => write!(text, "put {name}= "),
                Op::Delete => write!(text, "del {name} "),
                Op::Purge => write!(text, "purge {name} "),
                Op::Policy(policy) => write!(text, "meta {name}={policy} "),
                Op::NoMetadata => write!(text, "meta {name} "),
            }
            .unwrap();
        }
        text
    }
}

fn name((namespace, collection, key): &Slot) -> String {
    if collection.is_empty() {
        format!("{namespace}:{key}")
    } else {
        format!("{namespace}:{collection}/{key}")
    }
}

fn at(version: Option<Version>) -> String {
    version.map_or_else(
        || "-".to_owned(),
        |version| format!("{}.{}", version.block, version.tx),
    )
}

/// What a range gives on a state.
pub(super) fn results(state: &BTreeMap<Slot, Row>, range: &Range) -> Vec<(String, Version)> {
    let public = state
        .iter()
        .filter(|((namespace, collection, _), _)| *namespace == "cc" && collection.is_empty());
    let mut found: Vec<_> = public
        .map(|((_, _, key), row)| (key.clone(), row.2))
        .filter(|(key, _)| *key >= range.start && (range.end.is_empty() || *key < range.end))
        .collect();
    if let (false, Some(row)) = (range.exhausted, state.get(&("cc", "", range.end.clone()))) {
        found.push((range.end.clone(), row.2));
    }
    found
}
