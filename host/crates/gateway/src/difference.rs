//! Where two peers' results differ, in words: what else finds chaincode that is not deterministic?

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use prost::Message as _;
use proto::kvrwset::range_query_info::ReadsInfo;
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

/// The lowest height at which a peer can have come to this result: above the newest version it has read. 0 if it has
/// read nothing that is there.
pub(crate) fn height_seen(payload: &Bytes) -> u64 {
    newest_block(payload).map_or(0, |block| block.saturating_add(1))
}

fn newest_block(payload: &Bytes) -> Option<u64> {
    let payload = ProposalResponsePayload::decode(payload.clone()).ok()?;
    let action = ChaincodeAction::decode(payload.extension).ok()?;
    let mut blocks = Vec::new();
    for namespace in TxReadWriteSet::decode(action.results).ok()?.ns_rwset {
        let set = KvrwSet::decode(namespace.rwset).ok()?;
        let ranges = set
            .range_queries_info
            .into_iter()
            .filter_map(|range| range.reads_info);
        let in_ranges = ranges.flat_map(|reads| match reads {
            ReadsInfo::RawReads(raw) => raw.kv_reads,
            ReadsInfo::ReadsMerkleHashes(_) => Vec::new(),
        });
        let versions = set
            .reads
            .into_iter()
            .chain(in_ranges)
            .filter_map(|read| read.version);
        blocks.extend(versions.map(|version| version.block_num));
        for collection in namespace.collection_hashed_rwset {
            let set = HashedRwSet::decode(collection.hashed_rwset).ok()?;
            let versions = set.hashed_reads.into_iter().filter_map(|read| read.version);
            blocks.extend(versions.map(|version| version.block_num));
        }
    }
    blocks.into_iter().max()
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use expect_test::{Expect, expect};
    use model::Version;
    use prost::Message as _;
    use proto::protos::{ChaincodeAction, ChaincodeId, ProposalResponsePayload, Response};
    use rwset::{MemoryState, Simulator};

    use super::{height_seen, lines};

    /// What an endorser would sign after such a simulation.
    fn result(simulate: impl FnOnce(&mut Simulator), payload: &str) -> Bytes {
        let mut state = MemoryState::default();
        state.put("cc", "known", "1", Version { block: 4, tx: 2 });
        let mut simulator = Simulator::new(Box::new(state), "tx");
        simulate(&mut simulator);
        let action = ChaincodeAction {
            results: simulator.finish().unwrap().results,
            response: Some(Response {
                status: 200,
                payload: Bytes::copy_from_slice(payload.as_bytes()),
                ..Response::default()
            }),
            chaincode_id: Some(ChaincodeId {
                version: "1.0".to_owned(),
                ..ChaincodeId::default()
            }),
            ..ChaincodeAction::default()
        };
        let payload = ProposalResponsePayload {
            extension: action.encode_to_vec().into(),
            ..ProposalResponsePayload::default()
        };
        payload.encode_to_vec().into()
    }

    fn check(first: &Bytes, other: &Bytes, expect: Expect) {
        expect.assert_eq(&lines(first, other).join("\n"));
    }

    #[test]
    fn a_key_written_differently_is_named_with_both_values() {
        let put = |value: &'static str| {
            move |simulator: &mut Simulator| simulator.put_state("cc", "k", value.into()).unwrap()
        };
        check(
            &result(put("a"), "ok"),
            &result(put("b"), "ok"),
            expect![[r#"cc write of "k": "a" against "b""#]],
        );
    }

    #[test]
    fn a_read_that_only_one_has_made_and_another_response_are_named() {
        let read = |simulator: &mut Simulator| {
            simulator.get_state("cc", "known").unwrap();
        };
        check(
            &result(read, "ok"),
            &result(|_| {}, "OK"),
            expect![[r#"
                cc read of "known": version 4/2 against nothing
                response: 200 "" "ok" against 200 "" "OK""#]],
        );
    }

    #[test]
    fn a_result_shows_the_height_that_its_reads_need() {
        let nothing = |simulator: &mut Simulator| {
            simulator.get_state("cc", "absent").unwrap();
        };
        let read = |simulator: &mut Simulator| {
            simulator.get_state("cc", "known").unwrap();
        };
        let range = |simulator: &mut Simulator| {
            let cursor = simulator.open_range("cc", "k", "l").unwrap();
            simulator.next(cursor, 10).unwrap();
        };
        assert_eq!(height_seen(&result(nothing, "ok")), 0);
        assert_eq!(height_seen(&result(read, "ok")), 5);
        assert_eq!(height_seen(&result(range, "ok")), 5);
        assert_eq!(height_seen(&Bytes::from_static(b"\xff")), 0);
    }

    #[test]
    fn what_does_not_decode_and_what_differs_in_nothing_are_said_so() {
        let broken = Bytes::from_static(b"\xff");
        let fine = result(|_| {}, "ok");
        check(
            &fine,
            &broken,
            expect!["one of the results does not decode"],
        );
        check(
            &fine,
            &fine,
            expect!["the same reads, writes, response and event, encoded differently"],
        );
    }

    #[test]
    fn many_differences_are_cut_and_counted() {
        let many = |simulator: &mut Simulator| {
            for number in 0..30 {
                let key = format!("k{number:02}");
                simulator.put_state("cc", &key, "v".into()).unwrap();
            }
        };
        let lines = lines(&result(many, "ok"), &result(|_| {}, "ok"));
        assert_eq!(lines.len(), 21);
        assert_eq!(lines.last().map(String::as_str), Some("and 10 more"));
    }
}
