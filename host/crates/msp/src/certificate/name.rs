//! Distinguished names, as far as an MSP reads them.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use x509_cert::name::Name;

use super::Reason;

const OID_ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// The values of all OU attributes, in order. Every attribute of the name must have a value that is text.
pub(super) fn organizational_units(name: &[u8]) -> Result<Vec<String>, Reason> {
    let mut units = Vec::new();
    visit(name, |oid, value| {
        if oid == OID_ORGANIZATIONAL_UNIT {
            units.push(value);
        }
    })?;
    Ok(units)
}

/// Checks that every attribute of the name has a value that is text.
pub(super) fn check(name: &[u8]) -> Result<(), Reason> {
    visit(name, |_, _| {})
}

/// The name as RFC 4514 writes it, the most special part first; hex where it has no such form.
pub(super) fn display(name: &[u8]) -> String {
    Name::from_der(name).map_or_else(|_| hex::encode(name), |name| name.to_string())
}

fn visit(name: &[u8], mut each: impl FnMut(ObjectIdentifier, String)) -> Result<(), Reason> {
    let mut reader = SliceReader::new(name)?;
    reader.sequence(|reader| {
        while !reader.is_finished() {
            let set = AnyRef::decode(reader)?;
            if set.tag() != Tag::Set {
                return Err("a name is not a SEQUENCE of SETs".into());
            }
            let mut attributes = SliceReader::new(set.value())?;
            while !attributes.is_finished() {
                let (oid, value) = attributes.sequence(|reader| {
                    Ok::<_, Reason>((ObjectIdentifier::decode(reader)?, AnyRef::decode(reader)?))
                })?;
                each(oid, text(value)?);
            }
        }
        Ok(())
    })
}

fn text(value: AnyRef<'_>) -> Result<String, Reason> {
    let bytes = value.value();
    let text = match value.tag() {
        Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
        Tag::PrintableString | Tag::NumericString | Tag::Ia5String => bytes
            .is_ascii()
            .then(|| bytes.iter().copied().map(char::from).collect()),
        Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => utf16(bytes),
        _ => None,
    };
    text.ok_or_else(|| "a name has a value that is not text".into())
}

fn utf16(bytes: &[u8]) -> Option<String> {
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let units = bytes.chunks_exact(2).map(|pair| {
        let [high, low] = pair else { return 0 };
        u16::from_be_bytes([*high, *low])
    });
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .ok()
}
