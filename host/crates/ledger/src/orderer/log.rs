//! The Raft log: entries, the vote, and how far things are.

use std::ops::Range;

use bytes::Bytes;
use model::{Digest, hash::sha256};
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::{EntryKind, LogEntry, LogId, OrdererLedger, Vote};
use crate::{
    Error,
    direct::Sync,
    sql::{orderer as sql, signed, unsigned},
};

/// Columns of a log id in the row of Raft's notes.
type StoredId = (Option<i64>, Option<i64>, Option<i64>);

impl OrdererLedger {
    /// Appends entries. When it returns they are durable, and so is everything written before.
    ///
    /// # Errors
    /// - [`Error::LogIndex`]: an index does not follow the one before.
    /// - [`Error::Limit`]: a number does not fit.
    /// - [`Error::DiskFull`]: nothing was appended; try again when there is room.
    /// - [`Error::Broken`]: the disk. From then on [`Error::Stopped`].
    pub fn append(&self, entries: &[LogEntry]) -> Result<(), Error> {
        let what = "append to the log";
        self.inner.writer.write(Sync::Full, what, |transaction| {
            let mut last = last_log(transaction)?;
            for entry in entries {
                if last.is_some_and(|last| last.index.checked_add(1) != Some(entry.id.index)) {
                    return Err(Error::LogIndex {
                        got: entry.id.index,
                        reason: "it does not follow the last entry",
                    });
                }
                put_entry(transaction, entry)?;
                last = Some(entry.id);
            }
            Ok(())
        })?;
        self.inner.checkpointer.hint();
        Ok(())
    }

    /// The entries with indexes in `range`, in order, as many as fit into `bytes_max` but at least one if there is one.
    ///
    /// What was purged is not among them, though the file may still have it.
    ///
    /// # Errors
    /// - [`Error::Damaged`]: the stored bytes are not those that were written.
    /// - [`Error::Busy`], [`Error::Read`]
    pub fn entries(&self, range: Range<u64>, bytes_max: usize) -> Result<Vec<LogEntry>, Error> {
        let reader = self.inner.readers.take()?;
        let connection = reader.connection()?;
        let failed = || Error::reading("read the log");
        // One transaction, so that the purge and the entries are of one moment.
        connection.execute_batch("BEGIN").map_err(failed())?;
        let purged = read_id(connection, 6)?;
        let first = purged.map_or(0, |purged| purged.index.saturating_add(1));
        let start = signed(range.start.max(first)).unwrap_or(i64::MAX);
        let end = signed(range.end).unwrap_or(i64::MAX);
        let mut statement = connection
            .prepare_cached(sql::LOG_RANGE)
            .map_err(failed())?;
        let mut rows = statement.query([start, end]).map_err(failed())?;
        let mut entries = Vec::new();
        let mut bytes_left = bytes_max;
        while let Some(row) = rows.next().map_err(failed())? {
            let entry = entry_of(row)?;
            let size = entry.payload.len();
            if size > bytes_left && !entries.is_empty() {
                break;
            }
            bytes_left = bytes_left.saturating_sub(size);
            entries.push(entry);
        }
        Ok(entries)
    }

    /// The last entry, or the last purged one if there is none after it.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn last_log(&self) -> Result<Option<LogId>, Error> {
        self.inner.writer.read(last_log)
    }

    /// The last entry that Raft believes gone.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn purged(&self) -> Result<Option<LogId>, Error> {
        self.inner.writer.read(|connection| read_id(connection, 6))
    }

    /// Removes the entries from `index` on: a new leader has others there.
    ///
    /// # Errors
    /// - [`Error::LogIndex`]: one of them was purged or carries a block, so it was committed and can have no other.
    /// - [`Error::Broken`], [`Error::DiskFull`], [`Error::Stopped`]: the disk.
    pub fn truncate_from(&self, index: u64) -> Result<(), Error> {
        let what = "truncate the log";
        let refused = |reason| Error::LogIndex { got: index, reason };
        let number = signed(index)?;
        self.inner.writer.write(Sync::Full, what, |transaction| {
            if read_id(transaction, 6)?.is_some_and(|purged| index <= purged.index) {
                return Err(refused("it was purged"));
            }
            let rests: bool = transaction
                .query_row(sql::BLOCK_RESTS_FROM, [number], |row| row.get(0))
                .map_err(Error::writing_directly(what))?;
            if rests {
                return Err(refused("a block rests on it or on a later one"));
            }
            transaction
                .execute(sql::LOG_TRUNCATE, [number])
                .map_err(Error::writing_directly(what))?;
            Ok(())
        })?;
        self.inner.checkpointer.hint();
        Ok(())
    }

    /// Makes the entries up to `id` gone for Raft. Those that blocks rest on stay in the file.
    ///
    /// # Errors
    /// [`Error::Broken`], [`Error::DiskFull`], [`Error::Stopped`]: the disk.
    pub fn purge_upto(&self, id: LogId) -> Result<(), Error> {
        let what = "purge the log";
        self.inner.writer.write(Sync::Full, what, |transaction| {
            let purged = read_id(transaction, 6)?;
            if purged.is_some_and(|purged| id.index <= purged.index) {
                return Ok(());
            }
            // What lies below the last purge has been looked through before.
            let start = purged.map_or(0, |purged| purged.index.saturating_add(1));
            transaction
                .execute(sql::LOG_PURGE, [signed(start)?, signed(id.index)?])
                .map_err(Error::writing_directly(what))?;
            put_id(transaction, sql::PURGED_PUT, Some(id))
        })?;
        self.inner.checkpointer.hint();
        Ok(())
    }

    /// Keeps the vote. When it returns it is durable and may be sent.
    ///
    /// # Errors
    /// [`Error::Broken`], [`Error::DiskFull`], [`Error::Stopped`]: the disk.
    pub fn save_vote(&self, vote: Vote) -> Result<(), Error> {
        let what = "keep the vote";
        let row = (signed(vote.term)?, signed(vote.node)?, vote.committed);
        self.inner.writer.write(Sync::Full, what, |transaction| {
            transaction
                .execute(sql::VOTE_PUT, row)
                .map_err(Error::writing_directly(what))?;
            Ok(())
        })
    }

    /// The vote kept last.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn vote(&self) -> Result<Option<Vote>, Error> {
        let row: (Option<i64>, Option<i64>, Option<bool>) =
            self.inner.writer.read(|connection| {
                connection
                    .query_row(sql::RAFT_READ, [], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })
                    .map_err(Error::reading("read the vote"))
            })?;
        let (Some(term), Some(node), Some(committed)) = row else {
            return Ok(None);
        };
        Ok(Some(Vote {
            term: unsigned(term)?,
            node: unsigned(node)?,
            committed,
        }))
    }

    /// Notes the newest entry known to be committed. Not waited for: the note only saves time at the next start.
    ///
    /// # Errors
    /// [`Error::Broken`], [`Error::DiskFull`], [`Error::Stopped`]: the disk.
    pub fn save_committed(&self, id: Option<LogId>) -> Result<(), Error> {
        let what = "note what is committed";
        self.inner.writer.write(Sync::Later, what, |transaction| {
            put_id(transaction, sql::COMMITTED_PUT, id)
        })?;
        self.inner.checkpointer.hint();
        Ok(())
    }

    /// What [`OrdererLedger::save_committed`] noted last, or something older after a power cut.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn committed(&self) -> Result<Option<LogId>, Error> {
        self.inner.writer.read(|connection| read_id(connection, 3))
    }
}

