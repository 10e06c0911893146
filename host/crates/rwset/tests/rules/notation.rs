//! Read-write sets and states in one line, to write tests in and to read results from.
//!
//! A transaction is words: `get KEY@VERSION`, `put KEY=VALUE`, `del KEY`, `purge KEY`, `meta KEY=POLICY`, `meta KEY` (entries
//! removed), `range START..END[KEY@VERSION,…]`, with `..!END` if it was left early, and `merkle/DEGREE` for hashes over the same
//! results. A key is `NAME` in namespace `cc`, `NS:NAME` elsewhere, `COLLECTION/NAME` hashed. A version is `-` for absent, `4`
//! for [4,0], `4.1` for [4,1]. A state is a row of `KEY@VERSION=VALUE` or `KEY@VERSION=VALUE+POLICY`.

use std::{collections::BTreeMap, fmt::Write as _};

use bytes::Bytes;
use model::{Version, hash::sha256};
use prost::Message;
use proto::{
    kvrwset::{
        HashedRwSet, KvMetadataEntry, KvMetadataWrite, KvMetadataWriteHash, KvRead, KvReadHash,
        KvWrite, KvWriteHash, KvrwSet, QueryReads, QueryReadsMerkleSummary, RangeQueryInfo,
        range_query_info::ReadsInfo,
    },
    rwset::{CollectionHashedReadWriteSet, NsReadWriteSet, TxReadWriteSet},
};
use rwset::{MemoryState, TxRwSet, Update, UpdateBatch, VersionedValue, metadata};

/// A namespace, a collection or none, and a key.
type Key<'a> = (&'a str, Option<&'a str>, &'a str);

fn key(text: &str) -> Key<'_> {
    let (namespace, rest) = text.split_once(':').unwrap_or(("cc", text));
    match rest.split_once('/') {
        Some((collection, key)) => (namespace, Some(collection), key),
        None => (namespace, None, rest),
    }
}

fn version(text: &str) -> Option<Version> {
    let (block, tx) = text.split_once('.').unwrap_or((text, "0"));
    (text != "-").then(|| Version {
        block: block.parse().unwrap(),
        tx: tx.parse().unwrap(),
    })
}

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(crate) fn hash(text: &str) -> Bytes {
    Bytes::copy_from_slice(&sha256(text.as_bytes()))
}

pub(crate) fn policy(text: &str) -> Vec<KvMetadataEntry> {
    vec![KvMetadataEntry {
        name: metadata::VALIDATION_PARAMETER.to_owned(),
        value: bytes(text),
    }]
}

/// A state written in words.
pub(crate) fn state(text: &str) -> MemoryState {
    let mut state = MemoryState::default();
    for word in text.split_whitespace() {
        let (place, value) = word.split_once('=').unwrap();
        let (name, written) = place.split_once('@').unwrap();
        let (value, policy_text) = value.split_once('+').unwrap_or((value, ""));
        let stored = if policy_text.is_empty() {
            Bytes::new()
        } else {
            metadata::stored(&policy(policy_text))
        };
        let written = version(written).unwrap();
        match key(name) {
            (namespace, None, key) => {
                let row = VersionedValue {
                    value: bytes(value),
                    metadata: stored,
                    version: written,
                };
                state.put_row(namespace, key, row);
            }
            (namespace, Some(collection), key) => {
                let update = Update {
                    version: written,
                    value: Some(hash(value)),
                    metadata: stored,
                    purge: None,
                };
                let mut batch = UpdateBatch::default();
                batch.put_hashed(namespace, collection, hash(key), update);
                state.apply(written.block, &batch);
            }
        }
    }
    state
}

/// The parts of a read-write set while it is put together, in the order in which the words come.
#[derive(Default)]
struct Parts {
    public: KvrwSet,
    collections: BTreeMap<String, HashedRwSet>,
}

/// A transaction written in words.
pub(crate) fn tx(text: &str) -> TxRwSet {
    TxRwSet::parse(&encoded(text)).unwrap()
}

