//! Certificates that this crate does not make itself, made with OpenSSL 3: authorities with keys of P-384 and RSA.
//!
//! Each authority has basicConstraints CA, keyUsage keyCertSign and a subject key identifier; what it issued has keyUsage
//! digitalSignature, an authority key identifier, and the unit `peer`.

use super::*;
use crate::Principal;

const P384_ROOT: &str = "-----BEGIN CERTIFICATE-----
MIIB1zCCAV2gAwIBAgIUStPMSZN/EqImzUUrM59Ed46YNyUwCgYIKoZIzj0EAwMw
KzESMBAGA1UECgwJb3JnMS50ZXN0MRUwEwYDVQQDDAxjYS5vcmcxLnRlc3QwHhcN
MjYxMTIyMTgwMjI3WhcNMzYxMTE5MTgwMjI3WjArMRIwEAYDVQQKDAlvcmcxLnRl
c3QxFTATBgNVBAMMDGNhLm9yZzEudGVzdDB2MBAGByqGSM49AgEGBSuBBAAiA2IA
BF7WxfohOEWTuoMOTO4+VxAhrbXhJg4Pxn/HfcRoEhbC6PUXEuqzZZe+z+wTGLIX
wEIPsIAyM1zqRHNUb7UmksRHCkBTlsQyXOIMEDlD5j+vpbkTtBnvUNdz7Zd1CVgy
u6NCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYE
FIRLpZdB4CSkhzijmsT5REwAdZx7MAoGCCqGSM49BAMDA2gAMGUCMGN9M97Utuvb
5dKbcHbP8pGEIybdpH3Nu3mZQEAESdqm6oLWrrz6GlV+fGK12B/Q/gIxAKrE66mx
oNd8uO6nQFVwHkuoaQhc5qCGYtAMKbawlUI2nVe2YmJEU8u7pGzJIWIQPA==
-----END CERTIFICATE-----
";

/// Its key is of P-384 as well.
const P384_PEER: &str = "-----BEGIN CERTIFICATE-----
MIIBtzCCAT2gAwIBAgIBAjAKBggqhkjOPQQDAzArMRIwEAYDVQQKDAlvcmcxLnRl
c3QxFTATBgNVBAMMDGNhLm9yZzEudGVzdDAeFw0yNjExMjIxODAyMjhaFw0zNjEx
MTkxODAyMjhaMB8xDTALBgNVBAsMBHBlZXIxDjAMBgNVBAMMBXBlZXIwMHYwEAYH
KoZIzj0CAQYFK4EEACIDYgAEohh5AIkxEC6ORMa3Uk8R4fAFzvIOuFcV6VCFR7u4
5KqEzRjYXesKMU5UEme4p5AHBVpG0CXoFVElNfXnA0BnGQ6sIrQ06epenpI9ddgp
Fd7NLdcCw6TzvCL4QDhKw08bo0EwPzAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQE
AwIHgDAfBgNVHSMEGDAWgBSES6WXQeAkpIc4o5rE+URMAHWcezAKBggqhkjOPQQD
AwNoADBlAjB1Bqb/Wrx7SO3KrYV5ig5AvdQupltNNiYKJ24IqGryMlfHg0iPUOsi
gTTdUj9KtecCMQC2fpV8Q/uSlXN5Ve+m5J8LgTBtXwOBP3vzyzpucFassjk6gJWo
S8u4cti+YX4kb8w=
-----END CERTIFICATE-----
";

/// By its key, over SHA-256 of `message`, with a low S.
const P384_SIGNATURE: &str = concat!(
    "30650231009a5c7ad726b78bdac20cebf8d8457f710415040dbec3cf8057559389d21aaeaf68cfd11ab062e1e3999ab4457f5d02d60230",
    "3d2ff13239964f05415601081fa6aa1e9f171c28294680372dd0010daa5b16752d63864b0cfe7b83e381fb21d44607ec",
);