fn put_entry(transaction: &Transaction<'_>, entry: &LogEntry) -> Result<(), Error> {
    let row = (
        signed(entry.id.index)?,
        signed(entry.id.term)?,
        signed(entry.id.leader)?,
        entry.kind.to_number(),
        sha256(&entry.payload),
        entry.payload.as_ref(),
    );
    transaction
        .prepare_cached(sql::LOG_PUT)
        .and_then(|mut statement| statement.execute(row))
        .map_err(Error::writing_directly("append to the log"))?;
    Ok(())
}

fn entry_of(row: &Row<'_>) -> Result<LogEntry, Error> {
    let numbers = || Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let bytes = || Ok((row.get(4)?, row.get_ref(5)?.as_blob()?));
    let numbers: rusqlite::Result<(i64, i64, i64, i64)> = numbers();
    let bytes: rusqlite::Result<(Digest, &[u8])> = bytes();
    let (index, term, leader, kind) = numbers.map_err(Error::reading("read the log"))?;
    let (checksum, payload) = bytes.map_err(Error::reading("read the log"))?;
    let index = unsigned(index)?;
    if checksum != sha256(payload) {
        let cause = "its bytes do not match their checksum";
        return Err(Error::damaged(format!("log entry {index}"), cause));
    }
    Ok(LogEntry {
        id: LogId {
            term: unsigned(term)?,
            leader: unsigned(leader)?,
            index,
        },
        kind: EntryKind::from_number(kind)?,
        payload: Bytes::copy_from_slice(payload),
    })
}

/// The last entry, or the purge if nothing is after it.
fn last_log(connection: &Connection) -> Result<Option<LogId>, Error> {
    let purged = read_id(connection, 6)?;
    let row: Option<(i64, i64, i64)> = connection
        .prepare_cached(sql::LOG_LAST)
        .and_then(|mut statement| {
            statement
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
        })
        .map_err(Error::reading("read the last log entry"))?;
    let last = row.map(|(index, term, leader)| id_of(index, term, leader));
    let last = last.transpose()?;
    // Rows below the purge are there for the chain only.
    let last = last.filter(|last| purged.is_none_or(|purged| last.index > purged.index));
    Ok(last.or(purged))
}

/// One of the log ids in the row of Raft's notes; `column` is where it begins.
pub(super) fn read_id(connection: &Connection, column: usize) -> Result<Option<LogId>, Error> {
    let (index, term, leader): StoredId = connection
        .prepare_cached(sql::RAFT_READ)
        .and_then(|mut statement| {
            statement.query_row([], |row| {
                Ok((row.get(column)?, row.get(column + 1)?, row.get(column + 2)?))
            })
        })
        .map_err(Error::reading("read Raft's notes"))?;
    let (Some(index), Some(term), Some(leader)) = (index, term, leader) else {
        return Ok(None);
    };
    id_of(index, term, leader).map(Some)
}

pub(super) fn put_id(
    transaction: &Transaction<'_>,
    statement: &'static str,
    id: Option<LogId>,
) -> Result<(), Error> {
    let number = |part: fn(LogId) -> u64| id.map(|id| signed(part(id))).transpose();
    let row = (
        number(|id| id.index)?,
        number(|id| id.term)?,
        number(|id| id.leader)?,
    );
    transaction
        .prepare_cached(statement)
        .and_then(|mut statement| statement.execute(row))
        .map_err(Error::writing_directly("keep Raft's notes"))?;
    Ok(())
}

fn id_of(index: i64, term: i64, leader: i64) -> Result<LogId, Error> {
    Ok(LogId {
        index: unsigned(index)?,
        term: unsigned(term)?,
        leader: unsigned(leader)?,
    })
}
