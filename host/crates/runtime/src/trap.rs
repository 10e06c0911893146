//! How a call ends that gave no response.

use std::fmt;

use model::ErrorCode;
use rwset::StateError;

/// Why a call ended without a response. The code is stable, the message is for people.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Trap {
    /// The sort of end; equal on all peers where [`TrapCode::is_deterministic`] says so.
    pub code: TrapCode,
    /// What the client may be told. It holds nothing of this node: no path, no address, no key's value.
    pub message: String,
    /// What only the log may hold: the storage's or the engine's own words.
    pub detail: Option<String>,
}

/// The sorts of ends without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrapCode {
    /// The fuel of the call is used up.
    OutOfFuel,
    /// The guest called itself too deeply.
    StackExhausted,
    /// `unreachable` was reached: a panic, an abort, or memory that ran out.
    Unreachable,
    /// Memory was touched outside its bounds.
    MemoryOutOfBounds,
    /// A table was touched outside its bounds.
    TableOutOfBounds,
    /// An indirect call found no function.
    IndirectCallToNull,
    /// An indirect call found a function of another type.
    BadSignature,
    /// An integer operation overflowed.
    IntegerOverflow,
    /// An integer was divided by zero.
    DivisionByZero,
    /// A float does not fit into an integer.
    BadConversion,
    /// The guest broke the rules by which components pass values: a pointer, a handle, an encoding.
    CanonicalAbi,
    /// A feature that is not allowed here was reached; validation should have refused it.
    DisabledFeature,
    /// The arguments are more or longer than the world allows.
    ArgumentsTooLong,
    /// The response's status, message or payload is outside what the world allows.
    BadResponse,
    /// The guest used the ledger outside a transaction.
    OutsideTransaction,
    /// The guest ended itself through WASI's exit.
    Exited,
    /// The call took longer than its deadline.
    Deadline,
    /// This host failed: its storage, its memory, the engine.
    Host,
}

