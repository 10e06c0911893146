//! Decoding as Fabric's peers decode.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use prost::encoding::encode_varint;
use prost::{DecodeError, Message, Name};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use crate::{FILE_DESCRIPTOR_SET, wire};

/// Messages inside messages; what is deeper is refused, as prost refuses it.
const DEPTH_MAX: usize = 100;

/// Decoding of bytes from elsewhere, to be used instead of [`Message::decode`] wherever two peers must agree on whether
/// bytes decode.
///
/// A known field that is written in another way than its type asks for (a number where a string belongs) is an error to
/// prost and an unknown field to protobuf's Go library, which goes on (protobuf-go: internal/impl/decode.go). What prost
/// refuses is therefore tried once more without such fields. What prost accepts, Go accepts too.
pub trait FromWire: Message + Name + Default {
    /// Decodes `bytes` as Go would. The parts share memory with `bytes`, but for the rare message that has to be mended.
    ///
    /// # Errors
    /// The bytes are not an encoded message of this kind.
    fn from_wire(bytes: impl Into<Bytes>) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        Self::decode(bytes.clone()).or_else(|refused| {
            match known_fields(&Self::full_name(), &bytes, DEPTH_MAX) {
                Some(known) => Self::decode(Bytes::from(known)),
                None => Err(refused),
            }
        })
    }
}

impl<M: Message + Name + Default> FromWire for M {}

/// What decoding must know of a field.
struct Field {
    wire_type: u64,
    /// A repeated number may come one by one or all in one.
    packable: bool,
    /// The message's name where the field holds one.
    message: Option<String>,
}

impl Field {
    fn new(field: &FieldDescriptorProto) -> Self {
        let wire_type = match field.r#type() {
            Type::Double | Type::Fixed64 | Type::Sfixed64 => wire::FIXED64,
            Type::Float | Type::Fixed32 | Type::Sfixed32 => wire::FIXED32,
            Type::String | Type::Bytes | Type::Message | Type::Group => wire::BYTES,
            _ => wire::VARINT,
        };
        let message = (field.r#type() == Type::Message)
            .then(|| field.type_name().trim_start_matches('.').to_owned());
        Self {
            wire_type,
            packable: field.label() == Label::Repeated && wire_type != wire::BYTES,
            message,
        }
    }

    fn is_written_as(&self, wire_type: u64) -> bool {
        wire_type == self.wire_type || self.packable && wire_type == wire::BYTES
    }
}

/// Fields by number, of each message by its full name.
type Schema = BTreeMap<String, BTreeMap<u64, Field>>;

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
        let mut schema = Schema::new();
        for file in &files.file {
            for message in &file.message_type {
                enter(&mut schema, file.package(), message);
            }
        }
        schema
    })
}

fn enter(schema: &mut Schema, place: &str, message: &DescriptorProto) {
    let name = format!("{place}.{}", message.name());
    for inner in &message.nested_type {
        enter(schema, &name, inner);
    }
    let number = |field: &FieldDescriptorProto| u64::try_from(field.number()).unwrap_or_default();
    let fields = message.field.iter();
    let fields = fields.map(|field| (number(field), Field::new(field)));
    schema.insert(name, fields.collect());
}

/// The message without the fields that Go does not know, or does not know in this form; `None` if it is not well-formed.
fn known_fields(name: &str, bytes: &[u8], depth_left: usize) -> Option<Vec<u8>> {
    let fields = schema().get(name)?;
    let depth_left = depth_left.checked_sub(1)?;
    let mut known = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (tag, after) = wire::skip_field(rest)?;
        let written = rest.get(..rest.len() - after.len())?;
        rest = after;
        let field = fields.get(&tag.number);
        let Some(field) = field.filter(|field| field.is_written_as(tag.wire_type)) else {
            continue;
        };
        let Some(message) = &field.message else {
            known.extend_from_slice(written);
            continue;
        };
        let (_, value) = wire::tag(written)?;
        let (content, _) = wire::length_delimited(value)?;
        let content = known_fields(message, content, depth_left)?;
        encode_varint(tag.number << 3 | wire::BYTES, &mut known);
        encode_varint(u64::try_from(content.len()).ok()?, &mut known);
        known.extend(content);
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{ChannelHeader, ConfigGroup, Envelope, SignaturePolicyEnvelope};
    use crate::etcdraft::BlockMetadata;
    use crate::kvrwset::QueryReadsMerkleSummary;

    fn bytes(hex_bytes: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex_bytes.bytes().filter(|digit| *digit != b' ').collect();
        let pairs = digits.chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn decoded<M: FromWire>(hex_bytes: &str) -> Option<M> {
        M::from_wire(bytes(hex_bytes)).ok()
    }

    #[test]
    fn a_field_of_another_wire_type_is_an_unknown_field() {
        assert!(ChannelHeader::decode(bytes("0d00000000").as_slice()).is_err());
        let header: ChannelHeader = decoded("0d00000000 220161").unwrap();
        assert_eq!((header.r#type, header.channel_id.as_str()), (0, "a"));
        let header: ChannelHeader = decoded("0a0105 0803 220161").unwrap();
        assert_eq!(header.r#type, 3);
        let envelope: Envelope = decoded("0a0141 120142 0801").unwrap();
        assert_eq!(envelope.signature.as_ref(), b"B");
    }

    #[test]
    fn a_group_in_a_messages_place_is_skipped_whole() {
        let header: ChannelHeader = decoded("1b 0a0141 1c 220161").unwrap();
        assert_eq!((header.timestamp, header.channel_id.as_str()), (None, "a"));
    }

    #[test]
    fn inner_messages_and_map_entries_are_mended_too() {
        let header: ChannelHeader = decoded("1a03 0a0141").unwrap();
        assert_eq!(header.timestamp, Some(prost_types::Timestamp::default()));
        let group: ConfigGroup = decoded("1209 0801 0a0161 12020803 0801").unwrap();
        assert_eq!((group.version, group.groups["a"].version), (1, 3));
    }

    #[test]
    fn only_a_repeated_number_may_be_packed() {
        let summary: QueryReadsMerkleSummary = decoded("0832 1a0141 0a0133").unwrap();
        assert_eq!(summary.max_degree, 50);
        let metadata: BlockMetadata = decoded("0a020102 0803 0a0104 1803 1d00000000").unwrap();
        assert_eq!(metadata.consenter_ids, [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_not_well_formed_or_not_utf_8_stays_refused() {
        for broken in [
            "0a05",
            "0d0000",
            "2201ff",
            "0d00000000 2201ff",
            "1c",
            "0801 0001",
            "1b0801",
        ] {
            assert_eq!(decoded::<ChannelHeader>(broken), None, "{broken}");
        }
    }

    #[test]
    fn messages_nested_without_end_stay_refused() {
        let mut policy = Vec::new();
        for _ in 0..500 {
            let mut outer = Vec::new();
            encode_varint(2 << 3 | wire::BYTES, &mut outer);
            encode_varint(policy.len().try_into().unwrap(), &mut outer);
            outer.append(&mut policy);
            policy = outer;
        }
        assert!(SignaturePolicyEnvelope::from_wire(policy).is_err());
    }
}
