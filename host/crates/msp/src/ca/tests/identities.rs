//! Identities as they travel, their signatures and the manager that reads them.

use super::*;
use crate::{Signer as _, policy::SignedData};

#[test]
fn a_signature_verifies_only_over_its_message_by_its_key() {
    let root = root(1);
    let manager = manager(&config(&root, ""));
    let peer = signing(&issue(&root, "peer0", Role::Peer, 2));
    let identity = manager.identity(peer.identity()).unwrap();
    let other = manager
        .identity(&serialized(&issue(&root, "peer1", Role::Peer, 3)))
        .unwrap();
    for round in 0..40u8 {
        let message = [round; 100];
        let signature = peer.sign(&message).unwrap();
        let decoded = EcdsaSignature::decode(&signature).unwrap();
        assert!(decoded.is_low_s(Curve::P256) && decoded.to_der() == signature);
        // Twice: the second time from memory.
        identity.verify(&message, &signature).unwrap();
        identity.verify(&message, &signature).unwrap();
        assert!(identity.verify(&[round; 99], &signature).is_err());
        assert!(other.verify(&message, &signature).is_err());
        let mut flipped = signature.to_vec();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(identity.verify(&message, &flipped).is_err());
    }
    // In each round one was remembered; the good one and the three bad ones were computed.
    let checked = manager.memo().checked();
    assert_eq!((checked.known, checked.verified), (40, 160));
    assert_eq!(peer.signatures_made(), 40);
}

#[test]
fn what_a_node_has_signed_itself_is_known_and_nothing_beside_it() {
    let root = root(1);
    let manager = manager(&config(&root, ""));
    let peer = signing(&issue(&root, "peer0", Role::Peer, 2));
    let peer = peer.remembered_in(Arc::clone(manager.memo()));
    let identity = manager.identity(peer.identity()).unwrap();
    let signature = peer.sign(b"endorsed").unwrap();
    identity.verify(b"endorsed", &signature).unwrap();
    let checked = manager.memo().checked();
    assert_eq!((checked.known, checked.verified), (1, 0));
    let mut flipped = signature.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(identity.verify(b"endorsed", &flipped).is_err());
    assert!(identity.verify(b"other", &signature).is_err());
    assert_eq!(manager.memo().checked().verified, 2);
}

#[test]
fn a_high_s_is_refused_and_bytes_behind_the_signature_are_ignored() {
    let root = root(1);
    let peer = signing(&issue(&root, "peer0", Role::Peer, 2));
    let identity = manager(&config(&root, ""))
        .identity(peer.identity())
        .unwrap();
    let signature = peer.sign(b"message").unwrap();
    let high = high_s(&signature);
    let refused = identity.verify(b"message", &high).unwrap_err().to_string();
    assert!(refused.contains("upper half"), "{refused}");
    identity
        .verify(b"message", &[&signature[..], b"behind"].concat())
        .unwrap();
    assert!(
        identity
            .verify(b"message", &signature[..signature.len() - 1])
            .is_err()
    );
    assert!(identity.verify(b"message", &[]).is_err());
}

