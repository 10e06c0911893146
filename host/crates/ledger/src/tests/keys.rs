//! Keys and values that are hard to store.

use bytes::Bytes;
use model::{Block, Version};
use rwset::{StateReader, Update, UpdateBatch};

use super::{chain::Chain, ledger_of, wait};
use crate::CommitInput;

const KEYS: [&str; 10] = [
    "",
    "\u{0}",
    "\u{0}\u{0}",
    "\u{0}a\u{0}\u{10ffff}",
    "A",
    "a",
    "a\u{0}",
    "a\u{0}b",
    "é",
    "\u{10ffff}",
];

fn block_after(chain: &Chain, updates: UpdateBatch) -> CommitInput {
    let previous = chain.world.blocks.last().unwrap().header_hash();
    let block = Block::new(1, Bytes::copy_from_slice(&previous), Vec::new());
    CommitInput {
        updates,
        ..CommitInput::new(block, Bytes::new())
    }
}

fn put(value: Bytes) -> Update {
    Update {
        version: Version { block: 1, tx: 0 },
        value: Some(value),
        metadata: Bytes::from_static(b"\x12\x00\xff"),
        purge: None,
    }
}

#[test]
fn keys_come_back_in_byte_order_whatever_bytes_they_have() {
    wait(async {
        let (chain, genesis) = Chain::started(1);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        let mut updates = UpdateBatch::default();
        for namespace in ["cc", "cc\u{0}", "c"] {
            for key in KEYS.iter().rev() {
                updates.put(namespace, key, put(format!("{namespace}/{key}").into()));
            }
        }
        ledger.commit(block_after(&chain, updates)).await.unwrap();
        let snapshot = ledger.snapshot().unwrap();
        let rows = snapshot.range("cc", "", "", 100).unwrap();
        let keys: Vec<_> = rows.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, KEYS);
        for (key, row) in rows {
            assert_eq!(row.value, format!("cc/{key}"));
            assert_eq!(snapshot.get("cc", &key).unwrap(), Some(row));
        }
        let from = snapshot.range("cc", "a", "a\u{0}b", 100).unwrap();
        let from: Vec<_> = from.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(from, ["a", "a\u{0}"]);
        assert_eq!(snapshot.range("cc", "b", "a", 100).unwrap(), []);
    });
}

#[test]
fn values_of_a_mebibyte_come_back_whole() {
    wait(async {
        let (chain, genesis) = Chain::started(1);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        let value = |first: u8| -> Bytes {
            let bytes = (first..=250).cycle().take(1 << 20);
            bytes.collect::<Vec<_>>().into()
        };
        let mut updates = UpdateBatch::default();
        for first in 0..70_u8 {
            updates.put("cc", &format!("k{first:02}"), put(value(first)));
        }
        ledger.commit(block_after(&chain, updates)).await.unwrap();
        let snapshot = ledger.snapshot().unwrap();
        let rows = snapshot.range("cc", "", "", 100).unwrap();
        assert_eq!(rows.len(), 70);
        for ((_, row), first) in rows.iter().zip(0..) {
            assert!(row.value == value(first));
        }
    });
}

#[test]
fn numbers_that_sqlite_cannot_hold_are_refused_and_nothing_is_written() {
    wait(async {
        let (chain, genesis) = Chain::started(1);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        let mut updates = UpdateBatch::default();
        let mut update = put(Bytes::from_static(b"v"));
        update.version.tx = u64::MAX;
        updates.put("cc", "k", update);
        let refused = ledger
            .commit(block_after(&chain, updates))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), "limit");
        assert_eq!(ledger.snapshot().unwrap().height(), 1);
        let good = block_after(&chain, UpdateBatch::default());
        ledger.commit(good).await.unwrap();
        assert_eq!(ledger.height(), 2);
    });
}
