//! What can go wrong in this crate, told apart by what the caller can do about it.

use std::path::PathBuf;

use model::ErrorCode;

/// Why an identity, a certificate, an MSP, a policy or a folder was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bytes from outside do not decode; nobody will ever accept them.
    #[error("malformed {what}: {reason}")]
    Malformed {
        /// What the bytes were taken for.
        what: &'static str,
        /// What is wrong with them.
        reason: String,
    },
    /// The identity names an MSP that this channel does not have.
    #[error("MSP {msp_id} is unknown")]
    UnknownMsp {
        /// The name as the identity gives it.
        msp_id: String,
    },
    /// The certificate is well formed, but its MSP does not accept it.
    #[error("MSP {msp_id} does not accept the identity: {reason}")]
    Untrusted {
        /// The MSP that was asked.
        msp_id: String,
        /// The rule that the certificate breaks.
        reason: String,
    },
    /// The certificate is its MSP's, and its MSP has revoked it.
    #[error("MSP {msp_id} does not accept the identity: the certificate has been revoked")]
    Revoked {
        /// The MSP that was asked.
        msp_id: String,
    },
    /// The identity is not what the principal asks for.
    #[error("the identity does not satisfy the principal: {reason}")]
    NotPrincipal {
        /// What is missing.
        reason: String,
    },
    /// The signature does not fit the message and the key, or its form is not allowed.
    #[error("the signature is invalid: {reason}")]
    BadSignature {
        /// Which check failed.
        reason: &'static str,
    },
    /// The configuration of an MSP cannot be used; the channel configuration that holds it must be refused.
    #[error("the configuration of MSP {msp_id} is refused: {reason}")]
    Config {
        /// The MSP's name as the configuration gives it.
        msp_id: String,
        /// The rule that the configuration breaks.
        reason: String,
    },
    /// A policy cannot be used: undecodable, of an unknown kind, or pointing at principals that do not exist.
    #[error("the policy {path} is refused: {reason}")]
    Policy {
        /// Where the policy stands, or the policy's own text.
        path: String,
        /// The rule that the policy breaks.
        reason: String,
    },
    /// A private key cannot be used to sign.
    #[error("the private key is unusable: {reason}")]
    Key {
        /// What is wrong with the key.
        reason: String,
    },
    /// A certificate or key could not be made.
    #[error("cannot issue a certificate: {reason}")]
    Issue {
        /// What was asked for and cannot be done.
        reason: String,
    },
    /// An MSP folder lacks something, or what it has does not fit together.
    #[error("the MSP folder {} cannot be used: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong, and what to do.
        reason: String,
    },
    /// A file or folder could not be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// The code under which a caller hears of it.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Malformed { .. } => ErrorCode::IdentityMalformed,
            Error::UnknownMsp { .. } | Error::Untrusted { .. } => ErrorCode::IdentityUnknown,
            Error::Revoked { .. } => ErrorCode::IdentityRevoked,
            Error::NotPrincipal { .. } => ErrorCode::AccessDenied,
            Error::BadSignature { .. } => ErrorCode::ProposalSignature,
            Error::Config { .. } | Error::Policy { .. } => ErrorCode::ConfigInvalid,
            Error::Key { .. } | Error::Issue { .. } | Error::Folder { .. } | Error::Io { .. } => {
                ErrorCode::FileUnusable
            }
        }
    }

    /// [`Error::Malformed`] with anything printable as the reason.
    pub(crate) fn malformed(what: &'static str, reason: impl ToString) -> Error {
        Error::Malformed {
            what,
            reason: reason.to_string(),
        }
    }

    /// [`Error::NotPrincipal`] with anything printable as the reason.
    pub(crate) fn not_principal(reason: impl ToString) -> Error {
        Error::NotPrincipal {
            reason: reason.to_string(),
        }
    }

    /// [`Error::Folder`] for the MSP folder at `path`.
    pub(crate) fn folder(path: &std::path::Path, reason: impl ToString) -> Error {
        Error::Folder {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }

    /// [`Error::Io`] at `path`.
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Error {
        Error::Io {
            path: path.to_path_buf(),
            source,
        }
    }
}
