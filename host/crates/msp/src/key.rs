//! Public keys, and the signatures they verify.

use bytes::Bytes;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader};
use ring::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};

use crate::key_tables::KeyTables;
use crate::memo::Hashed;
use crate::signature::{Curve, EcdsaSignature};

const OID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const OID_P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const OID_P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const OID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const OID_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// An uncompressed point.
    Ec(Curve, Bytes),
    Ed25519(Bytes),
    /// A PKCS#1 `RSAPublicKey`. Only certificate authorities may have one.
    Rsa(Bytes),
    /// Anything else: other curves, other algorithms. Verifies nothing.
    Other,
}

impl PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo`.
    pub(crate) fn parse(info: &Bytes) -> der::Result<PublicKey> {
        let mut outer = SliceReader::new(info)?;
        let (algorithm, parameters, bits) = outer.sequence(|reader| {
            let (algorithm, parameters) = reader.sequence(|reader| {
                let algorithm = ObjectIdentifier::decode(reader)?;
                let parameters = Option::<AnyRef<'_>>::decode(reader)?;
                Ok::<_, der::Error>((algorithm, parameters))
            })?;
            let bits = BitStringRef::decode(reader)?;
            Ok::<_, der::Error>((algorithm, parameters, bits))
        })?;
        let bytes = match bits.as_bytes() {
            Some(bytes) => info.slice_ref(bytes),
            None => return Ok(PublicKey::Other),
        };
        Ok(match algorithm {
            OID_EC_PUBLIC_KEY => match parameters.and_then(|any| any.decode_as().ok()) {
                Some(OID_P256) if is_point(Curve::P256, &bytes) => {
                    PublicKey::Ec(Curve::P256, bytes)
                }
                Some(OID_P384) if is_point(Curve::P384, &bytes) => {
                    PublicKey::Ec(Curve::P384, bytes)
                }
                _ => PublicKey::Other,
            },
            OID_ED25519 if parameters.is_none() && bytes.len() == 32 => PublicKey::Ed25519(bytes),
            OID_RSA => PublicKey::Rsa(bytes),
            _ => PublicKey::Other,
        })
    }

    /// The bytes that name the key in a memo.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            PublicKey::Ec(_, bytes) | PublicKey::Ed25519(bytes) | PublicKey::Rsa(bytes) => bytes,
            PublicKey::Other => &[],
        }
    }

    /// Verifies a signature over a message by Fabric's rules: SHA-256 on either curve, Go's DER, low S; Ed25519 plain.
    ///
    /// A P-256 key's table makes the verdict faster and never another one.
    pub(crate) fn verify_message(
        &self,
        hashed: &Hashed<'_>,
        signature: &[u8],
        tables: &KeyTables,
    ) -> Result<(), &'static str> {
        const WRONG: &str = "it does not belong to the message and the key";
        match self {
            PublicKey::Ec(curve, point) => {
                let decoded = EcdsaSignature::decode(signature)?;
                if !decoded.is_low_s(*curve) {
                    return Err("its S is in the upper half of the curve's order");
                }
                let verified = match curve {
                    Curve::P256 => {
                        let fixed = decoded.to_fixed(*curve).ok_or(WRONG)?;
                        verify_p256(point, hashed, &fixed, tables)
                    }
                    Curve::P384 => {
                        let der = decoded.to_der();
                        let with = &algorithms::ECDSA_P384_SHA256_ASN1;
                        verify(with, point, hashed.message(), &der)
                    }
                };
                verified.then_some(()).ok_or(WRONG)
            }
            PublicKey::Ed25519(key) => {
                verify(&algorithms::ED25519, key, hashed.message(), signature)
                    .then_some(())
                    .ok_or(WRONG)
            }
            PublicKey::Rsa(_) | PublicKey::Other => Err("the key's algorithm cannot sign messages"),
        }
    }

    /// Verifies the signature of a certificate or a revocation list by its issuer, who has this key.
    pub(crate) fn verify_issued(
        &self,
        algorithm: SignatureAlgorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> bool {
        use SignatureAlgorithm as A;
        let with: &dyn VerificationAlgorithm = match (self, algorithm) {
            (PublicKey::Ec(Curve::P256, _), A::EcdsaSha256) => &algorithms::ECDSA_P256_SHA256_ASN1,
            (PublicKey::Ec(Curve::P256, _), A::EcdsaSha384) => &algorithms::ECDSA_P256_SHA384_ASN1,
            (PublicKey::Ec(Curve::P384, _), A::EcdsaSha256) => &algorithms::ECDSA_P384_SHA256_ASN1,
            (PublicKey::Ec(Curve::P384, _), A::EcdsaSha384) => &algorithms::ECDSA_P384_SHA384_ASN1,
            (PublicKey::Rsa(_), A::RsaSha256) => &algorithms::RSA_PKCS1_2048_8192_SHA256,
            (PublicKey::Rsa(_), A::RsaSha384) => &algorithms::RSA_PKCS1_2048_8192_SHA384,
            (PublicKey::Rsa(_), A::RsaSha512) => &algorithms::RSA_PKCS1_2048_8192_SHA512,
            (PublicKey::Ed25519(_), A::Ed25519) => &algorithms::ED25519,
            _ => return false,
        };
        verify(with, self.bytes(), signed, signature)
    }
}

/// How an issuer signed. Those that nobody accepts any more are all [`SignatureAlgorithm::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    EcdsaSha256,
    EcdsaSha384,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    Ed25519,
    Other,
}

