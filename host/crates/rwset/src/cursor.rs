//! Walks over ranges and histories, with the prefetch of Fabric's peer, which decides what the read set records.

use std::{collections::VecDeque, mem};

use bytes::Bytes;
use proto::kvrwset::RangeQueryInfo;

use crate::{
    KeyModification, SimulateError, StateReader, VersionedValue,
    merkle::{MAX_DEGREE, RangeSummary},
    recording::kv_read,
};

/// Results in one batch of Fabric's peer (`MaxResultLimit`, core/chaincode/chaincode_support.go).
pub(crate) const BATCH: usize = 100;

/// Rows asked of the state at a time: a batch and the one more that tells whether another follows.
const CHUNK: usize = BATCH + 1;

/// Where a walk's rows come from.
#[derive(Debug)]
pub(crate) enum Source {
    Public {
        namespace: String,
    },
    Private {
        namespace: String,
        collection: String,
    },
}

/// The rows of a range one after the other, read in chunks.
#[derive(Debug)]
pub(crate) struct Scan {
    source: Source,
    next_start: String,
    end: String,
    rows: VecDeque<(String, VersionedValue)>,
    drained: bool,
}

impl Scan {
    pub(crate) fn new(source: Source, start: &str, end: &str) -> Self {
        Self {
            source,
            next_start: start.to_owned(),
            end: end.to_owned(),
            rows: VecDeque::new(),
            drained: false,
        }
    }

    /// The next row; none at the end, and again whenever asked.
    pub(crate) fn next(
        &mut self,
        reader: &dyn StateReader,
    ) -> Result<Option<(String, VersionedValue)>, SimulateError> {
        if self.rows.is_empty() && !self.drained {
            self.fetch(reader)?;
        }
        Ok(self.rows.pop_front())
    }

    fn fetch(&mut self, reader: &dyn StateReader) -> Result<(), SimulateError> {
        let (start, end) = (self.next_start.as_str(), self.end.as_str());
        let rows = match &self.source {
            Source::Public { namespace } => reader.range(namespace, start, end, CHUNK)?,
            Source::Private {
                namespace,
                collection,
            } => reader.private_range(namespace, collection, start, end, CHUNK)?,
        };
        self.drained = rows.len() < CHUNK;
        if let Some((last, _)) = rows.last() {
            self.next_start = format!("{last}\0");
        }
        self.rows = rows.into();
        Ok(())
    }
}

/// What the read set will say of a walk over public keys.
#[derive(Debug)]
pub(crate) struct RangeRecord {
    namespace: String,
    start: String,
    end_requested: String,
    last: Option<String>,
    exhausted: bool,
    summary: RangeSummary,
}

impl RangeRecord {
    pub(crate) fn new(namespace: &str, start: &str, end: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            start: start.to_owned(),
            end_requested: end.to_owned(),
            last: None,
            exhausted: false,
            summary: RangeSummary::new(MAX_DEGREE),
        }
    }

    /// Takes note of what a scan gave.
    pub(crate) fn note(&mut self, row: Option<&(String, VersionedValue)>) {
        match row {
            Some((key, value)) => {
                self.summary.add(kv_read(key, Some(value.version)));
                self.last = Some(key.clone());
            }
            None => self.exhausted = true,
        }
    }

    /// The namespace and the entry. A walk that was stopped early ends at the last key that the peer has fetched.
    pub(crate) fn finish(self) -> (String, RangeQueryInfo) {
        let end_key = if self.exhausted {
            self.end_requested
        } else {
            self.last.unwrap_or_default()
        };
        let info = RangeQueryInfo {
            start_key: self.start,
            end_key,
            itr_exhausted: self.exhausted,
            reads_info: self.summary.finish(),
        };
        (self.namespace, info)
    }
}

