use model::ErrorCode;
use proto::{common::Status, orderer::BroadcastResponse};

/// What a client is told about a message that is not ordered. The texts are those of Fabric's orderer where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// BAD_REQUEST, FORBIDDEN or SERVICE_UNAVAILABLE.
    pub(crate) status: Status,
    /// Our code for it, in the stream's trailer: an answer has no place for one.
    pub(crate) code: ErrorCode,
    /// Which rule the message breaks.
    pub(crate) info: String,
}

impl Refusal {
    /// The message can never be ordered as it is.
    pub(crate) fn bad(info: impl Into<String>) -> Self {
        Self {
            status: Status::BadRequest,
            code: ErrorCode::OrderRefused,
            info: info.into(),
        }
    }

    /// The sender may not do this.
    pub(crate) fn forbidden(info: impl Into<String>) -> Self {
        Self {
            status: Status::Forbidden,
            code: ErrorCode::OrderRefused,
            info: info.into(),
        }
    }

    /// The message may be ordered later, or by another orderer.
    pub(crate) fn unavailable(info: impl Into<String>) -> Self {
        Self {
            status: Status::ServiceUnavailable,
            code: ErrorCode::OrderUnavailable,
            info: info.into(),
        }
    }

    /// The same refusal under a code that says more.
    pub(crate) fn because(self, code: ErrorCode) -> Self {
        Self { code, ..self }
    }

    /// The answer on the wire.
    pub(crate) fn response(self) -> BroadcastResponse {
        BroadcastResponse {
            status: self.status.into(),
            info: self.info,
        }
    }
}

/// The answer to a message that is ordered and durable.
pub(crate) fn success() -> BroadcastResponse {
    BroadcastResponse {
        status: Status::Success.into(),
        info: String::new(),
    }
}