impl TrapCode {
    /// Gives the stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OutOfFuel => "out-of-fuel",
            Self::StackExhausted => "stack-exhausted",
            Self::Unreachable => "unreachable",
            Self::MemoryOutOfBounds => "memory-out-of-bounds",
            Self::TableOutOfBounds => "table-out-of-bounds",
            Self::IndirectCallToNull => "indirect-call-to-null",
            Self::BadSignature => "bad-signature",
            Self::IntegerOverflow => "integer-overflow",
            Self::DivisionByZero => "division-by-zero",
            Self::BadConversion => "bad-conversion",
            Self::CanonicalAbi => "canonical-abi",
            Self::DisabledFeature => "disabled-feature",
            Self::ArgumentsTooLong => "arguments-too-long",
            Self::BadResponse => "bad-response",
            Self::OutsideTransaction => "outside-transaction",
            Self::Exited => "exited",
            Self::Deadline => "deadline",
            Self::Host => "host-failure",
        }
    }

    /// Says whether every peer that runs the same call on the same state ends it in the same way.
    ///
    /// An end that is not ends the whole transaction, also in a called chaincode: its caller must not go on from
    /// what other peers never saw. The native stack differs between architectures, time and storage between peers.
    pub fn is_deterministic(self) -> bool {
        !matches!(self, Self::StackExhausted | Self::Deadline | Self::Host)
    }

    /// The code under which a caller hears of it.
    pub fn error_code(self) -> ErrorCode {
        match self {
            Self::ArgumentsTooLong => ErrorCode::RequestTooLarge,
            Self::Deadline => ErrorCode::ChaincodeTimeout,
            Self::Host => ErrorCode::NodeUnavailable,
            _ => ErrorCode::ChaincodeTrapped,
        }
    }

    fn of(trap: wasmtime::Trap) -> Self {
        use wasmtime::Trap as T;
        match trap {
            T::OutOfFuel => Self::OutOfFuel,
            T::StackOverflow => Self::StackExhausted,
            T::UnreachableCodeReached => Self::Unreachable,
            T::MemoryOutOfBounds => Self::MemoryOutOfBounds,
            T::TableOutOfBounds => Self::TableOutOfBounds,
            T::IndirectCallToNull => Self::IndirectCallToNull,
            T::BadSignature => Self::BadSignature,
            T::IntegerOverflow => Self::IntegerOverflow,
            T::IntegerDivisionByZero => Self::DivisionByZero,
            T::BadConversionToInteger => Self::BadConversion,
            T::Interrupt => Self::Deadline,
            T::CannotEnterComponent
            | T::CannotLeaveComponent
            | T::InvalidChar
            | T::DebugAssertStringEncodingFinished
            | T::DebugAssertEqualCodeUnits
            | T::DebugAssertPointerAligned
            | T::DebugAssertUpperBitsUnset
            | T::StringOutOfBounds
            | T::ListOutOfBounds
            | T::InvalidDiscriminant
            | T::UnalignedPointer
            | T::ReferenceCountOverflow => Self::CanonicalAbi,
            // Threads, GC, exceptions, stack switching and async components are refused before they are compiled.
            T::HeapMisaligned
            | T::AtomicWaitNonSharedMemory
            | T::NullReference
            | T::ArrayOutOfBounds
            | T::AllocationTooLarge
            | T::CastFailure
            | T::NoAsyncResult
            | T::UnhandledTag
            | T::ContinuationAlreadyConsumed
            | T::DisabledOpcode
            | T::AsyncDeadlock
            | T::CannotBlockSyncTask
            | T::TaskCancelNotCancelled
            | T::TaskCancelOrReturnTwice
            | T::SubtaskCancelAfterTerminal
            | T::TaskReturnInvalid
            | T::WaitableSetDropHasWaiters
            | T::SubtaskDropNotResolved
            | T::ThreadNewIndirectInvalidType
            | T::ThreadNewIndirectUninitialized
            | T::BackpressureOverflow
            | T::UnsupportedCallbackCode
            | T::CannotResumeThread
            | T::ConcurrentFutureStreamOp
            | T::StreamOpTooBig
            | T::WaitableSyncAndAsync
            | T::UncaughtException => Self::DisabledFeature,
            // A trap that a later wasmtime knows: until it stands above, nothing is promised about it.
            _ => Self::Host,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::OutOfFuel => "the chaincode used up its fuel",
            Self::StackExhausted => "the chaincode used up its stack",
            Self::Unreachable => "the chaincode panicked",
            Self::MemoryOutOfBounds => "the chaincode touched memory outside its bounds",
            Self::TableOutOfBounds => "the chaincode touched a table outside its bounds",
            Self::IndirectCallToNull => "the chaincode called a function that is not there",
            Self::BadSignature => "the chaincode called a function of another type",
            Self::IntegerOverflow => "an integer overflowed in the chaincode",
            Self::DivisionByZero => "the chaincode divided by zero",
            Self::BadConversion => "a float in the chaincode does not fit into an integer",
            Self::CanonicalAbi => "the chaincode passed a value that breaks the component ABI",
            Self::DisabledFeature => "the chaincode used a feature that is not allowed",
            Self::ArgumentsTooLong => "the arguments are too many or too long",
            Self::BadResponse => "the chaincode's response is outside the limits",
            Self::OutsideTransaction => "the chaincode used the ledger outside a transaction",
            Self::Exited => "the chaincode ended itself",
            Self::Deadline => "timeout expired while executing transaction",
            Self::Host => "this peer could not run the chaincode",
        }
    }
}

impl fmt::Display for TrapCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Trap {
    /// Makes a trap with the words of its code.
    pub(crate) fn new(code: TrapCode) -> Self {
        Self {
            code,
            message: code.words().to_owned(),
            detail: None,
        }
    }

