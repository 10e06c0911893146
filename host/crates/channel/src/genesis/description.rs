//! What a channel is to be: the part of `configtx.yaml` that a channel profile says.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use model::ChannelId;
use proto::msp::MspConfig;

use super::policies::{self, Policies};
use crate::{Error, application::AnchorPeer, orderer::BatchConfig};

/// A channel to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelDescription {
    /// Its name.
    pub channel_id: ChannelId,
    /// Policies of the root group; Readers, Writers and Admins at least.
    pub policies: Policies,
    /// Capabilities every node must have.
    pub capabilities: Vec<String>,
    /// The ordering service.
    pub orderer: OrdererDescription,
    /// The organisations that run chaincode.
    pub application: ApplicationDescription,
}

/// The ordering service of a channel to be made. It is Raft; other kinds are not made here.
#[derive(Debug, Clone, PartialEq)]
pub struct OrdererDescription {
    /// When a block is full.
    pub batch: BatchConfig,
    /// Longest time the first message of a block waits.
    pub batch_timeout: Duration,
    /// Channels an orderer serves at most; 0 is any number.
    pub channels_max: u64,
    /// The nodes that agree on blocks.
    pub consenters: Vec<ConsenterDescription>,
    /// Settings of Raft.
    pub raft: RaftOptions,
    /// The organisations that run orderers.
    pub orgs: Vec<OrganizationDescription>,
    /// Policies of the orderer group; BlockValidation, Readers, Writers and Admins at least.
    pub policies: Policies,
    /// Capabilities every orderer must have.
    pub capabilities: Vec<String>,
}

/// A node of the Raft group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsenterDescription {
    /// Host it listens on.
    pub host: String,
    /// Port it listens on.
    pub port: u16,
    /// PEM certificate it presents when it connects to others.
    pub client_tls_cert: Bytes,
    /// PEM certificate it presents to those who connect.
    pub server_tls_cert: Bytes,
}

/// Settings of Raft, agreed on by all consenters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RaftOptions {
    /// Length of a tick.
    pub tick_interval: Duration,
    /// Ticks without a leader before a new one is elected.
    pub election_ticks: u32,
    /// Ticks between two heartbeats of the leader.
    pub heartbeat_ticks: u32,
    /// Blocks proposed but not yet agreed on, at most.
    pub inflight_blocks_max: u32,
    /// Bytes of log after which a snapshot is taken.
    pub snapshot_interval_bytes: u32,
}

/// The organisations that run chaincode on a channel to be made, and their rules.
#[derive(Debug, Clone, PartialEq)]
pub struct ApplicationDescription {
    /// The organisations.
    pub orgs: Vec<OrganizationDescription>,
    /// Policies of the application group; Readers, Writers and Admins at least.
    pub policies: Policies,
    /// Capabilities every peer must have.
    pub capabilities: Vec<String>,
    /// Who may call what, where it differs from the default: resource name to policy.
    pub acls: BTreeMap<String, String>,
}

/// An organisation of a channel to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganizationDescription {
    /// Name of its group in the configuration.
    pub group_name: String,
    /// Its MSP.
    pub msp: MspConfig,
    /// Its policies; Readers, Writers and Admins at least.
    pub policies: Policies,
    /// `host:port` of its orderers; of orderer organisations only.
    pub orderer_endpoints: Vec<String>,
    /// Its anchor peers; of application organisations only.
    pub anchor_peers: Vec<AnchorPeer>,
}

impl ChannelDescription {
    /// A channel with Fabric's customary policies, capabilities V3_0, V2_0 and V2_5, and blocks of up to 500 messages
    /// or 2 MiB after 2 s at the latest. Change the fields that should differ.
    #[must_use]
    pub fn new(
        channel_id: ChannelId,
        consenters: Vec<ConsenterDescription>,
        orderer_orgs: Vec<OrganizationDescription>,
        application_orgs: Vec<OrganizationDescription>,
    ) -> Self {
        Self {
            channel_id,
            policies: policies::of_channel(),
            capabilities: vec!["V3_0".to_owned()],
            orderer: OrdererDescription {
                batch: BatchConfig {
                    max_message_count: 500,
                    absolute_max_bytes: 10 * 1024 * 1024,
                    preferred_max_bytes: 2 * 1024 * 1024,
                },
                batch_timeout: Duration::from_secs(2),
                channels_max: 0,
                consenters,
                raft: RaftOptions::default(),
                orgs: orderer_orgs,
                policies: policies::of_orderer(),
                capabilities: vec!["V2_0".to_owned()],
            },
            application: ApplicationDescription {
                orgs: application_orgs,
                policies: policies::of_application(),
                capabilities: vec!["V2_5".to_owned()],
                acls: BTreeMap::new(),
            },
        }
    }
}

impl Default for RaftOptions {
    /// Fabric's sample: ticks of 500 ms, election after 10, a heartbeat each, 5 blocks in flight, snapshots every 16 MiB.
    fn default() -> Self {
        Self {
            tick_interval: Duration::from_millis(500),
            election_ticks: 10,
            heartbeat_ticks: 1,
            inflight_blocks_max: 5,
            snapshot_interval_bytes: 16 * 1024 * 1024,
        }
    }
}

impl OrganizationDescription {
    /// An organisation that runs orderers, with the customary policies; its group has its MSP's name.
    ///
    /// # Errors
    /// [`Error::Description`] when the MSP's name cannot stand in a policy.
    pub fn orderer(
        msp_id: &str,
        msp: MspConfig,
        orderer_endpoints: Vec<String>,
    ) -> Result<Self, Error> {
        Ok(Self {
            group_name: msp_id.to_owned(),
            msp,
            policies: policies::of_orderer_org(msp_id)?,
            orderer_endpoints,
            anchor_peers: Vec::new(),
        })
    }

    /// An organisation that runs peers, with the customary policies; its group has its MSP's name.
    ///
    /// # Errors
    /// [`Error::Description`] when the MSP's name cannot stand in a policy.
    pub fn application(
        msp_id: &str,
        msp: MspConfig,
        anchor_peers: Vec<AnchorPeer>,
    ) -> Result<Self, Error> {
        Ok(Self {
            group_name: msp_id.to_owned(),
            msp,
            policies: policies::of_application_org(msp_id)?,
            orderer_endpoints: Vec::new(),
            anchor_peers,
        })
    }
}
