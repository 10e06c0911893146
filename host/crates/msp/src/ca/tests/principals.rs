//! Principals other than plain roles.

use proto::common::{
    CombinedPrincipal, MspIdentityAnonymity, MspPrincipal, OrganizationUnit,
    msp_principal::Classification,
};

use super::*;
use crate::Principal;

fn principal(kind: Classification, bytes: Vec<u8>) -> MspPrincipal {
    MspPrincipal {
        principal_classification: kind.into(),
        principal: bytes.into(),
    }
}

struct Case {
    manager: MspManager,
    identity: Arc<Identity>,
    peer: Issued,
    root: Authority,
}

fn case() -> Case {
    let root = root(1);
    let peer = issue(&root, "peer0", Role::Peer, 2);
    let manager = manager(&config(&root, ""));
    let identity = manager.identity(&serialized(&peer)).unwrap();
    Case {
        manager,
        identity,
        peer,
        root,
    }
}

impl Case {
    fn holds(&self, principal: &MspPrincipal) -> bool {
        self.manager
            .satisfies(&self.identity, &Principal::new(principal))
            .is_ok()
    }
}

#[test]
fn a_role_of_another_msp_is_not_satisfied() {
    let case = case();
    assert!(case.holds(&Principal::of_role("Org1MSP", Role::Member)));
    assert!(!case.holds(&Principal::of_role("Org2MSP", Role::Member)));
}

#[test]
fn an_identity_principal_means_the_certificate_whatever_its_pem_looks_like() {
    let case = case();
    let named = |certificate: String| {
        let identity = SerializedIdentity {
            mspid: "Org1MSP".to_owned(),
            id_bytes: certificate.into(),
        };
        principal(Classification::Identity, identity.encode_to_vec())
    };
    assert!(case.holds(&named(case.peer.certificate.clone())));
    assert!(case.holds(&named(format!(
        "a note\n{}",
        case.peer.certificate.replace('\n', "\r\n")
    ))));
    assert!(!case.holds(&named(
        issue(&case.root, "peer0", Role::Peer, 3).certificate
    )));
    assert!(!case.holds(&named("rubbish".to_owned())));
}

#[test]
fn a_unit_principal_needs_the_name_and_the_same_certifiers() {
    let case = case();
    let certifiers_id = sha256(case.root.certificate().der());
    let unit = |name: &str, certifiers: &[u8]| {
        let unit = OrganizationUnit {
            msp_identifier: "Org1MSP".to_owned(),
            organizational_unit_identifier: name.to_owned(),
            certifiers_identifier: Bytes::copy_from_slice(certifiers),
        };
        principal(Classification::OrganizationUnit, unit.encode_to_vec())
    };
    assert!(case.holds(&unit("peer", &certifiers_id)));
    assert!(!case.holds(&unit("sales", &certifiers_id)));
    assert!(!case.holds(&unit("peer", &[0; 32])));
    assert!(!case.holds(&unit("peer", &[])));
}

#[test]
fn everybody_is_nominal_and_nobody_is_anonymous() {
    let case = case();
    let anonymity = |kind: i32| {
        let wish = MspIdentityAnonymity {
            anonymity_type: kind,
        };
        principal(Classification::Anonymity, wish.encode_to_vec())
    };
    assert!(case.holds(&anonymity(0)));
    assert!(!case.holds(&anonymity(1)));
    assert!(!case.holds(&anonymity(7)));
}

#[test]
fn all_parts_of_a_combined_principal_must_hold_and_there_must_be_some() {
    let case = case();
    let combined = |parts: Vec<MspPrincipal>| {
        principal(
            Classification::Combined,
            CombinedPrincipal { principals: parts }.encode_to_vec(),
        )
    };
    let member = Principal::of_role("Org1MSP", Role::Member);
    let peer = Principal::of_role("Org1MSP", Role::Peer);
    let admin = Principal::of_role("Org1MSP", Role::Admin);
    assert!(case.holds(&combined(vec![
        member.clone(),
        combined(vec![peer.clone()])
    ])));
    assert!(!case.holds(&combined(vec![member.clone(), combined(vec![peer, admin])])));
    assert!(!case.holds(&combined(vec![])));
    let mut deep = member;
    for _ in 0..100_000 / 64 {
        deep = combined(vec![deep]);
    }
    assert!(!case.holds(&deep), "nesting is limited");
}

#[test]
fn what_cannot_be_read_is_satisfied_by_nobody() {
    let case = case();
    for kind in 0..7 {
        let rubbish = MspPrincipal {
            principal_classification: kind,
            principal: Bytes::from_static(&[0xff, 0xff]),
        };
        assert!(!case.holds(&rubbish), "classification {kind}");
    }
    let unknown_role = proto::common::MspRole {
        msp_identifier: "Org1MSP".to_owned(),
        role: 9,
    };
    assert!(!case.holds(&principal(
        Classification::Role,
        unknown_role.encode_to_vec()
    )));
}
