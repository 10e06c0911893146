//! Protobuf's wire format, as far as it must be judged byte by byte: is this entry exactly what encoding it would give?

use proto::wire::{BYTES, length_delimited, skip_field, varint};

use crate::block::EntryFault;

/// Checks that `entry` is an envelope in its one encoding: payload, then signature, each once, not empty and with the
/// shortest length prefix; after them only well-formed fields the message does not have, which Fabric keeps as they are.
///
/// Not by decoding and encoding again: prost drops unknown fields and Go keeps them (protoutil/blockutils.go,
/// VerifyTransactionsAreWellFormed).
pub(crate) fn check_canonical_envelope(entry: &[u8]) -> Result<(), EntryFault> {
    let rest = required_bytes(entry, 1).map_err(|fault| match fault {
        FieldFault::Absent => EntryFault::NoPayload,
        FieldFault::Form => EntryFault::NotCanonical,
        FieldFault::Broken => EntryFault::NotAnEnvelope,
    })?;
    let mut rest = required_bytes(rest, 2).map_err(|fault| match fault {
        FieldFault::Absent => EntryFault::NoSignature,
        FieldFault::Form => EntryFault::NotCanonical,
        FieldFault::Broken => EntryFault::NotAnEnvelope,
    })?;
    while !rest.is_empty() {
        let (field, after) = skip_field(rest).ok_or(EntryFault::NotAnEnvelope)?;
        if field.wire_type == BYTES && matches!(field.number, 1 | 2) {
            return Err(EntryFault::NotCanonical);
        }
        rest = after;
    }
    Ok(())
}

enum FieldFault {
    /// Not there, or there and empty.
    Absent,
    /// There, but longer encoded than it need be.
    Form,
    /// Not protobuf.
    Broken,
}

/// Takes the field `number` of type `bytes` from the front and gives what follows it.
fn required_bytes(bytes: &[u8], number: u8) -> Result<&[u8], FieldFault> {
    let Some((tag, rest)) = bytes.split_first() else {
        return Err(FieldFault::Absent);
    };
    if *tag != (number << 3) | 2 {
        let (field, _) = skip_field(bytes).ok_or(FieldFault::Broken)?;
        let same = field.wire_type == BYTES && field.number == u64::from(number);
        return Err(if same {
            FieldFault::Form
        } else {
            FieldFault::Absent
        });
    }
    let (_, value) = varint(rest).ok_or(FieldFault::Broken)?;
    let (content, after) = length_delimited(rest).ok_or(FieldFault::Broken)?;
    match content.len() {
        0 => Err(FieldFault::Absent),
        length if rest.len() - value.len() != varint_length(length) => Err(FieldFault::Form),
        _ => Ok(after),
    }
}

fn varint_length(mut value: usize) -> usize {
    let mut bytes = 1;
    while value > 0x7f {
        value >>= 7;
        bytes += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use prost::Message;
    use proto::common::Envelope;
    use proto::wire::GROUP_DEPTH_MAX;

    fn check(hex_bytes: &str, expected: Expect) {
        let bytes = hex::decode(hex_bytes.replace(' ', "")).unwrap();
        let outcome = match check_canonical_envelope(&bytes) {
            Ok(()) => "ok".to_owned(),
            Err(fault) => fault.to_string(),
        };
        expected.assert_eq(&outcome);
    }

    #[test]
    fn payload_then_signature_then_unknown_fields_is_canonical() {
        check("0a0141 120142", expect!["ok"]);
        check("0a0141 120142 1801", expect!["ok"]);
        check(
            "0a0141 120142 1a00 210000000000000000 2500000000",
            expect!["ok"],
        );
        check("0a0141 120142 1b 1801 1c", expect!["ok"]);
        check("0a0141 120142 0801", expect!["ok"]);
        check("0a0141 120142 988000 01", expect!["ok"]);
    }

    #[test]
    fn another_order_or_form_of_the_same_message_is_refused() {
        check("120142 0a0141", expect!["does not begin with a payload"]);
        check("0a0141 120142 0a0141", expect!["is not in canonical form"]);
        check(
            "0a0141 120142 920001 43",
            expect!["is not in canonical form"],
        );
        check("0a8100 41 120142", expect!["is not in canonical form"]);
        check("8a00 0141 120142", expect!["is not in canonical form"]);
        check(
            "0a0141 1801 120142",
            expect!["has no signature after its payload"],
        );
        check(
            "1801 0a0141 120142",
            expect!["does not begin with a payload"],
        );
    }

    #[test]
    fn a_missing_or_empty_part_is_named() {
        check("", expect!["does not begin with a payload"]);
        check("0a00 120142", expect!["does not begin with a payload"]);
        check("0a0141", expect!["has no signature after its payload"]);
        check("0a0141 1200", expect!["has no signature after its payload"]);
        check("120142", expect!["does not begin with a payload"]);
    }

    #[test]
    fn what_is_not_protobuf_is_refused() {
        check("0a0541", expect!["is not an envelope"]);
        check("0a0141 120142 1a05", expect!["is not an envelope"]);
        check("0a0141 120142 1b 1801", expect!["is not an envelope"]);
        check("0a0141 120142 1b 24", expect!["is not an envelope"]);
        check("0a0141 120142 1c", expect!["is not an envelope"]);
        check("0a0141 120142 1f", expect!["is not an envelope"]);
        check("0a0141 120142 0001", expect!["is not an envelope"]);
        check(
            "0a0141 120142 18ffffffffffffffffff02",
            expect!["is not an envelope"],
        );
        check("0affffffffffffffffff01", expect!["is not an envelope"]);
    }

    #[test]
    fn groups_nest_as_deep_as_in_fabric_and_no_deeper() {
        for (depth, expected) in [(GROUP_DEPTH_MAX, true), (GROUP_DEPTH_MAX + 1, false)] {
            let mut entry = hex::decode("0a0141120142").unwrap();
            entry.extend(std::iter::repeat_n(0x1b, depth));
            entry.extend(std::iter::repeat_n(0x1c, depth));
            assert_eq!(check_canonical_envelope(&entry).is_ok(), expected);
        }
    }

    proptest! {
        #[test]
        fn what_prost_encodes_is_canonical(payload in prop::collection::vec(any::<u8>(), 1..300), signature in prop::collection::vec(any::<u8>(), 1..80)) {
            let entry = Envelope { payload: payload.into(), signature: signature.into() }.encode_to_vec();
            prop_assert!(check_canonical_envelope(&entry).is_ok());
            for end in 0..entry.len() {
                prop_assert!(check_canonical_envelope(&entry[..end]).is_err());
            }
        }

        #[test]
        fn bytes_of_known_fields_only_are_canonical_exactly_if_encoding_gives_them_back(bytes in prop::collection::vec(prop_oneof![Just(0x0a_u8), Just(0x12), 0_u8..4, Just(0x81)], 0..12)) {
            let canonical = check_canonical_envelope(&bytes).is_ok();
            let same = Envelope::decode(bytes.as_slice()).is_ok_and(|envelope| {
                !envelope.payload.is_empty() && !envelope.signature.is_empty() && envelope.encode_to_vec() == bytes
            });
            if same {
                prop_assert!(canonical);
            }
            if canonical {
                let envelope = Envelope::decode(bytes.as_slice()).map(|envelope| envelope.encode_to_vec());
                prop_assert!(envelope.map_or(true, |known| bytes.starts_with(&known)));
            }
        }
    }
}
