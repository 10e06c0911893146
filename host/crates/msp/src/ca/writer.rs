//! Writes the DER of certificates and revocation lists (RFC 5280).

use std::time::Duration;

use bytes::Bytes;
use der::{
    Encode,
    asn1::{GeneralizedTime, ObjectIdentifier, UtcTime},
};

use super::{Validity, ip_address, refused};
use crate::{Error, signature::append_element};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

const ECDSA_WITH_SHA256: &str = "1.2.840.10045.4.3.2";

/// The longest text of a name, in bytes; RFC 5280's bound for common names.
const NAME_BYTES_MAX: usize = 64;

/// A certificate before it has a number, keys and a signature.
pub(super) struct Template {
    pub(super) subject: Vec<u8>,
    pub(super) validity: Validity,
    pub(super) extensions: Vec<Extension>,
}

impl Template {
    /// The half that is signed. Without an issuer's name it is the subject's own. `public_key` is a `SubjectPublicKeyInfo`.
    pub(super) fn to_be_signed(
        &self,
        serial: &[u8; 16],
        issuer: Option<&[u8]>,
        public_key: &[u8],
    ) -> Result<Vec<u8>, Error> {
        const VERSION_3: [u8; 5] = [0xa0, 0x03, INTEGER, 0x01, 0x02];
        let extensions: Vec<u8> = self
            .extensions
            .iter()
            .flat_map(|extension| extension.der.clone())
            .collect();
        let parts = [
            VERSION_3.to_vec(),
            element(INTEGER, &positive(serial)),
            algorithm(),
            issuer.map_or_else(|| self.subject.clone(), <[u8]>::to_vec),
            element(
                SEQUENCE,
                &[
                    time(self.validity.not_before)?,
                    time(self.validity.not_after)?,
                ]
                .concat(),
            ),
            self.subject.clone(),
            public_key.to_vec(),
            element(0xa3, &element(SEQUENCE, &extensions)),
        ];
        Ok(element(SEQUENCE, &parts.concat()))
    }
}

/// One extension, encoded.
#[derive(Clone)]
pub(super) struct Extension {
    der: Vec<u8>,
}

impl Extension {
    /// An extension of any kind.
    pub(super) fn new(oid: &str, critical: bool, value: &[u8]) -> Extension {
        const TRUE: [u8; 3] = [0x01, 0x01, 0xff];
        let mut content = object_identifier(oid);
        if critical {
            content.extend_from_slice(&TRUE);
        }
        append_element(&mut content, OCTET_STRING, value);
        Extension {
            der: element(SEQUENCE, &content),
        }
    }

    /// `usage`: the count of unused bits, then the bits.
    pub(super) fn key_usage(usage: [u8; 2]) -> Extension {
        Extension::new("2.5.29.15", true, &element(BIT_STRING, &usage))
    }

    pub(super) fn server_and_client() -> Extension {
        let usages = [
            object_identifier("1.3.6.1.5.5.7.3.1"),
            object_identifier("1.3.6.1.5.5.7.3.2"),
        ];
        Extension::new("2.5.29.37", false, &element(SEQUENCE, &usages.concat()))
    }

    pub(super) fn an_authority() -> Extension {
        const CA: [u8; 3] = [0x01, 0x01, 0xff];
        Extension::new("2.5.29.19", true, &element(SEQUENCE, &CA))
    }

    pub(super) fn not_an_authority() -> Extension {
        Extension::new("2.5.29.19", true, &element(SEQUENCE, &[]))
    }

    pub(super) fn subject_key_id(id: &[u8]) -> Extension {
        Extension::new("2.5.29.14", false, &element(OCTET_STRING, id))
    }

    pub(super) fn authority_key_id(id: &[u8]) -> Extension {
        Extension::new("2.5.29.35", false, &element(SEQUENCE, &element(0x80, id)))
    }

    pub(super) fn alternative_names(hosts: &[String]) -> Result<Extension, Error> {
        const DNS: u8 = 0x82;
        const IP: u8 = 0x87;
        let mut names = Vec::new();
        for host in hosts {
            match ip_address(host) {
                Some(address) => append_element(&mut names, IP, &address),
                None if host.is_ascii() && !host.is_empty() => {
                    append_element(&mut names, DNS, host.as_bytes())
                }
                None => return Err(refused(&format!("the host name {host:?} is not ASCII"))),
            }
        }
        Ok(Extension::new(
            "2.5.29.17",
            false,
            &element(SEQUENCE, &names),
        ))
    }
}

