//! A call from outside: a transaction's one outermost chaincode, from arguments to what is endorsed.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rwset::Simulator;

use crate::Contract;
use crate::context::{Hooks, TxContext};
use crate::guest::{Entry, Event, Guest, Transaction};
use crate::host::types::Response;
use crate::instance;
use crate::log::{Log, LogLine};
use crate::trap::{Trap, TrapCode};
use crate::world;

/// Everything that one transaction needs to run.
pub struct Invocation {
    /// The code of the chaincode that the client named.
    pub contract: Arc<Contract>,
    /// The chaincode's name, which is where its state is.
    pub namespace: String,
    /// The channel it runs on.
    pub channel: String,
    /// Which of the contract's functions.
    pub entry: Entry,
    /// The arguments, the function's name first.
    pub args: Vec<Bytes>,
    /// What the proposal says.
    pub context: Arc<TxContext>,
    /// Records the reads and writes.
    pub simulator: Simulator,
    /// Answers what the runtime does not know.
    pub hooks: Hooks,
}

/// How a transaction ran.
#[derive(Debug)]
pub struct Outcome {
    /// The answer, or why there is none. Without an answer there is no read-write set.
    pub result: Result<Answer, Trap>,
    /// Fuel used, by called chaincodes too; all of it after a trap.
    pub fuel_used: u64,
    /// What the chaincodes wrote for the operator, in the order of time.
    pub log: Vec<LogLine>,
}

/// What a chaincode answered, whether it was content or not.
pub struct Answer {
    /// The response.
    pub reply: Reply,
    /// The event it set last.
    pub event: Option<Event>,
    /// What it read and wrote.
    pub simulator: Simulator,
}

/// A chaincode's response: Fabric's `peer.Response`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599; below 400 the transaction is endorsed.
    pub status: i32,
    /// For people, above all when the status is an error.
    pub message: String,
    /// For the client.
    pub payload: Bytes,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { reply, event, .. } = self;
        f.debug_struct("Answer")
            .field("reply", reply)
            .field("event", event)
            .finish_non_exhaustive()
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self {
            status: response.status,
            message: response.message,
            payload: response.payload,
        }
    }
}

/// Runs a transaction on this thread, whose stack must be as large as the executor makes it.
pub(crate) fn invoke(
    engine: &wasmtime::Engine,
    invocation: Invocation,
    deadline: Instant,
) -> Outcome {
    let Invocation {
        contract,
        namespace,
        channel,
        entry,
        args,
        context,
        simulator,
        hooks,
    } = invocation;
    if let Err(error) = instance::check_args(&args) {
        let trap = Trap::with_message(TrapCode::ArgumentsTooLong, error.message);
        return Outcome {
            result: Err(trap),
            fuel_used: 0,
            log: Vec::new(),
        };
    }
    let transaction = Box::new(Transaction {
        context,
        simulator: Some(Box::new(simulator)),
        hooks,
        stack: vec![(channel.clone(), namespace.clone())],
        log: Log::default(),
        deadline,
    });
    let guest = Guest::new(namespace, channel, entry, transaction);
    let done = instance::run(engine, &contract, guest, world::FUEL_PER_CALL, &args);
    let fuel_used = world::FUEL_PER_CALL.saturating_sub(done.fuel_left);
    let ended = match done.ended {
        Ok(ended) => ended,
        Err(abort) => {
            let result = Err(done
                .result
                .err()
                .unwrap_or_else(|| Trap::of_call(abort.into())));
            return Outcome {
                result,
                fuel_used: world::FUEL_PER_CALL,
                log: Vec::new(),
            };
        }
    };
    let Transaction { simulator, log, .. } = *ended.transaction;
    let result = done.result.and_then(|response| match simulator {
        Some(simulator) => Ok(Answer {
            reply: response.into(),
            event: ended.event,
            simulator: *simulator,
        }),
        None => Err(Trap::new(TrapCode::Host)),
    });
    Outcome {
        result,
        fuel_used,
        log: log.into_lines(),
    }
}

/// Asks a contract for its metadata, outside any transaction.
pub(crate) fn metadata(
    engine: &wasmtime::Engine,
    contract: &Contract,
    deadline: Instant,
) -> Result<String, Trap> {
    let transaction = Box::new(Transaction {
        context: Arc::default(),
        simulator: None,
        hooks: Hooks::none(),
        stack: Vec::new(),
        log: Log::default(),
        deadline,
    });
    let guest = Guest::new(String::new(), String::new(), Entry::Invoke, transaction);
    instance::metadata(engine, contract, guest, world::FUEL_PER_CALL).result
}
