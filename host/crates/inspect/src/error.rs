//! Why somebody was not told what he asked for.

use model::ErrorCode;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question cannot be answered as it was asked, or not to this caller.
    #[error("{text}")]
    Refused {
        /// What sort of refusal it is.
        code: ErrorCode,
        /// What is wrong, for the caller.
        text: String,
    },
    /// The ledger could not be read. What happened is for the log; callers get the code and this sentence.
    #[error("the peer cannot read its ledger at the moment")]
    Ledger {
        /// Whether to try again.
        code: ErrorCode,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    pub(crate) fn refused(code: ErrorCode, text: impl Into<String>) -> Self {
        Self::Refused {
            code,
            text: text.into(),
        }
    }

    /// The stable code for the caller.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { code, .. } | Self::Ledger { code, .. } => *code,
        }
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        Self::Ledger {
            code: error.code_for_callers(),
            source: error.into(),
        }
    }
}