    /// Makes a trap that says more than its code does.
    pub(crate) fn with_message(code: TrapCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
        }
    }

    fn host(detail: String) -> Self {
        Self {
            detail: Some(detail),
            ..Self::new(TrapCode::Host)
        }
    }

    /// Says how a running call ended, from what wasmtime gives back.
    pub(crate) fn of_call(error: wasmtime::Error) -> Self {
        Self::of(error, |error| Self {
            detail: Some(format!("{error:#}")),
            ..Self::new(TrapCode::CanonicalAbi)
        })
    }

    /// Says why a contract could not be instantiated; what no instruction of the guest caused is the host's.
    pub(crate) fn of_instantiation(error: wasmtime::Error) -> Self {
        Self::of(error, |error| Self::host(format!("{error:#}")))
    }

    fn of(error: wasmtime::Error, otherwise: impl FnOnce(wasmtime::Error) -> Self) -> Self {
        match error.downcast::<Abort>() {
            Ok(Abort::Trap(trap)) => trap,
            Ok(Abort::State(cause)) => Self::host(with_causes(&cause)),
            Ok(Abort::Broken(what)) => Self::host(what.to_owned()),
            Err(error) => match error.downcast_ref::<wasmtime::Trap>() {
                Some(trap) => Self::new(TrapCode::of(*trap)),
                None => otherwise(error),
            },
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Ends a call from within a host function.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Abort {
    /// With this trap.
    #[error(transparent)]
    Trap(Trap),
    /// Because the state could not be read.
    #[error(transparent)]
    State(StateError),
    /// Because a part of the host is not where another left it.
    #[error("{0}")]
    Broken(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = wasmtime::Trap> {
        (0..=u8::MAX).filter_map(wasmtime::Trap::from_u8)
    }

    #[test]
    fn every_trap_that_wasmtime_knows_has_a_code_of_its_own_or_a_reason() {
        assert!(all().count() > 40, "wasmtime's traps are not enumerated");
        for trap in all() {
            assert_ne!(TrapCode::of(trap), TrapCode::Host, "{trap:?} is not mapped");
        }
    }

    #[test]
    fn a_trap_is_the_chaincodes_matter_unless_time_or_the_host_ended_it() {
        for code in all().map(TrapCode::of) {
            let expected = match code {
                TrapCode::Deadline => ErrorCode::ChaincodeTimeout,
                _ => ErrorCode::ChaincodeTrapped,
            };
            assert_eq!(code.error_code(), expected, "{code}");
        }
        let others = [
            TrapCode::Host,
            TrapCode::ArgumentsTooLong,
            TrapCode::BadResponse,
        ];
        let expected = [
            ErrorCode::NodeUnavailable,
            ErrorCode::RequestTooLarge,
            ErrorCode::ChaincodeTrapped,
        ];
        assert_eq!(others.map(TrapCode::error_code), expected);
    }

    #[test]
    fn only_stack_time_and_storage_differ_between_peers() {
        let differing: Vec<_> = all()
            .map(TrapCode::of)
            .filter(|code| !code.is_deterministic())
            .map(TrapCode::name)
            .collect();
        assert_eq!(differing, ["stack-exhausted", "deadline"]);
    }

    #[test]
    fn a_trap_within_a_context_is_found() {
        let error = wasmtime::Error::from(wasmtime::Trap::OutOfFuel).context("in a host function");
        assert_eq!(Trap::of_call(error).code, TrapCode::OutOfFuel);
    }

    #[test]
    fn what_the_storage_says_reaches_the_log_and_not_the_client() {
        let cause = StateError::new(std::io::Error::other("/var/secret is full"));
        let trap = Trap::of_call(Abort::State(cause).into());
        assert_eq!(trap.code, TrapCode::Host);
        assert!(!trap.message.contains("secret"));
        assert!(
            trap.detail
                .unwrap_or_default()
                .contains("/var/secret is full")
        );
    }
}
