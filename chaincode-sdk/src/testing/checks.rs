//! The rules for arguments, with the codes of the world.

use crate::limits::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::{Code, Error, Result, composite};

pub(super) fn refused(code: Code, message: impl Into<String>) -> Error {
    Error::of_host(code, message)
}

/// A key to read or write.
pub(super) fn key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(refused(
            Code::InvalidArgument,
            "key must not be an empty string",
        ));
    }
    if key.starts_with('\0') && composite::split(key).is_err() {
        return Err(refused(
            Code::InvalidArgument,
            "a key that begins with U+0000 must be a composite key",
        ));
    }
    length(key)
}

/// A bound of a range of plain keys.
pub(super) fn bound(bound: &str) -> Result<()> {
    if bound.starts_with('\0') {
        return Err(refused(
            Code::InvalidArgument,
            "a bound of a range must not begin with U+0000",
        ));
    }
    length(bound)
}

pub(super) fn length(key: &str) -> Result<()> {
    at_most(key.len(), KEY_BYTES_MAX, "bytes of a key")
}

pub(super) fn value(value: &[u8]) -> Result<()> {
    at_most(value.len(), VALUE_BYTES_MAX, "bytes of a value")
}

pub(super) fn at_most(number: usize, limit: usize, what: &str) -> Result<()> {
    if number <= limit {
        return Ok(());
    }
    Err(refused(
        Code::LimitExceeded,
        format!("{number} {what}: the limit is {limit}"),
    ))
}
