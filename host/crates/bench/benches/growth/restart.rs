//! From opening a ledger's folder to its first answer, in a process that has just let go of it.

use std::path::Path;
use std::time::{Duration, Instant};

use ledger::PeerLedger;
use tokio::runtime::Runtime;

use super::figure;
use crate::world::{Folder, World};

const TIMES: usize = 5;

/// Ends the world. Restarts after an orderly end, and, on a copy of the files as they are while the ledger is open, restarts
/// that find the write-ahead log of a crash. The files are in the machine's memory, as after the end of a process; after the
/// end of a machine they would have to be read first.
pub(crate) fn measure(of: &str, size: u64, world: World) {
    let World {
        runtime,
        channel,
        folder,
        ..
    } = world;
    let crashed = (0..TIMES).map(|_| {
        let copy = Folder::new();
        for file in ["ledger.db", "ledger.db-wal"] {
            let from = folder.ledger().join(file);
            std::fs::copy(from, copy.path().join(file)).unwrap();
        }
        open(&runtime, copy.path())
    });
    let crashed: Vec<Duration> = crashed.collect();
    figure::milliseconds(&format!("restart_after_crash_{of}"), size, &crashed);
    runtime.block_on(channel.ledger().close()).unwrap();
    drop(channel);
    let orderly: Vec<Duration> = (0..TIMES)
        .map(|_| open(&runtime, &folder.ledger()))
        .collect();
    figure::milliseconds(&format!("restart_{of}"), size, &orderly);
}

fn open(runtime: &Runtime, place: &Path) -> Duration {
    let begun = Instant::now();
    let opening = PeerLedger::open(place, ledger::Config::default());
    let ledger = runtime.block_on(opening).unwrap();
    assert!(ledger.info().unwrap().height > 0);
    let took = begun.elapsed();
    runtime.block_on(ledger.close()).unwrap();
    took
}
