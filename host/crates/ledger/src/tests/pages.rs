//! Pages show together what one read shows, whatever ends them.

use bytes::Bytes;
use model::{Block, Version};
use rwset::{StateReader, Update, UpdateBatch};

use super::{
    chain::{Chain, KEYS, NAMESPACES},
    ledger_of, wait,
};
use crate::{CommitInput, Page, Snapshot};

/// All pages of a question, each asked behind the last row of the one before.
fn all<T>(mut page: impl FnMut(Option<&T>) -> Page<T>) -> Vec<Vec<T>> {
    let mut pages: Vec<Vec<T>> = Vec::new();
    loop {
        let last = pages.last().and_then(|rows| rows.last());
        let next = page(last);
        pages.push(next.rows);
        if !next.more {
            return pages;
        }
        assert!(
            !pages.last().unwrap().is_empty(),
            "a page goes on behind nothing"
        );
    }
}

fn check_pages(snapshot: &Snapshot, limit: usize, bytes_max: usize) {
    for namespace in NAMESPACES {
        let pages = all(|last: Option<&(String, _)>| {
            let start = last.map_or(String::new(), |(key, _)| format!("{key}\0"));
            let bounds = (start.as_str(), "b");
            snapshot
                .range_page(namespace, bounds, limit, bytes_max)
                .unwrap()
        });
        assert!(pages.iter().all(|rows| rows.len() <= limit));
        let whole = snapshot.range(namespace, "", "b", usize::MAX).unwrap();
        assert_eq!(pages.concat(), whole);
        for key in KEYS {
            let pages = all(|last: Option<&rwset::KeyModification>| {
                let below = last.map(|change| change.version);
                snapshot
                    .history_page(namespace, key, below, limit, bytes_max)
                    .unwrap()
            });
            assert!(pages.iter().all(|rows| rows.len() <= limit));
            let whole = snapshot.history(namespace, key, None, usize::MAX).unwrap();
            assert_eq!(pages.concat(), whole);
        }
    }
}

#[test]
fn pages_end_by_rows_or_bytes_and_lose_and_double_nothing() {
    wait(async {
        let (mut chain, genesis) = Chain::started(11);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        for _ in 0..12 {
            ledger.commit(chain.next(8)).await.unwrap();
        }
        let snapshot = ledger.snapshot().unwrap();
        for limit in [1, 2, 3, 100] {
            for bytes_max in [1, 20, usize::MAX] {
                check_pages(&snapshot, limit, bytes_max);
            }
        }
    });
}

#[test]
fn a_page_ends_with_the_row_that_fills_it() {
    wait(async {
        let (chain, genesis) = Chain::started(1);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        let mut updates = UpdateBatch::default();
        for key in ["k1", "k2", "k3", "k4"] {
            let update = Update {
                version: Version { block: 1, tx: 0 },
                value: Some(Bytes::from(vec![b'x'; 98])),
                metadata: Bytes::new(),
                purge: None,
            };
            updates.put("cc", key, update);
        }
        let previous = chain.world.blocks.last().unwrap().header_hash();
        let block = Block::new(1, Bytes::copy_from_slice(&previous), Vec::new());
        let input = CommitInput {
            updates,
            ..CommitInput::new(block, Bytes::new())
        };
        ledger.commit(input).await.unwrap();
        let snapshot = ledger.snapshot().unwrap();
        let counts = [1, 100, 101, 400, 401].map(|bytes_max| {
            let page = snapshot.range_page("cc", ("", ""), 10, bytes_max).unwrap();
            (page.rows.len(), page.more)
        });
        assert_eq!(
            counts,
            [(1, true), (1, true), (2, true), (4, false), (4, false)]
        );
    });
}
