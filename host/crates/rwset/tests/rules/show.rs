//! Runs calls on a state and shows the read-write set that comes of them.

use std::fmt::Write as _;

use expect_test::Expect;
use model::{Version, hash::sha256};
use prost::Message;
use proto::{
    kvrwset::{
        HashedRwSet, KvrwSet, RangeQueryInfo, Version as ReadVersion, range_query_info::ReadsInfo,
    },
    rwset::{TxPvtReadWriteSet, TxReadWriteSet},
};
use rwset::{MemoryState, Simulated, Simulator};

use crate::notation::state;

/// Runs calls on a state and shows the read-write set that comes of them.
pub(crate) fn check(before: &str, calls: impl FnOnce(&mut Simulator), expected: Expect) {
    let simulated = simulate(state(before), calls);
    expected.assert_eq(&show(&simulated));
}

pub(crate) fn simulate(state: MemoryState, calls: impl FnOnce(&mut Simulator)) -> Simulated {
    let mut simulator = Simulator::new(Box::new(state), "tx1");
    calls(&mut simulator);
    simulator.finish().unwrap()
}

pub(crate) fn show(simulated: &Simulated) -> String {
    let mut text = String::new();
    for namespace in TxReadWriteSet::decode(simulated.results.clone())
        .unwrap()
        .ns_rwset
    {
        let set = KvrwSet::decode(namespace.rwset).unwrap();
        show_set(&mut text, &namespace.namespace, &set);
        for collection in namespace.collection_hashed_rwset {
            let name = format!("{}/{}", namespace.namespace, collection.collection_name);
            show_hashed(
                &mut text,
                &name,
                &HashedRwSet::decode(collection.hashed_rwset).unwrap(),
            );
            if !collection.pvt_rwset_hash.is_empty() {
                writeln!(text, "{name} has private writes").unwrap();
            }
        }
    }
    if let Some(private) = &simulated.private {
        show_private(&mut text, private);
    }
    text
}

fn show_set(text: &mut String, name: &str, set: &KvrwSet) {
    writeln!(text, "{name}").unwrap();
    for read in &set.reads {
        writeln!(text, "  get {:?}@{}", read.key, at(read.version.as_ref())).unwrap();
    }
    for range in &set.range_queries_info {
        writeln!(text, "  range {}", show_range(range)).unwrap();
    }
    for write in &set.writes {
        let value = if write.is_delete {
            "deleted".to_owned()
        } else {
            format!("{:?}", write.value)
        };
        writeln!(text, "  put {:?} {value}", write.key).unwrap();
    }
    for write in &set.metadata_writes {
        writeln!(
            text,
            "  meta {:?} {} entries",
            write.key,
            write.entries.len()
        )
        .unwrap();
    }
}

fn show_hashed(text: &mut String, name: &str, set: &HashedRwSet) {
    writeln!(text, "{name}").unwrap();
    for read in &set.hashed_reads {
        writeln!(
            text,
            "  get #{}@{}",
            word(&read.key_hash),
            at(read.version.as_ref())
        )
        .unwrap();
    }
    for write in &set.hashed_writes {
        let value = if write.is_delete {
            "deleted".to_owned()
        } else {
            format!("#{}", word(&write.value_hash))
        };
        let purge = if write.is_purge { ", purged" } else { "" };
        writeln!(text, "  put #{} {value}{purge}", word(&write.key_hash)).unwrap();
    }
    for write in &set.metadata_writes {
        writeln!(
            text,
            "  meta #{} {} entries",
            word(&write.key_hash),
            write.entries.len()
        )
        .unwrap();
    }
}

fn show_private(text: &mut String, private: &TxPvtReadWriteSet) {
    for namespace in &private.ns_pvt_rwset {
        for collection in &namespace.collection_pvt_rwset {
            let name = format!(
                "private {}/{}",
                namespace.namespace, collection.collection_name
            );
            show_set(
                text,
                &name,
                &KvrwSet::decode(collection.rwset.clone()).unwrap(),
            );
        }
    }
}

pub(crate) fn show_range(range: &RangeQueryInfo) -> String {
    let results = match &range.reads_info {
        None => "nothing".to_owned(),
        Some(ReadsInfo::RawReads(reads)) => format!("{} reads", reads.kv_reads.len()),
        Some(ReadsInfo::ReadsMerkleHashes(tree)) => {
            format!(
                "{} hashes of level {}, degree {}",
                tree.max_level_hashes.len(),
                tree.max_level,
                tree.max_degree
            )
        }
    };
    let end = if range.itr_exhausted {
        "exhausted"
    } else {
        "left early"
    };
    format!(
        "{:?}..{:?} {end}: {results}",
        range.start_key, range.end_key
    )
}

fn at(version: Option<&ReadVersion>) -> String {
    version.map_or_else(
        || "absent".to_owned(),
        |version| format!("{}.{}", version.block_num, version.tx_num),
    )
}

fn word(hashed: &[u8]) -> &'static str {
    let words = ["a", "b", "k", "x", "y", "zebra", "ant", "secret"];
    words
        .into_iter()
        .find(|word| sha256(word.as_bytes()) == *hashed)
        .unwrap_or("?")
}

/// A state with keys `k0000`, `k0001`, … of block 5.
pub(crate) fn many(count: usize) -> MemoryState {
    let mut state = MemoryState::default();
    for index in 0..count {
        state.put(
            "cc",
            &format!("k{index:04}"),
            "v",
            Version { block: 5, tx: 0 },
        );
    }
    state
}