/// The other signature of the same message: order - S in place of S.
pub(super) fn high_s(signature: &[u8]) -> Vec<u8> {
    let mut decoded = EcdsaSignature::decode(signature).unwrap();
    let mut borrow = 0i16;
    let mut other = Vec::new();
    let padded = [vec![0; 32 - decoded.s.len()], decoded.s.clone()].concat();
    for (order, digit) in Curve::P256.order().iter().rev().zip(padded.iter().rev()) {
        let difference = i16::from(*order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        other.insert(0, u8::try_from(difference.rem_euclid(256)).unwrap());
    }
    decoded.s = other;
    decoded.to_der()
}

#[test]
fn a_certificate_with_high_s_is_the_same_identity_as_with_low_s() {
    let root = root(1);
    let peer = issue(&root, "peer0", Role::Peer, 2);
    let certificate = Certificate::from_pem(peer.certificate.as_bytes()).unwrap();
    let signature = sign(&root.key, certificate.signed());
    let high = writer::signed(certificate.signed(), &high_s(&signature));
    let twin = Issued {
        certificate: pem::encode("CERTIFICATE", &high),
        key: peer.key.clone(),
    };
    assert_ne!(twin.certificate, peer.certificate);
    let manager = manager(&config(&root, ""));
    let one = manager.identity(&serialized(&peer)).unwrap();
    let two = manager.identity(&serialized(&twin)).unwrap();
    assert_eq!(one.id(), two.id());
    assert_eq!(one.id(), hex::encode(sha256(certificate.der())));
    assert_eq!(one.certificate_der(), two.certificate_der());
}

#[test]
fn an_identity_signs_once_but_a_bad_signature_does_not_use_it_up() {
    let root = root(1);
    let manager = manager(&config(&root, ""));
    let peer = signing(&issue(&root, "peer0", Role::Peer, 2));
    let good = SignedData {
        data: Bytes::from_static(b"message"),
        identity: peer.identity().clone(),
        signature: peer.sign(b"message").unwrap(),
    };
    let bad = SignedData {
        signature: Bytes::from_static(b"bad"),
        ..good.clone()
    };
    let foreign = SignedData {
        identity: Identity::serialize("Org9MSP", b"x"),
        ..good.clone()
    };
    let signers = |signed: &[&SignedData]| {
        let signed: Vec<SignedData> = signed.iter().map(|one| (*one).clone()).collect();
        manager.signers(&signed).len()
    };
    assert_eq!(signers(&[&good, &good]), 1);
    assert_eq!(signers(&[&bad, &good]), 1);
    assert_eq!(signers(&[&good, &bad]), 1);
    assert_eq!(signers(&[&bad, &bad]), 0);
    assert_eq!(signers(&[&foreign, &good]), 1);
}

#[test]
fn an_identity_of_no_msp_and_one_that_does_not_decode_are_told_apart() {
    let root = root(1);
    let manager = manager(&config(&root, ""));
    let peer = issue(&root, "peer0", Role::Peer, 2);
    let foreign = Identity::serialize("Org9MSP", peer.certificate.as_bytes());
    assert!(
        matches!(manager.identity(&foreign), Err(Error::UnknownMsp { msp_id }) if msp_id == "Org9MSP")
    );
    for rubbish in [&b""[..], b"\x0a\xff", b"rubbish"] {
        let identity = Bytes::copy_from_slice(rubbish);
        assert!(matches!(
            manager.identity(&identity),
            Err(Error::Malformed { .. })
        ));
    }
    let trailing = [serialized(&peer).to_vec(), b"\x1a\x01x".to_vec()].concat();
    assert!(
        manager.identity(&Bytes::from(trailing)).is_ok(),
        "unknown fields change nothing"
    );
}

#[test]
fn a_later_configuration_judges_earlier_identities_anew() {
    let root = root(1);
    let peer = issue(&root, "peer0", Role::Peer, 2);
    let before = manager(&config(&root, ""));
    let identity = before.identity(&serialized(&peer)).unwrap();
    before.validate(&identity).unwrap();
    let mut revoking = config(&root, "");
    let certificate = Certificate::from_pem(peer.certificate.as_bytes()).unwrap();
    revoking.revocation_list = vec![root.revoke(&[certificate], NOW).unwrap().into()];
    let after = manager(&revoking);
    assert!(
        after
            .validate(&identity)
            .unwrap_err()
            .to_string()
            .contains("revoked")
    );
    assert!(before.validate(&identity).is_ok());
}

#[test]
fn an_organisation_may_stand_twice_but_only_with_one_configuration() {
    let root = root(1);
    let memo = Arc::new(SignatureMemo::new(1));
    let twice = || {
        vec![
            msp(&config(&root, "")).unwrap(),
            msp(&config(&root, "")).unwrap(),
        ]
    };
    assert!(MspManager::new(twice(), Arc::clone(&memo)).is_ok());
    let different = vec![
        msp(&config(&root, "")).unwrap(),
        msp(&config(&super::root(9), "")).unwrap(),
    ];
    assert!(matches!(
        MspManager::new(different, memo),
        Err(Error::Config { .. })
    ));
}

#[test]
fn a_key_signs_only_with_its_own_certificate() {
    let root = root(1);
    let one = issue(&root, "one", Role::Peer, 2);
    let two = issue(&root, "two", Role::Peer, 3);
    let wrong =
        SigningIdentity::from_pem(one.certificate.as_bytes(), two.key.as_bytes(), "Org1MSP");
    assert!(matches!(wrong, Err(Error::Key { .. })));
    for key in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        one.certificate.as_str(),
    ] {
        let refused =
            SigningIdentity::from_pem(one.certificate.as_bytes(), key.as_bytes(), "Org1MSP");
        assert!(matches!(refused, Err(Error::Key { .. })));
    }
}

#[test]
fn one_seed_makes_the_same_certificates() {
    let make = || issue(&root(1), "peer0", Role::Peer, 2);
    assert_eq!(make().certificate, make().certificate);
    assert_eq!(make().key, make().key);
    assert_ne!(
        make().certificate,
        issue(&root(1), "peer0", Role::Peer, 3).certificate
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_damaged_certificate_never_panics_and_never_becomes_another_valid_member(at in 0usize..2_000, with in 0u8..) {
        thread_local! {
            static CASE: (MspManager, Vec<u8>) = {
                let root = root(1);
                let peer = issue(&root, "peer0", Role::Peer, 2);
                (manager(&config(&root, "")), pem::decode(peer.certificate.as_bytes()).unwrap().0.bytes)
            };
        }
        CASE.with(|(manager, der)| {
            let mut damaged = der.clone();
            let at = at % damaged.len();
            let same = damaged[at] == with;
            damaged[at] = with;
            let issued = Issued { certificate: pem::encode("CERTIFICATE", &damaged), key: String::new() };
            let valid = manager
                .identity(&serialized(&issued))
                .is_ok_and(|identity| manager.validate(&identity).is_ok());
            assert_eq!(valid, same, "byte {at} set to {with:02x}");
        });
    }

    #[test]
    fn random_bytes_never_panic_any_reader(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let bytes = Bytes::from(bytes);
        let _ = Identity::decode(&bytes);
        let _ = Certificate::from_der(bytes.clone());
        let _ = Certificate::from_pem(&bytes);
        let _ = crate::crl::RevocationList::parse(&bytes);
        let _ = read_key(&bytes);
        let _ = Msp::new(&MspConfig { r#type: 0, config: bytes.clone() }, MspVersion::V3_0);
        let _ = crate::policy::SignaturePolicy::parse(&bytes);
        let _ = crate::policy::ApplicationPolicy::parse(&bytes);
        let _ = crate::Principal::new(&proto::common::MspPrincipal { principal_classification: 4, principal: bytes });
    }
}
