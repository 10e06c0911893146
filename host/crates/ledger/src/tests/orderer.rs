//! The Raft log and the chain.

use std::fs;

use bytes::Bytes;
use model::Block;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    chain::{Chain, channel},
    log::{batch, block_of, create, id},
    private_folder, wait,
};
use crate::{
    Applied, Config, Effect, EntryKind, Error, LogEntry, OrdererLedger, Sort, Vote, batch_payload,
    transactions_of,
};

fn entry(index: u64, kind: EntryKind, payload: &'static str) -> LogEntry {
    LogEntry {
        id: id(index),
        kind,
        payload: Bytes::from_static(payload.as_bytes()),
    }
}

fn new() -> (TempDir, OrdererLedger) {
    let folder = TempDir::new().unwrap();
    let ledger = create(folder.path()).unwrap();
    (folder, ledger)
}

fn reopened(folder: &TempDir, ledger: OrdererLedger) -> OrdererLedger {
    drop(ledger);
    wait(OrdererLedger::open(folder.path(), Config::default())).unwrap()
}

fn assert_refused(result: Result<(), Error>, code: &str) {
    let refused = result.unwrap_err();
    assert_eq!(
        (refused.code(), refused.sort()),
        (code, Sort::Refused),
        "{refused}"
    );
}

#[test]
fn a_new_chain_has_block_0_and_an_empty_log() {
    let (folder, ledger) = new();
    let (_, genesis) = Chain::started(51);
    assert_eq!(ledger.height(), 1);
    assert_eq!(ledger.block(0).unwrap(), Some(genesis.block.clone()));
    assert_eq!(ledger.last_hash().unwrap(), genesis.block.header_hash());
    assert_eq!(ledger.last_log().unwrap(), None);
    assert_eq!(ledger.vote().unwrap(), None);
    assert_eq!(ledger.applied().unwrap(), (None, Bytes::new()));
    drop(ledger);
    assert_eq!(create(folder.path()).unwrap().height(), 1);
    let (channel, config) = (channel(), Config::default());
    let mut other = genesis.block;
    other.data_hash = Bytes::from_static(&[1; 32]);
    let refused = wait(OrdererLedger::create(
        folder.path(),
        &channel,
        &other,
        config,
    ));
    assert_refused(refused.map(drop), "other_genesis");
}

#[test]
fn entries_come_back_as_appended_and_without_holes() {
    let (folder, ledger) = new();
    let entries = [
        entry(0, EntryKind::Membership, "members"),
        entry(1, EntryKind::Blank, ""),
        batch(2),
        batch(3),
    ];
    ledger.append(&entries[..2]).unwrap();
    ledger.append(&entries[2..]).unwrap();
    ledger.append(&[]).unwrap();
    assert_refused(ledger.append(&[batch(3)]), "log_index");
    assert_refused(ledger.append(&[batch(4), batch(6)]), "log_index");
    let ledger = reopened(&folder, ledger);
    assert_eq!(ledger.last_log().unwrap(), Some(id(3)));
    assert_eq!(ledger.entries(0..u64::MAX, usize::MAX).unwrap(), entries);
    assert_eq!(ledger.entries(1..3, usize::MAX).unwrap(), entries[1..3]);
    assert_eq!(ledger.entries(4..9, usize::MAX).unwrap(), []);
}

#[test]
fn an_append_waits_for_the_disk_once_and_a_note_of_what_is_committed_does_not() {
    let (_folder, ledger) = new();
    let before = ledger.syncs();
    ledger.append(&[batch(0), batch(1)]).unwrap();
    assert_eq!(ledger.syncs(), before + 1);
    ledger.save_committed(Some(id(1))).unwrap();
    assert_eq!(ledger.syncs(), before + 1);
}

#[test]
fn a_reader_of_the_log_gets_at_least_one_entry_and_no_more_than_fit() {
    let (_folder, ledger) = new();
    let entries: Vec<_> = (0..6).map(batch).collect();
    ledger.append(&entries).unwrap();
    assert_eq!(ledger.entries(0..6, 0).unwrap(), entries[..1]);
    let two = entries[0].payload.len() + entries[1].payload.len();
    assert_eq!(ledger.entries(0..6, two).unwrap(), entries[..2]);
    assert_eq!(ledger.entries(0..6, two + 1).unwrap(), entries[..2]);
}

#[test]
fn a_conflicting_tail_is_truncated_and_replaced() {
    let (folder, ledger) = new();
    ledger
        .append(&(0..6).map(batch).collect::<Vec<_>>())
        .unwrap();
    ledger.truncate_from(3).unwrap();
    assert_eq!(ledger.last_log().unwrap(), Some(id(2)));
    let mut other = batch(3);
    other.id.term = 9;
    ledger.append(std::slice::from_ref(&other)).unwrap();
    let ledger = reopened(&folder, ledger);
    let expected = [batch(0), batch(1), batch(2), other];
    assert_eq!(ledger.entries(0..9, usize::MAX).unwrap(), expected);
}

