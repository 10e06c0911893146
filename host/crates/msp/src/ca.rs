//! A certificate authority in a value: makes certificates that Fabric's MSPs and ordinary TLS stacks accept.
//!
//! Everything is P-256 with SHA-256 and low S. The moment and the randomness are passed in, so one seed makes the same
//! certificates every time. Nothing is written to disk here but by [`Organization`], below the folder it is given.

mod layout;
#[cfg(test)]
mod tests;
mod writer;

use std::net::IpAddr;

use bytes::Bytes;
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    elliptic_curve::sec1::ToSec1Point,
    pkcs8::EncodePrivateKey,
};

use crate::{
    Certificate, Error, Role,
    key::PublicKey,
    memo::sha256,
    pem,
    signature::{Curve, EcdsaSignature},
    signer::read_key,
};

pub use layout::{MemberFolder, Organization};
use writer::{Extension, Template};

/// Fills a buffer with randomness fit for keys.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// Seconds of a year, as certificates count them: without leap days.
const YEAR_SECONDS: i64 = 365 * 24 * 60 * 60;

/// From when to when a certificate holds, in seconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: i64,
    /// The last second.
    pub not_after: i64,
}

impl Validity {
    /// So many years from `now`, and five minutes before it for clocks that are behind.
    #[must_use]
    pub fn years(now: i64, years: i64) -> Validity {
        const CLOCKS_BEHIND_SECONDS: i64 = 5 * 60;
        Validity {
            not_before: now.saturating_sub(CLOCKS_BEHIND_SECONDS),
            not_after: now.saturating_add(years.saturating_mul(YEAR_SECONDS)),
        }
    }
}

/// A new certificate and its private key, both PEM; the key is PKCS#8.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The private key. Keep it from logs and from other users of the machine.
    pub key: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Issued")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// An authority: its certificate and its key.
pub struct Authority {
    certificate: Certificate,
    key: SecretKey,
}

impl Authority {
    /// Makes a root, signed by itself. Fabric's tools let theirs hold for ten years.
    ///
    /// # Errors
    /// [`Error::Issue`]: the name is empty or too long, or the dates cannot be written in a certificate.
    pub fn new(
        common_name: &str,
        organization: &str,
        validity: Validity,
        random: Random<'_>,
    ) -> Result<Authority, Error> {
        let key = new_key(random);
        let template = Template {
            subject: writer::name(Some(organization), None, common_name)?,
            validity,
            extensions: authority_extensions(&key, None),
        };
        let der = template.sign(&key, None, &key, random)?;
        Authority::with_key(der, key)
    }

    /// Makes an authority below this one.
    ///
    /// # Errors
    /// As for [`Authority::new`].
    pub fn intermediate(
        &self,
        common_name: &str,
        organization: &str,
        validity: Validity,
        random: Random<'_>,
    ) -> Result<Authority, Error> {
        let key = new_key(random);
        let template = Template {
            subject: writer::name(Some(organization), None, common_name)?,
            validity,
            extensions: authority_extensions(&key, Some(self.key_id())),
        };
        let der = self.sign(&template, &key, random)?;
        Authority::with_key(der, key)
    }

