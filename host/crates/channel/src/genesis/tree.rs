//! The configuration tree of a description: Fabric's `internal/configtxgen/encoder`.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use proto::{common, common::ConfigGroup, etcdraft, orderer, protos};

use super::{
    ApplicationDescription, ChannelDescription, OrdererDescription, OrganizationDescription,
    Policies, RaftOptions,
};
use crate::{
    Error, duration,
    elements::id_error,
    names::{
        ACLS, ADMINS, ANCHOR_PEERS, APPLICATION, BATCH_SIZE, BATCH_TIMEOUT,
        BLOCK_DATA_HASHING_STRUCTURE, BLOCK_VALIDATION, CAPABILITIES, CHANNEL_RESTRICTIONS,
        CONSENSUS_TYPE, ENDPOINTS, ETCDRAFT, HASHING_ALGORITHM, MSP, ORDERER, READERS, WRITERS,
    },
};

impl ChannelDescription {
    /// The root group of the channel's configuration.
    ///
    /// # Errors
    /// [`Error::Description`] with the rule that is broken.
    pub fn channel_group(&self) -> Result<ConfigGroup, Error> {
        let mut group = group("the channel", &self.policies, &[READERS, WRITERS, ADMINS])?;
        let hashing = common::HashingAlgorithm {
            name: "SHA256".to_owned(),
        };
        let structure = common::BlockDataHashingStructure { width: u32::MAX };
        put(&mut group, HASHING_ALGORITHM, &hashing);
        put(&mut group, BLOCK_DATA_HASHING_STRUCTURE, &structure);
        put_capabilities(&mut group, &self.capabilities);
        group
            .groups
            .insert(ORDERER.to_owned(), orderer_group(&self.orderer)?);
        group.groups.insert(
            APPLICATION.to_owned(),
            application_group(&self.application)?,
        );
        Ok(group)
    }
}

fn orderer_group(orderer: &OrdererDescription) -> Result<ConfigGroup, Error> {
    let needed = [BLOCK_VALIDATION, READERS, WRITERS, ADMINS];
    let mut group = group("the orderer", &orderer.policies, &needed)?;
    let size = orderer::BatchSize {
        max_message_count: orderer.batch.max_message_count,
        absolute_max_bytes: orderer.batch.absolute_max_bytes,
        preferred_max_bytes: orderer.batch.preferred_max_bytes,
    };
    let timeout = orderer::BatchTimeout {
        timeout: duration::format(orderer.batch_timeout),
    };
    let restrictions = orderer::ChannelRestrictions {
        max_count: orderer.channels_max,
    };
    let consensus = orderer::ConsensusType {
        r#type: ETCDRAFT.to_owned(),
        metadata: raft_metadata(orderer)?,
        state: orderer::consensus_type::State::Normal.into(),
    };
    put(&mut group, BATCH_SIZE, &size);
    put(&mut group, BATCH_TIMEOUT, &timeout);
    put(&mut group, CHANNEL_RESTRICTIONS, &restrictions);
    put(&mut group, CONSENSUS_TYPE, &consensus);
    put_capabilities(&mut group, &orderer.capabilities);
    for org in &orderer.orgs {
        let mut org_group = org_group(org)?;
        if !org.orderer_endpoints.is_empty() {
            let endpoints = common::OrdererAddresses {
                addresses: org.orderer_endpoints.clone(),
            };
            put(&mut org_group, ENDPOINTS, &endpoints);
        }
        add_org(&mut group, org, org_group)?;
    }
    Ok(group)
}

fn raft_metadata(orderer: &OrdererDescription) -> Result<Bytes, Error> {
    if orderer.consenters.is_empty() {
        return Err(Error::Description("no consenter is named".to_owned()));
    }
    let RaftOptions {
        tick_interval,
        election_ticks,
        heartbeat_ticks,
        inflight_blocks_max,
        snapshot_interval_bytes,
    } = orderer.raft;
    let metadata = etcdraft::ConfigMetadata {
        consenters: orderer
            .consenters
            .iter()
            .map(|consenter| etcdraft::Consenter {
                host: consenter.host.clone(),
                port: consenter.port.into(),
                client_tls_cert: consenter.client_tls_cert.clone(),
                server_tls_cert: consenter.server_tls_cert.clone(),
            })
            .collect(),
        options: Some(etcdraft::Options {
            tick_interval: duration::format(tick_interval),
            election_tick: election_ticks,
            heartbeat_tick: heartbeat_ticks,
            max_inflight_blocks: inflight_blocks_max,
            snapshot_interval_size: snapshot_interval_bytes,
        }),
    };
    Ok(metadata.encode_to_vec().into())
}

