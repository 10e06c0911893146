//! Chaincode that calls chaincode: who may, and what runs.

use std::sync::Arc;

use ::channel::Resource;
use lifecycle::record_reads;
use runtime::{CallHook, CallRefused, CallRequest, Callee, Reply};
use rwset::{SimulateError, Simulator, StateError};

use crate::check::Request;
use crate::collections::bundle;
use crate::contracts::Runnable;
use crate::endorser::Inner;
use crate::simulate::entry;
use crate::{Error, syscc};

/// Finds the chaincodes that those of one proposal call.
///
/// The callee's definition is read as Fabric reads it: through the simulator that will record the callee, so on the
/// caller's channel it becomes a part of the transaction.
pub(crate) fn call_hook(inner: &Arc<Inner>, request: &Arc<Request>) -> CallHook {
    let (inner, request) = (Arc::clone(inner), Arc::clone(request));
    Box::new(move |call: CallRequest<'_>| find(&inner, &request, call))
}

fn find(inner: &Inner, request: &Request, call: CallRequest<'_>) -> Result<Callee, CallRefused> {
    let CallRequest {
        chaincode,
        channel,
        same_channel,
        args: _,
        simulator,
    } = call;
    if let Some(answer) = system(chaincode, request) {
        return answer;
    }
    let tx_id = request.tx_id.as_str();
    let failed = |reason: &dyn std::fmt::Display| {
        format!("INVOKE_CHAINCODE failed: transaction ID: {tx_id}: {reason}")
    };
    let bundle = bundle(inner, request, channel);
    let resource = Resource::ChaincodeToChaincode.name();
    inner
        .access
        .check_in(resource, channel, bundle.as_deref(), &request.caller)
        .map_err(|reason| CallRefused::AccessDenied(failed(&reason)))?;
    if same_channel {
        let runnable = prepare(inner, channel, chaincode, simulator, &failed)?;
        return callee(inner, &runnable, None, &failed);
    }
    let Some(other) = inner.channels().get(channel) else {
        let reason = format!("failed to find ledger for channel: {channel}");
        return Err(CallRefused::NotFound(failed(&reason)));
    };
    let snapshot = other.ledger().snapshot().map_err(StateError::from);
    let snapshot = snapshot.map_err(CallRefused::State)?;
    let mut simulator = Box::new(Simulator::new(Box::new(snapshot), tx_id));
    let runnable = prepare(inner, channel, chaincode, &mut simulator, &failed)?;
    callee(inner, &runnable, Some(simulator), &failed)
}

type Words<'a> = &'a dyn Fn(&dyn std::fmt::Display) -> String;

/// Finds the callee's definition and checks that it may be called now.
fn prepare(
    inner: &Inner,
    channel: &str,
    chaincode: &str,
    simulator: &mut Simulator,
    failed: Words<'_>,
) -> Result<Runnable, CallRefused> {
    match record_reads(simulator, chaincode, false) {
        Err(lifecycle::Error::State(error)) => return Err(CallRefused::State(error)),
        Err(other) => return Err(CallRefused::Failed(failed(&other))),
        Ok(()) => {}
    }
    let found = inner.contracts.find(simulator.reader(), channel, chaincode);
    let runnable = found.map_err(CallRefused::State)?.map_err(|unfit| {
        CallRefused::NotFound(failed(&format_args!(
            "execute failed: invalid invocation: [channel {channel}] failed to get chaincode container info for \
             {chaincode}: {unfit}"
        )))
    })?;
    let entry = entry(simulator, &runnable.definition, false).map_err(|error| match error {
        SimulateError::State(error) => CallRefused::State(error),
        other => CallRefused::Failed(failed(&other)),
    })?;
    entry.map_err(|reason| {
        CallRefused::Failed(failed(&format_args!(
            "execute failed: invalid invocation: {reason}"
        )))
    })?;
    Ok(runnable)
}

fn callee(
    inner: &Inner,
    runnable: &Runnable,
    simulator: Option<Box<Simulator>>,
    failed: Words<'_>,
) -> Result<Callee, CallRefused> {
    let contract = inner.contracts.load(&runnable.package_id);
    let contract = contract.map_err(|error| match error {
        Error::Failed(reason) => CallRefused::Failed(failed(&reason)),
        other => CallRefused::State(StateError::new(other)),
    })?;
    Ok(Callee::Contract {
        contract,
        namespace: runnable.definition.name.clone(),
        simulator,
    })
}

/// The peer's own chaincodes, which answer no other chaincode: `cscc` and `qscc` say so in a response, as in Fabric; and
/// `_lifecycle` is not for a chaincode to use in its caller's name.
fn system(chaincode: &str, request: &Request) -> Option<Result<Callee, CallRefused>> {
    let caller = &request.proposal.chaincode;
    let message = match chaincode {
        syscc::CSCC => format!(
            "Rejecting invoke of CSCC from another chaincode, original invocation for '{caller}'"
        ),
        syscc::QSCC => format!(
            "Rejecting invoke of QSCC from another chaincode because of potential for deadlocks, original invocation \
             for '{caller}'"
        ),
        syscc::LIFECYCLE => {
            let text = "system chaincode _lifecycle cannot be invoked with a cc2cc invocation";
            return Some(Err(CallRefused::AccessDenied(text.to_owned())));
        }
        _ => return None,
    };
    Some(Ok(Callee::Answered(Reply {
        status: 500,
        message,
        payload: bytes::Bytes::new(),
    })))
}
