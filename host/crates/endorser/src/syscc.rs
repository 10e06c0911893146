//! The chaincodes that are the peer itself.

pub(crate) mod cscc;
pub(crate) mod lifecycle;
pub(crate) mod qscc;

use proto::protos::Response;

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

pub(crate) fn success(payload: Vec<u8>) -> Response {
    Response {
        status: 200,
        message: String::new(),
        payload: payload.into(),
    }
}

pub(crate) fn failure(message: impl Into<String>) -> Response {
    Response {
        status: 500,
        message: message.into(),
        ..Response::default()
    }
}
