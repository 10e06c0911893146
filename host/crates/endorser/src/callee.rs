//! Chaincode that calls chaincode: who may, and what runs.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::channel::Resource;
use joined::Channel;
use lifecycle::record_reads;
use model::ErrorCode;
use proto::protos::Response;
use runtime::{CallHook, CallRefused, CallRequest, Callee, Reply};
use rwset::{SimulateError, Simulator, StateError};

use crate::check::Request;
use crate::collections::bundle;
use crate::contracts::{Runnable, Unfit};
use crate::endorser::Inner;
use crate::simulate::entry;
use crate::{Error, contract, syscc};

/// Refusals of calls that are kept; a chaincode that is refused more often does not give up at the first ones.
const REFUSALS_KEPT: usize = 16;

/// The calls of one transaction that were refused.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<Refused>>);

#[derive(Default)]
struct Refused {
    /// What the transaction would have needed and this very peer lacks: a package, its organisation's approval, a
    /// channel. Other peers may have it. So whatever the calling chaincode makes of the refusal, its answer is not
    /// endorsed.
    lacking: Option<model::Refused>,
    /// What the calling chaincodes were told.
    told: Vec<model::Refused>,
}

impl Refusals {
    fn lock(&self) -> MutexGuard<'_, Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// [`Error::Failed`] with the first thing that was lacking.
    pub(crate) fn refuse(&self) -> Result<(), Error> {
        let lacking = self.lock().lacking.take();
        lacking.map_or(Ok(()), |refused| {
            Err(Error::in_simulation(refused.code, refused.text))
        })
    }

    /// Why a chaincode answered with an error: a refused call whose text it hands on, or a reason of its own.
    pub(crate) fn code_of(&self, response: &Response) -> Option<ErrorCode> {
        let own = contract::code_of(response)?;
        let told = &self.lock().told;
        let handed_on = told
            .iter()
            .find(|refused| response.message.contains(&refused.text));
        Some(handed_on.map_or(own, |refused| refused.code))
    }
}

/// Finds the chaincodes that those of one proposal call.
///
/// The callee's definition is read as Fabric reads it: through the simulator that will record the callee, so on the
/// caller's channel it becomes a part of the transaction.
pub(crate) fn call_hook(
    inner: &Arc<Inner>,
    request: &Arc<Request>,
    refusals: &Refusals,
) -> CallHook {
    let (inner, request) = (Arc::clone(inner), Arc::clone(request));
    let refusals = refusals.clone();
    Box::new(move |call: CallRequest<'_>| {
        let search = Search {
            inner: &inner,
            request: &request,
            refusals: &refusals,
        };
        match system(call.chaincode, &request.proposal.chaincode) {
            Some(answer) => answer,
            None => search.find(call),
        }
    })
}

/// Looks for one callee.
struct Search<'a> {
    inner: &'a Inner,
    request: &'a Request,
    refusals: &'a Refusals,
}

