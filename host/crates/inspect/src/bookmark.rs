//! Where an answer that did not hold everything is gone on with.
//!
//! To callers a bookmark is a word without meaning. It is the question's mark, so that it is good for no other question,
//! and the last thing told.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::hash::sha256;
use model::{ErrorCode, Version};

use crate::Error;

/// Bytes of a question's hash that a bookmark begins with.
const MARK_BYTES: usize = 8;
/// Longest bookmark that is looked at, in bytes: the longest key is 64 KiB.
const BOOKMARK_BYTES_MAX: usize = 128 * 1024;

/// What tells a question from others: the parts that must stay the same from one page to the next.
pub(crate) fn mark(parts: &[&str]) -> Vec<u8> {
    let mut all = Vec::new();
    for part in parts {
        all.extend_from_slice(&part.len().to_be_bytes());
        all.extend_from_slice(part.as_bytes());
    }
    let mut mark = sha256(&all).to_vec();
    mark.truncate(MARK_BYTES);
    mark
}

fn write(mut mark: Vec<u8>, last: &[u8]) -> String {
    mark.extend_from_slice(last);
    URL_SAFE_NO_PAD.encode(mark)
}

fn read(mark: &[u8], bookmark: &str) -> Result<Vec<u8>, Error> {
    if bookmark.len() > BOOKMARK_BYTES_MAX {
        return Err(unknown());
    }
    let bytes = URL_SAFE_NO_PAD.decode(bookmark).map_err(|_| unknown())?;
    let last = bytes.strip_prefix(mark).ok_or_else(unknown)?;
    Ok(last.to_vec())
}

fn unknown() -> Error {
    Error::refused(
        ErrorCode::EventsPosition,
        "the bookmark is not one that a peer gave for this question",
    )
}

/// A bookmark behind a key.
pub(crate) fn behind_key(mark: Vec<u8>, key: &str) -> String {
    write(mark, key.as_bytes())
}

/// The key of [`behind_key`].
pub(crate) fn key(mark: &[u8], bookmark: &str) -> Result<String, Error> {
    String::from_utf8(read(mark, bookmark)?).map_err(|_| unknown())
}

/// A bookmark behind (that is, in a history, before) a version.
pub(crate) fn behind_version(mark: Vec<u8>, version: Version) -> String {
    write(mark, &version.order_preserving())
}

/// The version of [`behind_version`].
pub(crate) fn version(mark: &[u8], bookmark: &str) -> Result<Version, Error> {
    Version::from_order_preserving(&read(mark, bookmark)?).ok_or_else(unknown)
}