const RSA_ROOT: &str = "-----BEGIN CERTIFICATE-----
MIIDJjCCAg6gAwIBAgIUJGzQWmZhNG1Nk3ipDAgCSwjMsLAwDQYJKoZIhvcNAQEL
BQAwKzESMBAGA1UECgwJb3JnMS50ZXN0MRUwEwYDVQQDDAxjYS5vcmcxLnRlc3Qw
HhcNMjYxMTIyMTgwMjI5WhcNMzYxMTE5MTgwMjI5WjArMRIwEAYDVQQKDAlvcmcx
LnRlc3QxFTATBgNVBAMMDGNhLm9yZzEudGVzdDCCASIwDQYJKoZIhvcNAQEBBQAD
ggEPADCCAQoCggEBAMD36nR43En5zspkThSqocYPnXn5X6Q3Yt/e0mvYL6g+FxBu
MTuPxzXRg4L47nFjndut8Bv4lrL9gRGcndmImwyriAzPZA7XdWvLZzVmr68xuiMH
/vMVoZGkXnSrpTHFv0W7kY7VDYeIR/9vo4m2MmOqGpC9bqDa9dQHJTwzUMGmJlMh
uXxc9ziqgTVpvhWM9L5v39uiV9hQlSB6Kat+NYccFfAeIRDRNhgKF2CkQDgzAt4y
1ahdor8VyK0Cg7x9FpQHfcsr296mB96rfHJb0xG6o+GWYO1isqgf5BCwTn8LwVZ/
yt/j0q/LjgSFRrdXgc5X2S4ndlEyab8RQo/gxtcCAwEAAaNCMEAwDwYDVR0TAQH/
BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFNoIMKO2A6N2E5n9JJ+0
NlOEw5wpMA0GCSqGSIb3DQEBCwUAA4IBAQAq3OdNs4xGQ9122I6gsLhldU56GZoK
0bo0CpIsbJdzW8zgXt5OOq1xuOGlThScyl8y7vabjy1wINGI49Ifixu34ie4kHwQ
iYNDzlBXHksxqvHLqVtF5esLkRsxSJmXHSN0nFDvN99pKIucYJUSgMeGPeDLxJe5
xueZDT2NiJ2boq1c451RIBNouZ7E+kH39i605uwNexA+FvyHfUYx/+uUg8zwtsH8
A4yESg+Im7yKL4v0uSNnyyPzaXtm0dC4CEGQ+FoSewh/si8fL1/CSS4Uc9NPahXz
yQL8bJVzRU3ufjcRjjS8SmhYVUeTM32fW94nBbglcjPL1Lf6zLtVHmDm
-----END CERTIFICATE-----
";

/// Its key is of P-256.
const RSA_ISSUED_PEER: &str = "-----BEGIN CERTIFICATE-----
MIICOzCCASOgAwIBAgIBAjANBgkqhkiG9w0BAQsFADArMRIwEAYDVQQKDAlvcmcx
LnRlc3QxFTATBgNVBAMMDGNhLm9yZzEudGVzdDAeFw0yNjExMjIxODAyMzBaFw0z
NjExMTkxODAyMzBaMB8xDTALBgNVBAsMBHBlZXIxDjAMBgNVBAMMBXBlZXIwMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeZ/w8itOPCMyqKiNNyUfj9CIM8VPFY0y
KvoEC21UIzh5fplAimPN4Vx6Q/mfa1F7IYZhg00DagZDUKpMSA6ABaNBMD8wDAYD
VR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwHwYDVR0jBBgwFoAU2ggwo7YDo3YT
mf0kn7Q2U4TDnCkwDQYJKoZIhvcNAQELBQADggEBADMjef19dgaX/x7dl8Kvt/LL
GeT1Bru/l7nTxOALzwKO2NdAyUte3KnIiiW3hmBmPzCQwv2bwF1oIN9aL+6wHkXP
ElwnftQ0ABLOB41fij9EpkbWhouEKc8vuXsIs7a5rGTzxhnL8BxCoSoj4vVmz2Z/
O/0lZYH27VGWVNhH7BM7fM6SWS54j/j1bflJ+TBDJ7I15H5Qd504Cw1X3W8Lb58B
yYbeoUtrE2wNGfPTCvmKT1iB7GTTdUut16xnKxTIGeVwhGdiUfVXmjOY7zy4dHYn
LmA1dxLpnQ6wcnQ2+bKGTwyFaubs5WzeJB9Zd1MVudYgpdEl/7bvfgu7+7GDHAo=
-----END CERTIFICATE-----
";

