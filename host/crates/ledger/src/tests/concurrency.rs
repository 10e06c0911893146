//! Readers and a writer at the same time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rwset::StateReader;
use tempfile::TempDir;

use super::{
    chain::{Chain, assert_same},
    create, ledger_of, wait,
};
use crate::{Config, PeerLedger};

#[test]
fn readers_see_whole_heights_while_blocks_commit() {
    let (mut chain, genesis) = Chain::started(7);
    let (_folder, ledger) = wait(ledger_of(&genesis));
    wait(ledger.commit(genesis)).unwrap();
    let states = Mutex::new(BTreeMap::from([(1, chain.world.state.clone())]));
    let height_last = 31;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut height = 0;
                // A commit that fails ends the test by its panic and the readers by the poisoned lock.
                while height < height_last {
                    let snapshot = ledger.snapshot().unwrap();
                    assert!(snapshot.height() >= height);
                    height = snapshot.height();
                    let state = states.lock().unwrap().get(&height).cloned();
                    assert_same(&snapshot, &state.unwrap());
                }
            });
        }
        for _ in 1..height_last {
            let input = chain.next(6);
            let state = chain.world.state.clone();
            let mut states = states.lock().unwrap();
            states.insert(state.height(), state);
            wait(ledger.commit(input)).unwrap();
        }
    });
}

#[test]
fn a_watcher_is_told_the_height_and_a_snapshot_taken_then_shows_it() {
    wait(async {
        let (mut chain, genesis) = Chain::started(8);
        let (_folder, ledger) = ledger_of(&genesis).await;
        let mut heights = ledger.watch_height();
        assert_eq!(*heights.borrow_and_update(), 0);
        for expected in 1..4 {
            let input = match expected {
                1 => genesis.clone(),
                _ => chain.next(3),
            };
            ledger.commit(input).await.unwrap();
            heights.changed().await.unwrap();
            assert_eq!(*heights.borrow_and_update(), expected);
            assert_eq!(ledger.snapshot().unwrap().height(), expected);
        }
    });
}

#[test]
fn a_read_transaction_stands_for_the_next_snapshot_only_until_something_is_written() {
    wait(async {
        let (mut chain, genesis) = Chain::started(12);
        let (_folder, ledger) = ledger_of(&genesis).await;
        drop(ledger.snapshot().unwrap());
        assert_eq!(ledger.standing_transactions(), 1);
        // Lent out again, and alone: a second reader begins its own.
        let both = (ledger.snapshot().unwrap(), ledger.snapshot().unwrap());
        assert_eq!(ledger.standing_transactions(), 0);
        ledger.commit(genesis).await.unwrap();
        assert_eq!((both.0.height(), both.1.height()), (0, 0));
        drop(both);
        assert_eq!(ledger.standing_transactions(), 0, "what they show is old");
        drop(ledger.snapshot().unwrap());
        assert_eq!(ledger.standing_transactions(), 1);
        let set = bytes::Bytes::from_static(b"set");
        ledger.transient_put("tx", 1, &set).await.unwrap();
        assert_eq!(
            ledger.standing_transactions(),
            0,
            "a write beside the blocks counts"
        );
        drop(ledger.snapshot().unwrap());
        ledger.commit(chain.next(3)).await.unwrap();
        assert_eq!(ledger.snapshot().unwrap().height(), 2);
    });
}

#[test]
fn one_reader_too_many_is_busy_until_another_goes() {
    wait(async {
        let (_, genesis) = Chain::started(9);
        let folder = TempDir::new().unwrap();
        let config = Config {
            readers_max: 2,
            ..Config::default()
        };
        let ledger = create(folder.path(), &genesis, config).await.unwrap();
        let held = (ledger.snapshot().unwrap(), ledger.snapshot().unwrap());
        let refused = ledger.snapshot().unwrap_err();
        assert_eq!(
            (refused.code(), refused.sort()),
            ("busy", crate::Sort::Unavailable)
        );
        drop(held.0);
        assert_eq!(ledger.snapshot().unwrap().height(), 0);
    });
}

