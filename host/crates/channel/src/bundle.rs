//! One configuration of one channel, read, checked and ready to answer.

use std::{fmt, sync::Arc};

use model::{Block, ChannelId};
use msp::{Msp, MspManager, SignatureMemo, policy::PolicyTree};
use proto::{
    common::{self, Config, ConfigEnvelope, ConfigGroup},
    msp::MspConfig,
};

use crate::{
    Access, ApplicationConfig, ChannelCapabilities, Error, OrdererConfig, Resource,
    config_block::config_of_block, group::Values, names,
};

/// Everything a configuration says, for one sequence number of one channel.
///
/// It never changes: a configuration block makes a new one. Keep it in an `Arc` and take the current one per block or
/// per request.
pub struct Bundle {
    channel_id: ChannelId,
    config: Config,
    root: ConfigGroup,
    capabilities: ChannelCapabilities,
    orderer_addresses: Vec<String>,
    orderer: OrdererConfig,
    application: ApplicationConfig,
    msps: Arc<MspManager>,
    policies: PolicyTree,
    memo: Arc<SignatureMemo>,
}

/// Where an orderer of the channel can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `host:port`.
    pub address: String,
    /// The MSP of the organisation that runs it, whose TLS roots to trust; `None` for a channel-wide address, which may
    /// belong to any orderer organisation.
    pub msp_id: Option<String>,
}

impl fmt::Debug for Bundle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bundle")
            .field("channel_id", &self.channel_id)
            .field("sequence", &self.config.sequence)
            .finish_non_exhaustive()
    }
}

