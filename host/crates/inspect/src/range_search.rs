//! What a transaction read of a range when all that it says are hashes: the range is put together again as it was at
//! earlier heights, the newest first, until the hashes agree. Then the difference to what was there at the commit is exact.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use decoded::{ChangedRange, Place, RangeChange, RangeDifference, rwset_of};
use joined::Channel;
use ledger::{KeyVersions, Snapshot};
use model::{Block, Version};
use rwset::{RangeRead, StateReader as _};

use crate::Error;

/// Keys that a range may have had, to be put together.
const KEYS_MAX: usize = 20_000;
/// States of the range that are compared: those before the last so many blocks that changed it.
const STATES_MAX: usize = 64;
/// Blocks that are read to see which writes were deletions.
const BLOCKS_READ_MAX: usize = 1_000;
/// Differences that are told.
const DIFFERENCES_MAX: usize = 8;

/// Finds the differences of a range for the transaction at `at`, or says why they cannot be told.
pub(crate) fn search(
    channel: &Channel,
    snapshot: &Snapshot,
    block: &Block,
    at: Version,
    range: &mut ChangedRange,
) -> Result<(), Error> {
    let entry = usize::try_from(at.tx)
        .ok()
        .and_then(|tx| block.data.get(tx));
    let Some(set) = entry.and_then(rwset_of) else {
        return Ok(());
    };
    let namespaces = set.namespaces().iter();
    let read = namespaces
        .filter(|namespace| namespace.name() == range.namespace)
        .flat_map(|namespace| namespace.ranges())
        .find(|read| read.is_hashed() && read.start() == range.start && read.end() == range.end);
    let untold = match read {
        None => Some("its bounds are too long for the differences to be found".to_owned()),
        Some(read) => compare(channel, snapshot, at, read, range)?,
    };
    range.untold = untold;
    Ok(())
}

/// Enters the differences, or gives the reason why there are none.
fn compare(
    channel: &Channel,
    snapshot: &Snapshot,
    at: Version,
    read: RangeRead<'_>,
    range: &mut ChangedRange,
) -> Result<Option<String>, Error> {
    let end = match (read.end(), read.holds_end()) {
        ("", _) | (_, false) => read.end().to_owned(),
        (end, true) => format!("{end}\u{0}"),
    };
    let bounds = (read.start(), end.as_str());
    // One more than there are states: what a key was before the oldest of them.
    let limits = (KEYS_MAX, STATES_MAX + 2);
    let found = snapshot.range_versions(&range.namespace, bounds, at, limits)?;
    let Some(keys) = found else {
        let why = format!("it has had more than {KEYS_MAX} keys, too many to look through");
        return Ok(Some(why));
    };
    let Some(deletions) = deletions(channel, snapshot, &range.namespace, &keys)? else {
        let why = format!(
            "its keys were written in more than {BLOCKS_READ_MAX} blocks, too many to look through"
        );
        return Ok(Some(why));
    };
    let history = History { keys, deletions };
    let heights = history.heights(at.block);
    let agreed = heights
        .iter()
        .copied()
        .find(|height| read.has_hashes_of(history.at_height(*height)));
    let Some(height) = agreed else {
        let why = format!(
            "the transaction has hashes over what it read, and none of the last {} states of the range has them",
            heights.len()
        );
        return Ok(Some(why));
    };
    range.as_of_height = Some(height);
    history.tell(height, range);
    Ok(None)
}

/// Who wrote the keys of a range before a transaction.
struct History {
    keys: Vec<KeyVersions>,
    /// Place in `keys`, and the version that deleted.
    deletions: HashSet<(usize, Version)>,
}

impl History {
    /// The heights at which the range was another than at the next, the newest first.
    fn heights(&self, block: u64) -> Vec<u64> {
        let versions = self.keys.iter().flat_map(|key| &key.versions);
        let mut heights: BTreeSet<u64> = versions.map(|version| version.block).collect();
        heights.insert(block);
        heights.into_iter().rev().take(STATES_MAX).collect()
    }

