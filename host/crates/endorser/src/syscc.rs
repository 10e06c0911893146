//! The chaincodes that are the peer itself.

pub(crate) mod cscc;
pub(crate) mod lifecycle;
pub(crate) mod qscc;

/// Channels and their configuration.
pub(crate) const CSCC: &str = "cscc";
/// Blocks and transactions.
pub(crate) const QSCC: &str = "qscc";
/// Packages, approvals, definitions.
pub(crate) const LIFECYCLE: &str = ::lifecycle::NAMESPACE;

/// The version of all of them, as it stands in transactions.
pub(crate) const SYSTEM_VERSION: &str = "syscc";

/// Whether a chaincode is one of them: no definition, and rules of its own about who may call it.
pub(crate) fn is_system(chaincode: &str) -> bool {
    [CSCC, QSCC, LIFECYCLE].contains(&chaincode)
}
