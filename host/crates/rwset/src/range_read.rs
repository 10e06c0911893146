use model::Version;
use proto::kvrwset::{RangeQueryInfo, range_query_info::ReadsInfo};

use crate::{merkle::RangeSummary, recording::kv_read};

/// A range that a transaction walked over, as its read-write set tells of it.
#[derive(Debug, Clone, Copy)]
pub struct RangeRead<'a>(pub(crate) &'a RangeQueryInfo);

impl<'a> RangeRead<'a> {
    /// The first key.
    #[must_use]
    pub fn start(self) -> &'a str {
        &self.0.start_key
    }

    /// The end, or the last key fetched if the walk was left early; empty for no end.
    #[must_use]
    pub fn end(self) -> &'a str {
        &self.0.end_key
    }

    /// Whether [`RangeRead::end`] belongs to what was read: the walk was left early, at that key.
    #[must_use]
    pub fn holds_end(self) -> bool {
        !self.0.itr_exhausted
    }

    /// Whether only hashes over the results are in the transaction, so that the results themselves are not.
    #[must_use]
    pub fn is_hashed(self) -> bool {
        matches!(self.0.reads_info, Some(ReadsInfo::ReadsMerkleHashes(_)))
    }

    /// Whether these results, in order, have the hashes in the transaction. No results agree with a range that is not hashed.
    pub fn has_hashes_of<'r>(self, results: impl IntoIterator<Item = (&'r str, Version)>) -> bool {
        let Some(ReadsInfo::ReadsMerkleHashes(expected)) = &self.0.reads_info else {
            return false;
        };
        if expected.max_degree < 2 {
            return false;
        }
        let mut summary = RangeSummary::tree_only(expected.max_degree);
        for (key, version) in results {
            summary.add(kv_read(key, Some(version)));
            if summary.contradicts(expected) {
                return false;
            }
        }
        matches!(summary.finish(), Some(ReadsInfo::ReadsMerkleHashes(found)) if found == *expected)
    }
}