    /// Takes an authority up again from its PEM certificate and key.
    ///
    /// # Errors
    /// [`Error::Malformed`] for the certificate, [`Error::Key`] for the key or if the two do not belong together,
    /// [`Error::Issue`] if the certificate is not an authority's.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Authority, Error> {
        let certificate = Certificate::from_pem(certificate)?;
        if !certificate.is_ca() || certificate.extensions().subject_key_id.is_none() {
            return Err(refused("the certificate is not an authority's"));
        }
        let key = read_key(key)?;
        if *certificate.key() != PublicKey::Ec(Curve::P256, point(&key)) {
            return Err(Error::Key {
                reason: "it does not belong to the certificate".to_owned(),
            });
        }
        Ok(Authority { certificate, key })
    }

    /// Issues a certificate for signing in the organisation's name. The role becomes the organisational unit by which
    /// Fabric's MSPs tell members apart; [`Role::Member`] leaves it out. The certificate holds at most as long as the
    /// authority's own.
    ///
    /// # Errors
    /// As for [`Authority::new`]; also if the authority holds at no moment of the time asked for.
    pub fn issue_identity(
        &self,
        common_name: &str,
        role: Role,
        validity: Validity,
        random: Random<'_>,
    ) -> Result<Issued, Error> {
        const DIGITAL_SIGNATURE: [u8; 2] = [7, 0x80];
        let unit = (role != Role::Member).then(|| role.word());
        let template = Template {
            subject: writer::name(None, unit, common_name)?,
            validity: self.within(validity)?,
            extensions: vec![
                Extension::key_usage(DIGITAL_SIGNATURE),
                Extension::not_an_authority(),
                Extension::authority_key_id(self.key_id()),
            ],
        };
        self.issue(&template, random)
    }

    /// Issues a certificate for TLS, for servers and clients alike. `hosts` are the DNS names and IP addresses it is for.
    ///
    /// # Errors
    /// As for [`Authority::issue_identity`]; also for a host that is not ASCII.
    pub fn issue_tls(
        &self,
        common_name: &str,
        hosts: &[String],
        validity: Validity,
        random: Random<'_>,
    ) -> Result<Issued, Error> {
        const SIGNATURE_AND_KEY_ENCIPHERMENT: [u8; 2] = [5, 0xa0];
        let mut extensions = vec![
            Extension::key_usage(SIGNATURE_AND_KEY_ENCIPHERMENT),
            Extension::server_and_client(),
            Extension::not_an_authority(),
            Extension::authority_key_id(self.key_id()),
        ];
        if !hosts.is_empty() {
            extensions.push(Extension::alternative_names(hosts)?);
        }
        let template = Template {
            subject: writer::name(None, None, common_name)?,
            validity: self.within(validity)?,
            extensions,
        };
        self.issue(&template, random)
    }

    /// Signs a list of revoked certificates, as PEM. The list says it was made `now`.
    ///
    /// # Errors
    /// [`Error::Issue`]: the moment cannot be written in a list.
    pub fn revoke(&self, certificates: &[Certificate], now: i64) -> Result<String, Error> {
        let serials: Vec<&Bytes> = certificates.iter().map(Certificate::serial_bytes).collect();
        let signed =
            writer::revocation_list(self.certificate.subject_der(), &serials, self.key_id(), now)?;
        Ok(pem::encode(
            "X509 CRL",
            &writer::signed(&signed, &sign(&self.key, &signed)),
        ))
    }

    /// The authority's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The authority's private key, PKCS#8 in PEM.
    ///
    /// # Errors
    /// [`Error::Issue`]: the key cannot be encoded.
    pub fn key_pem(&self) -> Result<String, Error> {
        key_pem(&self.key)
    }

    /// The part of the time in which the authority itself holds; whoever follows the chain would refuse the rest.
    fn within(&self, wished: Validity) -> Result<Validity, Error> {
        let validity = Validity {
            not_before: wished.not_before.max(self.certificate.not_before()),
            not_after: wished.not_after.min(self.certificate.not_after()),
        };
        if validity.not_before >= validity.not_after {
            return Err(refused("the authority does not hold in that time"));
        }
        Ok(validity)
    }

    fn with_key(der: Vec<u8>, key: SecretKey) -> Result<Authority, Error> {
        Ok(Authority {
            certificate: Certificate::from_der(Bytes::from(der))?,
            key,
        })
    }

    fn key_id(&self) -> &[u8] {
        self.certificate
            .extensions()
            .subject_key_id
            .as_deref()
            .unwrap_or_default()
    }

    fn issue(&self, template: &Template, random: Random<'_>) -> Result<Issued, Error> {
        let key = new_key(random);
        let der = self.sign(template, &key, random)?;
        Ok(Issued {
            certificate: pem::encode("CERTIFICATE", &der),
            key: key_pem(&key)?,
        })
    }

    fn sign(
        &self,
        template: &Template,
        subject: &SecretKey,
        random: Random<'_>,
    ) -> Result<Vec<u8>, Error> {
        template.sign(
            subject,
            Some(self.certificate.subject_der()),
            &self.key,
            random,
        )
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Authority")
            .field("subject", &self.certificate.subject())
            .finish_non_exhaustive()
    }
}

impl Template {
    /// Signs the certificate for the subject's key; without an issuer's name it is the subject's own.
    fn sign(
        &self,
        subject: &SecretKey,
        issuer: Option<&[u8]>,
        signer: &SecretKey,
        random: Random<'_>,
    ) -> Result<Vec<u8>, Error> {
        let mut serial = [0; 16];
        random(&mut serial);
        let signed = self.to_be_signed(&serial, issuer, &writer::public_key(&point(subject)))?;
        Ok(writer::signed(&signed, &sign(signer, &signed)))
    }
}

fn authority_extensions(key: &SecretKey, issuer_key_id: Option<&[u8]>) -> Vec<Extension> {
    // Digital signature, key encipherment, certificate signing, list signing.
    const AUTHORITY: [u8; 2] = [1, 0xa6];
    let mut extensions = vec![
        Extension::key_usage(AUTHORITY),
        Extension::server_and_client(),
        Extension::an_authority(),
        Extension::subject_key_id(&sha256(&point(key))),
    ];
    extensions.extend(issuer_key_id.map(Extension::authority_key_id));
    extensions
}

/// Draws until the number is a private key, which the first one is but for one case in 2^32.
fn new_key(random: Random<'_>) -> SecretKey {
    loop {
        let mut bytes = [0; 32];
        random(&mut bytes);
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return key;
        }
    }
}

/// The public key as an uncompressed point.
fn point(key: &SecretKey) -> Bytes {
    Bytes::copy_from_slice(key.public_key().to_sec1_point(false).as_bytes())
}

fn key_pem(key: &SecretKey) -> Result<String, Error> {
    let der = key
        .to_pkcs8_der()
        .map_err(|error| refused(&error.to_string()))?;
    Ok(pem::encode("PRIVATE KEY", der.as_bytes()))
}

/// Signs with a nonce made from key and message (RFC 6979), so that a seed makes the same certificate every time.
fn sign(key: &SecretKey, message: &[u8]) -> Vec<u8> {
    let signature: Signature = SigningKey::from(key).sign(message);
    EcdsaSignature::from_fixed(&signature.to_bytes())
        .with_low_s(Curve::P256)
        .to_der()
}

fn refused(reason: &str) -> Error {
    Error::Issue {
        reason: reason.to_owned(),
    }
}

/// Whether a host is written as an IP address; then it stands in certificates as one.
fn ip_address(host: &str) -> Option<Vec<u8>> {
    match host.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => Some(address.octets().to_vec()),
        IpAddr::V6(address) => Some(address.octets().to_vec()),
    }
}