#[test]
fn the_vote_is_kept() {
    let (folder, ledger) = new();
    let vote = |term, committed| Vote {
        term,
        node: 3,
        committed,
    };
    ledger.save_vote(vote(5, false)).unwrap();
    ledger.save_vote(vote(6, true)).unwrap();
    ledger.save_committed(Some(id(4))).unwrap();
    let ledger = reopened(&folder, ledger);
    assert_eq!(ledger.vote().unwrap(), Some(vote(6, true)));
    assert_eq!(ledger.committed().unwrap(), Some(id(4)));
    ledger.save_committed(None).unwrap();
    assert_eq!(ledger.committed().unwrap(), None);
    let beyond = Vote {
        term: u64::MAX,
        ..vote(1, true)
    };
    assert_refused(ledger.save_vote(beyond), "limit");
}

#[test]
fn blocks_are_made_from_log_entries_and_outlive_their_purge() {
    let (folder, ledger) = new();
    let mut heights = ledger.watch_height();
    heights.borrow_and_update();
    ledger
        .append(&[entry(0, EntryKind::Membership, "m"), batch(1), batch(2)])
        .unwrap();
    let members = Applied {
        id: id(0),
        effect: Effect::Membership(Bytes::from_static(b"members")),
    };
    let first = block_of(&ledger, &batch(1), "signed");
    ledger.apply(&[members, first.clone()]).unwrap();
    assert_eq!(*heights.borrow_and_update(), 2);
    ledger
        .apply(&[block_of(&ledger, &batch(2), "signed")])
        .unwrap();
    ledger.purge_upto(id(2)).unwrap();
    ledger.purge_upto(id(1)).unwrap();
    let ledger = reopened(&folder, ledger);
    assert_eq!(ledger.height(), 3);
    let Effect::Block(expected) = first.effect else {
        unreachable!()
    };
    assert_eq!(ledger.block(1).unwrap(), Some(*expected));
    let data = ledger.block(2).unwrap().unwrap().data;
    assert_eq!(data, transactions_of(&batch(2).payload).unwrap());
    assert_eq!(ledger.block(3).unwrap(), None);
    assert_eq!(ledger.block(u64::MAX).unwrap(), None);
    assert_eq!(
        ledger.applied().unwrap(),
        (Some(id(2)), Bytes::from_static(b"members"))
    );
    assert_eq!(ledger.entries(0..9, usize::MAX).unwrap(), []);
    assert_eq!(
        (ledger.purged().unwrap(), ledger.last_log().unwrap()),
        (Some(id(2)), Some(id(2)))
    );
    ledger.append(&[batch(3)]).unwrap();
    assert_eq!(ledger.entries(0..9, usize::MAX).unwrap(), [batch(3)]);
}

#[test]
fn an_entry_that_a_block_rests_on_cannot_be_truncated() {
    let (_folder, ledger) = new();
    ledger.append(&[batch(0), batch(1), batch(2)]).unwrap();
    ledger.apply(&[block_of(&ledger, &batch(0), "s")]).unwrap();
    ledger.apply(&[block_of(&ledger, &batch(1), "s")]).unwrap();
    assert_refused(ledger.truncate_from(1), "log_index");
    ledger.truncate_from(2).unwrap();
    ledger.purge_upto(id(1)).unwrap();
    assert_refused(ledger.truncate_from(1), "log_index");
    assert_eq!(ledger.block(2).unwrap().unwrap().data.len(), 2);
}

#[test]
fn a_block_that_does_not_belong_is_refused_and_nothing_is_applied() {
    let (_folder, ledger) = new();
    ledger
        .append(&[batch(0), entry(1, EntryKind::Blank, ""), batch(2)])
        .unwrap();
    let good = block_of(&ledger, &batch(0), "s");
    let change = |change: fn(&mut Applied, &mut Block)| {
        let mut other = good.clone();
        let Effect::Block(block) = other.effect.clone() else {
            unreachable!()
        };
        let mut block = *block;
        change(&mut other, &mut block);
        other.effect = Effect::Block(Box::new(block));
        ledger.apply(&[other])
    };
    assert_refused(change(|_, block| block.number = 2), "gap");
    let previous = |_: &mut Applied, block: &mut Block| block.previous_hash = Bytes::new();
    assert_refused(change(previous), "other_previous");
    assert_refused(change(|applied, _| applied.id = id(1)), "log_index");
    assert_refused(change(|applied, _| applied.id = id(2)), "log_index");
    assert_refused(change(|applied, _| applied.id = id(3)), "log_index");
    assert_eq!(ledger.applied().unwrap().0, None);
    ledger.apply(std::slice::from_ref(&good)).unwrap();
    assert_refused(ledger.apply(&[good]), "log_index");
    assert_eq!(ledger.height(), 2);
}

