//! Who signs in the properties: members of two organisations, whose roles the test knows and need not ask for.

use std::sync::Arc;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use proto::common::{MspPrincipal, msp_principal::Classification};
use proto::msp::{FabricMspConfig, FabricNodeOUs, FabricOuIdentifier, MspConfig};

use crate::ca::{Authority, Validity};
use crate::policy::SignedData;
use crate::{
    Msp, MspManager, MspVersion, Principal, Role, SignatureMemo, Signer as _, SigningIdentity,
};

const ROLES: [Role; 3] = [Role::Peer, Role::Client, Role::Admin];
const ORGS: [&str; 2] = ["Org1MSP", "Org2MSP"];
/// Two years from 2026-01-01.
const VALIDITY: Validity = Validity {
    not_before: 1_767_225_600,
    not_after: 1_830_297_600,
};

/// Members of two organisations in three roles, and what each has signed, well and badly.
pub(super) struct People {
    pub(super) msps: Arc<MspManager>,
    /// By organisation and role: the good signature and the bad one.
    signed: Vec<[SignedData; 2]>,
    pub(super) principals: Vec<MspPrincipal>,
}

impl People {
    pub(super) fn new() -> Self {
        let (mut msps, mut signed, mut principals) = (Vec::new(), Vec::new(), Vec::new());
        let mut state = 1_u64;
        let mut random = move |bytes: &mut [u8]| {
            for byte in bytes {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                *byte = state.to_be_bytes()[0];
            }
        };
        for msp_id in ORGS {
            let root = Authority::new("ca", "org", VALIDITY, &mut random).unwrap();
            msps.push(Msp::new(&msp_config(msp_id, &root), MspVersion::V3_0).unwrap());
            principals.push(Principal::of_role(msp_id, Role::Member));
            for role in ROLES {
                let issued = root
                    .issue_identity("somebody", role, VALIDITY, &mut random)
                    .unwrap();
                let (certificate, key) = (issued.certificate.as_bytes(), issued.key.as_bytes());
                let signer = SigningIdentity::from_pem(certificate, key, msp_id).unwrap();
                signed.push(signatures(&signer));
                principals.push(Principal::of_role(msp_id, role));
            }
        }
        // One certificate by itself.
        principals.push(MspPrincipal {
            principal_classification: Classification::Identity.into(),
            principal: signed[0][0].identity.clone(),
        });
        let memo = Arc::new(SignatureMemo::new(100));
        Self {
            msps: Arc::new(MspManager::new(msps, memo).unwrap()),
            signed,
            principals,
        }
    }

    /// Whether somebody is a principal: the member of each organisation comes before its roles, the certificate last.
    pub(super) fn is(&self, who: usize, principal: i32) -> bool {
        let principal = usize::try_from(principal).unwrap();
        let (org, role) = (who / ROLES.len(), who % ROLES.len());
        let first_of_org = org * (ROLES.len() + 1);
        match principal + 1 == self.principals.len() {
            true => who == 0,
            false => principal == first_of_org || principal == first_of_org + 1 + role,
        }
    }

    /// What a caller hands in for these: who, and whether the signature is good.
    pub(super) fn hand_in(&self, signatures: &[(usize, bool)]) -> Vec<SignedData> {
        let one = |(who, good): &(usize, bool)| self.signed[*who][usize::from(!good)].clone();
        signatures.iter().map(one).collect()
    }
}

fn msp_config(msp_id: &str, root: &Authority) -> MspConfig {
    let unit = |name: &str| {
        Some(FabricOuIdentifier {
            certificate: Bytes::new(),
            organizational_unit_identifier: name.to_owned(),
        })
    };
    let config = FabricMspConfig {
        name: msp_id.to_owned(),
        root_certs: vec![root.certificate().to_pem().into()],
        fabric_node_ous: Some(FabricNodeOUs {
            enable: true,
            client_ou_identifier: unit("client"),
            peer_ou_identifier: unit("peer"),
            admin_ou_identifier: unit("admin"),
            orderer_ou_identifier: unit("orderer"),
        }),
        ..FabricMspConfig::default()
    };
    MspConfig {
        r#type: 0,
        config: config.encode_to_vec().into(),
    }
}

fn signatures(signer: &SigningIdentity) -> [SignedData; 2] {
    let data = Bytes::from_static(b"what is signed");
    ["what is signed", "something else"].map(|message| SignedData {
        data: data.clone(),
        identity: signer.identity().clone(),
        signature: signer.sign(message.as_bytes()).unwrap(),
    })
}

/// Who has signed, as a policy sees it: each whose signature is good, once, in the order in which a good one came.
pub(super) fn signers(signatures: &[(usize, bool)]) -> Vec<usize> {
    let mut seen = Vec::new();
    for (who, good) in signatures {
        if *good && !seen.contains(who) {
            seen.push(*who);
        }
    }
    seen
}

/// Signatures of some of the people, some twice and some bad.
pub(super) fn any_signatures() -> impl Strategy<Value = Vec<(usize, bool)>> {
    vec(
        (0..ORGS.len() * ROLES.len(), prop::bool::weighted(0.85)),
        0..=7,
    )
}
