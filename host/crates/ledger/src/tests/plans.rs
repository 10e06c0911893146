//! How SQLite means to execute the statements: by an index, never by looking through a table.

use rusqlite::Connection;
use tempfile::TempDir;

use super::wait;
use crate::{
    Config,
    database::{self, Kind},
    sql::{orderer, peer},
};

/// A file with the tables of `kind`, and none of the rows that could make a scan look cheap.
fn tables(folder: &TempDir, kind: Kind) -> Connection {
    let path = folder.path().join("ledger.db");
    wait(async {
        let made = database::create(&path, kind, &Config::default()).await;
        database::close(made.unwrap()).await.unwrap();
    });
    Connection::open(path).unwrap()
}

fn assert_searches(connection: &Connection, statement: &str) {
    let mut plan = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
        .unwrap();
    let arguments = vec![1_i64; plan.parameter_count()];
    let steps: Vec<String> = plan
        .query_map(rusqlite::params_from_iter(arguments), |row| row.get(3))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let scans = |step: &&String| {
        step.starts_with("SCAN")
            && !step.contains("SUBQUERY")
            && !step.contains("VALUES")
            && !step.contains("CONSTANT ROW")
    };
    assert_eq!(steps.iter().find(scans), None, "{statement}: {steps:#?}");
}

#[test]
fn no_statement_of_a_commit_or_a_read_scans_a_table() {
    let folder = TempDir::new().unwrap();
    let connection = tables(&folder, Kind::Peer);
    let single = [
        peer::CHANNEL_ADVANCE,
        peer::BLOCK_READ,
        peer::BLOCK_BY_HASH,
        peer::TX_READ,
        peer::STATE_READ,
        peer::STATE_RANGE,
        peer::STATE_RANGE_OPEN,
        peer::HASHED_READ,
        peer::PRIVATE_READ,
        peer::PRIVATE_RANGE,
        peer::PRIVATE_RANGE_OPEN,
        peer::PRIVATE_SETS_OF_BLOCK,
        peer::PRIVATE_SETS_BELOW,
        peer::PRIVATE_SET_REPLACE,
        peer::PRIVATE_PUT_LATE,
        peer::MISSING_DELETE,
        peer::PURGE_PUT,
        peer::PURGES_READ,
        peer::TRANSIENT_PUT,
        peer::TRANSIENT_READ,
        peer::TRANSIENT_PURGE,
        peer::TXS_READ,
        peer::CAUSE_READ,
        peer::HISTORY_KEY_FROM,
        peer::HISTORY_KEY_BEHIND,
        peer::HISTORY_BLOCKS_BELOW,
        peer::HISTORY_READ,
        peer::HISTORY_BELOW,
        peer::CONFIG_HISTORY_READ,
    ];
    for statement in single.iter().chain(peer::EXPIRE) {
        assert_searches(&connection, statement);
    }
    let many = peer::CommitStatements::new();
    for rows in [
        &many.state_delete,
        &many.hashed_delete,
        &many.private_delete,
        &many.transient_delete,
    ] {
        for text in rows.texts() {
            assert_searches(&connection, text);
        }
    }
}

#[test]
fn no_statement_of_the_orderer_scans_a_table() {
    let folder = TempDir::new().unwrap();
    let connection = tables(&folder, Kind::Orderer);
    for statement in [
        orderer::LOG_RANGE,
        orderer::LOG_TRUNCATE,
        orderer::LOG_PURGE,
        orderer::LOG_SHAPE,
        orderer::BLOCK_RESTS_FROM,
        orderer::BLOCK_READ,
    ] {
        assert_searches(&connection, statement);
    }
}

#[test]
fn writing_connections_sync_each_commit_and_leave_checkpoints_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.db");
    wait(async {
        let mut connection = database::create(&path, Kind::Peer, &Config::default())
            .await
            .unwrap();
        for (pragma, expected) in [
            ("PRAGMA synchronous", 2_i64),
            ("PRAGMA wal_autocheckpoint", 0),
            ("PRAGMA cache_size", -32_768),
            ("PRAGMA secure_delete", 1),
            ("PRAGMA page_size", 4_096),
        ] {
            let row = sqlx::query(pragma)
                .fetch_one(&mut connection)
                .await
                .unwrap();
            assert_eq!(database::get::<i64>(&row, 0).unwrap(), expected, "{pragma}");
        }
        let row = sqlx::query("PRAGMA journal_mode")
            .fetch_one(&mut connection)
            .await;
        assert_eq!(database::get::<String>(&row.unwrap(), 0).unwrap(), "wal");
    });
}
