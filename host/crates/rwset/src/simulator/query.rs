//! Ranges, pages and histories.

use bytes::Bytes;

use super::Simulator;
use crate::{
    KeyModification, ReadOnlyRule, SimulateError,
    cursor::{HistoryCursor, RangeCursor, RangeRecord, Scan, Source},
};

/// Names an open cursor of one simulation. A closed one's id is not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorId(u64);

impl CursorId {
    /// The id that a simulation gives next when it has given `given` ids.
    pub(super) fn first_after(given: u64) -> Self {
        Self(given)
    }
}

/// A part of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Keys and values, in key order.
    pub rows: Vec<(String, Bytes)>,
    /// Where the next page begins; empty when there is none.
    pub bookmark: String,
}

#[derive(Debug)]
pub(super) enum Cursor {
    Range(RangeCursor),
    History(HistoryCursor),
}

impl Simulator {
    /// Opens a walk over the public keys from `start` on to before `end`, `""` being no bound, and fetches its first batch.
    ///
    /// That Fabric's shim begins at U+0001 when a chaincode gives no start is for the caller to do. What the read set holds of
    /// the walk is what Fabric's peer would have fetched: batches of 100, and one result more.
    ///
    /// # Errors
    /// - [`SimulateError::Limit`]: too many cursors are open.
    /// - [`SimulateError::State`]: the state could not be read.
    pub fn open_range(
        &mut self,
        namespace: &str,
        start: &str,
        end: &str,
    ) -> Result<CursorId, SimulateError> {
        self.check_cursors()?;
        let source = Source::Public {
            namespace: namespace.to_owned(),
        };
        let record = self.ranges.len();
        self.ranges.push(RangeRecord::new(namespace, start, end));
        self.open(Scan::new(source, start, end), Some(record))
    }

    /// Opens a walk over the private keys that this peer holds. Nothing is recorded, so the transaction may not write.
    ///
    /// # Errors
    /// - [`SimulateError::ReadOnly`]: something was written before.
    /// - As [`open_range`](Self::open_range).
    pub fn open_private_range(
        &mut self,
        namespace: &str,
        collection: &str,
        start: &str,
        end: &str,
    ) -> Result<CursorId, SimulateError> {
        if self.wrote {
            return Err(self.read_only(ReadOnlyRule::PrivateRangeAfterWrite));
        }
        self.check_cursors()?;
        self.private_ranged = true;
        let source = Source::Private {
            namespace: namespace.to_owned(),
            collection: collection.to_owned(),
        };
        self.open(Scan::new(source, start, end), None)
    }

    /// Opens a walk over the changes of a public key, newest first. Nothing is recorded.
    ///
    /// # Errors
    /// [`SimulateError::Limit`]: too many cursors are open.
    pub fn open_history(&mut self, namespace: &str, key: &str) -> Result<CursorId, SimulateError> {
        self.check_cursors()?;
        let cursor = HistoryCursor::new(namespace, key, self.limits.results_max);
        Ok(self.keep(Cursor::History(cursor)))
    }

    /// The next rows of a range, at most `rows_max`; empty at the end, and again whenever asked.
    ///
    /// # Errors
    /// As [`next_within`](Self::next_within).
    pub fn next(
        &mut self,
        cursor: CursorId,
        rows_max: usize,
    ) -> Result<Vec<(String, Bytes)>, SimulateError> {
        self.next_within(cursor, rows_max, usize::MAX)
    }

