use crate::{TxValidationCode, envelope::EnvelopeError};

/// The rule that a transaction breaks, and the code it gets for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {rule}")]
pub struct Fault {
    /// The code.
    pub code: TxValidationCode,
    /// The part of the transaction that is wrong, such as `the channel header`.
    pub part: &'static str,
    /// What is wrong with it, with the values that matter: may hold text of strangers, of any length.
    pub rule: String,
}

impl Fault {
    /// A fault of `part`, for which a transaction gets `code`.
    pub fn new(code: TxValidationCode, part: &'static str, rule: impl Into<String>) -> Self {
        Self {
            code,
            part,
            rule: rule.into(),
        }
    }
}

impl From<Fault> for TxValidationCode {
    fn from(fault: Fault) -> Self {
        fault.code
    }
}

impl From<EnvelopeError> for Fault {
    fn from(error: EnvelopeError) -> Self {
        let part = match error {
            EnvelopeError::Envelope(_) => "the envelope",
            EnvelopeError::Payload(_) | EnvelopeError::NoHeader => "the payload",
            EnvelopeError::ChannelHeader(_) => "the channel header",
            EnvelopeError::SignatureHeader(_) => "the signature header",
        };
        let rule = match &error {
            EnvelopeError::NoHeader => "it has no header".to_owned(),
            EnvelopeError::Envelope(cause)
            | EnvelopeError::Payload(cause)
            | EnvelopeError::ChannelHeader(cause)
            | EnvelopeError::SignatureHeader(cause) => undecodable(cause),
        };
        Self::new(error.validation_code(), part, rule)
    }
}

/// What is said of bytes that are no message.
pub(super) fn undecodable(cause: &prost::DecodeError) -> String {
    format!("it does not decode: {cause}")
}
