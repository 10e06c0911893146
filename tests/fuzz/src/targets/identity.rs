//! Who somebody claims to be, and what an organisation published about itself.
//!
//! The first byte says what the rest is.

use bytes::Bytes;
use msp::{Certificate, Identity, Msp, MspVersion, Principal, SigningIdentity};
use prost::Message as _;
use proto::FromWire as _;
use proto::common::MspPrincipal;
use proto::msp::{FabricMspConfig, MspConfig};

use crate::network::{MSP_IDS, Network, network};
use crate::recorded;

const KINDS: u8 = 7;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let rest = Bytes::copy_from_slice(rest);
    match kind % KINDS {
        0 => identity(&rest),
        1 => pem(&rest),
        2 => der(&rest),
        3 => msp_config(&rest),
        4 => revocation_list(&rest),
        5 => principal(&rest),
        _ => private_key(&rest),
    }
}

/// An identity that a channel takes is of the MSP it names, and is what was sent.
fn identity(serialized: &Bytes) {
    let network = network();
    let msps = network.bundle.msps();
    let alone = Identity::decode(serialized);
    let Ok(identity) = msps.identity(serialized) else {
        return;
    };
    let (msp_id, certificate) = alone.expect("what a channel reads can be read");
    assert_eq!(
        (identity.msp_id(), identity.certificate_der()),
        (&*msp_id, certificate.der())
    );
    assert_eq!(
        identity.validate().is_ok(),
        msps.validate(&identity).is_ok()
    );
    for role in ["member", "admin", "client", "peer", "orderer"] {
        let role = msp::Role::from_word(role).expect("a role");
        let is = |msp_id| {
            let principal = Principal::new(&Principal::of_role(msp_id, role));
            msps.satisfies(&identity, &principal).is_ok()
        };
        for other in MSP_IDS.iter().filter(|id| **id != msp_id) {
            assert!(!is(other), "a member of {msp_id} is none of {other}");
        }
        // Administrators by list need no valid certificate; everybody else does.
        if is(&msp_id) {
            assert!(identity.validate().is_ok());
        }
    }
    let _ = identity.verify(b"message", b"signature");
}

fn pem(text: &Bytes) {
    if let Ok(certificate) = Certificate::from_pem(text) {
        look(&certificate);
        let again = Certificate::from_pem(certificate.to_pem().as_bytes());
        assert_eq!(again.expect("our own PEM is read").der(), certificate.der());
    }
}

fn der(der: &Bytes) {
    if let Ok(certificate) = Certificate::from_der(der.clone()) {
        assert_eq!(certificate.der(), der);
        look(&certificate);
        let serialized = Identity::serialize(MSP_IDS[0], certificate.to_pem().as_bytes());
        identity(&serialized);
    }
}

fn look(certificate: &Certificate) {
    let _ = (
        certificate.subject(),
        certificate.issuer(),
        certificate.serial(),
    );
    let _ = (
        certificate.not_before(),
        certificate.not_after(),
        certificate.is_ca(),
    );
    let _ = certificate.organizational_units().len();
}

/// An organisation's configuration is a value of the channel's configuration: anything may be in it.
fn msp_config(config: &Bytes) {
    let config = MspConfig {
        r#type: 0,
        config: config.clone(),
    };
    for version in [MspVersion::V1_4_3, MspVersion::V3_0] {
        if let Ok(msp) = Msp::new(&config, version) {
            let own = msp.id().to_owned();
            let memo = std::sync::Arc::new(msp::SignatureMemo::new(10));
            let Ok(msps) = msp::MspManager::new(vec![msp], memo) else {
                continue;
            };
            for member in network().members.iter().flatten() {
                use msp::Signer as _;
                let identity = Identity::serialize(&own, member.certificate().to_pem().as_bytes());
                if let Ok(identity) = msps.identity(&identity) {
                    let _ = (msps.validate(&identity), member.identity());
                }
            }
        }
    }
}

/// The list stands in an otherwise good configuration.
fn revocation_list(list: &Bytes) {
    let mut config = published(network());
    config.revocation_list = vec![list.clone()];
    msp_config(&config.encode_to_vec().into());
}

fn published(network: &Network) -> FabricMspConfig {
    FabricMspConfig::decode(network.msps[0].config.clone()).expect("our own configuration decodes")
}

fn principal(bytes: &Bytes) {
    let Ok(message) = MspPrincipal::from_wire(bytes.clone()) else {
        return;
    };
    let principal = Principal::new(&message);
    let network = network();
    let mut named = 0;
    for (member, msp_id) in network.members.iter().zip(MSP_IDS) {
        use msp::Signer as _;
        let identity = network.bundle.msps().identity(member[1].identity());
        let identity = identity.expect("a member is known");
        let satisfied = network
            .bundle
            .msps()
            .satisfies(&identity, &principal)
            .is_ok();
        if satisfied && principal.msp_id().is_some() {
            assert_eq!(principal.msp_id(), Some(msp_id));
            named += 1;
        }
    }
    assert!(named <= 1, "one MSP cannot name members of two");
    if let Principal::Nobody(reason) = &principal {
        assert!(!reason.is_empty());
    }
}

fn private_key(pem: &Bytes) {
    let certificate = network().members[0][0].certificate().to_pem();
    let _ = SigningIdentity::from_pem(certificate.as_bytes(), pem, MSP_IDS[0]);
    let _ = msp::ca::Authority::from_pem(certificate.as_bytes(), pem);
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    use msp::Signer as _;
    let network = network();
    let mut seeds = Vec::new();
    let mut add = |kind: u8, bytes: &[u8]| seeds.push([&[kind], bytes].concat());
    for member in network.members.iter().flatten() {
        add(0, member.identity());
        add(1, member.certificate().to_pem().as_bytes());
        add(2, member.certificate().der());
        add(
            5,
            &Principal::of_role(MSP_IDS[0], msp::Role::Client).encode_to_vec(),
        );
    }
    let config = published(network);
    let root = Certificate::from_pem(&config.root_certs[0]).unwrap();
    add(2, root.der());
    let mut revoking = config.clone();
    revoking.revocation_list = vec![network.revoked.clone().into()];
    add(3, &config.encode_to_vec());
    add(3, &revoking.encode_to_vec());
    add(4, network.revoked.as_bytes());
    for tx in recorded::transactions().iter().take(4) {
        add(0, tx.endorsed.payload.creator());
        add(0, &tx.endorsed.endorsements[0].endorser);
    }
    add(6, b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n");
    seeds
}
