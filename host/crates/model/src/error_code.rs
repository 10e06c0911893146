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
mod tests {
    use std::collections::BTreeSet;

    use super::ErrorCode;

    #[test]
    fn every_code_has_a_name_of_its_own_that_leads_back_to_it() {
        let mut names = BTreeSet::new();
        for code in ErrorCode::ALL {
            let name = code.name();
            assert!(names.insert(name), "{name} twice");
            assert_eq!(name.parse(), Ok(*code));
            let letters = |part: &str| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            };
            let parts: Vec<&str> = name.split('.').collect();
            assert!(
                parts.len() == 2 && parts.iter().copied().all(letters),
                "{name}"
            );
        }
        assert!("no.such".parse::<ErrorCode>().is_err());
    }

    #[test]
    fn every_code_says_in_sentences_what_it_is_and_what_to_do() {
        for code in ErrorCode::ALL {
            let text = code.explanation();
            for sentence in [text.meaning, text.cause, text.action] {
                assert!(
                    sentence.ends_with('.') && sentence.len() > 10,
                    "{code}: {sentence}"
                );
            }
            assert!(
                (400..=599).contains(&text.http_status) || text.http_status == 202,
                "{code}"
            );
        }
    }

    #[test]
    fn codes_stand_together_by_subject() {
        let mut subjects: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.subject()).collect();
        let all: BTreeSet<&str> = subjects.iter().copied().collect();
        subjects.dedup();
        assert_eq!(subjects.len(), all.len(), "{subjects:?}");
    }
}
