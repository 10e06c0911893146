//! Opening a database file: that it is the right kind, that this program knows its format, and that its tables are there.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Row, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous},
};

use crate::{Config, Error, folder};

/// How values inside the tables are read; stands in the `format` column. The tables' shape is counted by the migrations.
pub(crate) const FORMAT: u64 = 1;

/// What a database file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Peer,
    Orderer,
    Node,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Orderer => "orderer",
            Self::Node => "node",
        }
    }

    /// The `application_id` that the first migration sets: "WefP", "WefO", "WefN".
    fn application_id(self) -> i64 {
        match self {
            Self::Peer => 0x5765_6650,
            Self::Orderer => 0x5765_664f,
            Self::Node => 0x5765_664e,
        }
    }

    /// The migrations: version, noun, text.
    fn files(self) -> &'static [(i64, &'static str, &'static str)] {
        match self {
            Self::Peer => crate::sql::peer::MIGRATIONS,
            Self::Orderer => crate::sql::orderer::MIGRATIONS,
            Self::Node => crate::sql::node::MIGRATIONS,
        }
    }

    fn migrations(self) -> Vec<Migration> {
        self.files()
            .iter()
            .map(|&(version, name, text)| {
                let up = MigrationType::Simple;
                Migration::new(version, name.into(), up, text.into_sql_str(), false)
            })
            .collect()
    }
}

/// Makes the file if it is missing, checks it, brings its tables to this program's shape, and returns the connection that did.
///
/// A crash in between leaves either no tables, or those of some migrations; the next opening goes on.
pub(crate) async fn create(
    path: &Path,
    kind: Kind,
    config: &Config,
) -> Result<SqliteConnection, Error> {
    folder::create_private_file(path)?;
    open(path, kind, config).await
}

/// As [`create`], for a file that must exist.
pub(crate) async fn open(
    path: &Path,
    kind: Kind,
    config: &Config,
) -> Result<SqliteConnection, Error> {
    folder::check_private_file(path)?;
    let mut connection = connect(path, config).await?;
    check_kind(&mut connection, path, kind).await?;
    check_format(&mut connection, path, kind).await?;
    Migrator::with_migrations(kind.migrations())
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|source| Error::Broken {
            what: "bring the tables up to date",
            source: source.into(),
        })?;
    Ok(connection)
}

/// A connection that writes. Every commit is synced; checkpoints are left to [`crate::checkpoint::Checkpointer`].
pub(crate) async fn connect(path: &Path, config: &Config) -> Result<SqliteConnection, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(config.busy_timeout.max(Duration::from_millis(1)))
        .statement_cache_capacity(256)
        .foreign_keys(false)
        .pragma("cache_size", format!("-{}", config.writer_cache_kib))
        .pragma("wal_autocheckpoint", "0")
        // A purged private value must not stay readable in freed pages.
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .thread_name(|_| "ledger-writer".to_owned())
        .disable_statement_logging();
    options
        .connect()
        .await
        .map_err(Error::writing("open the database"))
}

/// Refuses a database of another program or another kind. An empty one may become ours.
async fn check_kind(
    connection: &mut SqliteConnection,
    path: &Path,
    kind: Kind,
) -> Result<(), Error> {
    let row = sqlx::query(
        "SELECT (SELECT application_id FROM pragma_application_id), \
         (SELECT count(*) FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations')",
    )
    .fetch_one(connection)
    .await
    .map_err(Error::writing("read the database's kind"))?;
    let (found, tables): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
    if found == kind.application_id() || (found == 0 && tables == 0) {
        return Ok(());
    }
    Err(Error::OtherKind {
        path: path.to_owned(),
        kind: kind.name(),
    })
}

/// Refuses a file that a newer program has migrated.
async fn check_format(
    connection: &mut SqliteConnection,
    path: &Path,
    kind: Kind,
) -> Result<(), Error> {
    let tables = sqlx::query("SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_optional(&mut *connection)
        .await
        .map_err(Error::writing("read the list of tables"))?;
    if tables.is_none() {
        return Ok(());
    }
    let row = sqlx::query("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await
        .map_err(Error::writing("read the list of migrations"))?;
    let found: i64 = get(&row, 0)?;
    let known = kind.files().iter().map(|(version, ..)| *version);
    let known = known.max().unwrap_or(0);
    if found <= known {
        return Ok(());
    }
    Err(Error::NewerFormat {
        path: path.to_owned(),
        found,
        known,
    })
}

/// Refuses values that a newer program has written.
pub(crate) fn check_values(path: &Path, found: u64) -> Result<(), Error> {
    if found <= FORMAT {
        return Ok(());
    }
    let number = |format| i64::try_from(format).unwrap_or(i64::MAX);
    Err(Error::NewerFormat {
        path: path.to_owned(),
        found: number(found),
        known: number(FORMAT),
    })
}

/// Column `index` of a row the writer fetched.
pub(crate) fn get<'r, T>(row: &'r sqlx::sqlite::SqliteRow, index: usize) -> Result<T, Error>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(index)
        .map_err(|cause| Error::damaged("a stored row", cause))
}

/// Closes a connection and waits until the file is released.
pub(crate) async fn close(connection: SqliteConnection) -> Result<(), Error> {
    connection
        .close()
        .await
        .map_err(Error::writing("close the database"))
}
