//! Which keys have verified so much that a table of their multiples pays.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use quick_cache::sync::Cache;

use crate::p256_table::KeyTable;

/// Good signatures by a key after which its table is built. Building costs as much as the table saves on 30 signatures.
const GOOD_BEFORE_TABLE: u32 = 64;
/// Keys whose good signatures are counted, for each table that there may be.
const COUNTED_A_TABLE: usize = 16;

/// The tables of the P-256 keys that sign most.
///
/// Only good signatures count, and only those that were computed: nobody can have a table built by sending rubbish, or one
/// signature again and again. Whoever crowds others out pays 64 signatures for each table.
pub(crate) struct KeyTables {
    tables: Cache<Vec<u8>, Arc<KeyTable>>,
    /// How many good signatures those keys made that have no table.
    good: Cache<Vec<u8>, Arc<AtomicU32>>,
    tables_max: usize,
}

impl KeyTables {
    /// Room for about `tables_max` tables of 88 KB each; none are built if that is zero.
    pub(crate) fn new(tables_max: usize) -> KeyTables {
        KeyTables {
            tables: Cache::new(tables_max),
            good: Cache::new(tables_max.saturating_mul(COUNTED_A_TABLE)),
            tables_max,
        }
    }

    /// The table of a key, given as an uncompressed point, if it has one.
    pub(crate) fn get(&self, point: &[u8]) -> Option<Arc<KeyTable>> {
        self.tables.get(point)
    }

    /// Counts a signature that was found good without a table; builds the table if this one makes it worth while.
    ///
    /// The caller who builds, in a millisecond or two, holds nothing that others wait for: they verify as before until the
    /// table is there.
    pub(crate) fn found_good(&self, point: &[u8]) {
        if self.tables_max == 0 {
            return;
        }
        let zero = || Ok::<_, Infallible>(Arc::default());
        let Ok(good) = self.good.get_or_insert_with(point, zero);
        // Exactly one caller reaches the number.
        if good.fetch_add(1, Ordering::Relaxed) + 1 != GOOD_BEFORE_TABLE {
            return;
        }
        if let Some(table) = KeyTable::new(point) {
            self.tables.insert(point.to_vec(), Arc::new(table));
            // After the table: a key that loses it later is counted anew.
            self.good.remove(point);
        }
    }

    /// How many tables there are.
    pub(crate) fn len(&self) -> usize {
        self.tables.len()
    }
}

#[cfg(test)]
mod tests {
    use p256::elliptic_curve::sec1::ToSec1Point;
    use p256::{ProjectivePoint, Scalar};

    use super::*;

    fn point(number: u64) -> Vec<u8> {
        let point = ProjectivePoint::GENERATOR * Scalar::from(number);
        point.to_affine().to_sec1_point(false).as_bytes().to_vec()
    }

    fn found_good(tables: &KeyTables, point: &[u8], times: u32) {
        (0..times).for_each(|_| tables.found_good(point));
    }

    #[test]
    fn a_key_gets_a_table_with_its_64th_good_signature() {
        let tables = KeyTables::new(2);
        found_good(&tables, &point(1), 63);
        found_good(&tables, &point(2), 63);
        assert!(tables.get(&point(1)).is_none());
        tables.found_good(&point(1));
        assert!(tables.get(&point(1)).is_some());
        assert!(tables.get(&point(2)).is_none());
    }

    #[test]
    fn there_are_never_more_tables_than_there_is_room_for() {
        let tables = KeyTables::new(2);
        for number in 1..6 {
            found_good(&tables, &point(number), 64);
            assert!((1..=2).contains(&tables.len()));
        }
        let none = KeyTables::new(0);
        found_good(&none, &point(1), 200);
        assert_eq!(none.len(), 0);
    }

    #[test]
    fn a_key_that_lost_its_table_earns_another() {
        let tables = KeyTables::new(1);
        found_good(&tables, &point(1), 64);
        found_good(&tables, &point(2), 64);
        let gone = (1..3).find(|number| tables.get(&point(*number)).is_none());
        let gone = point(gone.unwrap());
        found_good(&tables, &gone, 63);
        assert!(tables.get(&gone).is_none());
        tables.found_good(&gone);
        assert!(tables.get(&gone).is_some());
    }

    #[test]
    fn what_is_not_a_point_never_gets_a_table() {
        let tables = KeyTables::new(2);
        found_good(&tables, &[7; 65], 200);
        assert_eq!(tables.len(), 0);
    }

    #[test]
    fn threads_that_count_together_get_one_table() {
        let tables = KeyTables::new(2);
        let point = point(1);
        let verify_until_it_is_there = || {
            loop {
                match tables.get(&point) {
                    Some(table) => break table,
                    None => tables.found_good(&point),
                }
            }
        };
        let seen: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(verify_until_it_is_there))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let last = tables.get(&point).unwrap();
        assert!(seen.iter().all(|table| Arc::ptr_eq(table, &last)));
    }
}
