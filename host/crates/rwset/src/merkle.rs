//! The summary of a range's results: the reads themselves, or a Merkle tree over them when there are many.
//!
//! Fabric: core/ledger/kvledger/txmgmt/rwsetutil/query_results_helper.go.

use std::mem;

use bytes::Bytes;
use model::{Digest, hash::sha256};
use prost::Message;
use proto::kvrwset::{KvRead, QueryReads, QueryReadsMerkleSummary, range_query_info::ReadsInfo};

/// The degree that simulations use. Validation takes the degree it finds in the read-write set.
pub(crate) const MAX_DEGREE: u32 = 50;

/// Takes a range's results one by one and gives their summary in the end.
///
/// It holds at most `max_degree` reads and as many hashes a level, however many results there are.
#[derive(Debug)]
pub(crate) struct RangeSummary {
    max_degree: u32,
    /// Results that are not in the tree yet.
    pending: Vec<KvRead>,
    /// The hashes of each level that wait for being combined; the leaves' level first.
    levels: Vec<Vec<Digest>>,
}

impl RangeSummary {
    /// An empty summary. `max_degree` is at least 2, as a tree must narrow upwards; what is less counts as 2.
    pub(crate) fn new(max_degree: u32) -> Self {
        Self {
            max_degree: max_degree.max(2),
            pending: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Adds the next result.
    pub(crate) fn add(&mut self, read: KvRead) {
        self.pending.push(read);
        if exceeds(self.pending.len(), self.max_degree) {
            self.add_leaf();
        }
    }

    /// The summary of all results: none for no result, the reads for up to `max_degree`, else the tree's top.
    pub(crate) fn finish(mut self) -> Option<ReadsInfo> {
        if self.levels.is_empty() {
            let kv_reads = self.pending;
            return (!kv_reads.is_empty()).then_some(ReadsInfo::RawReads(QueryReads { kv_reads }));
        }
        if !self.pending.is_empty() {
            self.add_leaf();
        }
        Some(ReadsInfo::ReadsMerkleHashes(self.fold()))
    }

    /// Whether the tree has already grown into something that `expected` cannot be, however few results follow.
    ///
    /// Spares a validation the rest of a long range. The levels only grow, and the top one only at its end.
    pub(crate) fn contradicts(&self, expected: &QueryReadsMerkleSummary) -> bool {
        let Some(top) = self.levels.last() else {
            return false;
        };
        let level = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        match level.cmp(&expected.max_level) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => {
                top.len() > expected.max_level_hashes.len()
                    || top
                        .iter()
                        .zip(&expected.max_level_hashes)
                        .any(|(ours, theirs)| ours.as_slice() != theirs)
            }
        }
    }

    /// Makes a leaf of the pending results, and a hash of the next level wherever a level has grown too wide.
    fn add_leaf(&mut self) {
        let kv_reads = mem::take(&mut self.pending);
        let mut hash = sha256(&QueryReads { kv_reads }.encode_to_vec());
        for level in &mut self.levels {
            level.push(hash);
            if !exceeds(level.len(), self.max_degree) {
                return;
            }
            hash = combine(&mem::take(level));
        }
        self.levels.push(vec![hash]);
    }

    /// Combines the lower levels into the top one, and the top one if that makes it too wide.
    fn fold(self) -> QueryReadsMerkleSummary {
        let mut max_level = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        let mut carried: Option<Digest> = None;
        let mut top = Vec::new();
        for (index, mut level) in self.levels.into_iter().enumerate() {
            level.extend(carried.take());
            if u32::try_from(index + 1) == Ok(max_level) {
                top = level;
            } else {
                carried = match level.as_slice() {
                    [] => None,
                    [single] => Some(*single),
                    several => Some(combine(several)),
                };
            }
        }
        if exceeds(top.len(), self.max_degree) {
            max_level += 1;
            top = vec![combine(&top)];
        }
        QueryReadsMerkleSummary {
            max_degree: self.max_degree,
            max_level,
            max_level_hashes: top
                .iter()
                .map(|hash| Bytes::copy_from_slice(hash))
                .collect(),
        }
    }
}

fn exceeds(len: usize, max_degree: u32) -> bool {
    u32::try_from(len).map_or(true, |len| len > max_degree)
}

fn combine(hashes: &[Digest]) -> Digest {
    sha256(&hashes.concat())
}
