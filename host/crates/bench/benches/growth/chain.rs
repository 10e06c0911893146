//! A chain of blocks of 500 transactions: looking up ids as it grows, and a restart at its end.

use std::time::Duration;

use committer::Metrics;
use model::envelope::tx_id_as_exported;

use super::{cpu, figure, restart};
use crate::world::{World, all_valid, fill_random};

const TXS: usize = 500;
/// Ids looked up at once, and how often.
const LOOKUPS: u32 = 2_000;
const ROUNDS: u32 = 5;

/// Measures at each of these sizes, in transactions.
pub(crate) fn measure(sizes: &[u64]) {
    let mut world = World::new();
    let mut ids: Vec<String> = Vec::new();
    for &size in sizes {
        eprintln!("{size} transactions: committing");
        while ids.len() < usize::try_from(size).unwrap() {
            commit(&mut world, &mut ids);
        }
        lookups(&world, size, &ids);
    }
    let size = *sizes.last().unwrap();
    figure::megabytes("chain_file", size, &world.folder.ledger().join("ledger.db"));
    restart::measure("chain", size, world);
}

fn commit(world: &mut World, ids: &mut Vec<String>) {
    let data = world.transactions(TXS);
    ids.extend(data.iter().map(tx_id_as_exported));
    let threads = committer::Config::default().verify_threads;
    let verified = committer::verify(world.block(data), &world.bundle(), threads);
    let metrics = Metrics::default();
    let committed = committer::commit(&world.channel, verified, &metrics);
    all_valid(&world.runtime.block_on(committed).unwrap());
}

fn lookups(world: &World, size: u64, ids: &[String]) {
    let ledger = world.channel.ledger();
    let rounds = (0..ROUNDS).map(|_| {
        let some: Vec<&String> = (0..LOOKUPS).map(|_| &ids[random() % ids.len()]).collect();
        cpu::of(|| {
            for id in &some {
                assert!(ledger.tx(id).unwrap().is_some());
            }
        })
    });
    let rounds: Vec<Duration> = rounds.collect();
    figure::microseconds_each("tx_lookup_cpu", size, &rounds, LOOKUPS);
}

fn random() -> usize {
    let mut bytes = [0; 4];
    fill_random(&mut bytes);
    usize::try_from(u32::from_le_bytes(bytes)).unwrap()
}
