//! Lists of revoked certificates.

use std::collections::HashSet;

use bytes::Bytes;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, SliceReader, Tag, TagNumber};

use crate::{
    Certificate, Error,
    certificate::{Reason, algorithm_of, authority_key_id, integer},
    key::SignatureAlgorithm,
    pem,
    signature::EcdsaSignature,
};

const OID_AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");

/// A certificate revocation list. Its dates mean nothing: what the configuration holds is in force.
#[derive(Debug)]
pub(crate) struct RevocationList {
    signed: Bytes,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    serials: HashSet<Bytes>,
    issuer_key_id: Option<Vec<u8>>,
}

impl RevocationList {
    /// Reads PEM or DER.
    pub(crate) fn parse(text: &Bytes) -> Result<RevocationList, Error> {
        let der = match pem::decode(text) {
            Some((block, _)) => Bytes::from(block.bytes),
            None => text.clone(),
        };
        parse(&der).map_err(|reason| Error::malformed("revocation list", reason.0))
    }

    /// The key identifier of who issued the list; `None` makes every identity of the MSP invalid, as in Fabric.
    pub(crate) fn issuer_key_id(&self) -> Option<&[u8]> {
        self.issuer_key_id.as_deref()
    }

    /// Whether the list names the certificate and was signed by its issuer.
    pub(crate) fn revokes(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        self.serials.contains(certificate.serial_bytes())
            && issuer
                .key()
                .verify_issued(self.algorithm, &self.signed, &self.signature)
    }
}

fn parse(whole: &Bytes) -> Result<RevocationList, Reason> {
    let mut reader = SliceReader::new(whole)?;
    let (signed, algorithm, signature) = reader.sequence(|reader| {
        let signed = whole.slice_ref(reader.tlv_bytes()?);
        let algorithm = algorithm_of(reader.tlv_bytes()?)?;
        let signature = BitStringRef::decode(reader)?.raw_bytes().to_vec();
        Ok::<_, Reason>((signed, algorithm, signature))
    })?;
    reader.finish()?;
    let signature = match algorithm.is_ecdsa() {
        true => EcdsaSignature::decode(&signature)?.to_der(),
        false => signature,
    };
    let mut list = RevocationList {
        signed: signed.clone(),
        algorithm,
        signature,
        serials: HashSet::new(),
        issuer_key_id: None,
    };
    SliceReader::new(&signed)?.sequence(|reader| list.read(reader, &signed))?;
    Ok(list)
}

impl RevocationList {
    fn read(&mut self, reader: &mut SliceReader<'_>, whole: &Bytes) -> Result<(), Reason> {
        const EXTENSIONS: Tag = Tag::ContextSpecific {
            constructed: true,
            number: TagNumber(0),
        };
        if Tag::peek(reader)? == Tag::Integer {
            reader.tlv_bytes()?;
        }
        let _algorithm = reader.tlv_bytes()?;
        let _issuer = reader.tlv_bytes()?;
        let _this_update = reader.tlv_bytes()?;
        while !reader.is_finished() {
            match Tag::peek(reader)? {
                Tag::UtcTime | Tag::GeneralizedTime => drop(reader.tlv_bytes()?),
                Tag::Sequence => reader.sequence(|reader| {
                    while !reader.is_finished() {
                        self.serials.insert(whole.slice_ref(revoked(reader)?));
                    }
                    Ok::<_, Reason>(())
                })?,
                EXTENSIONS => {
                    let wrapper = AnyRef::decode(reader)?;
                    self.read_extensions(wrapper.value())?;
                }
                _ => return Err("unexpected content in a revocation list".into()),
            }
        }
        Ok(())
    }

    fn read_extensions(&mut self, content: &[u8]) -> Result<(), Reason> {
        SliceReader::new(content)?.sequence(|reader| {
            while !reader.is_finished() {
                let (oid, value) = reader.sequence(|reader| {
                    let oid = ObjectIdentifier::decode(reader)?;
                    if Tag::peek(reader)? == Tag::Boolean {
                        bool::decode(reader)?;
                    }
                    Ok::<_, Reason>((oid, <&OctetStringRef>::decode(reader)?.as_bytes()))
                })?;
                if oid == OID_AUTHORITY_KEY_ID && self.issuer_key_id.is_none() {
                    self.issuer_key_id = Some(authority_key_id(value)?.unwrap_or_default());
                }
            }
            Ok(())
        })
    }
}

/// The serial number of an entry; its date and extensions are passed over.
fn revoked<'r>(reader: &mut SliceReader<'r>) -> Result<&'r [u8], Reason> {
    reader.sequence(|reader| {
        let serial = integer(reader)?;
        while !reader.is_finished() {
            reader.tlv_bytes()?;
        }
        Ok(serial)
    })
}