impl SignatureAlgorithm {
    /// The algorithm of that name.
    pub(crate) fn of(oid: ObjectIdentifier) -> SignatureAlgorithm {
        const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
        const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
        const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
        const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
        const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
        match oid {
            ECDSA_SHA256 => SignatureAlgorithm::EcdsaSha256,
            ECDSA_SHA384 => SignatureAlgorithm::EcdsaSha384,
            RSA_SHA256 => SignatureAlgorithm::RsaSha256,
            RSA_SHA384 => SignatureAlgorithm::RsaSha384,
            RSA_SHA512 => SignatureAlgorithm::RsaSha512,
            OID_ED25519 => SignatureAlgorithm::Ed25519,
            _ => SignatureAlgorithm::Other,
        }
    }

    /// Whether signatures by it have two values for one message, of which Fabric takes the lower.
    pub(crate) fn is_ecdsa(self) -> bool {
        matches!(
            self,
            SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::EcdsaSha384
        )
    }
}

/// An uncompressed point of the curve, by its form; whether it lies on the curve is found out when it verifies.
fn is_point(curve: Curve, bytes: &[u8]) -> bool {
    const UNCOMPRESSED: u8 = 0x04;
    bytes.first() == Some(&UNCOMPRESSED) && bytes.len() == 1 + 2 * curve.order().len()
}

/// By the key's table, or else by computing everything. Only a key that `ring` took for a point can come to have a table.
fn verify_p256(point: &[u8], hashed: &Hashed<'_>, fixed: &[u8], tables: &KeyTables) -> bool {
    if let Some(table) = tables.get(point) {
        return table.verifies(hashed.digest(), fixed);
    }
    let with = &algorithms::ECDSA_P256_SHA256_FIXED;
    let is_good = verify(with, point, hashed.message(), fixed);
    if is_good {
        tables.found_good(point);
    }
    is_good
}

fn verify(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl ecparam -name secp384r1 -genkey` and `openssl dgst -sha256 -sign`.
    const P384_POINT: &str = "048da6a0cd21468f72fb2f9baa6cfc97714aebde0e90711054023d231fd5fbb34288246fad9670b91d71f13e47cecc1c197f4b7ede07d8374188362a34f8e4683bbdd5ed60000d7a3634dff1d632acee1de8b5dae60854be92005bfcd239dcd188";
    const LOW_S: &str = "3065023100eeb10cef2033bbb2f1695d006f0f21363b8e8d3b5cf89bf433d8e3b6e9a7c73512466f04e37f6b7af4ff075ece2f2fbf0230264125251800334355938bf1a53249403fe559424ae4f7caee4039403f8f1aa1a65f5c081dc2359da9c591bde2277fac";
    const HIGH_S: &str = "306502302feb471e3d11b788530a1098bb40c474f597cb99b9c1cb0c83213ffa9952cc95048f33d1663944f96a54595225cc4df20231008d9c4e7bdf835f074d39d7d1ee28eb739406a0da731c75ffa1662f5a179d980477c7c37f87811b46b36ed19b6c08281d";

    fn verify_message(
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), &'static str> {
        key.verify_message(&Hashed::new(message), signature, &KeyTables::new(1))
    }

    #[test]
    fn keys_of_p384_sign_sha256_and_high_s_is_refused() {
        let point = Bytes::from(hex::decode(P384_POINT).unwrap());
        let key = PublicKey::Ec(Curve::P384, point);
        let low = hex::decode(LOW_S).unwrap();
        let high = hex::decode(HIGH_S).unwrap();
        assert_eq!(verify_message(&key, b"message", &low), Ok(()));
        assert!(verify_message(&key, b"another", &low).is_err());
        assert!(
            verify_message(&key, b"message", &high)
                .unwrap_err()
                .contains("upper half")
        );
        let lowered = EcdsaSignature::decode(&high)
            .unwrap()
            .with_low_s(Curve::P384)
            .to_der();
        assert_eq!(verify_message(&key, b"message", &lowered), Ok(()));
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_verifies_nothing() {
        let key = PublicKey::Ec(Curve::P256, Bytes::from([&[4][..], &[7; 64]].concat()));
        let signature = EcdsaSignature {
            r: vec![1],
            s: vec![1],
        };
        assert!(verify_message(&key, b"message", &signature.to_der()).is_err());
    }

    #[test]
    fn keys_that_are_neither_ecdsa_nor_ed25519_sign_no_messages() {
        for key in [PublicKey::Rsa(Bytes::from_static(&[1])), PublicKey::Other] {
            assert!(verify_message(&key, b"message", &[]).is_err());
        }
    }
}
