//! Signing in one's own name.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use p256::{SecretKey, pkcs8::DecodePrivateKey};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};

use crate::{
    Certificate, Error, Identity, SignatureMemo, folder,
    key::PublicKey,
    memo::sha256,
    pem,
    signature::{Curve, EcdsaSignature},
};

/// Something that signs as one identity.
pub trait Signer: Send + Sync {
    /// The MSP that the identity belongs to.
    fn msp_id(&self) -> &str;

    /// The identity as it travels: a marshalled `SerializedIdentity`.
    fn identity(&self) -> &Bytes;

    /// Signs SHA-256 of `message` with ECDSA; the answer is DER with the low one of the two possible S values.
    ///
    /// # Errors
    /// [`Error::Key`]: the key cannot sign at the moment (no randomness from the operating system).
    fn sign(&self, message: &[u8]) -> Result<Bytes, Error>;
}

/// A certificate and its P-256 private key, held in memory.
pub struct SigningIdentity {
    msp_id: String,
    serialized: Bytes,
    certificate: Certificate,
    key: EcdsaKeyPair,
    /// Only for the signature's nonce, which ring mixes with the key and the message.
    random: SystemRandom,
    made: AtomicU64,
    /// Where what it signs is remembered as good.
    memo: Option<Arc<SignatureMemo>>,
}

impl SigningIdentity {
    /// Takes a PEM certificate and the PEM private key that belongs to it (PKCS#8, or SEC 1 as old tools write it).
    ///
    /// # Errors
    /// - [`Error::Malformed`]: the certificate cannot be read.
    /// - [`Error::Key`]: the key cannot be read, is not P-256, or is another certificate's.
    pub fn from_pem(certificate: &[u8], key: &[u8], msp_id: &str) -> Result<Self, Error> {
        let parsed = Certificate::from_pem(certificate)?;
        let PublicKey::Ec(Curve::P256, point) = parsed.key() else {
            return Err(unusable("the certificate's key is not of P-256"));
        };
        let secret = read_key(key)?;
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            algorithm,
            &secret.to_bytes(),
            point,
            &random,
        )
        .map_err(|_| unusable("it does not belong to the certificate"))?;
        Ok(SigningIdentity {
            msp_id: msp_id.to_owned(),
            serialized: Identity::serialize(msp_id, certificate),
            certificate: parsed,
            key: pair,
            random,
            made: AtomicU64::new(0),
            memo: None,
        })
    }

    /// Takes the certificate in `signcerts/` and its key in `keystore/` of an MSP folder.
    ///
    /// The first certificate by its file's name; whatever the keys are called, the one that belongs to it is taken.
    ///
    /// # Errors
    /// - [`Error::Folder`]: there is no certificate, or no file of `keystore/` is its key.
    /// - [`Error::Malformed`]: the certificate cannot be read.
    /// - [`Error::Io`]: a file that is there cannot be read.
    pub fn from_folder(folder: &Path, msp_id: &str) -> Result<Self, Error> {
        let what_to_do = "put the certificate of the identity there";
        let certificates = folder::needed(folder, "signcerts", what_to_do)?;
        let what_to_do = "put the private key of the certificate in signcerts there";
        let keys = folder::needed(folder, "keystore", what_to_do)?;
        let mut refusals = Vec::new();
        let Some(certificate) = certificates.first() else {
            return Err(Error::folder(folder, "signcerts holds no PEM file"));
        };
        for key in keys {
            match SigningIdentity::from_pem(&certificate.content, &key.content, msp_id) {
                Err(Error::Key { reason }) => refusals.push(format!("{}: {reason}", key.name)),
                answer => return answer,
            }
        }
        let reason = format!(
            "keystore holds no key of signcerts/{}: {what_to_do} (now {})",
            certificate.name,
            refusals.join("; ")
        );
        Err(Error::folder(folder, reason))
    }

    /// Lets the node's memo know what it signs: its own endorsements come back to it in blocks, and what a key has signed need not
    /// be computed to be good.
    #[must_use]
    pub fn remembered_in(mut self, memo: Arc<SignatureMemo>) -> Self {
        self.memo = Some(memo);
        self
    }

    /// How many signatures it has made.
    #[must_use]
    pub fn signatures_made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// The certificate that others will see.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

impl Signer for SigningIdentity {
    fn msp_id(&self) -> &str {
        &self.msp_id
    }

    fn identity(&self) -> &Bytes {
        &self.serialized
    }

    fn sign(&self, message: &[u8]) -> Result<Bytes, Error> {
        let fixed = self
            .key
            .sign(&self.random, message)
            .map_err(|_| unusable("no randomness to sign with"))?;
        self.made.fetch_add(1, Ordering::Relaxed);
        let signature = EcdsaSignature::from_fixed(fixed.as_ref()).with_low_s(Curve::P256);
        let der = signature.to_der();
        if let Some(memo) = &self.memo {
            let key = self.certificate.key().bytes();
            memo.remember(SignatureMemo::name(key, &sha256(message), &der));
        }
        Ok(der.into())
    }
}

impl fmt::Debug for SigningIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningIdentity")
            .field("msp_id", &self.msp_id)
            .field("subject", &self.certificate.subject())
            .finish_non_exhaustive()
    }
}

/// Reads a PEM private key of P-256. OpenSSL may write a block of curve parameters before it.
pub(crate) fn read_key(text: &[u8]) -> Result<SecretKey, Error> {
    for block in pem::decode_all(text) {
        let key = match block.label.as_str() {
            "PRIVATE KEY" => SecretKey::from_pkcs8_der(&block.bytes).ok(),
            "EC PRIVATE KEY" => SecretKey::from_sec1_der(&block.bytes).ok(),
            _ => continue,
        };
        return key.ok_or_else(|| unusable("it is not a P-256 key"));
    }
    Err(unusable("there is no PEM private key"))
}

fn unusable(reason: &str) -> Error {
    Error::Key {
        reason: reason.to_owned(),
    }
}