fn application_group(application: &ApplicationDescription) -> Result<ConfigGroup, Error> {
    let needed = [READERS, WRITERS, ADMINS];
    let mut group = group("the application", &application.policies, &needed)?;
    if !application.acls.is_empty() {
        let acls = protos::AcLs {
            acls: application
                .acls
                .iter()
                .map(|(resource, policy)| {
                    let policy_ref = policy.clone();
                    (resource.clone(), protos::ApiResource { policy_ref })
                })
                .collect(),
        };
        put(&mut group, ACLS, &acls);
    }
    put_capabilities(&mut group, &application.capabilities);
    for org in &application.orgs {
        let mut org_group = org_group(org)?;
        if !org.anchor_peers.is_empty() {
            put(&mut org_group, ANCHOR_PEERS, &anchor_peers(org));
        }
        add_org(&mut group, org, org_group)?;
    }
    Ok(group)
}

/// The group of one organisation, without the values that depend on what it runs.
///
/// # Errors
/// [`Error::Description`] with the rule that is broken.
fn org_group(org: &OrganizationDescription) -> Result<ConfigGroup, Error> {
    let whose = format!("organization {}", org.group_name);
    let mut group = group(&whose, &org.policies, &[READERS, WRITERS, ADMINS])?;
    put(&mut group, MSP, &org.msp);
    Ok(group)
}

fn anchor_peers(org: &OrganizationDescription) -> protos::AnchorPeers {
    let anchor_peers = org
        .anchor_peers
        .iter()
        .map(|peer| protos::AnchorPeer {
            host: peer.host.clone(),
            port: peer.port.into(),
        })
        .collect();
    protos::AnchorPeers { anchor_peers }
}

fn add_org(
    parent: &mut ConfigGroup,
    org: &OrganizationDescription,
    group: ConfigGroup,
) -> Result<(), Error> {
    if let Some(reason) = id_error(&org.group_name) {
        return Err(Error::Description(reason));
    }
    match parent.groups.insert(org.group_name.clone(), group) {
        None => Ok(()),
        Some(_) => Err(Error::Description(format!(
            "organization {} is named twice",
            org.group_name
        ))),
    }
}

fn group(whose: &str, policies: &Policies, needed: &[&str]) -> Result<ConfigGroup, Error> {
    if let Some(name) = needed.iter().find(|name| !policies.contains_key(**name)) {
        return Err(Error::Description(format!(
            "no {name} policy defined for {whose}"
        )));
    }
    if let Some(reason) = policies.keys().find_map(|name| id_error(name)) {
        return Err(Error::Description(reason));
    }
    Ok(ConfigGroup {
        version: 0,
        groups: BTreeMap::new(),
        values: BTreeMap::new(),
        policies: policies
            .iter()
            .map(|(name, rule)| (name.clone(), rule.encode()))
            .collect(),
        mod_policy: ADMINS.to_owned(),
    })
}

fn put(group: &mut ConfigGroup, name: &str, value: &impl Message) {
    let value = common::ConfigValue {
        version: 0,
        value: value.encode_to_vec().into(),
        mod_policy: ADMINS.to_owned(),
    };
    group.values.insert(name.to_owned(), value);
}

/// `common.Capabilities` as Go encodes it: an entry holds its empty value too, which prost would leave out of a map.
///
/// Tools compare values by their bytes, so the two forms would look like a change.
#[derive(Clone, PartialEq, Message)]
struct GoCapabilities {
    #[prost(message, repeated, tag = "1")]
    capabilities: Vec<GoCapability>,
}

#[derive(Clone, PartialEq, Message)]
struct GoCapability {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<common::Capability>,
}

fn put_capabilities(group: &mut ConfigGroup, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let capability = |name: &String| GoCapability {
        key: name.clone(),
        value: Some(common::Capability {}),
    };
    let capabilities = names.iter().map(capability).collect();
    put(group, CAPABILITIES, &GoCapabilities { capabilities });
}