    /// The keys that there were at a height.
    fn at_height(&self, height: u64) -> impl Iterator<Item = (&str, Version)> {
        let below = Version {
            block: height,
            tx: 0,
        };
        self.before(below)
    }

    /// The keys that the writes below a version have left.
    fn before(&self, below: Version) -> impl Iterator<Item = (&str, Version)> {
        self.keys
            .iter()
            .enumerate()
            .filter_map(move |(place, key)| {
                let mut versions = key.versions.iter().copied();
                let version = versions.find(|version| *version < below)?;
                let deleted = self.deletions.contains(&(place, version));
                (!deleted).then_some((key.key.as_str(), version))
            })
    }

    /// The first differences between the range at a height and after all writes.
    fn tell(&self, height: u64, range: &mut ChangedRange) {
        let was: BTreeMap<&str, Version> = self.at_height(height).collect();
        let all = Version {
            block: u64::MAX,
            tx: u64::MAX,
        };
        let is: BTreeMap<&str, Version> = self.before(all).collect();
        for key in &self.keys {
            let name = key.key.as_str();
            let (was, is) = (was.get(name).copied(), is.get(name).copied());
            let change = match (was, is) {
                (None, Some(_)) => RangeChange::Gained,
                (Some(_), None) => RangeChange::Lost,
                (Some(was), Some(is)) if was != is => RangeChange::Changed,
                _ => continue,
            };
            if range.differences.len() == DIFFERENCES_MAX {
                range.more = true;
                return;
            }
            range.differences.push(RangeDifference {
                key: name.to_owned(),
                change,
                read: was.map(Place::new),
                now: is.map(Place::new),
                by: key.versions.first().copied().map(Place::new),
            });
        }
    }
}

/// The writes that were deletions. A key's present version is none; of all others the blocks say it. None if there are too
/// many of them.
fn deletions(
    channel: &Channel,
    snapshot: &Snapshot,
    namespace: &str,
    keys: &[KeyVersions],
) -> Result<Option<HashSet<(usize, Version)>>, Error> {
    let mut to_read: BTreeMap<u64, BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
    for (place, key) in keys.iter().enumerate() {
        let present = snapshot.get(namespace, &key.key).map_err(unreadable)?;
        let present = present.map(|present| present.version);
        let unknown = key.versions.iter().filter(|it| present != Some(**it));
        for version in unknown {
            let txs = to_read.entry(version.block).or_default();
            txs.entry(version.tx).or_default().push(place);
        }
    }
    if to_read.len() > BLOCKS_READ_MAX {
        return Ok(None);
    }
    let mut found = HashSet::new();
    for (number, txs) in to_read {
        let Some(block) = channel.ledger().block(number)? else {
            continue;
        };
        for (tx, places) in txs {
            let deleted = deleted(&block, tx, namespace);
            let version = Version { block: number, tx };
            let gone = places.into_iter().filter(|place| {
                keys.get(*place)
                    .is_some_and(|key| deleted.contains(&key.key))
            });
            found.extend(gone.map(|place| (place, version)));
        }
    }
    Ok(Some(found))
}

/// The keys of a namespace that a transaction deletes.
fn deleted(block: &Block, tx: u64, namespace: &str) -> HashSet<String> {
    let entry = usize::try_from(tx).ok().and_then(|tx| block.data.get(tx));
    let Some(set) = entry.and_then(rwset_of) else {
        return HashSet::new();
    };
    let namespaces = set.namespaces().iter();
    namespaces
        .filter(|found| found.name() == namespace)
        .flat_map(|found| found.writes())
        .filter(|(_, value)| value.is_none())
        .map(|(key, _)| key.to_owned())
        .collect()
}

fn unreadable(error: rwset::StateError) -> Error {
    Error::Ledger {
        code: model::ErrorCode::NodeUnavailable,
        source: error.into(),
    }
}
