//! Reads and ranges that are not as they were.

use TxValidationCode as C;
use lifecycle::sequence_key;
use model::TxValidationCode;

use super::{Row, row};
use crate::set::set;

const AT: (u64, u64) = (2, 0);

pub(super) fn rows() -> Vec<Row> {
    let parts = [reads(), ranges()];
    parts.into_iter().flatten().collect()
}

fn reads() -> Vec<Row> {
    let bad = |name, why, change| row(C::MvccReadConflict, name, why, change);
    vec![
        bad("older version read", "the key was written since", |tx| {
            tx.does(set("basic").get("a", Some((1, 0))).put("k", "v"));
        }),
        bad("newer version read", "the key has not come so far", |tx| {
            tx.does(set("basic").get("a", Some((9, 0))));
        }),
        bad(
            "other transaction's version read",
            "both numbers are compared",
            |tx| {
                tx.does(set("basic").get("a", Some((2, 1))));
            },
        ),
        bad("present key read as absent", "it was written since", |tx| {
            tx.does(set("basic").get("a", None));
        }),
        bad("absent key read as present", "it was deleted since", |tx| {
            tx.does(set("basic").get("nothing", Some(AT)));
        }),
        bad(
            "another chaincode's key read",
            "every namespace read is compared",
            |tx| {
                tx.does(set("basic").put("k", "v").ns("other").get("k", Some(AT)));
            },
        ),
        bad(
            "hash read of an older version",
            "hashes have versions too",
            |tx| {
                tx.does(set("basic").hashed_get("plain", "secret", Some((1, 0))));
            },
        ),
        bad(
            "present hash read as absent",
            "it was written since",
            |tx| {
                tx.does(set("basic").hashed_get("plain", "secret", None));
            },
        ),
        bad(
            "definition of an older sequence",
            "it was upgraded since",
            |tx| {
                let key = sequence_key("basic");
                tx.does(set("_lifecycle").get(&key, None).ns("basic").put("k", "v"));
            },
        ),
        bad(
            "older version read, range changed",
            "reads come before ranges",
            |tx| {
                tx.does(set("basic").get("a", None).range("r", "s", &[]));
            },
        ),
        bad("largest version read", "no block has come so far", |tx| {
            tx.does(set("basic").get("a", Some((u64::MAX, u64::MAX))));
        }),
        bad(
            "same key read twice, once older",
            "every read is compared",
            |tx| {
                tx.does(set("basic").get("a", Some(AT)).get("a", Some((1, 0))));
            },
        ),
    ]
}

fn ranges() -> Vec<Row> {
    let bad = |name, why, change| row(C::PhantomReadConflict, name, why, change);
    vec![
        bad("range with a key too few", "one was added since", |tx| {
            tx.does(set("basic").range("r", "s", &[("r1", AT)]));
        }),
        bad("range with a key too many", "one was deleted since", |tx| {
            tx.does(set("basic").range("r", "s", &[("r1", AT), ("r2", AT), ("r3", AT)]));
        }),
        bad(
            "range with an older version",
            "a member was written since",
            |tx| {
                tx.does(set("basic").range("r", "s", &[("r1", (1, 0)), ("r2", AT)]));
            },
        ),
        bad("range with no key", "some were added since", |tx| {
            tx.does(set("basic").range("r", "s", &[]));
        }),
        bad("range in another order", "keys come in order", |tx| {
            tx.does(set("basic").range("r", "s", &[("r2", AT), ("r1", AT)]));
        }),
        bad(
            "range changed, hash read of an older version",
            "ranges come before hashes",
            |tx| {
                let stale = set("basic").hashed_get("plain", "secret", None);
                tx.does(stale.range("r", "s", &[]));
            },
        ),
        bad(
            "range with other hashes",
            "its results are hashed again",
            |tx| {
                tx.does(set("basic").hashed_range("r", "s", 50));
            },
        ),
        bad(
            "range with hashes of no degree",
            "there is no such tree",
            |tx| {
                tx.does(set("basic").hashed_range("r", "s", 0));
            },
        ),
        bad(
            "range with hashes of the largest degree",
            "there are too few results for it",
            |tx| {
                tx.does(set("basic").hashed_range("", "", u32::MAX));
            },
        ),
    ]
}
