//! Who is in the network: the names that are the same in every folder, certificate and file.

/// An organisation of the network.
#[derive(Debug)]
pub(super) struct Org {
    pub(super) msp_id: &'static str,
    pub(super) domain: &'static str,
    /// The folder of its kind below `organizations/`.
    pub(super) kind: &'static str,
    pub(super) node: NodeName,
    /// Its users that get a profile, and the name of that.
    pub(super) profiles: &'static [(&'static str, &'static str)],
}

/// An organisation's one node.
#[derive(Debug)]
pub(super) struct NodeName {
    /// The node's own name, the first part of its host name.
    pub(super) host: &'static str,
    /// The name of its configuration file and its data folder.
    pub(super) file: &'static str,
}

pub(super) const ORDERER: Org = Org {
    msp_id: "OrdererMSP",
    domain: "example.com",
    kind: "ordererOrganizations",
    node: NodeName {
        host: "orderer",
        file: "orderer",
    },
    profiles: &[],
};

pub(super) const ORG1: Org = Org {
    msp_id: "Org1MSP",
    domain: "org1.example.com",
    kind: "peerOrganizations",
    node: NodeName {
        host: "peer0",
        file: "peer0.org1",
    },
    profiles: &[(ADMIN, "org1-admin"), (USER, "org1-user")],
};

pub(super) const ORG2: Org = Org {
    msp_id: "Org2MSP",
    domain: "org2.example.com",
    kind: "peerOrganizations",
    node: NodeName {
        host: "peer0",
        file: "peer0.org2",
    },
    profiles: &[(ADMIN, "org2-admin"), (USER, "org2-user")],
};

pub(super) const ADMIN: &str = "Admin";
pub(super) const USER: &str = "User1";

impl Org {
    /// The organisation's folder, below the network's.
    pub(super) fn folder(&self) -> String {
        format!("organizations/{}/{}", self.kind, self.domain)
    }

    /// The certificate of the authority that issues the organisation's TLS certificates.
    pub(super) fn tls_authority(&self) -> String {
        format!("{}/tlsca/tlsca.{}-cert.pem", self.folder(), self.domain)
    }

    /// The folder of its node, with `msp` and `tls` in it.
    pub(super) fn node_folder(&self) -> String {
        let group = if self.kind == ORDERER.kind {
            "orderers"
        } else {
            "peers"
        };
        format!(
            "{}/{group}/{}.{}",
            self.folder(),
            self.node.host,
            self.domain
        )
    }

    /// A user's MSP folder.
    pub(super) fn user_msp(&self, user: &str) -> String {
        format!("{}/users/{user}@{}/msp", self.folder(), self.domain)
    }
}
