//! Reading a range again when its transaction is committed.
//!
//! Fabric: core/ledger/kvledger/txmgmt/validation/{rangequery_validator,combined_iterator}.go.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, VecDeque, btree_map},
    iter::Peekable,
    ops::Bound,
};

use model::Version;
use proto::kvrwset::{
    KvRead, QueryReadsMerkleSummary, RangeQueryInfo, range_query_info::ReadsInfo,
};

use crate::{
    RangeDifference, StateError, StateReader, Update, UpdateBatch, VersionedValue,
    merkle::RangeSummary, recording::kv_read,
};

/// Rows asked of the state at a time.
const CHUNK: usize = 128;

/// The first difference between a range as it was read and as it is now: the blocks before with the batch over them.
pub(crate) fn difference(
    reader: &dyn StateReader,
    batch: &UpdateBatch,
    namespace: &str,
    range: &RangeQueryInfo,
) -> Result<Option<RangeDifference>, StateError> {
    let mut results = Results::new(reader, batch, namespace, range);
    match &range.reads_info {
        Some(ReadsInfo::ReadsMerkleHashes(expected)) => compare_hashes(&mut results, expected),
        Some(ReadsInfo::RawReads(expected)) => compare_reads(&mut results, &expected.kv_reads),
        None => compare_reads(&mut results, &[]),
    }
}

fn compare_reads(
    results: &mut Results<'_>,
    expected: &[KvRead],
) -> Result<Option<RangeDifference>, StateError> {
    let mut expected = expected.iter();
    loop {
        let read = expected
            .next()
            .map(|read| (read.key.clone(), Version::from_proto(read.version.as_ref())));
        let now = results.next()?;
        let equal = match (&read, &now) {
            (None, None) => return Ok(None),
            (Some((key, version)), Some((key_now, version_now))) => {
                key == key_now && *version == Some(*version_now)
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !equal {
            return Ok(Some(RangeDifference::Result { read, now }));
        }
    }
}

/// Builds the tree again, with the degree found. A degree that no tree can have is a difference: Fabric's peer would stop.
fn compare_hashes(
    results: &mut Results<'_>,
    expected: &QueryReadsMerkleSummary,
) -> Result<Option<RangeDifference>, StateError> {
    if expected.max_degree < 2 {
        return Ok(Some(RangeDifference::Hashes));
    }
    let mut summary = RangeSummary::tree_only(expected.max_degree);
    while let Some((key, version)) = results.next()? {
        summary.add(kv_read(&key, Some(version)));
        if summary.contradicts(expected) {
            return Ok(Some(RangeDifference::Hashes));
        }
    }
    let equal = match summary.finish() {
        Some(ReadsInfo::ReadsMerkleHashes(found)) => found == *expected,
        Some(ReadsInfo::RawReads(_)) | None => false,
    };
    Ok((!equal).then_some(RangeDifference::Hashes))
}

/// The results of a range, one after the other: committed keys and the batch's, the batch's going before.
struct Results<'a> {
    reader: &'a dyn StateReader,
    batch: &'a UpdateBatch,
    namespace: &'a str,
    end: &'a str,
    /// Whether the end key is still to come after the rest: a walk that was left early ended at a key it had read.
    end_key_follows: bool,
    next_start: String,
    rows: VecDeque<(String, VersionedValue)>,
    drained: bool,
    updates: Peekable<btree_map::Range<'a, String, Update>>,
}

impl<'a> Results<'a> {
    fn new(
        reader: &'a dyn StateReader,
        batch: &'a UpdateBatch,
        namespace: &'a str,
        range: &'a RangeQueryInfo,
    ) -> Self {
        Self {
            reader,
            batch,
            namespace,
            end: &range.end_key,
            end_key_follows: !range.itr_exhausted,
            next_start: range.start_key.clone(),
            rows: VecDeque::new(),
            drained: false,
            updates: updates_in(batch, namespace, &range.start_key, &range.end_key).peekable(),
        }
    }

    fn next(&mut self) -> Result<Option<(String, Version)>, StateError> {
        loop {
            self.fetch()?;
            let order = match (self.rows.front(), self.updates.peek()) {
                (None, None) => return self.end_key(),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((key, _)), Some((updated, _))) => key.cmp(updated),
            };
            let row = if order.is_le() {
                self.rows.pop_front()
            } else {
                None
            };
            let update = if order.is_ge() {
                self.updates.next()
            } else {
                None
            };
            match (row, update) {
                (_, Some((key, update))) if update.value.is_some() => {
                    return Ok(Some((key.clone(), update.version)));
                }
                (Some((key, row)), None) => return Ok(Some((key, row.version))),
                // Deleted in this block.
                _ => {}
            }
        }
    }

    fn fetch(&mut self) -> Result<(), StateError> {
        if !self.rows.is_empty() || self.drained {
            return Ok(());
        }
        let rows = self
            .reader
            .range(self.namespace, &self.next_start, self.end, CHUNK)?;
        self.drained = rows.len() < CHUNK;
        if let Some((last, _)) = rows.last() {
            self.next_start = format!("{last}\0");
        }
        self.rows = rows.into();
        Ok(())
    }

    fn end_key(&mut self) -> Result<Option<(String, Version)>, StateError> {
        if !self.end_key_follows {
            return Ok(None);
        }
        self.end_key_follows = false;
        let version = match self.batch.get(self.namespace, self.end) {
            Some(update) => update.value.as_ref().map(|_| update.version),
            None => self
                .reader
                .get(self.namespace, self.end)?
                .map(|row| row.version),
        };
        Ok(version.map(|version| (self.end.to_owned(), version)))
    }
}

fn updates_in<'a>(
    batch: &'a UpdateBatch,
    namespace: &str,
    start: &'a str,
    end: &'a str,
) -> btree_map::Range<'a, String, Update> {
    static NONE: BTreeMap<String, Update> = BTreeMap::new();
    let updates = batch.public.get(namespace).unwrap_or(&NONE);
    let end = match end {
        "" => Bound::Unbounded,
        // A map's range must not run backwards; one that does is empty, as this one is.
        end => Bound::Excluded(end.max(start)),
    };
    updates.range::<str, _>((Bound::Included(start), end))
}
