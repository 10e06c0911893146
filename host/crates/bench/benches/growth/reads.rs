//! Single keys and a range of them, each in one snapshot.

use std::hint::black_box;

use rwset::StateReader as _;

use super::{cpu, figure, keys::Keys};
use crate::world::{CHAINCODE, World};

/// Keys read at once, and how often.
const GETS: u32 = 2_000;
const ROUNDS: u32 = 5;
/// Rows of a range.
const ROWS: usize = 1_000;
/// Ranges read at once.
const RANGES: u32 = 10;

pub(crate) fn measure(world: &World, keys: &mut Keys) {
    let size = keys.filled();
    gets(world, "get_cpu", size, || keys.some(GETS), true);
    gets(world, "get_absent_cpu", size, || Keys::absent(GETS), false);
    let snapshot = world.channel.ledger().snapshot().unwrap();
    let rounds = (0..ROUNDS).map(|_| {
        let starts = keys.some(RANGES);
        cpu::of(|| {
            for start in &starts {
                black_box(snapshot.range(CHAINCODE, start, "", ROWS).unwrap());
            }
        })
    });
    figure::microseconds_each("range_cpu", size, &rounds.collect::<Vec<_>>(), RANGES);
}

fn gets(world: &World, name: &str, size: u64, some: impl Fn() -> Vec<String>, are_there: bool) {
    let snapshot = world.channel.ledger().snapshot().unwrap();
    let rounds = (0..ROUNDS).map(|_| {
        let keys = some();
        cpu::of(|| {
            for key in &keys {
                let found = snapshot.get(CHAINCODE, key).unwrap();
                assert_eq!(found.is_some(), are_there, "{key}");
            }
        })
    });
    figure::microseconds_each(name, size, &rounds.collect::<Vec<_>>(), GETS);
}
