//! The summary of a range's results: the reads themselves, or a Merkle tree over them when there are many.
//!
//! Fabric: core/ledger/kvledger/txmgmt/rwsetutil/query_results_helper.go.

use std::{cmp::Ordering, mem};

use bytes::Bytes;
use model::{Digest, hash::sha256};
use prost::encoding::message;
use proto::kvrwset::{KvRead, QueryReads, QueryReadsMerkleSummary, range_query_info::ReadsInfo};
use sha2::{Digest as _, Sha256};

/// The degree that simulations use. Validation takes the degree it finds in the read-write set.
pub(crate) const MAX_DEGREE: u32 = 50;

/// The field of `QueryReads` that holds the results.
const QUERY_READS_KV_READS: u32 = 1;

/// Takes a range's results one by one and gives their summary in the end.
///
/// It holds a hash for each `max_degree` results, at most `max_degree` a level, and the first `max_degree` results themselves if
/// they are wanted.
#[derive(Debug)]
pub(crate) struct RangeSummary {
    max_degree: u32,
    /// All results so far, while they are few enough to be the summary; none if the caller wants a tree or nothing.
    reads: Option<Vec<KvRead>>,
    /// How many results are in `leaf`.
    pending: usize,
    /// Over the results that are not in the tree yet.
    leaf: Sha256,
    /// The hashes of each level that wait for being combined; the leaves' level first.
    levels: Vec<Vec<Digest>>,
}

impl RangeSummary {
    /// An empty summary. `max_degree` is at least 2, as a tree must narrow upwards; what is less counts as 2.
    pub(crate) fn new(max_degree: u32) -> Self {
        Self {
            max_degree: max_degree.max(2),
            reads: Some(Vec::new()),
            pending: 0,
            leaf: Sha256::new(),
            levels: Vec::new(),
        }
    }

    /// An empty summary that is a tree in the end or nothing, so that no results are held: the degree may be a stranger's.
    pub(crate) fn tree_only(max_degree: u32) -> Self {
        Self {
            reads: None,
            ..Self::new(max_degree)
        }
    }

    /// Adds the next result.
    pub(crate) fn add(&mut self, read: KvRead) {
        let mut encoded = Vec::with_capacity(read.key.len() + 32);
        message::encode(QUERY_READS_KV_READS, &read, &mut encoded);
        self.leaf.update(&encoded);
        self.pending += 1;
        if let Some(reads) = &mut self.reads {
            reads.push(read);
        }
        if exceeds(self.pending, self.max_degree) {
            self.add_leaf();
        }
    }

    /// The summary of all results: none for no result, the reads for up to `max_degree`, else the tree's top.
    pub(crate) fn finish(mut self) -> Option<ReadsInfo> {
        if self.levels.is_empty() {
            let kv_reads = self.reads.filter(|reads| !reads.is_empty())?;
            return Some(ReadsInfo::RawReads(QueryReads { kv_reads }));
        }
        if self.pending > 0 {
            self.add_leaf();
        }
        Some(ReadsInfo::ReadsMerkleHashes(self.fold()))
    }

    /// Whether the tree has already grown into something that `expected` cannot be, however few results follow.
    ///
    /// Spares a validation the rest of a long range. The levels only grow, and the top one only at its end; it is looked at
    /// when a leaf is full.
    pub(crate) fn contradicts(&self, expected: &QueryReadsMerkleSummary) -> bool {
        let Some(top) = self.levels.last().filter(|_| self.pending == 0) else {
            return false;
        };
        let level = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        match level.cmp(&expected.max_level) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => {
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
        self.reads = None;
        self.pending = 0;
        let mut hash = self.leaf.finalize_reset().into();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;
    use proto::kvrwset::Version;

    use super::*;

    fn reads(count: usize) -> Vec<KvRead> {
        let version = |tx_num| Version {
            block_num: 7,
            tx_num,
        };
        (0..count)
            .zip(0..)
            .map(|(index, tx)| KvRead {
                key: format!("k{index:06}"),
                version: Some(version(tx)),
            })
            .collect()
    }

    fn summary(reads: &[KvRead], max_degree: u32) -> Option<ReadsInfo> {
        let mut summary = RangeSummary::new(max_degree);
        for read in reads {
            summary.add(read.clone());
        }
        summary.finish()
    }

    /// The tree over all reads at once: full groups move up as one hash, what is left over is folded in from below.
    fn naive(reads: &[KvRead], max_degree: u32) -> (usize, Vec<Digest>) {
        let group = usize::try_from(max_degree).unwrap() + 1;
        let hashed = |hashes: &[Digest]| sha256(&hashes.concat());
        let mut levels = vec![
            reads
                .chunks(group)
                .map(|reads| {
                    sha256(
                        &QueryReads {
                            kv_reads: reads.to_vec(),
                        }
                        .encode_to_vec(),
                    )
                })
                .collect::<Vec<_>>(),
        ];
        while levels.last().unwrap().len() >= group {
            let level = levels.last_mut().unwrap();
            let rest = level.split_off(level.len() / group * group);
            let full = mem::replace(level, rest);
            levels.push(full.chunks(group).map(hashed).collect());
        }
        let height = levels.len();
        let mut below: Vec<Digest> = Vec::new();
        for level in levels {
            let folded = if below.len() > 1 {
                vec![hashed(&below)]
            } else {
                below
            };
            below = [level, folded].concat();
        }
        if below.len() >= group {
            (height + 1, vec![hashed(&below)])
        } else {
            (height, below)
        }
    }

    #[test]
    fn up_to_the_degree_the_reads_themselves_are_the_summary() {
        assert_eq!(summary(&[], 50), None);
        assert_eq!(
            summary(&reads(50), 50),
            Some(ReadsInfo::RawReads(QueryReads {
                kv_reads: reads(50)
            }))
        );
        assert!(matches!(
            summary(&reads(51), 50),
            Some(ReadsInfo::ReadsMerkleHashes(_))
        ));
    }

    proptest! {
        #[test]
        fn a_tree_built_step_by_step_is_the_tree_built_at_once(count in 0_usize..900, degree in 2_u32..9) {
            let reads = reads(count);
            match summary(&reads, degree) {
                Some(ReadsInfo::ReadsMerkleHashes(found)) => {
                    let (level, hashes) = naive(&reads, degree);
                    prop_assert_eq!(usize::try_from(found.max_level).unwrap(), level);
                    prop_assert_eq!(found.max_degree, degree);
                    prop_assert_eq!(found.max_level_hashes, hashes.iter().map(|hash| hash.to_vec()).collect::<Vec<_>>());
                }
                other => prop_assert!(count <= usize::try_from(degree).unwrap(), "{:?}", other),
            }
        }

        #[test]
        fn a_summary_never_contradicts_the_one_it_is_going_to_be(count in 3_usize..400, degree in 2_u32..6) {
            let reads = reads(count);
            if let Some(ReadsInfo::ReadsMerkleHashes(expected)) = summary(&reads, degree) {
                let mut growing = RangeSummary::new(degree);
                for read in reads {
                    growing.add(read);
                    prop_assert!(!growing.contradicts(&expected));
                }
            }
        }

        #[test]
        fn a_changed_result_changes_the_summary(count in 60_usize..300, changed in 0_usize..60, degree in 2_u32..9) {
            let before = reads(count);
            let mut after = before.clone();
            after[changed].version = None;
            prop_assert_ne!(summary(&before, degree), summary(&after, degree));
        }
    }
}