#[test]
fn a_snapshot_held_too_long_reads_no_more_until_it_is_renewed() {
    wait(async {
        let (mut chain, genesis) = Chain::started(10);
        let folder = TempDir::new().unwrap();
        let config = Config {
            snapshot_age_max: Duration::from_millis(200),
            ..Config::default()
        };
        let ledger = create(folder.path(), &genesis, config).await.unwrap();
        ledger.commit(genesis).await.unwrap();
        let mut snapshot = ledger.snapshot().unwrap();
        ledger.commit(chain.next(3)).await.unwrap();
        let mut refused = snapshot.tx("x").map(drop);
        while refused.is_ok() {
            thread::yield_now();
            refused = snapshot.tx("x").map(drop);
        }
        assert_eq!(refused.unwrap_err().code(), "expired");
        assert!(snapshot.get("assets", "a").is_err());
        assert!(snapshot.history("assets", "a", None, 1).is_err());
        assert_eq!(snapshot.renew().unwrap(), 2);
        assert!(snapshot.get("assets", "a").is_ok());
    });
}

#[test]
fn the_write_ahead_log_is_copied_when_it_is_long_and_no_reader_needs_it() {
    wait(async {
        let (mut chain, genesis) = Chain::started(11);
        let folder = TempDir::new().unwrap();
        let config = Config {
            checkpoint_pages: 50,
            ..Config::default()
        };
        let ledger = create(folder.path(), &genesis, config).await.unwrap();
        ledger.commit(genesis).await.unwrap();
        let file = folder.path().join("ledger.db");
        let size_before = file.metadata().unwrap().len();
        let held = ledger.snapshot().unwrap();
        for _ in 0..30 {
            ledger.commit(chain.next(8)).await.unwrap();
        }
        assert_same(&ledger.snapshot().unwrap(), &chain.world.state);
        drop(held);
        // The thread is told of each commit; it may still be at work on an earlier one.
        while file.metadata().unwrap().len() == size_before || ledger.wal_pages() >= 50 {
            ledger.commit(chain.next(1)).await.unwrap();
        }
        assert_same(&ledger.snapshot().unwrap(), &chain.world.state);
    });
}

#[test]
fn a_commit_waits_for_the_disk_once() {
    wait(async {
        let (mut chain, genesis) = Chain::started(13);
        let (_folder, ledger) = ledger_of(&genesis).await;
        let before = ledger.syncs();
        ledger.commit(genesis).await.unwrap();
        ledger.commit(chain.next(20)).await.unwrap();
        assert_eq!(ledger.syncs(), before + 2);
    });
}

#[test]
fn a_commit_whose_future_is_dropped_leaves_a_ledger_that_goes_on() {
    wait(async {
        let (mut chain, genesis) = Chain::started(12);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        for steps in 0..25 {
            let input = chain.next(6);
            let number = input.block.number;
            let mut commit = Box::pin(ledger.commit(input.clone()));
            for _ in 0..steps {
                let polled = tokio::time::timeout(Duration::ZERO, &mut commit);
                if polled.await.is_ok() {
                    break;
                }
            }
            drop(commit);
            match ledger.commit(input).await {
                Ok(_) => {}
                Err(crate::Error::Gap { height, got }) => {
                    assert_eq!((height, got), (number + 1, number));
                }
                Err(other) => panic!("{other}"),
            }
            assert_eq!(ledger.height(), number + 1);
            assert_same(&ledger.snapshot().unwrap(), &chain.world.state);
        }
    });
}

#[test]
fn handles_are_shared_between_threads() {
    fn assert_shared<T: Send + Sync + Clone + 'static>() {}
    fn assert_sent<T: Send + 'static>() {}
    assert_shared::<PeerLedger>();
    assert_shared::<crate::OrdererLedger>();
    assert_shared::<crate::NodeStore>();
    assert_sent::<crate::Snapshot>();
    assert_sent::<Arc<PeerLedger>>();
}
