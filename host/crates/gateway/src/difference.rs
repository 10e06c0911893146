//! Where two peers' results differ, in words: what else finds chaincode that is not deterministic?

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use prost::Message as _;
use proto::kvrwset::{HashedRwSet, KvrwSet};
use proto::protos::{ChaincodeAction, ProposalResponsePayload};
use proto::rwset::TxReadWriteSet;

/// Lines shown; a result may differ in thousands of keys.
const LINES_MAX: usize = 20;
/// Bytes of a value shown.
const VALUE_BYTES_SHOWN: usize = 64;

/// One line for each difference between two `ProposalResponsePayload`s, the first one's side named first.
pub(crate) fn lines(first: &Bytes, other: &Bytes) -> Vec<String> {
    let (Some(first), Some(other)) = (facts(first), facts(other)) else {
        return vec!["one of the results does not decode".to_owned()];
    };
    let names: BTreeSet<&String> = first.keys().chain(other.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|name| first.get(*name) != other.get(*name));
    let shown = |side: Option<&String>| side.map_or("nothing".to_owned(), Clone::clone);
    let mut lines: Vec<String> = differing
        .map(|name| {
            format!(
                "{name}: {} against {}",
                shown(first.get(name)),
                shown(other.get(name))
            )
        })
        .collect();
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("and {more} more"));
    }
    if lines.is_empty() {
        lines.push("the same reads, writes, response and event, encoded differently".to_owned());
    }
    lines
}

/// What a result says, by name.
fn facts(payload: &Bytes) -> Option<BTreeMap<String, String>> {
    let payload = ProposalResponsePayload::decode(payload.clone()).ok()?;
    let action = ChaincodeAction::decode(payload.extension).ok()?;
    let mut facts = BTreeMap::new();
    facts.insert(
        "proposal hash".to_owned(),
        hex::encode(&payload.proposal_hash),
    );
    if let Some(response) = action.response {
        let text = format!(
            "{} {:?} {}",
            response.status,
            response.message,
            value(&response.payload)
        );
        facts.insert("response".to_owned(), text);
    }
    if !action.events.is_empty() {
        facts.insert("event".to_owned(), value(&action.events));
    }
    if let Some(id) = action.chaincode_id {
        facts.insert("chaincode version".to_owned(), id.version);
    }
    for namespace in TxReadWriteSet::decode(action.results).ok()?.ns_rwset {
        add_public(
            &mut facts,
            &namespace.namespace,
            &KvrwSet::decode(namespace.rwset).ok()?,
        );
        for collection in namespace.collection_hashed_rwset {
            let set = HashedRwSet::decode(collection.hashed_rwset).ok()?;
            let name = format!("{}/{}", namespace.namespace, collection.collection_name);
            for read in set.hashed_reads {
                let version = format!("{:?}", read.version.map(|v| (v.block_num, v.tx_num)));
                facts.insert(
                    format!("{name} read of hash {}", hex::encode(&read.key_hash)),
                    version,
                );
            }
            for write in set.hashed_writes {
                let text = if write.is_delete {
                    "deleted".to_owned()
                } else {
                    hex::encode(&write.value_hash)
                };
                facts.insert(
                    format!("{name} write of hash {}", hex::encode(&write.key_hash)),
                    text,
                );
            }
        }
    }
    Some(facts)
}

fn add_public(facts: &mut BTreeMap<String, String>, namespace: &str, set: &KvrwSet) {
    for read in &set.reads {
        let version = match &read.version {
            Some(version) => format!("version {}/{}", version.block_num, version.tx_num),
            None => "absent".to_owned(),
        };
        facts.insert(format!("{namespace} read of {:?}", read.key), version);
    }
    for write in &set.writes {
        let text = if write.is_delete {
            "deleted".to_owned()
        } else {
            value(&write.value)
        };
        facts.insert(format!("{namespace} write of {:?}", write.key), text);
    }
    for write in &set.metadata_writes {
        facts.insert(
            format!("{namespace} policy of {:?}", write.key),
            format!("{} entries", write.entries.len()),
        );
    }
    for (range, number) in set.range_queries_info.iter().zip(1..) {
        let name = format!(
            "{namespace} range {number} from {:?} to {:?}",
            range.start_key, range.end_key
        );
        facts.insert(name, format!("{:?}", range.reads_info));
    }
}

/// A value as text where it is text, cut where it is long.
fn value(bytes: &Bytes) -> String {
    let cut = bytes.get(..VALUE_BYTES_SHOWN).unwrap_or(bytes);
    let more = if bytes.len() > VALUE_BYTES_SHOWN {
        format!("… ({} bytes)", bytes.len())
    } else {
        String::new()
    };
    match std::str::from_utf8(cut) {
        Ok(text) => format!("{text:?}{more}"),
        Err(_) => format!("0x{}{more}", hex::encode(cut)),
    }
}