/// Its key is RSA.
const RSA_PEER: &str = "-----BEGIN CERTIFICATE-----
MIIDBjCCAe6gAwIBAgIBAzANBgkqhkiG9w0BAQsFADArMRIwEAYDVQQKDAlvcmcx
LnRlc3QxFTATBgNVBAMMDGNhLm9yZzEudGVzdDAeFw0yNjExMjIxODAyMzBaFw0z
NjExMTkxODAyMzBaMB8xDTALBgNVBAsMBHBlZXIxDjAMBgNVBAMMBXBlZXIwMIIB
IjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqFCXFJHa3Aci+Gkq56Zb5xz7
j1SDeQ4wxx8NYm3Nk12bo6lOek+19G4PQnwKK6NLgi0WDiIcdDRA2l1vANaoV76B
OCOkQo/vbY1cXYGQSIjr5dzmlYDK+rg7C5kZ9NKoHBa4teOyb9mTTX3DCXqMi8pw
IBhH/N917sb+SnelO6tJ8mIaoGcybTzQZ1H5OCIo9pofjytdy7MJ+is+wXYjTrbt
dWxKUyl5VC1O53HVbwbOCYCfoa0Yg0OOo8s4z2/WFsN8HoKbL8t9ecAOGkwzkn7E
jpjfYH6YG7Ufo/9QkZtMhPamNIO4Zfw0Hda/M6tgbH/Q71K/9sCwzMU2akMBXwID
AQABo0EwPzAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDAfBgNVHSMEGDAW
gBTaCDCjtgOjdhOZ/SSftDZThMOcKTANBgkqhkiG9w0BAQsFAAOCAQEAQYvhULDe
qZQT9Iaqxnl1hotVzZQCBePw1kTdVX5MdAYT3YYffDJ5HkQdeSU+emY8DfWcy/0/
oWLImTGeDZRTz55Ndn4DA4NSPoveQDjgQrqi4lIertSWEEsCNrJBG5VuK5NJ4l3H
R6Wd4lG2rwq2qaqG1Yt+xZ+gO/QfpPscBnEof1JD5z7f/P2UlwzYwVqQpC6P+v/n
GdbioTX1oMfA4A9WGAD2flYAMOf8RjERHEHHnSVRHvCCgU/7zNS2fx3M7dedhUnE
BVjzlr2CB9yOcDgEcvyKx7RQ5iLp1fcqWFAJPCKfZOgi0y7BbIZrxJ3Rp4UtaPmG
T9a3PFTBVWmsIw==
-----END CERTIFICATE-----
";

/// An MSP with this root and all roles.
fn msp_of(root: &'static str) -> FabricMspConfig {
    FabricMspConfig {
        root_certs: vec![Bytes::from_static(root.as_bytes())],
        ..config(&super::root(1), "")
    }
}

fn certificate(pem: &str) -> Issued {
    Issued {
        certificate: pem.to_owned(),
        key: String::new(),
    }
}

#[test]
fn identities_of_p384_are_members_and_sign_sha256() {
    let config = msp_of(P384_ROOT);
    assert_verdict(&config, &certificate(P384_PEER), "valid");
    let manager = manager(&config);
    let identity = manager
        .identity(&serialized(&certificate(P384_PEER)))
        .unwrap();
    let peers = Principal::new(&Principal::of_role("Org1MSP", Role::Peer));
    manager.satisfies(&identity, &peers).unwrap();
    let mut signature = hex::decode(P384_SIGNATURE).unwrap();
    identity.verify(b"message", &signature).unwrap();
    assert!(identity.verify(b"another", &signature).is_err());
    // Bytes behind it are passed over on this curve too.
    signature.extend_from_slice(b"rest");
    identity.verify(b"message", &signature).unwrap();
}

#[test]
fn an_authority_may_have_a_key_of_rsa_but_no_identity_may() {
    let config = msp_of(RSA_ROOT);
    assert_verdict(&config, &certificate(RSA_ISSUED_PEER), "valid");
    assert_verdict(
        &config,
        &certificate(RSA_PEER),
        "neither of P-256 nor of P-384",
    );
    // Of the same name, so that only the signature tells them apart.
    assert_verdict(
        &msp_of(P384_ROOT),
        &certificate(RSA_ISSUED_PEER),
        "unreadable",
    );
}
