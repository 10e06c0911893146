//! Requests that callers may repeat: each key is good for one request, and a repetition finds what came of the first.

use bytes::Bytes;
use model::{Digest, TxId};
use rusqlite::{OptionalExtension, Transaction};

use super::NodeStore;
use crate::{Error, direct::Sync, sql::node as sql};

/// How long a key is kept, in seconds.
const KEPT_S: i64 = 24 * 3_600;
/// How many keys are kept.
const KEYS_MAX: u64 = 100_000;
/// How many of the oldest answered ones go at once when no more fit, so that not every request has to look for one.
const EVICTED_AT_ONCE: u64 = 1_000;
/// Largest answer that is kept, in bytes. What is in the ledger need not be here again.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What [`NodeStore::begin`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The key is new and now taken for this request.
    New,
    /// The key was used before.
    Repeated {
        /// SHA-256 of the first request: another one is not a repetition.
        request_sha256: Digest,
        /// The transaction of the first request; whether it was ever ordered is not said.
        tx_id: TxId,
        /// What the first request was answered. None while it is at work, and for ever if the node was stopped before.
        answer: Option<Bytes>,
    },
}

impl NodeStore {
    /// Takes an idempotency key for a request, before its transaction `tx_id` is ordered. The key is durable when this returns, so
    /// that a repetition after a crash finds the transaction.
    ///
    /// Of two calls with one key at the same time one gets [`Begun::New`]. Keys are kept for 24 hours and at most 100,000 of them;
    /// beyond that the oldest answered ones go first.
    ///
    /// # Errors
    /// - [`Error::Full`]: as many requests as are kept are at work.
    /// - [`Error::DiskFull`], [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub fn begin(
        &self,
        caller: &str,
        key: &str,
        request_sha256: Digest,
        tx_id: &TxId,
        now_s: i64,
    ) -> Result<Begun, Error> {
        self.begin_within(KEYS_MAX, caller, key, request_sha256, tx_id, now_s)
    }

    pub(crate) fn begin_within(
        &self,
        keys_max: u64,
        caller: &str,
        key: &str,
        request_sha256: Digest,
        tx_id: &TxId,
        now_s: i64,
    ) -> Result<Begun, Error> {
        let what = "take an idempotency key";
        self.inner.writer.write(Sync::Full, what, |transaction| {
            transaction
                .execute(sql::IDEMPOTENCY_EXPIRE, [now_s.saturating_sub(KEPT_S)])
                .map_err(Error::writing_directly(what))?;
            if let Some(found) = read(transaction, caller, key)? {
                return Ok(found);
            }
            make_room(transaction, keys_max)?;
            let row = (caller, key, request_sha256, tx_id.as_str(), now_s);
            transaction
                .execute(sql::IDEMPOTENCY_PUT, row)
                .map_err(Error::writing_directly(what))?;
            Ok(Begun::New)
        })
    }

    /// Keeps what the request with this key was answered. A key that is gone meanwhile stays gone.
    ///
    /// # Errors
    /// - [`Error::Limit`]: the answer has more than 16 KiB.
    /// - [`Error::DiskFull`], [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub fn finish(&self, caller: &str, key: &str, answer: &[u8]) -> Result<(), Error> {
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(Error::Limit {
                what: "an answer to be kept",
                max: u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX),
            });
        }
        let what = "keep an answer";
        self.inner.writer.write(Sync::Full, what, |transaction| {
            transaction
                .execute(sql::IDEMPOTENCY_ANSWER, (caller, key, answer))
                .map_err(Error::writing_directly(what))?;
            Ok(())
        })
    }

    /// Frees a key whose request came to nothing, so that it can be tried again. One that was answered stays.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub fn forget(&self, caller: &str, key: &str) -> Result<(), Error> {
        let what = "free an idempotency key";
        self.inner.writer.write(Sync::Full, what, |transaction| {
            transaction
                .execute(sql::IDEMPOTENCY_DELETE, (caller, key))
                .map_err(Error::writing_directly(what))?;
            Ok(())
        })
    }
}

fn read(transaction: &Transaction<'_>, caller: &str, key: &str) -> Result<Option<Begun>, Error> {
    let columns = |row: &rusqlite::Row<'_>| {
        let answer: Option<Vec<u8>> = row.get(2)?;
        Ok((row.get::<_, Digest>(0)?, row.get::<_, String>(1)?, answer))
    };
    let found = transaction
        .query_row(sql::IDEMPOTENCY_READ, (caller, key), columns)
        .optional()
        .map_err(Error::writing_directly("read an idempotency key"))?;
    let Some((request_sha256, tx_id, answer)) = found else {
        return Ok(None);
    };
    let tx_id = TxId::parse(&tx_id).map_err(|cause| Error::damaged("a stored tx id", cause))?;
    Ok(Some(Begun::Repeated {
        request_sha256,
        tx_id,
        answer: answer.map(Bytes::from),
    }))
}

fn make_room(transaction: &Transaction<'_>, keys_max: u64) -> Result<(), Error> {
    let what = "make room for an idempotency key";
    let count: i64 = transaction
        .query_row(sql::IDEMPOTENCY_COUNT, [], |row| row.get(0))
        .map_err(Error::writing_directly(what))?;
    if count.unsigned_abs() < keys_max {
        return Ok(());
    }
    let at_once = EVICTED_AT_ONCE.min(keys_max.div_ceil(2)).cast_signed();
    let gone = transaction
        .execute(sql::IDEMPOTENCY_EVICT, [at_once])
        .map_err(Error::writing_directly(what))?;
    if gone == 0 {
        return Err(Error::Full {
            what: "requests with an idempotency key",
            max: keys_max,
        });
    }
    Ok(())
}
