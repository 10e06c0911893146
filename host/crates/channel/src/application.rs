//! The organisations that run chaincode, as the configuration describes them.

use proto::{common::ConfigGroup, protos};

use crate::{
    ApplicationCapabilities, Error,
    access::Acls,
    group::{Values, reject_subgroups},
    names,
};

/// A peer that others may contact first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorPeer {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// An organisation that runs peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationOrg {
    /// Name of its group in the configuration, which is not always its MSP's.
    pub group_name: String,
    /// Name of its MSP.
    pub msp_id: String,
    /// Its anchor peers; entries without a host or a possible port are left out.
    pub anchor_peers: Vec<AnchorPeer>,
}

/// The application group of a configuration, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationConfig {
    /// The organisations, sorted by group name.
    pub orgs: Vec<ApplicationOrg>,
    /// Overrides of who may call what.
    pub acls: Acls,
    /// What a peer must be able to do.
    pub capabilities: ApplicationCapabilities,
}

impl ApplicationConfig {
    /// Reads the application group; the organisations' MSPs are read elsewhere and given by `msp_id`.
    pub(crate) fn new(
        group: &ConfigGroup,
        msp_id: &mut dyn FnMut(&str, &Values<'_>) -> Result<String, Error>,
    ) -> Result<Self, Error> {
        let values = Values::new("/Channel/Application", group);
        values.allow(&[names::ACLS, names::CAPABILITIES])?;
        Ok(Self {
            orgs: orgs(group, msp_id)?,
            acls: Acls::new(values.get(names::ACLS)?),
            capabilities: ApplicationCapabilities::new(&values.get(names::CAPABILITIES)?)?,
        })
    }

    /// The organisation whose MSP has this name.
    #[must_use]
    pub fn org_of_msp(&self, msp_id: &str) -> Option<&ApplicationOrg> {
        self.orgs.iter().find(|org| org.msp_id == msp_id)
    }
}

fn orgs(
    group: &ConfigGroup,
    msp_id: &mut dyn FnMut(&str, &Values<'_>) -> Result<String, Error>,
) -> Result<Vec<ApplicationOrg>, Error> {
    let mut orgs = Vec::with_capacity(group.groups.len());
    for (name, org) in &group.groups {
        let path = format!("/Channel/Application/{name}");
        reject_subgroups(&path, org)?;
        let values = Values::new(&path, org);
        values.allow(&[names::MSP, names::ANCHOR_PEERS])?;
        let anchors: protos::AnchorPeers = values.get(names::ANCHOR_PEERS)?;
        orgs.push(ApplicationOrg {
            group_name: name.clone(),
            msp_id: msp_id(name, &values)?,
            anchor_peers: anchors
                .anchor_peers
                .into_iter()
                .filter_map(anchor_peer)
                .collect(),
        });
    }
    Ok(orgs)
}

/// `None` for one that nobody could contact; such an entry harms no one, and Fabric takes it.
fn anchor_peer(peer: protos::AnchorPeer) -> Option<AnchorPeer> {
    let port = u16::try_from(peer.port).ok()?;
    (port != 0 && !peer.host.is_empty()).then_some(AnchorPeer {
        host: peer.host,
        port,
    })
}
