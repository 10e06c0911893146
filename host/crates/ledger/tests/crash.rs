//! Processes killed at any moment while they write.
//!
//! The writing process is this test program itself, run again for one test that is otherwise ignored. It is told by its standard input
//! where to write, and says on its standard output what it has been promised to be durable.
//!
//! They are a program of their own, because a process that is being started holds copies of all locks of the one that starts it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use ledger::{
    Applied, CauseRow, CommitInput, Config, Effect, EntryKind, Error, ExpiryRow, HistoryRow,
    LogEntry, LogId, MissingSet, OrdererLedger, PeerLedger, PrivateSet, TxRow, batch_payload,
    transactions_of,
};

// What the crate's own tests are made of; it finds its names here.
#[path = "../src/tests/chain.rs"]
mod chain;
#[path = "../src/tests/log.rs"]
mod log;

use chain::{Chain, assert_same};
use log::{batch, block_of, create as create_orderer};

const SEED: u64 = 61;
const ROUNDS: usize = 10;

/// Held by the test that starts processes: one that is being started would hold the other test's locks a moment too long.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn create(folder: &Path, genesis: &CommitInput, config: Config) -> Result<PeerLedger, Error> {
    PeerLedger::create(folder, &chain::channel(), &genesis.block, config).await
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Runs test `name` as a process of its own, kills it when it has said `promises` things and `patience` has passed, and returns the
/// number in the last thing it said.
fn kill(name: &str, folder: &Path, promises: usize, patience: Duration) -> Option<u64> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            name,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", folder.display()).unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = lines.filter_map(|line| line.ok()?.strip_prefix("durable ")?.parse().ok());
    let mut last = None;
    for _ in 0..promises {
        last = Some(said.next().expect("the child ended by itself"));
    }
    let began = Instant::now();
    while began.elapsed() < patience {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    said.last().or(last)
}

/// Where the parent wants this process to write.
fn told_folder() -> PathBuf {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim_end().into()
}

fn say_durable(number: u64) {
    println!("durable {number}");
}

#[test]
fn a_peer_killed_at_any_moment_holds_exactly_a_prefix_of_the_chain_and_all_it_promised() {
    let _alone = alone();
    let mut random = StdRng::seed_from_u64(SEED);
    let folder = TempDir::new().unwrap();
    let ledger_folder = folder.path().join("ledger");
    let mut height_before = 0;
    for _ in 0..ROUNDS {
        let promises = random.random_range(0..6);
        let patience = Duration::from_micros(random.random_range(0..40_000));
        let name = "commit_until_killed";
        let promised = kill(name, &ledger_folder, promises, patience);

        let (mut chain, genesis) = Chain::started(SEED);
        let ledger = wait(create(&ledger_folder, &genesis, Config::default())).unwrap();
        let height = ledger.height();
        assert!(height >= promised.unwrap_or(height_before));
        let snapshot = ledger.snapshot().unwrap();
        if height == 0 {
            assert_eq!(ledger.block(0).unwrap(), None);
            continue;
        }
        for _ in 1..height {
            chain.next(8);
        }
        assert_same(&snapshot, &chain.world.state);
        for block in &chain.world.blocks {
            assert_eq!(ledger.block(block.number).unwrap().as_ref(), Some(block));
        }
        assert_eq!(ledger.info().unwrap().commit_hash, chain.world.commit_hash);
        height_before = height;
    }
    assert!(height_before > 1, "no child came to commit anything");
}

#[test]
#[ignore = "a part of the test above, which kills it"]
fn commit_until_killed() {
    let folder = told_folder();
    let (mut chain, genesis) = Chain::started(SEED);
    wait(async {
        let config = Config {
            checkpoint_pages: 40,
            ..Config::default()
        };
        let ledger = create(&folder, &genesis, config).await.unwrap();
        if ledger.height() == 0 {
            ledger.commit(genesis).await.unwrap();
            say_durable(1);
        }
        loop {
            let input = chain.next(8);
            if input.block.number < ledger.height() {
                continue;
            }
            ledger.commit(input).await.unwrap();
            say_durable(ledger.height());
        }
    });
}

#[test]
fn an_orderer_killed_at_any_moment_holds_all_it_appended_and_blocks_that_fit() {
    let _alone = alone();
    let mut random = StdRng::seed_from_u64(SEED);
    let folder = TempDir::new().unwrap();
    let ledger_folder = folder.path().join("ledger");
    let mut entries_before = 0;
    for _ in 0..ROUNDS {
        let promises = random.random_range(0..6);
        let patience = Duration::from_micros(random.random_range(0..20_000));
        let name = "order_until_killed";
        let promised = kill(name, &ledger_folder, promises, patience);

        let ledger = create_orderer(&ledger_folder).unwrap();
        let entries = entries_of(&ledger);
        assert!(entries >= promised.unwrap_or(entries_before));
        let found = ledger.entries(0..u64::MAX, usize::MAX).unwrap();
        assert_eq!(found, (0..entries).map(batch).collect::<Vec<_>>());
        let applied = ledger.applied().unwrap().0;
        assert_eq!(ledger.height(), applied.map_or(1, |id| id.index + 2));
        for number in 1..ledger.height() {
            let block = ledger.block(number).unwrap().unwrap();
            let previous = ledger.block(number - 1).unwrap().unwrap();
            assert_eq!(block.previous_hash, previous.header_hash().as_slice());
        }
        entries_before = entries;
    }
    assert!(entries_before > 1, "no child came to append anything");
}

#[test]
#[ignore = "a part of the test above, which kills it"]
fn order_until_killed() {
    let ledger = create_orderer(&told_folder()).unwrap();
    loop {
        let index = entries_of(&ledger);
        ledger.append(&[batch(index)]).unwrap();
        say_durable(index + 1);
        let first = ledger.applied().unwrap().0.map_or(0, |id| id.index + 1);
        for entry in ledger.entries(first..index + 1, usize::MAX).unwrap() {
            ledger.apply(&[block_of(&ledger, &entry, "s")]).unwrap();
        }
    }
}

/// Entries in the log.
fn entries_of(ledger: &OrdererLedger) -> u64 {
    ledger.last_log().unwrap().map_or(0, |id| id.index + 1)
}
