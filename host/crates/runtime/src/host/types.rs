//! The world's records as the host reads and writes them.

use bytes::Bytes;
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::world::code;

/// `types.error`: what a guest is told when a host call fails.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Error {
    pub(crate) code: u32,
    pub(crate) message: String,
}

impl Error {
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_ARGUMENT, message)
    }

    pub(crate) fn limit(what: &str, got: usize, max: usize) -> Self {
        Self::new(
            code::LIMIT_EXCEEDED,
            format!("{what}: {got}, at most {max} are allowed"),
        )
    }
}

/// `types.response`: what a contract answers.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Response {
    pub(crate) status: i32,
    pub(crate) message: String,
    pub(crate) payload: Bytes,
}

/// `types.timestamp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Timestamp {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

impl From<&prost_types::Timestamp> for Timestamp {
    fn from(time: &prost_types::Timestamp) -> Self {
        Self {
            seconds: time.seconds,
            nanos: u32::try_from(time.nanos).unwrap_or(0),
        }
    }
}

/// `state.entry`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Bytes,
}

/// `state.page`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    pub(crate) bookmark: String,
}

/// `history.modification`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Modification {
    #[component(name = "tx-id")]
    pub(crate) tx_id: String,
    pub(crate) value: Option<Bytes>,
    pub(crate) at: Timestamp,
}

/// `context.identity`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Identity {
    #[component(name = "msp-id")]
    pub(crate) msp_id: String,
    pub(crate) certificate: Bytes,
}

/// Marks handles of `state.cursor`.
pub(crate) enum StateCursor {}

/// Marks handles of `history.cursor`.
pub(crate) enum HistoryCursor {}
