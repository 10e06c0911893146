//! What a key carries beside its value, in the form Fabric stores it.

use bytes::Bytes;
use prost::Message;
use proto::FromWire;
use proto::kvrwset::{KvMetadataEntry, KvMetadataWrite};

/// The metadata entry under which a key's endorsement policy stands.
pub const VALIDATION_PARAMETER: &str = "VALIDATION_PARAMETER";

/// The stored form of metadata entries: a `KVMetadataWrite` without a key, entries in the order given.
#[must_use]
pub fn stored(entries: &[KvMetadataEntry]) -> Bytes {
    let write = KvMetadataWrite {
        key: String::new(),
        entries: entries.to_vec(),
    };
    write.encode_to_vec().into()
}

/// The value of the entry `VALIDATION_PARAMETER` in stored metadata, empty or not; none if there is no such entry.
#[must_use]
pub fn validation_parameter(stored: &Bytes) -> Option<Bytes> {
    KvMetadataWrite::from_wire(stored.clone())
        .ok()?
        .entries
        .into_iter()
        .rev()
        .find(|entry| entry.name == VALIDATION_PARAMETER)
        .map(|entry| entry.value)
}
