//! Step 2: from a chaincode's and its collections' policies to the smallest set of organisations that satisfies them.

use std::collections::BTreeMap;

use ::channel::Bundle;
use lifecycle::{Channel, Namespace, namespace};
use model::{ErrorCode, Refused};
use msp::policy::ApplicationPolicy;
use msp::policy::plan::{Share, smallest};
use prost::Message as _;
use proto::protos::{ChaincodeCall, ChaincodeInterest};
use rwset::StateReader;

use crate::nodes::Peer;

/// Built into every peer: their calls are endorsed, but no definition names a policy for them.
pub(crate) const SYSTEM_CHAINCODES: [&str; 2] = ["cscc", "qscc"];

/// Whether anybody may have the chaincode: it is built in, or defined on the channel.
pub(crate) fn is_defined(reader: &dyn StateReader, chaincode: &str) -> bool {
    SYSTEM_CHAINCODES.contains(&chaincode) || matches!(namespace(reader, chaincode), Ok(Some(_)))
}

/// The interest of a call of which no endorser has said anything yet.
pub(crate) fn plain_interest(chaincode: &str) -> ChaincodeInterest {
    let call = ChaincodeCall {
        name: chaincode.to_owned(),
        ..ChaincodeCall::default()
    };
    ChaincodeInterest {
        chaincodes: vec![call],
    }
}

/// Every policy that endorsements of such a call must satisfy.
///
/// # Errors
/// A code and a sentence: a chaincode or collection that is not defined, a policy that cannot be read.
pub(crate) fn policies(
    bundle: &Bundle,
    reader: &dyn StateReader,
    interest: &ChaincodeInterest,
) -> Result<Vec<ApplicationPolicy>, Refused> {
    let orgs: Vec<(String, String)> = bundle
        .application()
        .orgs
        .iter()
        .map(|org| (org.group_name.clone(), org.msp_id.clone()))
        .collect();
    let channel = Channel {
        id: bundle.channel_id().as_str(),
        orgs: &orgs,
        msps: bundle.msps(),
        policies: bundle.policies(),
    };
    let mut found = Vec::new();
    for call in &interest.chaincodes {
        let namespace = namespace(reader, &call.name)
            .map_err(|error| Refused::new(ErrorCode::EndorsePolicy, error.to_string()))?
            .ok_or_else(|| {
                let text = format!(
                    "chaincode {} is not defined on channel {}",
                    call.name, channel.id
                );
                Refused::new(ErrorCode::ChaincodeNotFound, text)
            })?;
        add_call(&channel, &namespace, call, &mut found)
            .map_err(|text| Refused::new(ErrorCode::EndorsePolicy, text))?;
    }
    Ok(found)
}

fn add_call(
    channel: &Channel<'_>,
    namespace: &Namespace,
    call: &ChaincodeCall,
    found: &mut Vec<ApplicationPolicy>,
) -> Result<(), String> {
    let parse = |bytes: &[u8]| {
        ApplicationPolicy::parse(bytes).map_err(|error| format!("policy of {}: {error}", call.name))
    };
    // A part of the call that writes collections alone is for their policies alone.
    let collections_only = call.no_public_writes && !call.collection_names.is_empty();
    if !call.disregard_namespace_policy && !collections_only {
        found.push(parse(&namespace.policy(channel))?);
    }
    for collection in &call.collection_names {
        let policy = namespace
            .collection_policy(channel, collection)
            .ok_or_else(|| format!("chaincode {} has no collection {collection}", call.name))?;
        found.push(parse(&policy)?);
    }
    for key_policy in &call.key_policies {
        let policy = proto::protos::ApplicationPolicy {
            r#type: Some(proto::protos::application_policy::Type::SignaturePolicy(
                key_policy.clone(),
            )),
        };
        found.push(parse(&policy.encode_to_vec())?);
    }
    Ok(())
}

/// The peers to ask, out of `available`, whose order is that of preference; `None` if all of them are not enough.
pub(crate) fn choose(
    bundle: &Bundle,
    policies: &[ApplicationPolicy],
    available: &[Peer],
) -> Option<Vec<Peer>> {
    let mut shares: Vec<Share> = Vec::new();
    for peer in available {
        match shares.iter_mut().find(|share| share.msp_id == peer.msp_id) {
            Some(share) => share.endorsers += 1,
            None => shares.push(Share {
                msp_id: peer.msp_id.clone(),
                endorsers: 1,
            }),
        }
    }
    let policies: Vec<&ApplicationPolicy> = policies.iter().collect();
    let chosen = smallest(bundle.policies(), &policies, &shares)?;
    let mut wanted: BTreeMap<String, usize> = chosen
        .into_iter()
        .map(|share| (share.msp_id, share.endorsers))
        .collect();
    let take = |peer: &&Peer| match wanted.get_mut(&peer.msp_id) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    Some(available.iter().filter(take).cloned().collect())
}

#[cfg(test)]
mod tests;
