//! Which folders are refused, and why.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    chain::{Chain, channel},
    create, ledger_of, private_folder, wait,
};
use crate::{CommitInput, Config, Error, OrdererLedger, PeerLedger, Sort};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn open(folder: &Path) -> Result<PeerLedger, Error> {
    PeerLedger::open(folder, Config::default()).await
}

/// A ledger with block 0, closed again.
async fn closed() -> (TempDir, CommitInput) {
    let (_, genesis) = Chain::started(41);
    let (folder, ledger) = ledger_of(&genesis).await;
    ledger.commit(genesis.clone()).await.unwrap();
    ledger.close().await.unwrap();
    (folder, genesis)
}

fn assert_refused(result: Result<PeerLedger, Error>, code: &str) {
    let refused = result.unwrap_err();
    assert_eq!(
        (refused.code(), refused.sort()),
        (code, Sort::Refused),
        "{refused}"
    );
}

#[test]
fn a_ledger_in_use_is_refused_to_a_second_and_free_after_the_first() {
    wait(async {
        let (_, genesis) = Chain::started(41);
        let (folder, ledger) = ledger_of(&genesis).await;
        assert_refused(open(folder.path()).await, "locked");
        let again = create(folder.path(), &genesis, Config::default()).await;
        assert_refused(again, "locked");
        let snapshot = ledger.snapshot().unwrap();
        drop(ledger);
        assert_refused(open(folder.path()).await, "locked");
        drop(snapshot);
        assert!(open(folder.path()).await.is_ok());
    });
}

#[test]
fn only_the_owner_can_reach_what_is_made() {
    wait(async {
        let (_, genesis) = Chain::started(41);
        let parent = TempDir::new().unwrap();
        let folder = parent.path().join("channels").join("testing");
        let ledger = create(&folder, &genesis, Config::default()).await.unwrap();
        ledger.commit(genesis).await.unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&parent.path().join("channels")), 0o700);
        let names = ["ledger.db", "ledger.db-wal", "ledger.db-shm", "lock"];
        for name in names {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
    });
}

#[test]
fn a_folder_or_file_that_others_can_reach_is_refused() {
    wait(async {
        let (folder, _) = closed().await;
        let file = folder.path().join("ledger.db");
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        assert_refused(open(folder.path()).await, "too_open");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert_refused(open(folder.path()).await, "too_open");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(open(folder.path()).await.is_ok());
    });
}

#[test]
fn an_empty_folder_that_others_can_reach_is_closed_to_them() {
    wait(async {
        let (_, genesis) = Chain::started(41);
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let ledger = create(folder.path(), &genesis, Config::default()).await;
        assert!(ledger.is_ok());
        assert_eq!(mode(folder.path()), 0o700);
    });
}

#[test]
fn what_is_missing_is_not_made_by_opening() {
    wait(async {
        let parent = private_folder();
        let folder = parent.path().join("none");
        assert_refused(open(&folder).await, "missing");
        assert!(!folder.exists());
        assert_refused(open(parent.path()).await, "missing");
        assert!(!parent.path().join("ledger.db").exists());
    });
}

#[test]
fn joining_again_opens_the_ledger_and_another_beginning_is_refused() {
    wait(async {
        let (folder, genesis) = closed().await;
        let again = create(folder.path(), &genesis, Config::default())
            .await
            .unwrap();
        assert_eq!(again.height(), 1);
        drop(again);
        let mut other = genesis;
        other.block.data_hash = bytes::Bytes::from_static(&[1; 32]);
        let refused = create(folder.path(), &other, Config::default()).await;
        assert_refused(refused, "other_genesis");
    });
}

#[test]
fn a_join_cut_short_before_the_channel_was_entered_can_be_repeated() {
    wait(async {
        let (folder, genesis) = closed().await;
        let connection = Connection::open(folder.path().join("ledger.db")).unwrap();
        connection.execute("DELETE FROM channel", []).unwrap();
        connection
            .execute("DELETE FROM _sqlx_migrations WHERE version = 5", [])
            .unwrap();
        connection
            .execute_batch("DROP TABLE history; DROP TABLE config_history")
            .unwrap();
        drop(connection);
        assert_refused(open(folder.path()).await, "missing");
        let again = create(folder.path(), &genesis, Config::default()).await;
        assert_eq!(again.unwrap().height(), 0);
    });
}

#[test]
fn a_file_of_a_newer_program_is_refused() {
    wait(async {
        let (folder, _) = closed().await;
        let path = folder.path().join("ledger.db");
        let change = |statement| {
            Connection::open(&path)
                .unwrap()
                .execute(statement, [])
                .unwrap();
        };
        change("UPDATE channel SET format = 2");
        assert_refused(open(folder.path()).await, "newer_format");
        change("UPDATE channel SET format = 1");
        change(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9000, 'later', 1, x'00', 0)",
        );
        assert_refused(open(folder.path()).await, "newer_format");
    });
}

#[test]
fn another_kind_of_database_is_refused() {
    wait(async {
        let (_, genesis) = Chain::started(41);
        let folder = TempDir::new().unwrap();
        let (channel, config) = (channel(), Config::default());
        let orderer = OrdererLedger::create(folder.path(), &channel, &genesis.block, config);
        drop(orderer.await.unwrap());
        assert_refused(open(folder.path()).await, "other_kind");
        let path = folder.path().join("ledger.db");
        fs::remove_file(&path).unwrap();
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE foreign_one (x)")
            .unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_refused(open(folder.path()).await, "other_kind");
    });
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    wait(async {
        let (folder, _) = closed().await;
        let path = folder.path().join("ledger.db");
        fs::write(&path, [7; 9_000]).unwrap();
        let refused = open(folder.path()).await.unwrap_err();
        assert_eq!((refused.code(), refused.sort()), ("damaged", Sort::Broken));
    });
}

#[test]
fn a_block_that_lost_a_bit_is_not_served() {
    wait(async {
        let (mut chain, genesis) = Chain::started(42);
        let (folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        let input = chain.next(4);
        let row = input.history.first().cloned();
        ledger.commit(input).await.unwrap();
        let connection = Connection::open(folder.path().join("ledger.db")).unwrap();
        let flip = "UPDATE blocks SET bytes = CAST(substr(bytes, 1, 40) || x'55' || substr(bytes, 42) AS BLOB) WHERE number = 1";
        assert_eq!(connection.execute(flip, []).unwrap(), 1);
        assert_eq!(ledger.block(1).unwrap_err().code(), "damaged");
        assert!(ledger.block(0).is_ok());
        if let Some(row) = row {
            let snapshot = ledger.snapshot().unwrap();
            let history = rwset::StateReader::history(&snapshot, &row.namespace, &row.key, None, 1);
            assert!(history.is_err());
        }
    });
}

#[test]
fn a_full_disk_is_told_and_the_block_can_come_again() {
    wait(async {
        let (mut chain, genesis) = Chain::started(43);
        let (_folder, ledger) = ledger_of(&genesis).await;
        ledger.commit(genesis).await.unwrap();
        // SQLite answers a limit on the pages as it answers a full disk.
        ledger.limit_pages(1).await;
        let input = loop {
            let input = chain.next(8);
            match ledger.commit(input.clone()).await {
                Ok(_) => {}
                Err(refused) => {
                    assert_eq!(
                        (refused.code(), refused.sort()),
                        ("disk_full", Sort::Unavailable)
                    );
                    break input;
                }
            }
        };
        assert_eq!(ledger.height(), input.block.number);
        ledger.commit(input).await.unwrap();
        super::chain::assert_same(&ledger.snapshot().unwrap(), &chain.world.state);
    });
}
