//! A writing connection without a task of its own, for files that are written by short synchronous calls.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::{Config, Error, checkpoint::Health};

/// Whether a commit returns before it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    /// The commit, and with it all before it, is on the disk when it returns.
    Full,
    /// A power cut may take the commit back, never a part of it, and never an older one than a newer. A killed process loses nothing.
    Later,
}

/// The one connection that writes to a file.
#[derive(Debug)]
pub(crate) struct DirectWriter {
    health: Arc<Health>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    connection: Connection,
    sync: Sync,
}

impl DirectWriter {
    /// `checkpoint_pages` is how many pages may wait in the log until a commit copies them itself; 0 leaves that to a
    /// [`crate::checkpoint::Checkpointer`].
    pub(crate) fn open(
        path: &Path,
        config: &Config,
        checkpoint_pages: u32,
        health: Arc<Health>,
    ) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .and_then(|connection| {
                connection.busy_timeout(config.busy_timeout)?;
                connection.pragma_update(None, "synchronous", "FULL")?;
                connection.pragma_update(None, "wal_autocheckpoint", checkpoint_pages)?;
                connection.pragma_update(
                    None,
                    "cache_size",
                    -i64::from(config.writer_cache_kib),
                )?;
                connection.pragma_update(None, "trusted_schema", 0)?;
                connection.pragma_update(None, "cell_size_check", 1)?;
                connection.set_prepared_statement_cache_capacity(64);
                Ok(connection)
            })
            .map_err(Error::writing_directly("open the database"))?;
        let state = State {
            connection,
            sync: Sync::Full,
        };
        Ok(Self {
            health,
            state: Mutex::new(state),
        })
    }

    /// Runs `change` in a transaction. It is rolled back if `change` or the commit fails.
    pub(crate) fn write<T>(
        &self,
        sync: Sync,
        what: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.health.check()?;
        let mut state = self.lock();
        let done = state.write(sync, what, change);
        let value = done.map_err(|error| self.health.note(error))?;
        if sync == Sync::Full {
            self.health.synced(1);
        }
        Ok(value)
    }

    /// Runs `look` on the writing connection, outside of any transaction.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        look(&self.lock().connection)
    }

    /// How often the disk was waited for.
    pub(crate) fn syncs(&self) -> u64 {
        self.health.syncs()
    }

    /// A panic while the lock was held rolled its transaction back, so the connection is as good as before.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write<T>(
        &mut self,
        sync: Sync,
        what: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.sync != sync {
            let mode = match sync {
                Sync::Full => "FULL",
                Sync::Later => "NORMAL",
            };
            self.connection
                .pragma_update(None, "synchronous", mode)
                .map_err(Error::writing_directly("change how commits are synced"))?;
            self.sync = sync;
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Error::writing_directly(what))?;
        let value = change(&transaction)?;
        transaction
            .commit()
            .map_err(Error::writing_directly(what))?;
        Ok(value)
    }
}
