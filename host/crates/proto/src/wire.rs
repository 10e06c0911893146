//! Protobuf's wire format, field by field: what messages look like to whoever does not know what they mean.

/// Deepest nesting of unknown groups that Fabric's decoder follows (protobuf-go: `DefaultRecursionLimit`).
pub const GROUP_DEPTH_MAX: usize = 10_001;
/// Highest field number of protobuf.
const FIELD_NUMBER_MAX: u64 = (1 << 29) - 1;

/// A varint.
pub const VARINT: u64 = 0;
/// Eight bytes.
pub const FIXED64: u64 = 1;
/// A length and as many bytes: strings, messages, packed numbers.
pub const BYTES: u64 = 2;
const GROUP_START: u64 = 3;
const GROUP_END: u64 = 4;
/// Four bytes.
pub const FIXED32: u64 = 5;

/// What a field's tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The field's number.
    pub number: u64,
    /// How its value is written.
    pub wire_type: u64,
}

/// Steps over one field of any type, groups with all they hold: its tag and what follows it; `None` if it is not well-formed.
#[must_use]
pub fn skip_field(bytes: &[u8]) -> Option<(Tag, &[u8])> {
    let (field, mut rest) = tag(bytes)?;
    if field.wire_type != GROUP_START {
        return skip_value(field.wire_type, rest).map(|rest| (field, rest));
    }
    let mut open_groups = vec![field.number];
    while let Some(innermost) = open_groups.last() {
        let (inner, after) = tag(rest)?;
        rest = match inner.wire_type {
            GROUP_START if open_groups.len() == GROUP_DEPTH_MAX => return None,
            GROUP_START => {
                open_groups.push(inner.number);
                after
            }
            GROUP_END if inner.number == *innermost => {
                open_groups.pop();
                after
            }
            other => skip_value(other, after)?,
        };
    }
    Some((field, rest))
}

/// Reads a field's tag: what it says and what follows it.
#[must_use]
pub fn tag(bytes: &[u8]) -> Option<(Tag, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    let (number, wire_type) = (tag >> 3, tag & 7);
    let known = (1..=FIELD_NUMBER_MAX).contains(&number);
    known.then_some((Tag { number, wire_type }, rest))
}

/// Steps over a value that is not a group; an end of group without its start is not well-formed.
fn skip_value(wire_type: u64, bytes: &[u8]) -> Option<&[u8]> {
    match wire_type {
        VARINT => varint(bytes).map(|(_, rest)| rest),
        FIXED64 => bytes.get(8..),
        FIXED32 => bytes.get(4..),
        BYTES => length_delimited(bytes).map(|(_, rest)| rest),
        _ => None,
    }
}

/// Reads a length and as many bytes: these and what follows them.
#[must_use]
pub fn length_delimited(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = varint(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

/// Reads a varint: at most ten bytes, the tenth at most 1; longer forms than needed are accepted, as decoders do.
#[must_use]
pub fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        if index == 9 && *byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}