/// A transaction written in words, as `ChaincodeAction.results` would hold it.
pub(crate) fn encoded(text: &str) -> Bytes {
    let mut namespaces: Vec<(String, Parts)> = Vec::new();
    let words: Vec<_> = text.split_whitespace().collect();
    for pair in words.chunks(2) {
        let [verb, operand] = pair else {
            panic!("{text}: a verb without its operand")
        };
        let name = operand.split(['@', '=']).next().unwrap();
        let is_range = *verb == "range" || verb.starts_with("merkle/");
        let place = if is_range {
            ("cc", None, "")
        } else {
            key(name)
        };
        if namespaces.iter().all(|(found, _)| found != place.0) {
            namespaces.push((place.0.to_owned(), Parts::default()));
        }
        let (_, parts) = namespaces
            .iter_mut()
            .find(|(found, _)| found == place.0)
            .unwrap();
        match place.1 {
            None => public_word(&mut parts.public, verb, operand, place.2),
            Some(collection) => {
                let set = parts.collections.entry(collection.to_owned()).or_default();
                hashed_word(set, verb, operand, place.2);
            }
        }
    }
    let set = TxReadWriteSet {
        data_model: 0,
        ns_rwset: namespaces
            .into_iter()
            .map(|(name, parts)| finish(name, parts))
            .collect(),
    };
    set.encode_to_vec().into()
}

fn finish(namespace: String, parts: Parts) -> NsReadWriteSet {
    let collections =
        parts
            .collections
            .into_iter()
            .map(|(collection_name, set)| CollectionHashedReadWriteSet {
                collection_name,
                hashed_rwset: set.encode_to_vec().into(),
                pvt_rwset_hash: Bytes::new(),
            });
    NsReadWriteSet {
        namespace,
        rwset: parts.public.encode_to_vec().into(),
        collection_hashed_rwset: collections.collect(),
    }
}

fn public_word(set: &mut KvrwSet, verb: &str, operand: &str, key: &str) {
    let key = key.to_owned();
    match verb {
        "get" => set.reads.push(read(operand)),
        "put" => set.writes.push(KvWrite {
            key,
            is_delete: false,
            value: bytes(after(operand, '=')),
        }),
        "del" => set.writes.push(KvWrite {
            key,
            is_delete: true,
            value: Bytes::new(),
        }),
        "meta" => set.metadata_writes.push(KvMetadataWrite {
            key,
            entries: entries(operand),
        }),
        "range" => set.range_queries_info.push(range(operand, None)),
        verb => {
            let degree = verb.strip_prefix("merkle/").unwrap().parse().unwrap();
            set.range_queries_info.push(range(operand, Some(degree)));
        }
    }
}

fn hashed_word(set: &mut HashedRwSet, verb: &str, operand: &str, key: &str) {
    let key_hash = hash(key);
    let write = KvWriteHash {
        key_hash: key_hash.clone(),
        is_delete: true,
        value_hash: Bytes::new(),
        is_purge: false,
    };
    match verb {
        "get" => {
            let version = version(after(operand, '@')).map(Version::to_proto);
            set.hashed_reads.push(KvReadHash { key_hash, version });
        }
        "put" => set.hashed_writes.push(KvWriteHash {
            is_delete: false,
            value_hash: hash(after(operand, '=')),
            ..write
        }),
        "del" => set.hashed_writes.push(write),
        "purge" => set.hashed_writes.push(KvWriteHash {
            is_purge: true,
            ..write
        }),
        "meta" => set.metadata_writes.push(KvMetadataWriteHash {
            key_hash,
            entries: entries(operand),
        }),
        other => panic!("{other} is no verb for a hashed key"),
    }
}

fn entries(operand: &str) -> Vec<KvMetadataEntry> {
    operand
        .split_once('=')
        .map(|(_, text)| policy(text))
        .unwrap_or_default()
}

fn after(operand: &str, separator: char) -> &str {
    operand.split_once(separator).unwrap().1
}

fn read(text: &str) -> KvRead {
    let (name, read) = text.split_once('@').unwrap();
    KvRead {
        key: key(name).2.to_owned(),
        version: version(read).map(Version::to_proto),
    }
}