    /// The next rows of a range, at most `rows_max` of at most `bytes_max` bytes together, but at least one if there is one.
    ///
    /// Rows are given one after the other as Fabric's shim does it: giving the last one of a batch of 100 fetches, and so
    /// records, the next batch. Ask for no more rows than the chaincode needs.
    ///
    /// # Errors
    /// - [`SimulateError::NoCursor`]: `cursor` is not an open walk over a range.
    /// - [`SimulateError::State`]: the state could not be read.
    pub fn next_within(
        &mut self,
        cursor: CursorId,
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<(String, Bytes)>, SimulateError> {
        let Some(Cursor::Range(cursor)) = self.cursors.get_mut(&cursor) else {
            return Err(SimulateError::NoCursor);
        };
        let mut rows = Vec::new();
        let mut bytes = 0_usize;
        while rows.len() < rows_max {
            let Some(len) = cursor.next_len() else { break };
            bytes = bytes.saturating_add(len);
            if bytes > bytes_max && !rows.is_empty() {
                break;
            }
            rows.extend(cursor.next(self.reader.as_ref(), &mut self.ranges)?);
        }
        Ok(rows)
    }

    /// The next changes of a key's history, at most `rows_max` of at most `bytes_max` bytes together, but at least one if
    /// there is one; empty at the end.
    ///
    /// # Errors
    /// - [`SimulateError::NoCursor`]: `cursor` is not an open walk over a history.
    /// - [`SimulateError::State`]: the state could not be read.
    pub fn next_history(
        &mut self,
        cursor: CursorId,
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<KeyModification>, SimulateError> {
        let Some(Cursor::History(cursor)) = self.cursors.get_mut(&cursor) else {
            return Err(SimulateError::NoCursor);
        };
        let reader = self.reader.as_ref();
        let mut rows = Vec::new();
        let mut bytes = 0_usize;
        while rows.len() < rows_max {
            let Some(len) = cursor.next_len(reader)? else {
                break;
            };
            bytes = bytes.saturating_add(len);
            if bytes > bytes_max && !rows.is_empty() {
                break;
            }
            rows.extend(cursor.next(reader)?);
        }
        Ok(rows)
    }

    /// Closes a cursor; one that is not open is ignored. What was fetched stays recorded.
    pub fn close(&mut self, cursor: CursorId) {
        self.cursors.remove(&cursor);
    }

    /// One page of the public keys from `bookmark`, or `start` if that is empty, on to before `end`.
    ///
    /// The page is recorded as a range, and the transaction may not write any more. In Fabric a `page_size` of 0 without a
    /// bookmark is no page but an ordinary range: use [`open_range`](Self::open_range). Here it is the largest page there is.
    ///
    /// # Errors
    /// - [`SimulateError::ReadOnly`]: something was written before.
    /// - [`SimulateError::State`]: the state could not be read.
    pub fn page(
        &mut self,
        namespace: &str,
        start: &str,
        end: &str,
        page_size: usize,
        bookmark: &str,
    ) -> Result<Page, SimulateError> {
        if self.wrote {
            return Err(self.read_only(ReadOnlyRule::PageAfterWrite));
        }
        self.paged = true;
        let start = if bookmark.is_empty() { start } else { bookmark };
        let rows_max = if page_size == 0 {
            usize::MAX
        } else {
            page_size
        }
        .min(self.limits.results_max);
        let source = Source::Public {
            namespace: namespace.to_owned(),
        };
        let mut scan = Scan::new(source, start, end);
        let mut record = RangeRecord::new(namespace, start, end);
        let mut rows = Vec::new();
        while rows.len() < rows_max {
            let row = scan.next(self.reader.as_ref())?;
            record.note(row.as_ref());
            let Some((key, value)) = row else { break };
            rows.push((key, value.value));
        }
        self.ranges.push(record);
        let bookmark = scan
            .next(self.reader.as_ref())?
            .map(|(key, _)| key)
            .unwrap_or_default();
        Ok(Page { rows, bookmark })
    }

    fn open(&mut self, scan: Scan, record: Option<usize>) -> Result<CursorId, SimulateError> {
        let results_max = self.limits.results_max;
        let cursor = RangeCursor::open(
            scan,
            record,
            results_max,
            self.reader.as_ref(),
            &mut self.ranges,
        )?;
        Ok(self.keep(Cursor::Range(cursor)))
    }

    fn keep(&mut self, cursor: Cursor) -> CursorId {
        let id = CursorId(self.cursor_next);
        self.cursor_next += 1;
        self.cursors.insert(id, cursor);
        id
    }

    fn check_cursors(&self) -> Result<(), SimulateError> {
        let max = self.limits.cursors_open_max;
        if self.cursors.len() >= max {
            return Err(SimulateError::Limit {
                what: "cursors open at one time",
                max,
            });
        }
        Ok(())
    }
}
