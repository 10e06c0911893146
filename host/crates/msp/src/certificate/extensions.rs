//! The extensions of a certificate that decide whether it is trusted.

use bytes::Bytes;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use x509_cert::ext::pkix::{BasicConstraints as BasicConstraintsDer, ExtendedKeyUsage};

use super::Reason;

const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// Extensions that Go understands and that change nothing here: distribution points and the policy extensions.
const WITHOUT_EFFECT: [ObjectIdentifier; 5] = [
    ObjectIdentifier::new_unwrap("2.5.29.31"),
    ObjectIdentifier::new_unwrap("2.5.29.32"),
    ObjectIdentifier::new_unwrap("2.5.29.33"),
    ObjectIdentifier::new_unwrap("2.5.29.36"),
    ObjectIdentifier::new_unwrap("2.5.29.54"),
];

const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

/// The most extensions a certificate may have.
const EXTENSIONS_MAX: usize = 64;

/// The basic constraints of a certificate that has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BasicConstraints {
    pub(crate) ca: bool,
    /// How many intermediate certificates may stand between this one and the leaf.
    pub(crate) path_len: Option<u8>,
}

/// What the extensions of a certificate say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) basic_constraints: Option<BasicConstraints>,
    /// What the key usage says of signing certificates; `None` if there is no key usage.
    pub(crate) may_sign_certificates: Option<bool>,
    pub(crate) subject_key_id: Option<Bytes>,
    pub(crate) subject_alt_name: Option<Bytes>,
    pub(crate) has_name_constraints: bool,
    /// Whether the extended key usage, if there is one, leaves server authentication open.
    ///
    /// Fabric asks Go to verify chains without naming a usage, and Go then takes server authentication. So certificates
    /// that may only authenticate clients are no identities.
    pub(crate) allows_server_auth: bool,
    /// A critical extension that nobody here understands.
    pub(crate) unknown_critical: Option<ObjectIdentifier>,
}

impl Extensions {
    /// Reads the rest of a certificate's signed half, which holds the extensions or nothing.
    pub(super) fn parse(reader: &mut SliceReader<'_>, whole: &Bytes) -> Result<Extensions, Reason> {
        let mut extensions = Extensions {
            allows_server_auth: true,
            ..Extensions::default()
        };
        if reader.is_finished() {
            return Ok(extensions);
        }
        let wrapper = AnyRef::decode(reader)?;
        let expected = Tag::ContextSpecific {
            constructed: true,
            number: TagNumber(3),
        };
        if wrapper.tag() != expected {
            return Err("unexpected content after the public key".into());
        }
        let mut seen: Vec<ObjectIdentifier> = Vec::new();
        let mut inner = SliceReader::new(wrapper.value())?;
        inner.sequence(|reader| {
            while !reader.is_finished() {
                let (oid, critical, value) = extension(reader)?;
                if seen.contains(&oid) || seen.len() == EXTENSIONS_MAX {
                    return Err(Reason(format!(
                        "extension {oid} repeats, or there are too many"
                    )));
                }
                seen.push(oid);
                let understood = extensions
                    .take(oid, whole.slice_ref(value))
                    .map_err(|reason| Reason(format!("extension {oid}: {}", reason.0)))?;
                if critical && !understood {
                    extensions.unknown_critical = Some(oid);
                }
            }
            Ok(())
        })?;
        inner.finish()?;
        Ok(extensions)
    }

    /// Takes one extension in; `false` if it is not understood, so that it must not be critical.
    fn take(&mut self, oid: ObjectIdentifier, value: Bytes) -> Result<bool, Reason> {
        match oid {
            BASIC_CONSTRAINTS => {
                let basic = BasicConstraintsDer::from_der(&value)?;
                self.basic_constraints = Some(BasicConstraints {
                    ca: basic.ca,
                    path_len: basic.path_len_constraint,
                });
            }
            KEY_USAGE => self.may_sign_certificates = key_usage(&value)?,
            EXTENDED_KEY_USAGE => {
                let usages = ExtendedKeyUsage::from_der(&value)?.0;
                self.allows_server_auth = usages.is_empty()
                    || usages
                        .iter()
                        .any(|usage| *usage == ANY_USAGE || *usage == SERVER_AUTH);
            }
            SUBJECT_KEY_ID => {
                let id = <&OctetStringRef>::from_der(&value)?;
                self.subject_key_id = Some(value.slice_ref(id.as_bytes()));
            }
            AUTHORITY_KEY_ID => drop(authority_key_id(&value)?),
            SUBJECT_ALT_NAME => {
                let understood = has_known_name(&value)?;
                self.subject_alt_name = Some(value);
                return Ok(understood);
            }
            NAME_CONSTRAINTS => self.has_name_constraints = true,
            other => return Ok(WITHOUT_EFFECT.contains(&other)),
        }
        Ok(true)
    }
}

fn extension<'r>(
    reader: &mut SliceReader<'r>,
) -> Result<(ObjectIdentifier, bool, &'r [u8]), Reason> {
    reader.sequence(|reader| {
        let oid = ObjectIdentifier::decode(reader)?;
        let critical = match Tag::peek(reader)? {
            Tag::Boolean => bool::decode(reader)?,
            _ => false,
        };
        let value = <&OctetStringRef>::decode(reader)?;
        Ok((oid, critical, value.as_bytes()))
    })
}

/// What a key usage says of signing certificates. One without any usage counts as none, as in Go.
fn key_usage(value: &[u8]) -> Result<Option<bool>, Reason> {
    const KEY_CERT_SIGN: u8 = 0x04;
    const DECIPHER_ONLY: u8 = 0x80;
    let bits = BitStringRef::from_der(value)?.raw_bytes();
    let first = bits.first().copied().unwrap_or(0);
    let second = bits.get(1).copied().unwrap_or(0) & DECIPHER_ONLY;
    Ok((first | second != 0).then_some(first & KEY_CERT_SIGN != 0))
}

/// The key identifier inside an authority key identifier.
pub(crate) fn authority_key_id(value: &[u8]) -> Result<Option<Vec<u8>>, Reason> {
    const KEY_ID: Tag = Tag::ContextSpecific {
        constructed: false,
        number: TagNumber(0),
    };
    let mut reader = SliceReader::new(value)?;
    let id = reader.sequence(|reader| {
        let mut id = None;
        while !reader.is_finished() {
            let part = AnyRef::decode(reader)?;
            if part.tag() == KEY_ID {
                id = Some(part.value().to_vec());
            }
        }
        Ok::<_, Reason>(id)
    })?;
    reader.finish()?;
    Ok(id)
}

/// Whether an alternative name has one of the forms Go reads: mail, DNS, URI, IP address.
fn has_known_name(value: &[u8]) -> Result<bool, Reason> {
    let mut reader = SliceReader::new(value)?;
    let known = reader.sequence(|reader| {
        let mut known = false;
        while !reader.is_finished() {
            let tag = AnyRef::decode(reader)?.tag();
            known |= matches!(
                tag,
                Tag::ContextSpecific {
                    number: TagNumber(1 | 2 | 6 | 7),
                    ..
                }
            );
        }
        Ok::<_, Reason>(known)
    })?;
    reader.finish()?;
    Ok(known)
}
