//! An X.509 certificate, read once.

mod extensions;
mod name;

use bytes::Bytes;
use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, TagMode, TagNumber, Tagged};
use x509_cert::time::Time;

use crate::{
    Error,
    key::{PublicKey, SignatureAlgorithm},
    pem,
    signature::{Curve, EcdsaSignature, append_element},
};

pub(crate) use extensions::{Extensions, authority_key_id};

/// The largest certificate that is read, in bytes of DER. Real ones have about a thousand.
const CERTIFICATE_BYTES_MAX: usize = 1 << 18;

/// An X.509 certificate, with the parts that an MSP asks for taken out. All of them are slices of one buffer.
///
/// Reading follows Go's `crypto/x509`, which Fabric's peers use, where that decides whether a certificate is one at all.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Bytes,
    signed: Bytes,
    algorithm: SignatureAlgorithm,
    algorithm_der: Bytes,
    signature: Bytes,
    serial: Bytes,
    issuer: Bytes,
    subject: Bytes,
    not_before: i64,
    not_after: i64,
    key: PublicKey,
    version: u8,
    extensions: Extensions,
    organizational_units: Vec<String>,
}

impl Certificate {
    /// Reads the first PEM block of `text`, whatever its label, as Fabric does.
    ///
    /// # Errors
    /// [`Error::Malformed`]: there is no block, or it does not hold a certificate.
    pub fn from_pem(text: &[u8]) -> Result<Certificate, Error> {
        let (block, _) =
            pem::decode(text).ok_or_else(|| Error::malformed("certificate", "not PEM"))?;
        Certificate::from_der(Bytes::from(block.bytes))
    }

    /// Reads DER.
    ///
    /// # Errors
    /// [`Error::Malformed`]: not exactly one certificate.
    pub fn from_der(der: Bytes) -> Result<Certificate, Error> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(Error::malformed("certificate", "longer than 256 KiB"));
        }
        parse(&der).map_err(|reason| Error::malformed("certificate", reason.0))
    }

    /// The whole certificate.
    #[must_use]
    pub fn der(&self) -> &Bytes {
        &self.der
    }

    /// The certificate as one PEM block.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der)
    }

    /// Who it is about, as text: `CN=peer0.org1.test,OU=peer,…`.
    #[must_use]
    pub fn subject(&self) -> String {
        name::display(&self.subject)
    }

    /// Who issued it, as text.
    #[must_use]
    pub fn issuer(&self) -> String {
        name::display(&self.issuer)
    }

    /// The serial number in lower-case hex.
    #[must_use]
    pub fn serial(&self) -> String {
        hex::encode(&self.serial)
    }

    /// From when it holds, in seconds since 1970 UTC.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// The last second in which it holds, in seconds since 1970 UTC.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// Whether it says of itself that it is a certificate authority.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.extensions
            .basic_constraints
            .is_some_and(|basic| basic.ca)
    }

    /// The organisational units of the subject, in the certificate's order.
    #[must_use]
    pub fn organizational_units(&self) -> &[String] {
        &self.organizational_units
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }

    pub(crate) fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    pub(crate) fn serial_bytes(&self) -> &Bytes {
        &self.serial
    }

    pub(crate) fn subject_der(&self) -> &Bytes {
        &self.subject
    }

    pub(crate) fn issuer_der(&self) -> &Bytes {
        &self.issuer
    }

    /// The half that the issuer signed.
    pub(crate) fn signed(&self) -> &Bytes {
        &self.signed
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Checks that `parent` may issue certificates and issued this one; names and dates are not looked at.
    pub(crate) fn check_issued_by(&self, parent: &Certificate) -> Result<(), &'static str> {
        const VERSION_3: u8 = 2;
        match parent.extensions.basic_constraints {
            Some(basic) if !basic.ca => return Err("the issuer is not a certificate authority"),
            None if parent.version == VERSION_3 => {
                return Err("the issuer is not a certificate authority");
            }
            _ => {}
        }
        if parent.extensions.may_sign_certificates == Some(false) {
            return Err("the issuer's key usage does not allow signing certificates");
        }
        if !parent
            .key
            .verify_issued(self.algorithm, &self.signed, &self.signature)
        {
            return Err("the issuer's signature does not verify");
        }
        Ok(())
    }

    /// The same certificate with its issuer's signature brought to low S, as Fabric does before it names an identity.
    pub(crate) fn with_low_s(&self, curve: Curve) -> Result<Certificate, Error> {
        let signature = EcdsaSignature::decode(&self.signature)
            .map_err(|reason| Error::malformed("certificate", reason))?;
        let low = signature.with_low_s(curve).to_der();
        if low == self.signature {
            return Ok(self.clone());
        }
        let mut bits = vec![0];
        bits.extend_from_slice(&low);
        let mut content = self.signed.to_vec();
        content.extend_from_slice(&self.algorithm_der);
        append_element(&mut content, 0x03, &bits);
        let mut der = Vec::with_capacity(content.len() + 4);
        append_element(&mut der, 0x30, &content);
        Certificate::from_der(Bytes::from(der))
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Certificate) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