#[test]
fn fetched_blocks_carry_their_data_and_meet_the_log_s_without_a_second_copy() {
    let (folder, ledger) = new();
    let Effect::Block(first) = block_of(&ledger, &batch(0), "theirs").effect else {
        unreachable!()
    };
    ledger.store_fetched(std::slice::from_ref(&*first)).unwrap();
    assert_eq!(ledger.block(1).unwrap().as_ref(), Some(&*first));
    ledger.append(&[batch(0)]).unwrap();
    let mut ours = first.clone();
    ours.metadata[0] = Bytes::from_static(b"ours");
    let applied = Applied {
        id: id(0),
        effect: Effect::Block(ours),
    };
    ledger.apply(&[applied]).unwrap();
    assert_eq!(ledger.block(1).unwrap(), Some(*first));
    ledger
        .install(Some(id(20)), &Bytes::from_static(b"m"))
        .unwrap();
    ledger.purge_upto(id(20)).unwrap();
    let ledger = reopened(&folder, ledger);
    assert_eq!(
        ledger.applied().unwrap(),
        (Some(id(20)), Bytes::from_static(b"m"))
    );
    assert_eq!(ledger.last_log().unwrap(), Some(id(20)));
    assert_refused(ledger.append(&[batch(20)]), "log_index");
    ledger.append(&[batch(21)]).unwrap();
}

#[test]
fn damaged_entries_and_blocks_are_not_handed_out() {
    let (folder, ledger) = new();
    ledger.append(&[batch(0)]).unwrap();
    ledger.apply(&[block_of(&ledger, &batch(0), "s")]).unwrap();
    let other = batch_payload(vec![Bytes::from_static(b"transaction 0.X")]);
    let connection = Connection::open(folder.path().join("ledger.db")).unwrap();
    connection
        .execute("UPDATE log SET payload = ?1", [other.as_ref()])
        .unwrap();
    assert_eq!(
        ledger.entries(0..1, usize::MAX).unwrap_err().code(),
        "damaged"
    );
    assert_eq!(ledger.block(1).unwrap_err().code(), "damaged");
    connection.execute("DELETE FROM log", []).unwrap();
    assert_eq!(ledger.block(1).unwrap_err().code(), "damaged");
}

/// The files as they would be after a power cut: the database, and of the write-ahead log what had been synced.
fn power_cut(folder: &TempDir, synced_bytes: u64) -> TempDir {
    let after = private_folder();
    for name in ["ledger.db", "ledger.db-wal"] {
        let copy = after.path().join(name);
        fs::copy(folder.path().join(name), &copy).unwrap();
        if name.ends_with("-wal") {
            fs::File::options()
                .write(true)
                .open(&copy)
                .unwrap()
                .set_len(synced_bytes)
                .unwrap();
        }
    }
    after
}

#[test]
fn after_a_power_cut_lost_blocks_are_made_again_with_the_same_headers() {
    let (folder, ledger) = new();
    let wal = folder.path().join("ledger.db-wal");
    ledger
        .append(&(0..4).map(batch).collect::<Vec<_>>())
        .unwrap();
    ledger.apply(&[block_of(&ledger, &batch(0), "s")]).unwrap();
    ledger
        .append(&(4..6).map(batch).collect::<Vec<_>>())
        .unwrap();
    let synced = wal.metadata().unwrap().len();
    ledger
        .apply(&[block_of(&ledger, &batch(1), "first time")])
        .unwrap();
    ledger
        .apply(&[block_of(&ledger, &batch(2), "first time")])
        .unwrap();
    let end = wal.metadata().unwrap().len();
    assert!(end > synced);
    // The disk may have written any part of what nobody waited for.
    for bytes in (synced..=end).step_by(1_009) {
        let after = power_cut(&folder, bytes);
        let again = wait(OrdererLedger::open(after.path(), Config::default())).unwrap();
        assert_eq!(again.last_log().unwrap(), Some(id(5)));
        let (applied, _) = again.applied().unwrap();
        let applied = applied.unwrap().index;
        assert_eq!(again.height(), applied + 2);
        let lost = again.entries(applied + 1..3, usize::MAX).unwrap();
        for entry in lost {
            again
                .apply(&[block_of(&again, &entry, "second time")])
                .unwrap();
        }
        for number in 0..4 {
            let (found, expected) = (again.block(number).unwrap(), ledger.block(number).unwrap());
            assert_eq!(
                found.unwrap().header_hash(),
                expected.unwrap().header_hash()
            );
        }
    }
}