impl Bundle {
    /// Reads the configuration that a configuration transaction carries.
    ///
    /// `memo` is the node's memory of good signatures, shared by all its channels. Nothing about earlier
    /// configurations is checked; that is [`update::check`](crate::update::check).
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Unusable`] or [`Error::UnknownCapability`]: the channel cannot be worked on.
    pub fn from_config_envelope(
        channel_id: &ChannelId,
        envelope: &ConfigEnvelope,
        memo: &Arc<SignatureMemo>,
    ) -> Result<Self, Error> {
        let config = envelope
            .config
            .clone()
            .ok_or_else(|| Error::Unusable("channelconfig Config cannot be nil".to_owned()))?;
        Self::new(channel_id.clone(), config, Arc::clone(memo))
    }

    /// Reads a configuration block, the genesis block included; the channel is the one its header names.
    ///
    /// # Errors
    /// [`Error::NotConfig`] when the block carries no configuration or names no channel; else as
    /// [`Bundle::from_config_envelope`].
    pub fn from_block(block: &Block, memo: &Arc<SignatureMemo>) -> Result<Self, Error> {
        let transaction = config_of_block(block)?;
        let channel_id = ChannelId::parse(&transaction.header.channel_id)
            .map_err(|error| Error::NotConfig(format!("bad channel ID: {error}")))?;
        Self::from_config_envelope(&channel_id, &transaction.content, memo)
    }

    fn new(channel_id: ChannelId, config: Config, memo: Arc<SignatureMemo>) -> Result<Self, Error> {
        let root = config
            .channel_group
            .clone()
            .ok_or_else(|| Error::Unusable("config must contain a channel group".to_owned()))?;
        crate::elements::flatten(Some(&root))
            .map_err(|error| Error::Unusable(error.to_string()))?;
        capabilities_in_order(&root)?;
        let values = Values::new("/Channel", &root);
        let capabilities = channel_values(&values)?;
        let addresses: common::OrdererAddresses = values.get(names::ORDERER_ADDRESSES)?;
        let mut msps = Vec::new();
        let (orderer, application) = groups(&root, &capabilities, &mut msps)?;
        let msps = MspManager::new(msps, Arc::clone(&memo)).map_err(unusable)?;
        let msps = Arc::new(msps);
        let policies =
            PolicyTree::new(names::CHANNEL, &root, Arc::clone(&msps)).map_err(unusable)?;
        Ok(Self {
            channel_id,
            config,
            root,
            capabilities,
            orderer_addresses: addresses.addresses,
            orderer,
            application,
            msps,
            policies,
            memo,
        })
    }

    /// The bundle that `envelope` makes on this channel, with this bundle's memo. Nothing is compared.
    pub(crate) fn next(&self, envelope: &ConfigEnvelope) -> Result<Self, Error> {
        Self::from_config_envelope(&self.channel_id, envelope, &self.memo)
    }

    /// The channel.
    #[must_use]
    pub fn channel_id(&self) -> &ChannelId {
        &self.channel_id
    }

    /// How many updates the configuration has seen; 0 in the genesis block.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.config.sequence
    }

    /// The configuration itself, as clients ask for it.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The root group.
    pub(crate) fn root(&self) -> &ConfigGroup {
        &self.root
    }

    /// The channel's MSPs.
    #[must_use]
    pub fn msps(&self) -> &Arc<MspManager> {
        &self.msps
    }

    /// The channel's policies, by absolute path.
    #[must_use]
    pub fn policies(&self) -> &PolicyTree {
        &self.policies
    }

    /// What every node of the channel must be able to do.
    #[must_use]
    pub fn capabilities(&self) -> &ChannelCapabilities {
        &self.capabilities
    }

    /// The ordering service.
    #[must_use]
    pub fn orderer(&self) -> &OrdererConfig {
        &self.orderer
    }

    /// The organisations that run chaincode, and their rules.
    #[must_use]
    pub fn application(&self) -> &ApplicationConfig {
        &self.application
    }

    /// Where to reach orderers: the organisations' own endpoints; channel-wide addresses only if no organisation has any.
    #[must_use]
    pub fn orderer_endpoints(&self) -> Vec<Endpoint> {
        let by_org: Vec<Endpoint> = self
            .orderer
            .orgs
            .iter()
            .flat_map(|org| {
                org.endpoints.iter().map(|address| Endpoint {
                    address: address.clone(),
                    msp_id: Some(org.msp_id.clone()),
                })
            })
            .collect();
        if !by_org.is_empty() {
            return by_org;
        }
        self.orderer_addresses
            .iter()
            .map(|address| Endpoint {
                address: address.clone(),
                msp_id: None,
            })
            .collect()
    }

    /// The PEM certificates to trust for a node of an organisation, one after the other; of all organisations of the
    /// channel where it may be any one's.
    #[must_use]
    pub fn tls_roots_pem(&self, msp_id: Option<&str>) -> Vec<u8> {
        let all = || self.msps().msp_ids().collect();
        let msp_ids: Vec<&str> = msp_id.map_or_else(all, |msp_id| vec![msp_id]);
        let mut pem = Vec::new();
        for root in msp_ids
            .into_iter()
            .flat_map(|msp_id| self.msps().tls_root_certs(msp_id))
        {
            pem.extend_from_slice(root);
            pem.push(b'\n');
        }
        pem
    }

    /// What a caller must satisfy to use a resource on this channel.
    #[must_use]
    pub fn access(&self, resource: Resource) -> Access<'_> {
        self.application.acls.access(resource)
    }
}

fn unusable(error: msp::Error) -> Error {
    Error::Unusable(error.to_string())
}

/// An orderer without capabilities would not know what the others mean.
fn capabilities_in_order(root: &ConfigGroup) -> Result<(), Error> {
    let has = |group: &ConfigGroup| group.values.contains_key(names::CAPABILITIES);
    if root.groups.get(names::ORDERER).is_none_or(has) {
        return Ok(());
    }
    if has(root) {
        return Err(Error::Unusable(
            "cannot enable channel capabilities without orderer support first".to_owned(),
        ));
    }
    if root.groups.get(names::APPLICATION).is_some_and(has) {
        return Err(Error::Unusable(
            "cannot enable application capabilities without orderer support first".to_owned(),
        ));
    }
    Ok(())
}

fn channel_values(values: &Values<'_>) -> Result<ChannelCapabilities, Error> {
    values.allow(&[
        names::HASHING_ALGORITHM,
        names::BLOCK_DATA_HASHING_STRUCTURE,
        names::ORDERER_ADDRESSES,
        names::CONSORTIUM,
        names::CAPABILITIES,
    ])?;
    let capabilities = ChannelCapabilities::new(&values.get(names::CAPABILITIES)?)?;
    let hashing: common::HashingAlgorithm = values.get(names::HASHING_ALGORITHM)?;
    if hashing.name != "SHA256" {
        return Err(Error::Unusable(format!(
            "unknown hashing algorithm type: {}",
            hashing.name
        )));
    }
    let structure: common::BlockDataHashingStructure =
        values.get(names::BLOCK_DATA_HASHING_STRUCTURE)?;
    if structure.width != u32::MAX {
        return Err(Error::Unusable(
            "BlockDataHashStructure width only supported at MaxUint32 in this version".to_owned(),
        ));
    }
    let addresses: common::OrdererAddresses = values.get(names::ORDERER_ADDRESSES)?;
    if capabilities.v3_0() && !addresses.addresses.is_empty() {
        return Err(Error::Unusable(
            "global OrdererAddresses are not allowed with V3_0 capability, use org specific addresses only"
                .to_owned(),
        ));
    }
    if !capabilities.endpoints_by_org() && addresses.addresses.is_empty() {
        return Err(Error::Unusable("must set some OrdererAddresses".to_owned()));
    }
    Ok(capabilities)
}

/// Reads the two groups of a channel and collects the MSPs of their organisations.
fn groups(
    root: &ConfigGroup,
    capabilities: &ChannelCapabilities,
    msps: &mut Vec<Msp>,
) -> Result<(OrdererConfig, ApplicationConfig), Error> {
    if let Some(name) = root
        .groups
        .keys()
        .find(|name| ![names::ORDERER, names::APPLICATION].contains(&name.as_str()))
    {
        return Err(Error::Unusable(format!("disallowed channel group: {name}")));
    }
    let group = |name: &str| {
        root.groups
            .get(name)
            .ok_or_else(|| Error::Unusable(format!("the configuration has no {name} group")))
    };
    let mut msp_id = |org: &str, values: &Values<'_>| {
        if values.contains(names::ENDPOINTS) && !capabilities.endpoints_by_org() {
            return Err(Error::Unusable(format!(
                "Orderer Org {org} cannot contain endpoints value until V1_4_2+ capabilities have been enabled"
            )));
        }
        let config: MspConfig = values.get(names::MSP)?;
        let msp = Msp::new(&config, capabilities.msp_version()).map_err(unusable)?;
        if msp.id().is_empty() {
            return Err(Error::Unusable(format!(
                "MSP for org {org} has empty MSP ID"
            )));
        }
        let id = msp.id().to_owned();
        msps.push(msp);
        Ok(id)
    };
    let orderer = OrdererConfig::new(group(names::ORDERER)?, &mut msp_id)
        .map_err(|error| within(error, names::ORDERER))?;
    let application = ApplicationConfig::new(group(names::APPLICATION)?, &mut msp_id)
        .map_err(|error| within(error, names::APPLICATION))?;
    Ok((orderer, application))
}

fn within(error: Error, group: &str) -> Error {
    match error {
        Error::Unusable(reason) => Error::Unusable(format!(
            "could not create channel {group} sub-group config: {reason}"
        )),
        other => other,
    }
}
