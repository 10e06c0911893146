//! What serial validation found, as it is kept.

use std::cmp::Ordering;

use decoded::{Cause, ChangedRange, Key, Place, RangeChange, StaleRead};
use model::Version;
use rwset::{Conflict, Now, RangeDifference};

/// The cause that a conflict is.
pub(super) fn cause(conflict: &Conflict) -> Cause {
    match conflict {
        Conflict::Read {
            namespace,
            key,
            read,
            now,
        } => stale(Key::public(namespace, key), *read, *now),
        Conflict::HashedRead {
            namespace,
            collection,
            key_hash,
            read,
            now,
        } => stale(Key::hashed(namespace, collection, key_hash), *read, *now),
        Conflict::Range {
            namespace,
            start,
            end,
            difference,
        } => Cause::Range(ChangedRange {
            namespace: namespace.clone(),
            start: start.clone(),
            end: end.clone(),
            hashed: matches!(difference, RangeDifference::Hashes),
            differences: first(difference).into_iter().collect(),
            more: false,
            as_of_height: None,
            untold: None,
        }),
    }
}

fn stale(key: Key, read: Option<Version>, now: Now) -> Cause {
    let now = match now {
        Now::Committed(version) => version,
        Now::SameBlock(version) => Some(version),
    };
    Cause::Read(StaleRead {
        key,
        read: read.map(Place::new),
        now: now.map(Place::new),
        by: now.map(Place::new),
        change: None,
    })
}

/// The first key by which the results differ. What was read and what is there are both in the order of their keys.
fn first(difference: &RangeDifference) -> Option<decoded::RangeDifference> {
    let RangeDifference::Result { read, now } = difference else {
        return None;
    };
    let order = match (read, now) {
        (Some((read, _)), Some((now, _))) => read.cmp(now),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => return None,
    };
    let was = read.as_ref().filter(|_| order.is_le());
    let is = now.as_ref().filter(|_| order.is_ge());
    let change = match order {
        Ordering::Less => RangeChange::Lost,
        Ordering::Equal => RangeChange::Changed,
        Ordering::Greater => RangeChange::Gained,
    };
    let key = was.map(|(key, _)| key).or(is.map(|(key, _)| key))?;
    let place = |version: &Version| Place::new(*version);
    Some(decoded::RangeDifference {
        key: key.clone(),
        change,
        read: was.and_then(|(_, version)| version.as_ref()).map(place),
        now: is.map(|(_, version)| place(version)),
        by: is.map(|(_, version)| place(version)),
    })
}
