//! A channel of two organisations whose keys come from a seed: the same in each process, so that an input means the same.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use channel::{Bundle, ChannelDescription};
use model::{Block, ChannelId};
use msp::ca::{Organization, Validity};
use msp::{Role, SignatureMemo, SigningIdentity};
use prost_types::Timestamp;
use proto::msp::MspConfig;
use tempfile::TempDir;

use crate::Random;

/// The time in all of it. Nobody listens where the channel says its orderer does.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_800_000_000,
    nanos: 0,
};
pub(crate) const CHANNEL: &str = "mychannel";
/// The organisations of the channel.
pub(crate) const MSP_IDS: [&str; 2] = ["Org1MSP", "Org2MSP"];

/// The number of the orderer's organisation.
const ORDERER: u64 = 9;

/// The channel, and who is on it.
pub(crate) struct Network {
    pub(crate) genesis: Block,
    pub(crate) bundle: Arc<Bundle>,
    /// Of each organisation its administrator, its client and its peer.
    pub(crate) members: [[Arc<SigningIdentity>; 3]; 2],
    /// The organisations' own configurations.
    pub(crate) msps: [MspConfig; 2],
    /// The orderer.
    pub(crate) orderer: Arc<SigningIdentity>,
    /// The certificate by which the orderer finds itself in the configuration.
    pub(crate) orderer_tls: String,
    /// A revocation list of the first organisation, PEM.
    pub(crate) revoked: String,
}

/// The one network of this process.
pub(crate) fn network() -> &'static Network {
    static NETWORK: OnceLock<Network> = OnceLock::new();
    NETWORK.get_or_init(Network::make)
}

/// Bytes that a seed repeats.
pub(crate) fn fill(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut random = Random::new(seed);
    move |bytes| bytes.fill_with(|| random.byte())
}

impl Network {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, orderer] = [1, 2, ORDERER].map(|number| Org::make(&folder, number));
        let genesis = genesis([&first, &second], &orderer);
        let memo = Arc::new(SignatureMemo::new(1_000));
        let revoked = [first.members[1].certificate().clone()];
        Self {
            bundle: Arc::new(Bundle::from_block(&genesis, &memo).unwrap()),
            genesis,
            orderer_tls: orderer.authority.tls().certificate().to_pem(),
            orderer: orderer.members[2].clone(),
            revoked: first
                .authority
                .identities()
                .revoke(&revoked, NOW.seconds)
                .unwrap(),
            msps: [first.msp, second.msp],
            members: [first.members, second.members],
        }
    }
}

struct Org {
    members: [Arc<SigningIdentity>; 3],
    msp: MspConfig,
    authority: Organization,
}

impl Org {
    fn make(folder: &TempDir, number: u64) -> Self {
        let domain = format!("org{number}.test");
        let msp_id = if number == ORDERER {
            "OrdererMSP".to_owned()
        } else {
            format!("Org{number}MSP")
        };
        let root = folder.path().join(&domain);
        let (validity, mut random) = (Validity::years(NOW.seconds, 2), fill(number));
        let authority = Organization::new(&domain, validity, &mut random).unwrap();
        authority.write(&root).unwrap();
        let members = [
            ("Admin", Role::Admin),
            ("User1", Role::Client),
            (
                "node",
                if number == ORDERER {
                    Role::Orderer
                } else {
                    Role::Peer
                },
            ),
        ];
        let members = members.map(|(name, role)| {
            let member = authority.write_member(&root, name, role, &[], validity, &mut random);
            Arc::new(SigningIdentity::from_folder(&member.unwrap().msp, &msp_id).unwrap())
        });
        Self {
            members,
            msp: msp::folder::load_msp_config(&root.join("msp"), &msp_id).unwrap(),
            authority,
        }
    }
}

fn genesis(members: [&Org; 2], orderer: &Org) -> Block {
    let tls = Bytes::from(orderer.authority.tls().certificate().to_pem());
    let consenter = ConsenterDescription {
        host: "localhost".to_owned(),
        port: 1,
        client_tls_cert: tls.clone(),
        server_tls_cert: tls,
    };
    let endpoints = vec!["localhost:1".to_owned()];
    let orderer = OrganizationDescription::orderer("OrdererMSP", orderer.msp.clone(), endpoints);
    let members = members.iter().zip(MSP_IDS).map(|(org, msp_id)| {
        OrganizationDescription::application(msp_id, org.msp.clone(), Vec::new()).unwrap()
    });
    let id = ChannelId::parse(CHANNEL).unwrap();
    let orderers = vec![orderer.unwrap()];
    let description = ChannelDescription::new(id, vec![consenter], orderers, members.collect());
    let seed = GenesisSeed {
        timestamp: NOW,
        nonce: [3; 24],
    };
    description.genesis_block(&seed).unwrap()
}
