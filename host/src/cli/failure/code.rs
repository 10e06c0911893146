//! The code of an error, whichever part of Weft it comes from.

use std::io;

use model::ErrorCode;

use crate::client::{ClientError, ContextError};
use crate::config::ConfigError;
use crate::deploy::DeployError;
use crate::dev::DevError;
use crate::node::NodeError;
use crate::telemetry::BadFilter;

/// The code of the first failure, from the outside, that has one.
pub(super) fn code_of(error: &anyhow::Error) -> Option<ErrorCode> {
    error.chain().find_map(|cause| {
        let code = cause.downcast_ref().map(ClientError::code);
        let code = code.or_else(|| cause.downcast_ref().map(ConfigError::code));
        let code = code.or_else(|| cause.downcast_ref().map(ContextError::code));
        let code = code.or_else(|| cause.downcast_ref().map(NodeError::code));
        let code = code.or_else(|| cause.downcast_ref().map(DevError::code));
        let code = code.or_else(|| cause.downcast_ref().map(DeployError::code));
        let code = code.or_else(|| cause.downcast_ref().map(inspect::Error::code));
        let code = code.or_else(|| cause.downcast_ref().map(of_audit));
        let code = code.or_else(|| cause.downcast_ref().map(of_ledger));
        let code = code.or_else(|| cause.downcast_ref().map(of_toolchain));
        let code = code.or_else(|| cause.downcast_ref().map(of_filter));
        let code = code.or_else(|| cause.downcast_ref().map(lifecycle::Error::code));
        let code = code.or_else(|| cause.downcast_ref().map(runtime::Error::code));
        let refusal = cause.downcast_ref::<runtime::Refusal>();
        let code = code.or_else(|| refusal.map(|refusal| refusal.kind.code()));
        code.or_else(|| {
            let of_system = cause.downcast_ref::<io::Error>();
            of_system.map(|_| ErrorCode::FileUnusable)
        })
    })
}

fn of_toolchain(error: &toolchain::Error) -> ErrorCode {
    use toolchain::Error as E;
    match error {
        E::NoTarget { .. } | E::NoHome | E::Start { .. } => ErrorCode::ToolchainMissing,
        E::Failed { .. } | E::Compile { .. } | E::NoModule { .. } => ErrorCode::ContractBuild,
        E::File { .. } => ErrorCode::FileUnusable,
    }
}

fn of_audit(error: &audit::Error) -> ErrorCode {
    use audit::Error as E;
    match error {
        E::Files { .. } | E::NoBlocks { .. } | E::Occupied { .. } => ErrorCode::FileUnusable,
        E::Genesis { .. } => ErrorCode::ChannelGenesis,
        error if error.is_refusal() => ErrorCode::BlockRefused,
        E::Ledger(error) => of_ledger(error),
        _ => ErrorCode::NodeBroken,
    }
}

/// A ledger that the command itself opens.
fn of_ledger(error: &ledger::Error) -> ErrorCode {
    match error.sort() {
        ledger::Sort::Refused => ErrorCode::FileUnusable,
        ledger::Sort::Unavailable | ledger::Sort::Broken => error.code_for_callers(),
    }
}

fn of_filter(_: &BadFilter) -> ErrorCode {
    ErrorCode::UsageWrong
}