fn range(operand: &str, degree: Option<u32>) -> RangeQueryInfo {
    let (bounds, results) = operand.trim_end_matches(']').split_once('[').unwrap();
    let (start, end) = bounds.split_once("..").unwrap();
    let reads: Vec<_> = results
        .split(',')
        .filter(|word| !word.is_empty())
        .map(read)
        .collect();
    let reads_info = match degree {
        Some(degree) => Some(ReadsInfo::ReadsMerkleHashes(
            naive_merkle(&reads, degree).unwrap_or_else(|| QueryReadsMerkleSummary {
                max_degree: degree,
                ..QueryReadsMerkleSummary::default()
            }),
        )),
        None if reads.is_empty() => None,
        None => Some(ReadsInfo::RawReads(QueryReads { kv_reads: reads })),
    };
    RangeQueryInfo {
        start_key: start.to_owned(),
        end_key: end.trim_start_matches('!').to_owned(),
        itr_exhausted: !end.starts_with('!'),
        reads_info,
    }
}

/// The Merkle summary of results, computed from all of them at once; none for at most `degree` results.
pub(crate) fn naive_merkle(reads: &[KvRead], degree: u32) -> Option<QueryReadsMerkleSummary> {
    let group = usize::try_from(degree).unwrap() + 1;
    if reads.len() < group || degree == 0 {
        return None;
    }
    let leaf = |reads: &[KvRead]| {
        hash_of(
            &QueryReads {
                kv_reads: reads.to_vec(),
            }
            .encode_to_vec(),
        )
    };
    let mut level: Vec<Bytes> = reads.chunks(group).map(leaf).collect();
    // What is left over on each level once full groups have moved up.
    let mut left_over = Vec::new();
    while level.len() >= group {
        let rest = level.split_off(level.len() / group * group);
        left_over.push(rest);
        level = level
            .chunks(group)
            .map(|hashes| hash_of(&hashes.concat()))
            .collect();
    }
    let mut max_level = u32::try_from(left_over.len()).unwrap() + 1;
    let mut carried: Option<Bytes> = None;
    for mut rest in left_over {
        rest.extend(carried.take());
        carried = if rest.len() > 1 {
            Some(hash_of(&rest.concat()))
        } else {
            rest.pop()
        };
    }
    level.extend(carried);
    if level.len() >= group {
        level = vec![hash_of(&level.concat())];
        max_level += 1;
    }
    Some(QueryReadsMerkleSummary {
        max_degree: degree,
        max_level,
        max_level_hashes: level,
    })
}

fn hash_of(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&sha256(bytes))
}

/// What a batch changes, a line a key; hashes that belong to the given words are shown as these.
pub(crate) fn show_batch(batch: &UpdateBatch, words: &[&str]) -> String {
    let mut text = String::new();
    for (namespace, updates) in &batch.public {
        for (key, update) in updates {
            let value = update
                .value
                .as_ref()
                .map(|value| String::from_utf8(value.to_vec()).unwrap());
            show_update(&mut text, &format!("{namespace}:{key}"), value, update);
        }
    }
    let word = |hashed: &[u8]| {
        let found = words.iter().find(|word| sha256(word.as_bytes()) == *hashed);
        format!("#{}", found.unwrap_or(&"?"))
    };
    for (namespace, collection, key_hash, update) in batch.hashed_updates() {
        let value = update.value.as_ref().map(|hashed| word(hashed));
        show_update(
            &mut text,
            &format!("{namespace}:{collection}/{}", word(key_hash)),
            value,
            update,
        );
    }
    text
}

fn show_update(text: &mut String, key: &str, value: Option<String>, update: &Update) {
    let value = value.unwrap_or_else(|| "deleted".to_owned());
    write!(text, "{key} {} {value}", update.version).unwrap();
    if let Some(policy) = metadata::validation_parameter(&update.metadata) {
        write!(text, " + {}", String::from_utf8(policy.to_vec()).unwrap()).unwrap();
    }
    if let Some(below) = update.purge {
        write!(text, ", purged below {below}").unwrap();
    }
    text.push('\n');
}
