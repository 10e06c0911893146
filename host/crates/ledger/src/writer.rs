//! The one connection of a peer's ledger that writes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Mutex, MutexGuard};

use crate::{Config, Error, checkpoint::Health, database, readers::Readers};

/// Holds the writing connection between writes.
///
/// A write takes the connection out and gives it back only when it went well. After an error, or when the caller dropped the
/// future, the connection is closed, which rolls back, and the next write opens another: what a transaction half done might
/// have left behind need not be known.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    config: Config,
    health: Arc<Health>,
    /// Told of every write, for what they show of the file is old then.
    readers: Arc<Readers>,
    connection: Mutex<Option<SqliteConnection>>,
}

impl Writer {
    pub(crate) fn new(
        path: &Path,
        config: &Config,
        health: Arc<Health>,
        readers: Arc<Readers>,
        connection: SqliteConnection,
    ) -> Self {
        Self {
            path: path.to_owned(),
            config: config.clone(),
            health,
            readers,
            connection: Mutex::new(Some(connection)),
        }
    }

    /// Starts a transaction, waiting for the one before to end.
    pub(crate) async fn begin(&self) -> Result<Transaction<'_>, Error> {
        self.health.check()?;
        let mut place = self.connection.lock().await;
        let mut connection = match place.take() {
            Some(connection) => connection,
            None => database::connect(&self.path, &self.config)
                .await
                .map_err(|error| self.health.note(error))?,
        };
        let writing = Writing::begin(&self.readers);
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut connection)
            .await
            .map_err(|cause| {
                self.health
                    .note(Error::writing("start a transaction")(cause))
            })?;
        Ok(Transaction {
            connection,
            _writing: writing,
            place,
            health: &self.health,
        })
    }

    /// Closes the connection. A later write opens another.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        match self.connection.lock().await.take() {
            Some(connection) => database::close(connection).await,
            None => Ok(()),
        }
    }
}

/// The time of one write, for the readers.
struct Writing<'a>(&'a Readers);

impl<'a> Writing<'a> {
    fn begin(readers: &'a Readers) -> Self {
        readers.write_begins();
        Self(readers)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.write_ends();
    }
}

/// A transaction that is rolled back unless it is committed.
pub(crate) struct Transaction<'a> {
    pub(crate) connection: SqliteConnection,
    /// Over before the next write can begin.
    _writing: Writing<'a>,
    place: MutexGuard<'a, Option<SqliteConnection>>,
    health: &'a Health,
}

impl Transaction<'_> {
    /// Makes everything durable. An error here leaves open what is on the disk, so it stops the ledger, a full disk excepted.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let done = sqlx::query("COMMIT").execute(&mut self.connection).await;
        done.map_err(|cause| self.health.note(Error::writing("commit")(cause)))?;
        self.health.synced(1);
        *self.place = Some(self.connection);
        Ok(())
    }

    /// Gives up. `error` is noted, and handed back for the caller.
    pub(crate) fn fail(self, error: Error) -> Error {
        self.health.note(error)
    }
}
