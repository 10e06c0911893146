//! What a chaincode answers.
//!
//! ```
//! use chaincode_sdk::{Error, Response};
//!
//! assert!(Response::success(b"42".to_vec()).is_success());
//! let failure = Response::from(Error::with_status(404, "no such asset"));
//! assert_eq!((failure.status, failure.message.as_str()), (404, "no such asset"));
//! ```

use crate::Error;
use crate::limits::{STATUS_ENDORSED_BELOW, STATUS_OK};

/// Status, message and payload: Fabric's `peer.Response`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// 200 is success, 500 the ordinary failure; from 400 on the transaction is not endorsed.
    pub status: i32,
    /// What went wrong; empty in a success.
    pub message: String,
    /// The result.
    pub payload: Vec<u8>,
}

impl Response {
    /// Status 200 with this payload.
    #[must_use]
    pub fn success(payload: Vec<u8>) -> Self {
        Self {
            status: STATUS_OK,
            message: String::new(),
            payload,
        }
    }

    /// Whether a transaction with this response is endorsed.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status < STATUS_ENDORSED_BELOW
    }
}

impl From<Error> for Response {
    fn from(error: Error) -> Self {
        Self {
            status: error.status(),
            message: error.message().to_owned(),
            payload: Vec::new(),
        }
    }
}

impl From<Result<Vec<u8>, Error>> for Response {
    fn from(result: Result<Vec<u8>, Error>) -> Self {
        result.map_or_else(Self::from, Self::success)
    }
}