/// Why bytes are no certificate; turned into [`Error::Malformed`] at the door.
pub(crate) struct Reason(pub(crate) String);

impl From<der::Error> for Reason {
    fn from(error: der::Error) -> Reason {
        Reason(error.to_string())
    }
}

impl From<&str> for Reason {
    fn from(reason: &str) -> Reason {
        Reason(reason.to_owned())
    }
}

/// The parts of the signed half, as far as [`parse`] needs them.
struct Signed {
    version: u8,
    serial: Bytes,
    algorithm_der: Bytes,
    issuer: Bytes,
    not_before: i64,
    not_after: i64,
    subject: Bytes,
    key: PublicKey,
    extensions: Extensions,
}

fn parse(whole: &Bytes) -> Result<Certificate, Reason> {
    let mut reader = SliceReader::new(whole)?;
    let (signed, algorithm_der, signature) = reader.sequence(|reader| {
        let signed = whole.slice_ref(reader.tlv_bytes()?);
        let algorithm_der = whole.slice_ref(reader.tlv_bytes()?);
        let signature = BitStringRef::decode(reader)?
            .as_bytes()
            .ok_or("the signature is not made of whole bytes")?;
        Ok::<_, Reason>((signed, algorithm_der, whole.slice_ref(signature)))
    })?;
    reader.finish()?;
    let parts = parse_signed(&signed)?;
    if parts.algorithm_der != algorithm_der {
        return Err("the two signature algorithms differ".into());
    }
    let organizational_units = name::organizational_units(&parts.subject)?;
    name::check(&parts.issuer)?;
    Ok(Certificate {
        der: whole.clone(),
        signed,
        algorithm: algorithm_of(&algorithm_der)?,
        algorithm_der,
        signature,
        serial: parts.serial,
        issuer: parts.issuer,
        subject: parts.subject,
        not_before: parts.not_before,
        not_after: parts.not_after,
        key: parts.key,
        version: parts.version,
        extensions: parts.extensions,
        organizational_units,
    })
}

fn parse_signed(signed: &Bytes) -> Result<Signed, Reason> {
    const VERSION_MAX: u8 = 2;
    let mut reader = SliceReader::new(signed)?;
    reader.sequence(|reader| {
        let version = reader
            .context_specific::<u8>(TagNumber(0), TagMode::Explicit)?
            .unwrap_or(0);
        if version > VERSION_MAX {
            return Err("the version is unknown".into());
        }
        let serial = signed.slice_ref(integer(reader)?);
        let algorithm_der = signed.slice_ref(reader.tlv_bytes()?);
        let issuer = signed.slice_ref(reader.tlv_bytes()?);
        let (not_before, not_after) = reader.sequence(|reader| {
            Ok::<_, Reason>((
                seconds(Time::decode(reader)?)?,
                seconds(Time::decode(reader)?)?,
            ))
        })?;
        let subject = signed.slice_ref(reader.tlv_bytes()?);
        let key = PublicKey::parse(&signed.slice_ref(reader.tlv_bytes()?))?;
        skip_unique_id(reader, 1)?;
        skip_unique_id(reader, 2)?;
        let extensions = Extensions::parse(reader, signed)?;
        Ok(Signed {
            version,
            serial,
            algorithm_der,
            issuer,
            not_before,
            not_after,
            subject,
            key,
            extensions,
        })
    })
}

/// The content of a minimal INTEGER that is not negative.
pub(crate) fn integer<'r>(reader: &mut SliceReader<'r>) -> Result<&'r [u8], Reason> {
    let any = der::asn1::AnyRef::decode(reader)?;
    match (any.tag(), any.value()) {
        (Tag::Integer, [0x00, second, ..]) if second & 0x80 == 0 => {
            Err("an INTEGER is not minimal".into())
        }
        (Tag::Integer, [first, ..]) if first & 0x80 != 0 => Err("an INTEGER is negative".into()),
        (Tag::Integer, content @ [_, ..]) => Ok(content),
        _ => Err("an INTEGER is missing".into()),
    }
}

/// The algorithm that an `AlgorithmIdentifier` names.
pub(crate) fn algorithm_of(identifier: &[u8]) -> Result<SignatureAlgorithm, Reason> {
    let mut reader = SliceReader::new(identifier)?;
    let oid = reader.sequence(|reader| {
        let oid = ObjectIdentifier::decode(reader)?;
        let _parameters = Option::<der::asn1::AnyRef<'_>>::decode(reader)?;
        Ok::<_, Reason>(oid)
    })?;
    Ok(SignatureAlgorithm::of(oid))
}

fn seconds(time: Time) -> Result<i64, Reason> {
    i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| Reason::from("a date is too late"))
}

fn skip_unique_id(reader: &mut SliceReader<'_>, number: u32) -> Result<(), Reason> {
    let wanted = Tag::ContextSpecific {
        constructed: false,
        number: TagNumber(number),
    };
    if !reader.is_finished() && Tag::peek(reader)? == wanted {
        reader.tlv_bytes()?;
    }
    Ok(())
}
