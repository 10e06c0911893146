//! Step 5: the proposal run on one height of the ledger, its reads and writes recorded.

use std::sync::Arc;
use std::time::Instant;

use ledger::Snapshot;
use lifecycle::{Definition, record_reads, scc};
use model::{Block, ErrorCode};
use prost::Message as _;
use proto::msp::SerializedIdentity;
use proto::protos::{Response, SignedProposal};
use runtime::{
    Answer, Entry, Event, Hooks, Invocation, Level, LogLine, Trap, TrapCode, TxContext, Worker,
};
use rwset::{SimulateError, Simulated, Simulator, StateReader as _};

use crate::Error;
use crate::callee::{Refusals, call_hook};
use crate::check::{Joined, Request};
use crate::collections::{Disseminations, collection_hook};
use crate::endorser::Inner;
use crate::syscc::{self, cscc, lifecycle as lifecycle_scc, qscc};

/// Where a chaincode that must be initialised keeps the version it was initialised for, in its own namespace.
const INITIALIZED: &str = "\u{0}\u{10ffff}initialized";

/// What came of running a proposal.
pub(crate) struct Simulation {
    pub(crate) response: Response,
    /// Why, if the response's status is an error.
    pub(crate) code: Option<ErrorCode>,
    pub(crate) event: Option<Event>,
    /// The version of the chaincode that answered.
    pub(crate) version: String,
    /// Height of the ledger that it saw.
    pub(crate) height: u64,
    /// None for calls that have no state: those to the peer itself, and `qscc` and `cscc` always.
    pub(crate) simulated: Option<Simulated>,
}

/// What is left to do for a proposal.
pub(crate) enum Ran {
    /// To answer.
    Answered(Box<Simulation>),
    /// To join the channel that begins with this block.
    Join(Box<Block>),
}

impl Simulation {
    /// An answer without reads and writes.
    pub(crate) fn unrecorded(answer: scc::Answer, version: &str) -> Self {
        Self {
            response: answer.response,
            code: answer.code,
            event: None,
            version: version.to_owned(),
            height: 0,
            simulated: None,
        }
    }
}

/// Runs a proposal on the state that it was admitted on, on a thread of the executor.
///
/// # Errors
/// - [`Error::Failed`]: there is no response to endorse; the text says why, and holds nothing of this machine.
/// - [`Error::Unavailable`], [`Error::Broken`]: this peer could not read what it needed.
pub(crate) fn simulate(
    inner: &Arc<Inner>,
    request: &Arc<Request>,
    snapshot: Option<Snapshot>,
    worker: &Worker<'_>,
) -> Result<Ran, Error> {
    let begun = Instant::now();
    let simulation = match request.proposal.chaincode.as_str() {
        syscc::CSCC => match cscc::invoke(inner, request)? {
            cscc::Reply::Join(block) => return Ok(Ran::Join(block)),
            cscc::Reply::Answer(answer) => Simulation::unrecorded(answer, syscc::SYSTEM_VERSION),
        },
        syscc::QSCC => Simulation::unrecorded(qscc::invoke(inner, request)?, syscc::SYSTEM_VERSION),
        syscc::LIFECYCLE => lifecycle_scc::invoke(inner, request, snapshot, worker)?,
        _ => run_contract(inner, request, snapshot, worker)?,
    };
    inner.metrics.simulated(begun.elapsed());
    Ok(Ran::Answered(Box::new(simulation)))
}

/// What a client is told when its proposal took too long; Fabric's text.
pub(crate) fn timed_out(tx_id: &str) -> Error {
    let reason = format!(
        "failed to execute transaction {tx_id}: error sending: timeout expired while executing transaction"
    );
    Error::in_simulation(ErrorCode::ChaincodeTimeout, reason)
}

