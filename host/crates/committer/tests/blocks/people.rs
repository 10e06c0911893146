//! Who there is: three organisations with peers and clients, two with orderers, and one that no channel knows.

use std::sync::OnceLock;

use bytes::Bytes;
use msp::ca::{Authority, Validity};
use msp::{Certificate, Identity, Role, SigningIdentity};
use prost::Message as _;
use proto::msp::{FabricMspConfig, FabricNodeOUs, FabricOuIdentifier, MspConfig};

const NOW_S: i64 = 1_800_000_000;

/// An organisation and its members.
pub(crate) struct Org {
    pub(crate) msp_id: &'static str,
    pub(crate) msp: MspConfig,
    /// The same MSP with the client on its revocation list too.
    pub(crate) msp_without_client: MspConfig,
    pub(crate) peer: SigningIdentity,
    pub(crate) other_peer: SigningIdentity,
    pub(crate) client: SigningIdentity,
    pub(crate) admin: SigningIdentity,
    pub(crate) orderer: SigningIdentity,
    /// Without an organisational unit: with roles by unit such a one is no member.
    pub(crate) unitless: SigningIdentity,
    /// On the organisation's revocation list.
    pub(crate) revoked: SigningIdentity,
    /// Its certificate ran out long ago.
    pub(crate) expired: SigningIdentity,
    /// Of this organisation's authority, but it says that it is Org1's.
    pub(crate) impostor: SigningIdentity,
}

/// All of them; made once, since they never change.
pub(crate) struct People {
    pub(crate) org1: Org,
    pub(crate) org2: Org,
    pub(crate) org3: Org,
    pub(crate) orderer1: Org,
    pub(crate) orderer2: Org,
    pub(crate) stranger: Org,
}

pub(crate) fn people() -> &'static People {
    static PEOPLE: OnceLock<People> = OnceLock::new();
    PEOPLE.get_or_init(|| People {
        org1: Org::new("Org1MSP", 1),
        org2: Org::new("Org2MSP", 2),
        org3: Org::new("Org3MSP", 3),
        orderer1: Org::new("Orderer1MSP", 4),
        orderer2: Org::new("Orderer2MSP", 5),
        stranger: Org::new("Org9MSP", 9),
    })
}

impl People {
    /// The organisation of that number, 1 to 3.
    pub(crate) fn org(&self, number: u64) -> &Org {
        match number {
            1 => &self.org1,
            2 => &self.org2,
            _ => &self.org3,
        }
    }
}

impl Org {
    fn new(msp_id: &'static str, seed: u64) -> Self {
        let mut random = random(seed);
        let century = Validity::years(NOW_S, 100);
        let past = Validity {
            not_before: NOW_S - 1_000,
            not_after: NOW_S - 1,
        };
        let authority = Authority::new(msp_id, msp_id, century, &mut random).unwrap();
        let mut issue = |name: &str, role, validity, msp_id: &str| {
            let made = authority.issue_identity(name, role, validity, &mut random);
            let made = made.unwrap();
            SigningIdentity::from_pem(made.certificate.as_bytes(), made.key.as_bytes(), msp_id)
                .unwrap()
        };
        let client = issue("client", Role::Client, century, msp_id);
        let revoked = issue("revoked", Role::Client, century, msp_id);
        Self {
            msp_id,
            msp: msp_config(msp_id, &authority, &[&revoked]),
            msp_without_client: msp_config(msp_id, &authority, &[&revoked, &client]),
            peer: issue("peer0", Role::Peer, century, msp_id),
            other_peer: issue("peer1", Role::Peer, century, msp_id),
            admin: issue("admin", Role::Admin, century, msp_id),
            orderer: issue("orderer", Role::Orderer, century, msp_id),
            unitless: issue("unitless", Role::Member, century, msp_id),
            expired: issue("expired", Role::Client, past, msp_id),
            impostor: issue("impostor", Role::Client, century, "Org1MSP"),
            client,
            revoked,
        }
    }

    /// The client's certificate in other PEM bytes: another encoding of the same identity.
    pub(crate) fn client_rewritten(&self) -> Bytes {
        self.rewritten(&self.client)
    }

    /// The peer's certificate in other PEM bytes.
    pub(crate) fn peer_rewritten(&self) -> Bytes {
        self.rewritten(&self.peer)
    }

    fn rewritten(&self, member: &SigningIdentity) -> Bytes {
        let pem = format!("{}\n", member.certificate().to_pem());
        Identity::serialize(self.msp_id, pem.as_bytes())
    }
}

fn msp_config(msp_id: &str, authority: &Authority, revoked: &[&SigningIdentity]) -> MspConfig {
    let revoked: Vec<Certificate> = revoked
        .iter()
        .map(|one| one.certificate().clone())
        .collect();
    let root = Bytes::from(authority.certificate().to_pem());
    let unit = |role: Role| {
        Some(FabricOuIdentifier {
            certificate: root.clone(),
            organizational_unit_identifier: role.word().to_owned(),
        })
    };
    let list = authority.revoke(&revoked, NOW_S);
    let config = FabricMspConfig {
        name: msp_id.to_owned(),
        root_certs: vec![root.clone()],
        revocation_list: vec![list.unwrap().into()],
        fabric_node_ous: Some(FabricNodeOUs {
            enable: true,
            client_ou_identifier: unit(Role::Client),
            peer_ou_identifier: unit(Role::Peer),
            admin_ou_identifier: unit(Role::Admin),
            orderer_ou_identifier: unit(Role::Orderer),
        }),
        ..FabricMspConfig::default()
    };
    MspConfig {
        r#type: 0,
        config: config.encode_to_vec().into(),
    }
}

/// Randomness that is the same in each run.
fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut count = 0_u64;
    move |buffer: &mut [u8]| {
        for chunk in buffer.chunks_mut(32) {
            count += 1;
            let block = model::hash::sha256(&[seed.to_be_bytes(), count.to_be_bytes()].concat());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