/// A distinguished name: organisation, organisational unit, common name.
pub(super) fn name(
    organization: Option<&str>,
    unit: Option<&str>,
    common_name: &str,
) -> Result<Vec<u8>, Error> {
    let attributes = [
        ("2.5.4.10", organization),
        ("2.5.4.11", unit),
        ("2.5.4.3", Some(common_name)),
    ];
    let mut sets = Vec::new();
    for (oid, text) in attributes {
        let Some(text) = text else { continue };
        if text.is_empty() || text.len() > NAME_BYTES_MAX {
            return Err(refused(&format!(
                "the name {text:?} is empty or longer than {NAME_BYTES_MAX} bytes"
            )));
        }
        let attribute = [
            object_identifier(oid),
            element(UTF8_STRING, text.as_bytes()),
        ]
        .concat();
        append_element(&mut sets, SET, &element(SEQUENCE, &attribute));
    }
    Ok(element(SEQUENCE, &sets))
}

/// The half of a revocation list that is signed; all entries get the list's own date.
pub(super) fn revocation_list(
    issuer: &[u8],
    serials: &[&Bytes],
    key_id: &[u8],
    now: i64,
) -> Result<Vec<u8>, Error> {
    const VERSION_2: [u8; 3] = [INTEGER, 0x01, 0x01];
    let date = time(now)?;
    let entries: Vec<u8> = serials
        .iter()
        .flat_map(|serial| element(SEQUENCE, &[element(INTEGER, serial), date.clone()].concat()))
        .collect();
    let extensions = Extension::authority_key_id(key_id).der;
    let mut parts = [VERSION_2.to_vec(), algorithm(), issuer.to_vec(), date].concat();
    if !entries.is_empty() {
        append_element(&mut parts, SEQUENCE, &entries);
    }
    append_element(&mut parts, 0xa0, &element(SEQUENCE, &extensions));
    Ok(element(SEQUENCE, &parts))
}

/// Puts the signed half, the algorithm and the signature together.
pub(super) fn signed(signed: &[u8], signature: &[u8]) -> Vec<u8> {
    let bits = [&[0], signature].concat();
    element(
        SEQUENCE,
        &[signed.to_vec(), algorithm(), element(BIT_STRING, &bits)].concat(),
    )
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(content.len() + 4);
    append_element(&mut der, tag, content);
    der
}

fn algorithm() -> Vec<u8> {
    element(SEQUENCE, &object_identifier(ECDSA_WITH_SHA256))
}

/// The `SubjectPublicKeyInfo` of a P-256 point.
pub(super) fn public_key(point: &[u8]) -> Vec<u8> {
    let kind = [
        object_identifier("1.2.840.10045.2.1"),
        object_identifier("1.2.840.10045.3.1.7"),
    ];
    let bits = [&[0], point].concat();
    element(
        SEQUENCE,
        &[
            element(SEQUENCE, &kind.concat()),
            element(BIT_STRING, &bits),
        ]
        .concat(),
    )
}

#[expect(
    clippy::expect_used,
    reason = "the texts are constants of this file and of its tests"
)]
fn object_identifier(dotted: &str) -> Vec<u8> {
    let identifier = ObjectIdentifier::new(dotted).expect("a constant is well formed");
    identifier.to_der().expect("an identifier always encodes")
}

/// The content of a positive INTEGER: the top bit is cleared, the next one set, so the length never varies.
fn positive(serial: &[u8; 16]) -> Vec<u8> {
    let mut content = serial.to_vec();
    if let Some(first) = content.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    content
}

/// A moment as RFC 5280 wants it: two digits of the year until 2049, four from then on.
fn time(seconds: i64) -> Result<Vec<u8>, Error> {
    let moment = u64::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| refused("a date before 1970"))?;
    let short = UtcTime::from_unix_duration(moment).and_then(|time| time.to_der());
    short
        .or_else(|_| GeneralizedTime::from_unix_duration(moment).and_then(|time| time.to_der()))
        .map_err(|_| refused("a date after 9999"))
}
