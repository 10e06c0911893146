//! Why a function failed, and with which status the client hears of it.
//!
//! ```
//! use chaincode_sdk::Error;
//!
//! let refused = Error::with_status(404, "the asset asset7 does not exist");
//! assert_eq!((refused.status(), refused.to_string().as_str()), (404, "the asset asset7 does not exist"));
//! assert_eq!(Error::new("no more room").status(), 500);
//! ```

use std::fmt;

use crate::limits::STATUS_ERROR;

/// The result of a contract's function or of a call to the ledger.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: a text for the client and a status from 400 to 599.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: i32,
    code: Option<Code>,
    message: String,
}

/// Why a call to the host failed; the numbers are those of the WIT world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// The host failed; the transaction will be refused whatever the chaincode answers.
    Internal = 1,
    /// An argument breaks a rule.
    InvalidArgument = 2,
    /// A limit of the world is passed.
    LimitExceeded = 3,
    /// A policy says no.
    AccessDenied = 4,
    /// The collection, chaincode or channel does not exist.
    NotFound = 5,
    /// A write after a query that only read-only transactions may make, or such a query after a write.
    ReadOnly = 6,
    /// This peer lacks the private value that matches the hash on the ledger.
    Unavailable = 7,
    /// The channel or its database does not offer this.
    Unsupported = 8,
    /// Private data during the initialising transaction.
    NotAllowedInInit = 9,
    /// The called chaincode could not be run, or trapped.
    CallFailed = 10,
}

impl Code {
    /// All codes, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Internal,
        Self::InvalidArgument,
        Self::LimitExceeded,
        Self::AccessDenied,
        Self::NotFound,
        Self::ReadOnly,
        Self::Unavailable,
        Self::Unsupported,
        Self::NotAllowedInInit,
        Self::CallFailed,
    ];

    /// The code with this number; what is unknown counts as [`Code::Internal`], as the world says.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self::ALL
            .into_iter()
            .find(|code| code.number() == number)
            .unwrap_or(Self::Internal)
    }

    /// Its number in the world.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }
}

impl Error {
    /// A failure with status 500, the ordinary one.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            status: STATUS_ERROR,
            code: None,
            message: message.into(),
        }
    }

    /// A failure with a status of its own. With 400 to 499 the client gets no payload of a response; what is outside
    /// 400 to 599 becomes 500.
    pub fn with_status(status: i32, message: impl Into<String>) -> Self {
        let status = if (400..600).contains(&status) {
            status
        } else {
            STATUS_ERROR
        };
        Self {
            status,
            code: None,
            message: message.into(),
        }
    }

    /// A failure of a call to the host.
    pub fn of_host(code: Code, message: impl Into<String>) -> Self {
        Self {
            status: STATUS_ERROR,
            code: Some(code),
            message: message.into(),
        }
    }

    /// The status that the client gets.
    #[must_use]
    pub fn status(&self) -> i32 {
        self.status
    }

    /// Why a call to the host failed; none for a failure of the contract's own.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.code
    }

    /// The text that the client gets.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::new(format!("bad JSON: {error}"))
    }
}

impl From<std::string::FromUtf8Error> for Error {
    fn from(error: std::string::FromUtf8Error) -> Self {
        Self::new(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_is_no_failure_becomes_500() {
        for status in [i32::MIN, 0, 200, 399, 600] {
            assert_eq!(Error::with_status(status, "").status(), 500, "{status}");
        }
        for status in [400, 404, 500, 599] {
            assert_eq!(Error::with_status(status, "").status(), status);
        }
    }

    #[test]
    fn a_code_is_found_by_its_number_and_an_unknown_number_is_internal() {
        for code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), code);
        }
        assert_eq!(Code::from_number(0), Code::Internal);
        assert_eq!(Code::from_number(4711), Code::Internal);
    }

    #[test]
    fn the_numbers_are_those_of_the_world() {
        let world = include_str!("../wit/chaincode.wit");
        for code in Code::ALL {
            let name: String =
                format!("{code:?}")
                    .chars()
                    .fold(String::new(), |mut name, letter| {
                        if letter.is_uppercase() && !name.is_empty() {
                            name.push('_');
                        }
                        name.push(letter.to_ascii_uppercase());
                        name
                    });
            let line = format!("/// - `{name}`: {} (", code.number());
            assert!(world.contains(&line), "{line}");
        }
    }
}
