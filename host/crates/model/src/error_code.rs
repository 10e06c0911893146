//! Every failure that a user can meet, by name: the one closed list of error codes.
//!
//! A code is stable: scripts may rely on it. Its texts are for people and may get better. REST answers carry the code in
//! their problem document, gRPC in the trailer `weft-code`, the command line prints it and explains it. What happened in
//! one case, with names and numbers, is the message's matter; what a code means in every case is said here.

mod table;

use std::fmt;
use std::str::FromStr;

pub use table::ErrorCode;

/// What is known of a code, whatever the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Its name, `subject.what`.
    pub name: &'static str,
    /// The HTTP status that REST answers with.
    pub http_status: u16,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// What mostly leads to it.
    pub cause: &'static str,
    /// What to do about it.
    pub action: &'static str,
}

/// What a caller can do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The same request fails again: it, or what it is about, has to change first.
    Refused,
    /// The transaction is in a block and has no effect.
    Invalid,
    /// The same request may succeed later or elsewhere.
    Unavailable,
    /// It is not known what came of it; ask before trying again.
    Unknown,
    /// A bug, or a disk: somebody must look at the node's log.
    Broken,
}

impl ErrorCode {
    /// Its name, `subject.what`, as in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.explanation().name
    }

    /// The HTTP status that REST answers with.
    #[must_use]
    pub fn http_status(self) -> u16 {
        self.explanation().http_status
    }

    /// The part of the name before the dot.
    #[must_use]
    pub fn subject(self) -> &'static str {
        let name = self.name();
        name.split_once('.').map_or(name, |(subject, _)| subject)
    }

    /// With what the command line ends after it: 1 refused, 2 misused, 3 try again, 4 the transaction is invalid,
    /// 5 nobody knows what came of it, 6 something is broken. 0 is for what is done.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self.sort() {
            _ if self == Self::UsageWrong => 2,
            Sort::Refused => 1,
            Sort::Unavailable => 3,
            Sort::Invalid => 4,
            Sort::Unknown => 5,
            Sort::Broken => 6,
        }
    }

    /// What a caller can do after it.
    #[must_use]
    pub fn sort(self) -> Sort {
        match self {
            Self::CommitConflict | Self::CommitPhantom | Self::CommitInvalid => Sort::Invalid,
            Self::CommitUnknown | Self::OrderUnknown => Sort::Unknown,
            _ => match self.http_status() {
                500 => Sort::Broken,
                408 | 429 | 502..=504 => Sort::Unavailable,
                _ => Sort::Refused,
            },
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A refusal: what happened in one case, and the code that it falls under.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    /// What it means in every case.
    pub code: ErrorCode,
    /// What happened, with names and numbers.
    pub text: String,
}

impl Refused {
    /// Puts both together.
    #[must_use]
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code, text }
    }
}

/// A name that is none of an error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no error code of this name")]
pub struct UnknownErrorCode;

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.name() == name)
            .ok_or(UnknownErrorCode)
    }
}

#[cfg(test)]
mod tests;
