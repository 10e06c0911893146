//! Changes that no set of signatures can make.

use std::collections::BTreeSet;

use proto::FromWire;
use proto::etcdraft::ConfigMetadata;

use crate::{
    Bundle, Error, duration, names,
    orderer::{ConsensusState, Consenter},
};

/// What both peers and orderers refuse: Fabric's `Bundle.ValidateNew`. That both groups are there, a bundle always checks.
pub(super) fn check(current: &Bundle, next: &Bundle) -> Result<(), Error> {
    let (old, new) = (current.orderer(), next.orderer());
    if old.consensus_type != new.consensus_type && !current.capabilities().endpoints_by_org() {
        return Err(Error::Refused(format!(
            "attempted to change consensus type from {} to {}",
            old.consensus_type, new.consensus_type
        )));
    }
    let orderers = |bundle: &Bundle| -> Vec<(String, String)> {
        let orgs = &bundle.orderer().orgs;
        orgs.iter()
            .map(|org| (org.group_name.clone(), org.msp_id.clone()))
            .collect()
    };
    let applications = |bundle: &Bundle| -> Vec<(String, String)> {
        let orgs = &bundle.application().orgs;
        orgs.iter()
            .map(|org| (org.group_name.clone(), org.msp_id.clone()))
            .collect()
    };
    same_msp_ids("orderer", &orderers(current), &orderers(next))?;
    same_msp_ids("application", &applications(current), &applications(next))?;
    let newly_v3_0 = next.capabilities().v3_0() && !current.capabilities().v3_0();
    let unreachable = new.orgs.iter().find(|org| org.endpoints.is_empty());
    if let Some(org) = unreachable.filter(|_| newly_v3_0) {
        return Err(Error::Refused(format!(
            "endpoints of orderer org {} are missing, they are required with V3_0 capability",
            org.group_name
        )));
    }
    Ok(())
}

fn same_msp_ids(
    kind: &str,
    current: &[(String, String)],
    next: &[(String, String)],
) -> Result<(), Error> {
    for (name, old) in current {
        let new = next.iter().find(|(other, _)| other == name);
        if let Some((_, new)) = new.filter(|(_, new)| new != old) {
            return Err(Error::Refused(format!(
                "{kind} org {name} attempted to change MSP ID from {old} to {new}"
            )));
        }
    }
    Ok(())
}

/// What only orderers refuse: consensus that could not go on.
pub(super) fn check_consensus(current: &Bundle, next: &Bundle) -> Result<(), Error> {
    let (old, new) = (current.orderer(), next.orderer());
    if old.consensus_type != new.consensus_type {
        if old.state != ConsensusState::Maintenance {
            return Err(Error::Refused(format!(
                "attempted to change consensus type from {} to {}, but current config ConsensusType.State is not in maintenance mode",
                old.consensus_type, new.consensus_type
            )));
        }
        if new.state != ConsensusState::Maintenance {
            return Err(Error::Refused(format!(
                "attempted to change ConsensusType.Type from {} to {}, but ConsensusType.State is changing",
                old.consensus_type, new.consensus_type
            )));
        }
    }
    if new.consensus_type != names::ETCDRAFT {
        return Err(Error::Refused(format!(
            "consensus type {} is not supported by this orderer",
            new.consensus_type
        )));
    }
    raft_metadata(next)
        .and_then(|()| one_change(&old.consenters, &new.consenters))
        .map_err(|error| {
            error.refusing("consensus metadata update for channel config update is invalid")
        })
}

/// The rules Raft itself has: Fabric's `etcdraft.VerifyConfigMetadata`.
fn raft_metadata(next: &Bundle) -> Result<(), Error> {
    let refuse = |reason: &str| Err(Error::Refused(reason.to_owned()));
    let metadata = ConfigMetadata::from_wire(next.orderer().consensus_metadata.clone())
        .map_err(Error::malformed("etcdraft metadata of ConsensusType"))?;
    let Some(options) = metadata.options else {
        return refuse("nil Raft config metadata options");
    };
    if options.heartbeat_tick == 0
        || options.election_tick == 0
        || options.max_inflight_blocks == 0
        || options.snapshot_interval_size == 0
    {
        return refuse(
            "none of the Raft options HeartbeatTick, ElectionTick, MaxInflightBlocks, SnapshotIntervalSize can be zero",
        );
    }
    if options.election_tick <= options.heartbeat_tick {
        return refuse("ElectionTick must be greater than HeartbeatTick");
    }
    if duration::parse(&options.tick_interval).is_none() {
        return refuse("failed to parse TickInterval to a positive time duration");
    }
    if metadata.consenters.is_empty() {
        return refuse("empty consenter set");
    }
    let mut seen = BTreeSet::new();
    for consenter in &metadata.consenters {
        if consenter.client_tls_cert.is_empty() || consenter.server_tls_cert.is_empty() {
            return refuse("a consenter's TLS certificate is missing");
        }
        if !seen.insert((&consenter.client_tls_cert, &consenter.server_tls_cert)) {
            return refuse("duplicate consenter");
        }
    }
    Ok(())
}

/// Raft keeps its safety when one member at a time comes, goes, or is replaced.
fn one_change(old: &[Consenter], new: &[Consenter]) -> Result<(), Error> {
    let certificates = |consenters: &[Consenter]| -> BTreeSet<_> {
        consenters
            .iter()
            .map(|c| (c.client_tls_cert.clone(), c.server_tls_cert.clone()))
            .collect()
    };
    let (old, new) = (certificates(old), certificates(new));
    let added = new.difference(&old).count();
    let removed = old.difference(&new).count();
    if added > 1 || removed > 1 {
        return Err(Error::Refused(format!(
            "update of more than one consenter at a time is not supported, requested changes: add {added} node(s), remove {removed} node(s)"
        )));
    }
    Ok(())
}