fn run_contract(
    inner: &Arc<Inner>,
    request: &Arc<Request>,
    snapshot: Option<Snapshot>,
    worker: &Worker<'_>,
) -> Result<Simulation, Error> {
    let (name, channel) = (&request.proposal.chaincode, request.proposal.channel_id());
    let unfit = |code, reason: &dyn std::fmt::Display| {
        let text = format!(
            "make sure the chaincode {name} has been successfully defined on channel {channel} and try again: {reason}"
        );
        Error::failed(code, text)
    };
    let (Some(joined), Some(snapshot)) = (&request.joined, snapshot) else {
        let reason = "could not get channel config for channel ''";
        return Err(unfit(ErrorCode::ChannelNotFound, &reason));
    };
    let height = snapshot.height();
    let mut simulator = Simulator::new(Box::new(snapshot), request.tx_id.as_str());
    record(record_reads(&mut simulator, name, false))?;
    let found = inner
        .contracts
        .find(simulator.reader(), &joined.channel, name)?;
    let runnable = found.map_err(|reason| unfit(reason.code(), &reason))?;
    let is_init = request.proposal.input.is_init;
    let entry = entry(&mut simulator, &runnable.definition, is_init)?.map_err(|reason| {
        let tx_id = &request.tx_id;
        Error::in_simulation(
            ErrorCode::ChaincodeNotInitialized,
            format_args!("failed to execute transaction {tx_id}: invalid invocation: {reason}"),
        )
    })?;
    let contract = inner.contracts.load(&runnable.package_id)?;
    let (disseminations, refusals) = (Disseminations::default(), Refusals::default());
    let invocation = Invocation {
        contract,
        namespace: name.clone(),
        channel: channel.to_owned(),
        entry,
        args: request.proposal.input.args.clone(),
        context: Arc::new(context(request)),
        simulator,
        hooks: Hooks {
            collection: collection_hook(inner, request, &disseminations),
            call: call_hook(inner, request, &refusals),
        },
    };
    let outcome = worker.invoke(invocation);
    write_log(joined, &outcome.log);
    refusals.refuse()?;
    let answer = outcome
        .result
        .map_err(|trap| trapped(request.tx_id.as_str(), trap))?;
    let Answer {
        reply,
        event,
        simulator,
    } = answer;
    let simulated = simulator.finish()?;
    disseminations.refuse_unreachable(simulated.private.as_ref())?;
    let response = Response {
        status: reply.status,
        message: reply.message,
        payload: reply.payload,
    };
    Ok(Simulation {
        code: refusals.code_of(&response),
        response,
        event,
        version: runnable.definition.version.clone(),
        height,
        simulated: Some(simulated),
    })
}

/// Which function of the contract to call; the error is Fabric's text. Records what the answer depends on.
pub(crate) fn entry(
    simulator: &mut Simulator,
    definition: &Definition,
    is_init: bool,
) -> Result<Result<Entry, String>, SimulateError> {
    let name = &definition.name;
    if !definition.init_required {
        return Ok(if is_init {
            Err(format!(
                "chaincode '{name}' does not require initialization but called as init"
            ))
        } else {
            Ok(Entry::Invoke)
        });
    }
    let version = definition.version.as_bytes();
    let done = simulator.get_state(name, INITIALIZED)?;
    let is_done = done.is_some_and(|done| done == version);
    Ok(match (is_init, is_done) {
        (true, false) => {
            simulator.put_state(name, INITIALIZED, version.to_vec().into())?;
            Ok(Entry::Init)
        }
        (true, true) => Err(format!(
            "chaincode '{name}' is already initialized but called as init"
        )),
        (false, true) => Ok(Entry::Invoke),
        (false, false) => Err(format!(
            "chaincode '{name}' has not been initialized for this version, must call as init first"
        )),
    })
}

/// Reads of the definition fail only with the state.
pub(crate) fn record(done: Result<(), lifecycle::Error>) -> Result<(), Error> {
    done.map_err(|error| match error {
        lifecycle::Error::State(error) => error.into(),
        other => Error::in_simulation(other.code(), other),
    })
}

/// What the chaincode is told of the proposal. As in Fabric, decorations come from the peer and never from the client;
/// this peer adds none.
fn context(request: &Request) -> TxContext {
    let proposal = &request.proposal;
    let creator = SerializedIdentity::decode(proposal.creator().clone()).unwrap_or_default();
    let signed = SignedProposal {
        proposal_bytes: proposal.bytes.clone(),
        signature: proposal.signature.clone(),
    };
    TxContext {
        tx_id: request.tx_id.as_str().to_owned(),
        creator_msp_id: creator.mspid,
        creator_certificate: creator.id_bytes,
        timestamp: proposal.timestamp().unwrap_or_default(),
        transient: proposal.transient.clone(),
        binding: proposal.binding().to_vec().into(),
        signed_proposal: signed.encode_to_vec().into(),
        ..TxContext::default()
    }
}

/// What a client learns of a chaincode that gave no response: the guest's own panic, or the trap's code and words.
fn trapped(tx_id: &str, trap: Trap) -> Error {
    let code = trap.code.error_code();
    match trap.code {
        TrapCode::Deadline => timed_out(tx_id),
        TrapCode::Host => {
            let detail = trap.detail.unwrap_or(trap.message);
            Error::Unavailable(detail.into())
        }
        _ if trap.message.starts_with("chaincode panicked: ") => Error::failed(code, trap.message),
        kind => Error::failed(code, format!("{kind}: {}", trap.message)),
    }
}

/// Gives the operator what the chaincodes wrote, from level info on as a line of this peer's at level info.
fn write_log(joined: &Joined, lines: &[LogLine]) {
    let channel = joined.bundle.channel_id();
    for line in lines {
        let (chaincode, level, text) = (&line.chaincode, line.level, &line.text);
        if level >= Level::Info {
            tracing::info!(%channel, chaincode, ?level, text, "chaincode says");
        } else {
            tracing::debug!(%channel, chaincode, ?level, text, "chaincode says");
        }
    }
}