/// An open walk over a range, public or private.
#[derive(Debug)]
pub(crate) struct RangeCursor {
    scan: Scan,
    /// Where the walk is recorded among the simulation's ranges; a private one is not.
    record: Option<usize>,
    /// Fetched for the batch after `batch`.
    pending: VecDeque<(String, Bytes)>,
    /// What the chaincode may be given without fetching more.
    batch: VecDeque<(String, Bytes)>,
    has_more: bool,
    fetched: usize,
    fetched_max: usize,
}

impl RangeCursor {
    /// Opens the walk and fetches its first batch, as Fabric's peer does before it answers.
    pub(crate) fn open(
        scan: Scan,
        record: Option<usize>,
        fetched_max: usize,
        reader: &dyn StateReader,
        records: &mut [RangeRecord],
    ) -> Result<Self, SimulateError> {
        let mut cursor = Self {
            scan,
            record,
            pending: VecDeque::new(),
            batch: VecDeque::new(),
            has_more: true,
            fetched: 0,
            fetched_max,
        };
        cursor.fill(reader, records)?;
        Ok(cursor)
    }

    /// The next row for the chaincode. Giving the last row of a batch fetches the next batch, as Fabric's shim does.
    pub(crate) fn next(
        &mut self,
        reader: &dyn StateReader,
        records: &mut [RangeRecord],
    ) -> Result<Option<(String, Bytes)>, SimulateError> {
        let row = self.batch.pop_front();
        if self.batch.is_empty() && self.has_more {
            self.fill(reader, records)?;
        }
        Ok(row)
    }

    /// The size of the row that [`next`](Self::next) gives, in bytes.
    pub(crate) fn next_len(&self) -> Option<usize> {
        self.batch
            .front()
            .map(|(key, value)| key.len() + value.len())
    }

    fn fill(
        &mut self,
        reader: &dyn StateReader,
        records: &mut [RangeRecord],
    ) -> Result<(), SimulateError> {
        while self.fetched < self.fetched_max {
            let row = self.scan.next(reader)?;
            if let Some(record) = self.record.and_then(|index| records.get_mut(index)) {
                record.note(row.as_ref());
            }
            let Some((key, value)) = row else { break };
            self.fetched += 1;
            if self.pending.len() == BATCH {
                self.batch = mem::take(&mut self.pending);
                self.pending.push_back((key, value.value));
                return Ok(());
            }
            self.pending.push_back((key, value.value));
        }
        self.batch = mem::take(&mut self.pending);
        self.has_more = false;
        Ok(())
    }
}

/// An open walk over a key's history. Nothing of it is recorded.
#[derive(Debug)]
pub(crate) struct HistoryCursor {
    namespace: String,
    key: String,
    rows: VecDeque<KeyModification>,
    below: Option<model::Version>,
    drained: bool,
    given: usize,
    given_max: usize,
}

impl HistoryCursor {
    pub(crate) fn new(namespace: &str, key: &str, given_max: usize) -> Self {
        Self {
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            rows: VecDeque::new(),
            below: None,
            drained: false,
            given: 0,
            given_max,
        }
    }

    /// The next change, newest first.
    pub(crate) fn next(
        &mut self,
        reader: &dyn StateReader,
    ) -> Result<Option<KeyModification>, SimulateError> {
        self.peek(reader)?;
        let row = self.rows.pop_front();
        self.given += usize::from(row.is_some());
        Ok(row)
    }

    /// The size of what [`next`](Self::next) gives, in bytes.
    pub(crate) fn next_len(
        &mut self,
        reader: &dyn StateReader,
    ) -> Result<Option<usize>, SimulateError> {
        self.peek(reader)?;
        Ok(self
            .rows
            .front()
            .map(|change| change.tx_id.len() + change.value.len()))
    }

    fn peek(&mut self, reader: &dyn StateReader) -> Result<(), SimulateError> {
        if self.given == self.given_max {
            self.rows.clear();
            self.drained = true;
        }
        if self.rows.is_empty() && !self.drained {
            let rows = reader.history(&self.namespace, &self.key, self.below, BATCH)?;
            self.drained = rows.len() < BATCH;
            self.below = rows.last().map(|change| change.version);
            self.rows = rows.into();
        }
        Ok(())
    }
}