impl Search<'_> {
    fn find(&self, call: CallRequest<'_>) -> Result<Callee, CallRefused> {
        let CallRequest {
            chaincode, channel, ..
        } = call;
        self.authorize(channel)?;
        if call.same_channel {
            let own = self.ledger_of(channel)?;
            let runnable = self.prepare(&own, chaincode, call.simulator)?;
            return self.callee(&runnable, None);
        }
        let other = self.ledger_of(channel)?;
        let snapshot = other.ledger().snapshot().map_err(StateError::from);
        let snapshot = snapshot.map_err(CallRefused::State)?;
        let tx_id = self.request.tx_id.as_str();
        let mut simulator = Box::new(Simulator::new(Box::new(snapshot), tx_id));
        let runnable = self.prepare(&other, chaincode, &mut simulator)?;
        self.callee(&runnable, Some(simulator))
    }

    fn ledger_of(&self, channel: &str) -> Result<Channel, CallRefused> {
        self.inner.channels().get(channel).ok_or_else(|| {
            let reason = format!("failed to find ledger for channel: {channel}");
            CallRefused::NotFound(self.lacks(ErrorCode::ChannelNotFound, &reason))
        })
    }

    fn authorize(&self, channel: &str) -> Result<(), CallRefused> {
        let bundle = bundle(self.inner, self.request, channel);
        let resource = Resource::ChaincodeToChaincode.name();
        let caller = &self.request.caller;
        let checked = self
            .inner
            .access
            .check_in(resource, channel, bundle.as_deref(), caller);
        checked.map_err(|reason| {
            CallRefused::AccessDenied(match bundle {
                Some(_) => self.failed(reason.code, &reason),
                None => self.lacks(reason.code, &reason),
            })
        })
    }

    /// Finds the callee's definition and checks that it may be called now.
    fn prepare(
        &self,
        channel: &Channel,
        chaincode: &str,
        simulator: &mut Simulator,
    ) -> Result<Runnable, CallRefused> {
        record_reads(simulator, chaincode, false).map_err(|error| match error {
            lifecycle::Error::State(error) => CallRefused::State(error),
            other => CallRefused::Failed(self.failed(other.code(), &other)),
        })?;
        let contracts = &self.inner.contracts;
        let found = contracts.find(simulator.reader(), channel, chaincode);
        let runnable = found.map_err(CallRefused::State)?.map_err(|unfit| {
            let reason = format!(
                "execute failed: invalid invocation: [channel {}] failed to get chaincode container info for \
                 {chaincode}: {unfit}",
                channel.id()
            );
            CallRefused::NotFound(match unfit {
                Unfit::Undefined { .. } => self.failed(unfit.code(), &reason),
                Unfit::NotApproved { .. } | Unfit::NotInstalled { .. } => {
                    self.lacks(unfit.code(), &reason)
                }
            })
        })?;
        let entry = entry(simulator, &runnable.definition, false).map_err(|error| match error {
            SimulateError::State(error) => CallRefused::State(error),
            other => CallRefused::Failed(self.failed(ErrorCode::ChaincodeFailed, &other)),
        })?;
        entry.map_err(|reason| {
            let reason = format!("execute failed: invalid invocation: {reason}");
            CallRefused::Failed(self.failed(ErrorCode::ChaincodeNotInitialized, &reason))
        })?;
        Ok(runnable)
    }

    fn callee(
        &self,
        runnable: &Runnable,
        simulator: Option<Box<Simulator>>,
    ) -> Result<Callee, CallRefused> {
        let contract = self.inner.contracts.load(&runnable.package_id);
        let contract = contract.map_err(|error| match error {
            Error::Failed(refused) => CallRefused::Failed(self.lacks(refused.code, &refused)),
            other => CallRefused::State(StateError::new(other)),
        })?;
        Ok(Callee::Contract {
            contract,
            namespace: runnable.definition.name.clone(),
            simulator,
        })
    }

    /// A refusal that all peers give, in Fabric's words.
    fn failed(&self, code: ErrorCode, reason: &dyn Display) -> String {
        let tx_id = &self.request.tx_id;
        let text = format!("INVOKE_CHAINCODE failed: transaction ID: {tx_id}: {reason}");
        let told = &mut self.refusals.lock().told;
        if told.len() < REFUSALS_KEPT {
            told.push(model::Refused::new(code, text.clone()));
        }
        text
    }

    /// A refusal that another peer may not give.
    fn lacks(&self, code: ErrorCode, reason: &dyn Display) -> String {
        let text = self.failed(code, reason);
        let lacking = &mut self.refusals.lock().lacking;
        lacking.get_or_insert_with(|| model::Refused::new(code, text.clone()));
        text
    }
}

/// The peer's own chaincodes, which answer no other chaincode: `cscc` and `qscc` say so in a response, as in Fabric; and
/// `_lifecycle` is not for a chaincode to use in its caller's name.
fn system(chaincode: &str, caller: &str) -> Option<Result<Callee, CallRefused>> {
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
