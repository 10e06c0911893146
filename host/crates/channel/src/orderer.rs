//! The ordering service as the configuration describes it.

use std::time::Duration;

use bytes::Bytes;
use proto::FromWire;
use proto::{common, common::ConfigGroup, etcdraft, orderer};

use crate::{
    Error, OrdererCapabilities, duration,
    group::{Values, reject_subgroups},
    names,
};

/// When a batch is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchConfig {
    /// Messages in a block, at most.
    pub max_message_count: u32,
    /// Largest message that is ordered at all, payload and signature, in bytes.
    pub absolute_max_bytes: u32,
    /// Size in bytes above which a block is cut, if it holds anything.
    pub preferred_max_bytes: u32,
}

/// Whether the ordering service takes ordinary transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsensusState {
    /// It does.
    Normal,
    /// Only configuration updates are taken, so that the consensus type can change.
    Maintenance,
}

/// An orderer node that takes part in consensus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consenter {
    /// Its number in block signatures; BFT only.
    pub id: Option<u32>,
    /// Host it listens on for the other consenters.
    pub host: String,
    /// Port it listens on for the other consenters.
    pub port: u32,
    /// PEM certificate it presents when it connects to others.
    pub client_tls_cert: Bytes,
    /// PEM certificate it presents to those who connect.
    pub server_tls_cert: Bytes,
    /// Its organisation; BFT only.
    pub msp_id: Option<String>,
    /// PEM certificate it signs blocks with; BFT only.
    pub identity: Option<Bytes>,
}

/// An organisation that runs orderers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdererOrg {
    /// Name of its group in the configuration, which is not always its MSP's.
    pub group_name: String,
    /// Name of its MSP.
    pub msp_id: String,
    /// `host:port` of its orderers.
    pub endpoints: Vec<String>,
}

/// The orderer group of a configuration, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdererConfig {
    /// When a batch is full.
    pub batch: BatchConfig,
    /// Longest time the first message of a batch waits.
    pub batch_timeout: Duration,
    /// `etcdraft` or `BFT`.
    pub consensus_type: String,
    /// Settings of that consensus, as they stand in the configuration.
    pub consensus_metadata: Bytes,
    /// Normal or maintenance.
    pub state: ConsensusState,
    /// The nodes that agree on blocks.
    pub consenters: Vec<Consenter>,
    /// Channels an orderer serves at most; 0 is any number.
    pub channels_max: u64,
    /// The organisations, sorted by group name.
    pub orgs: Vec<OrdererOrg>,
    /// What an orderer must be able to do.
    pub capabilities: OrdererCapabilities,
}

impl OrdererConfig {
    /// Reads the orderer group; the organisations' MSPs are read elsewhere and given by `msp_id`.
    pub(crate) fn new(
        group: &ConfigGroup,
        msp_id: &mut dyn FnMut(&str, &Values<'_>) -> Result<String, Error>,
    ) -> Result<Self, Error> {
        let values = Values::new("/Channel/Orderer", group);
        values.allow(&[
            names::CONSENSUS_TYPE,
            names::BATCH_SIZE,
            names::BATCH_TIMEOUT,
            names::CHANNEL_RESTRICTIONS,
            names::KAFKA_BROKERS,
            names::CAPABILITIES,
            names::ORDERERS,
        ])?;
        let consensus: orderer::ConsensusType = values.get(names::CONSENSUS_TYPE)?;
        let restrictions: orderer::ChannelRestrictions = values.get(names::CHANNEL_RESTRICTIONS)?;
        Ok(Self {
            batch: batch(values.get(names::BATCH_SIZE)?)?,
            batch_timeout: batch_timeout(&values)?,
            consenters: consenters(&consensus, &values)?,
            state: match consensus.state() {
                orderer::consensus_type::State::Normal => ConsensusState::Normal,
                orderer::consensus_type::State::Maintenance => ConsensusState::Maintenance,
            },
            consensus_type: consensus.r#type,
            consensus_metadata: consensus.metadata,
            channels_max: restrictions.max_count,
            orgs: orgs(group, msp_id)?,
            capabilities: OrdererCapabilities::new(&values.get(names::CAPABILITIES)?)?,
        })
    }
}

fn batch(size: orderer::BatchSize) -> Result<BatchConfig, Error> {
    for (what, value) in [
        ("max message count", size.max_message_count),
        ("absolute max bytes", size.absolute_max_bytes),
        ("preferred max bytes", size.preferred_max_bytes),
    ] {
        if value == 0 {
            return Err(Error::Unusable(format!(
                "attempted to set the batch size {what} to an invalid value: 0"
            )));
        }
    }
    if size.preferred_max_bytes > size.absolute_max_bytes {
        return Err(Error::Unusable(format!(
            "attempted to set the batch size preferred max bytes ({}) greater than the absolute max bytes ({})",
            size.preferred_max_bytes, size.absolute_max_bytes
        )));
    }
    Ok(BatchConfig {
        max_message_count: size.max_message_count,
        absolute_max_bytes: size.absolute_max_bytes,
        preferred_max_bytes: size.preferred_max_bytes,
    })
}

fn batch_timeout(values: &Values<'_>) -> Result<Duration, Error> {
    let value: orderer::BatchTimeout = values.get(names::BATCH_TIMEOUT)?;
    duration::parse(&value.timeout).ok_or_else(|| {
        Error::Unusable(format!(
            "attempted to set the batch timeout to an invalid value: {:?}",
            value.timeout
        ))
    })
}

fn consenters(
    consensus: &orderer::ConsensusType,
    values: &Values<'_>,
) -> Result<Vec<Consenter>, Error> {
    if consensus.r#type == names::ETCDRAFT {
        let metadata = etcdraft::ConfigMetadata::from_wire(consensus.metadata.clone())
            .map_err(Error::malformed("etcdraft metadata of ConsensusType"))?;
        return Ok(metadata
            .consenters
            .into_iter()
            .map(raft_consenter)
            .collect());
    }
    let orderers: common::Orderers = values.get(names::ORDERERS)?;
    Ok(orderers
        .consenter_mapping
        .into_iter()
        .map(|consenter| Consenter {
            id: Some(consenter.id),
            host: consenter.host,
            port: consenter.port,
            client_tls_cert: consenter.client_tls_cert,
            server_tls_cert: consenter.server_tls_cert,
            msp_id: Some(consenter.msp_id),
            identity: Some(consenter.identity),
        })
        .collect())
}

fn raft_consenter(consenter: etcdraft::Consenter) -> Consenter {
    Consenter {
        id: None,
        host: consenter.host,
        port: consenter.port,
        client_tls_cert: consenter.client_tls_cert,
        server_tls_cert: consenter.server_tls_cert,
        msp_id: None,
        identity: None,
    }
}

fn orgs(
    group: &ConfigGroup,
    msp_id: &mut dyn FnMut(&str, &Values<'_>) -> Result<String, Error>,
) -> Result<Vec<OrdererOrg>, Error> {
    let mut orgs = Vec::with_capacity(group.groups.len());
    for (name, org) in &group.groups {
        let path = format!("/Channel/Orderer/{name}");
        reject_subgroups(&path, org)?;
        let values = Values::new(&path, org);
        values.allow(&[names::MSP, names::ENDPOINTS])?;
        let endpoints: common::OrdererAddresses = values.get(names::ENDPOINTS)?;
        orgs.push(OrdererOrg {
            group_name: name.clone(),
            msp_id: msp_id(name, &values)?,
            endpoints: endpoints.addresses,
        });
    }
    Ok(orgs)
}
