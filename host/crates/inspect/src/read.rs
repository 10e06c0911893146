//! State and history of a chaincode, as they are on this peer's ledger. Public values only: of private ones the ledger's
//! state has hashes, in tables that nothing here reads.

use bytes::Bytes;
use joined::Channel;
use ledger::Snapshot;
use model::{ChaincodeName, ErrorCode, Version};
use rwset::{KeyModification, StateReader};

use crate::keys::Keys;
use crate::{Error, bookmark};

/// How many entries a page has if nothing else is asked for.
pub const PAGE_LIMIT_DEFAULT: usize = 100;
/// How many entries a page may have.
pub const PAGE_LIMIT_MAX: usize = 1_000;
/// Bytes of keys and values after which a page ends; the entry that passes them is still in it.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest key that is looked for, in bytes. Contracts of ours write shorter ones; who has written by other rules may have longer.
const KEY_BYTES_MAX: usize = 64 * 1024;
/// The chaincode that keeps all others' definitions.
const LIFECYCLE: &str = "_lifecycle";

/// A key's present value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Bytes,
    /// The transaction that wrote it last.
    pub version: Version,
}

/// A part of an answer that may have more.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What there is, in order.
    pub entries: Vec<T>,
    /// Given back with the same question it leads to the next page; none if this is the last one.
    pub bookmark: Option<String>,
    /// The ledger's height at which it was read. Pages may be of different heights.
    pub height: u64,
}

/// The present value of a key. Blocks the thread.
///
/// # Errors
/// `chaincode.not_found`, `state.not_found`, `request.invalid` for a key that is empty or too long; [`Error::Ledger`].
pub fn state(channel: &Channel, chaincode: &str, key: &str) -> Result<Entry, Error> {
    check_key(key)?;
    let snapshot = open(channel, chaincode)?;
    let page = snapshot.range_page(chaincode, (key, &format!("{key}\u{0}")), 1, usize::MAX)?;
    let found = page.rows.into_iter().next();
    let (key, found) = found.ok_or_else(|| {
        Error::refused(
            ErrorCode::StateNotFound,
            format!("chaincode {chaincode} has no value under key {key:?}"),
        )
    })?;
    Ok(Entry {
        key,
        value: found.value,
        version: found.version,
    })
}

/// Present values of many keys, in the order of their bytes, at most `limit` ([`PAGE_LIMIT_MAX`]) of them. Blocks the thread.
///
/// # Errors
/// `chaincode.not_found`, `events.position` for a bookmark of another question, `request.invalid`; [`Error::Ledger`].
pub fn range(
    channel: &Channel,
    chaincode: &str,
    keys: &Keys,
    limit: usize,
    bookmark: Option<&str>,
) -> Result<Page<Entry>, Error> {
    check_limit(limit)?;
    let (first, end) = keys.bounds()?;
    let mark = bookmark::mark(&["range", channel.id().as_str(), chaincode, &first, &end]);
    let start = match bookmark {
        None => first,
        // The first key that sorts behind the last one told.
        Some(bookmark) => bookmark::key(&mark, bookmark)? + "\u{0}",
    };
    let snapshot = open(channel, chaincode)?;
    let page = snapshot.range_page(chaincode, (&start, &end), limit, PAGE_BYTES_MAX)?;
    let last = page.rows.last().filter(|_| page.more);
    let bookmark = last.map(|(key, _)| bookmark::behind_key(mark, key));
    let entries = page.rows.into_iter().map(|(key, found)| Entry {
        key,
        value: found.value,
        version: found.version,
    });
    Ok(Page {
        entries: entries.collect(),
        bookmark,
        height: snapshot.height(),
    })
}

/// The changes of a key, the newest first, at most `limit` ([`PAGE_LIMIT_MAX`]) of them. A key that was never written has none.
/// Blocks the thread.
///
/// # Errors
/// As for [`range`].
pub fn history(
    channel: &Channel,
    chaincode: &str,
    key: &str,
    limit: usize,
    bookmark: Option<&str>,
) -> Result<Page<KeyModification>, Error> {
    check_limit(limit)?;
    check_key(key)?;
    let mark = bookmark::mark(&["history", channel.id().as_str(), chaincode, key]);
    let below = bookmark
        .map(|bookmark| bookmark::version(&mark, bookmark))
        .transpose()?;
    let snapshot = open(channel, chaincode)?;
    let page = snapshot.history_page(chaincode, key, below, limit, PAGE_BYTES_MAX)?;
    let last = page.rows.last().filter(|_| page.more);
    let bookmark = last.map(|change| bookmark::behind_version(mark, change.version));
    Ok(Page {
        entries: page.rows,
        bookmark,
        height: snapshot.height(),
    })
}

/// A snapshot of a channel that has the chaincode.
fn open(channel: &Channel, chaincode: &str) -> Result<Snapshot, Error> {
    let unknown = || {
        Error::refused(
            ErrorCode::ChaincodeNotFound,
            format!(
                "chaincode {chaincode:?} is not defined on channel {}",
                channel.id()
            ),
        )
    };
    if chaincode != LIFECYCLE && ChaincodeName::parse(chaincode).is_err() {
        return Err(unknown());
    }
    let snapshot = channel.ledger().snapshot()?;
    match lifecycle::namespace(&snapshot, chaincode) {
        Ok(Some(_)) => Ok(snapshot),
        Err(lifecycle::Error::State(source)) => Err(Error::Ledger {
            code: ErrorCode::NodeUnavailable,
            source: source.into(),
        }),
        // A definition that cannot be read is none.
        Ok(None) | Err(_) => Err(unknown()),
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    if !key.is_empty() && key.len() <= KEY_BYTES_MAX {
        return Ok(());
    }
    Err(Error::refused(
        ErrorCode::RequestInvalid,
        format!("a key has 1 to {KEY_BYTES_MAX} bytes"),
    ))
}

fn check_limit(limit: usize) -> Result<(), Error> {
    if (1..=PAGE_LIMIT_MAX).contains(&limit) {
        return Ok(());
    }
    Err(Error::refused(
        ErrorCode::RequestInvalid,
        format!("limit is {limit}, not 1 to {PAGE_LIMIT_MAX}"),
    ))
}
