//! Signatures of tools that do not care which of the two possible S values they give.

use bytes::Bytes;

use crate::Identity;
use crate::key::PublicKey;
use crate::signature::EcdsaSignature;

/// The signature with the lower of its two possible S values, which is the one that Fabric takes; OpenSSL gives either.
///
/// `creator` is the signer's serialized identity, whose key says which curve it is. What is no ECDSA signature, is not of
/// a creator that can be read, or has an S that is not below the curve's order, comes back as it is: whoever verifies it
/// says what is wrong with it.
#[must_use]
pub fn low_s(creator: &Bytes, signature: &Bytes) -> Bytes {
    let Ok((_, certificate)) = Identity::decode(creator) else {
        return signature.clone();
    };
    let PublicKey::Ec(curve, _) = certificate.key() else {
        return signature.clone();
    };
    let Ok(decoded) = EcdsaSignature::decode(signature) else {
        return signature.clone();
    };
    let was_low = decoded.is_low_s(*curve);
    let lowered = decoded.with_low_s(*curve);
    if was_low || !lowered.is_low_s(*curve) {
        return signature.clone();
    }
    lowered.to_der().into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::low_s;
    use crate::{Certificate, Identity, key_tables::KeyTables, memo::Hashed};

    /// Made with `openssl ecparam -name prime256v1 -genkey` and `openssl req -x509`.
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBfTCCASOgAwIBAgIUDOV4n/cit+MU8adYQYgaoi1g+lMwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIYSBjYWxsZXIwIBcNMjYxMTIyMTEyODAwWhgPMjEyNjEwMjkx
MTI4MDBaMBMxETAPBgNVBAMMCGEgY2FsbGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE1mPxt+abLw47cIYtHTFhoJgIZksPZezBFwm2CAbhL+JXyyd/Th/w4hri
0Me19YBczm+NFXwSm9I5Vw2Hp9MBv6NTMFEwHQYDVR0OBBYEFMgTTaDN0aYZ4Fw9
o+3vheWnJuy8MB8GA1UdIwQYMBaAFMgTTaDN0aYZ4Fw9o+3vheWnJuy8MA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgdcOXxKnFzzyE9mGfQjxjzQDz
m0IVzH1hOLi/i/PNJXYCIQD21Msh/yIrp9BRYBRSGF6E5JtCEZlzp4da0ExR48lI
8g==
-----END CERTIFICATE-----
";
    /// Made with `openssl dgst -sha256 -sign` over `message`, until both sorts had come.
    const HIGH: &str = "3045022027c0f0edb7d7c97a7427bfc38e7bf2725ec2ca8db664ead407bfd700bc4f5af0022100e2a96eab5d1d04bef15bbe19e15ff8087830d74984a70ec2cde8ce12f81c77fc";
    const LOW: &str = "304502210085549320838179380f22c2686895a3cf4ed942a1b2763c2e91d7158b9a74cee70220452d7dc94d0847cd5ba5f9d5e13412831ca24ec2ee999bb5ac17dbb023d3600f";

    fn lowered(signature: &str) -> Bytes {
        let creator = Identity::serialize("Org1MSP", CERTIFICATE.as_bytes());
        low_s(&creator, &hex::decode(signature).unwrap().into())
    }

    #[test]
    fn what_openssl_signs_is_good_once_its_s_is_low() {
        let key = Certificate::from_pem(CERTIFICATE.as_bytes()).unwrap();
        let high = hex::decode(HIGH).unwrap();
        let (message, tables) = (Hashed::new(b"message"), KeyTables::new(0));
        let verify = |signature: &[u8]| key.key().verify_message(&message, signature, &tables);
        assert!(verify(&high).is_err());
        assert_eq!(verify(&lowered(HIGH)), Ok(()));
        assert_eq!(hex::encode(lowered(LOW)), LOW);
    }

    #[test]
    fn what_cannot_be_lowered_is_left_to_who_verifies_it() {
        assert_eq!(lowered(""), "");
        assert_eq!(hex::encode(lowered("3006020100020101")), "3006020100020101");
        // Found by the fuzz target `signature`: S equal to the order became 0, and one beyond it was encoded anew.
        let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
        let beyond = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552";
        for s in [order, beyond] {
            let signature = format!("3026020101022100{s}aabb");
            assert_eq!(hex::encode(lowered(&signature)), signature);
        }
        let signature = Bytes::from(hex::decode(HIGH).unwrap());
        assert_eq!(low_s(&Bytes::from_static(b"nobody"), &signature), signature);
    }
}
