//! A block of 500 new assets made durable: one database transaction, one sync.

use std::time::{Duration, Instant};

use committer::Metrics;

use crate::Timed;
use crate::world::{World, all_valid};

const TXS: usize = 500;

/// What is left after verification: policies, MVCC, one database transaction.
pub(crate) fn commit() -> Timed {
    let mut world = World::new();
    Box::new(move || {
        let data = world.transactions(TXS);
        let verified = committer::verify(world.block(data), &world.bundle(), threads());
        let begun = Instant::now();
        let committed = world.runtime.block_on(committer::commit(
            &world.channel,
            verified,
            &Metrics::default(),
        ));
        let took = begun.elapsed();
        all_valid(&committed.unwrap());
        took
    })
}

/// Everything from a decoded block on, with all 1,500 signatures computed.
pub(crate) fn whole() -> Timed {
    let mut world = World::new();
    Box::new(move || -> Duration {
        let data = world.transactions(TXS);
        let (block, bundle) = (world.block(data), world.bundle());
        let begun = Instant::now();
        let verified = committer::verify(block, &bundle, threads());
        let committed = world.runtime.block_on(committer::commit(
            &world.channel,
            verified,
            &Metrics::default(),
        ));
        let took = begun.elapsed();
        all_valid(&committed.unwrap());
        took
    })
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
