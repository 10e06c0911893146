use model::ErrorCode;
use proto::common::Status;
use services::end_with_code;

/// Why a request is not, or no longer, served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What the subscriber is told after the last block, as in Fabric.
    pub(crate) status: Status,
    /// Our code for it, in the trailer: Fabric's has no place for reasons.
    pub(crate) code: ErrorCode,
    /// What is wrong, for the log.
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(status: Status, code: ErrorCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            code,
            reason: reason.into(),
        }
    }

    pub(crate) fn bad(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self::new(Status::BadRequest, code, reason)
    }

    /// The end of the stream after the status was sent.
    pub(crate) fn end(&self) -> tonic::Status {
        end_with_code(self.code.name())
    }
}
