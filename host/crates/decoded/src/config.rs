//! A configuration transaction: what the channel is from then on.

use std::sync::Arc;

use bytes::Bytes;
use channel::Bundle;
use model::ChannelId;
use msp::SignatureMemo;
use proto::common::ConfigEnvelope;
use serde::Serialize;
use utoipa::ToSchema;

use super::action::decode;

/// A channel's configuration in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelConfig {
    /// How many updates the configuration has seen.
    sequence: u64,
    /// Who runs chaincode.
    organizations: Vec<Organization>,
    orderer: Orderer,
}

/// An organisation that runs chaincode.
#[derive(Debug, Serialize, ToSchema)]
struct Organization {
    name: String,
    msp_id: String,
    anchor_peers: Vec<String>,
}

/// The ordering service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrdererConfig)]
struct Orderer {
    consensus: String,
    consenters: Vec<String>,
    endpoints: Vec<String>,
    batch_messages_max: u32,
    batch_preferred_bytes: u32,
    message_bytes_max: u32,
    #[schema(value_type = u64)]
    batch_timeout_ms: u128,
}

impl ChannelConfig {
    /// Decodes an encoded `common.ConfigEnvelope`.
    pub(crate) fn new(channel_id: &str, data: &Bytes) -> Result<Self, String> {
        let channel_id = ChannelId::parse(channel_id).map_err(|error| error.to_string())?;
        let envelope: ConfigEnvelope = decode(data)?;
        let memo = Arc::new(SignatureMemo::new(1));
        let bundle = Bundle::from_config_envelope(&channel_id, &envelope, &memo)
            .map_err(|error| error.to_string())?;
        Ok(Self::of(&bundle))
    }

    /// The configuration that a node works by.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Self {
        let application = bundle.application();
        Self {
            sequence: bundle.sequence(),
            organizations: application.orgs.iter().map(Organization::new).collect(),
            orderer: Orderer::new(bundle),
        }
    }
}

impl Organization {
    fn new(org: &channel::ApplicationOrg) -> Self {
        let anchors = org.anchor_peers.iter();
        Self {
            name: org.group_name.clone(),
            msp_id: org.msp_id.clone(),
            anchor_peers: anchors
                .map(|peer| format!("{}:{}", peer.host, peer.port))
                .collect(),
        }
    }
}

impl Orderer {
    fn new(bundle: &Bundle) -> Self {
        let orderer = bundle.orderer();
        let consenters = orderer.consenters.iter();
        let endpoints = bundle.orderer_endpoints();
        Self {
            consensus: orderer.consensus_type.clone(),
            consenters: consenters
                .map(|one| format!("{}:{}", one.host, one.port))
                .collect(),
            endpoints: endpoints
                .into_iter()
                .map(|endpoint| endpoint.address)
                .collect(),
            batch_messages_max: orderer.batch.max_message_count,
            batch_preferred_bytes: orderer.batch.preferred_max_bytes,
            message_bytes_max: orderer.batch.absolute_max_bytes,
            batch_timeout_ms: orderer.batch_timeout.as_millis(),
        }
    }
}
