//! Copying the write-ahead log into the database file, off the path of commits.

use std::{
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, OpenFlags};

use crate::{Config, Error};

/// How the writing to a file goes: how often the disk was waited for, and what failed first, if anything did. Whoever writes
/// looks here before it does: after a failed sync nobody knows what is on the disk, so nothing is written any more.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failed: OnceLock<&'static str>,
    syncs: AtomicU64,
}

impl Health {
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.failed.get() {
            Some(what) => Err(Error::Stopped { what }),
            None => Ok(()),
        }
    }

    /// Takes note of an error on its way to the caller.
    pub(crate) fn note(&self, error: Error) -> Error {
        match &error {
            Error::Broken { what, .. } => {
                let _ = self.failed.set(what);
            }
            Error::Damaged { .. } => {
                let _ = self.failed.set("trust the stored data");
            }
            _ => {}
        }
        error
    }

    /// Takes note that the disk was waited for so many times.
    pub(crate) fn synced(&self, times: u64) {
        self.syncs.fetch_add(times, Ordering::Relaxed);
    }

    /// How often the disk was waited for.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

/// A thread with a connection of its own that checkpoints when it is told of commits and enough pages wait.
///
/// A checkpoint syncs twice and copies thousands of pages: measured in the commit path, it stalled commits by up to a second.
/// Readers and the writer go on meanwhile. The thread ends, and is waited for, when the value is dropped.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    /// Room for one: a hint that waits already stands for all later ones.
    commits: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Pages that waited in the log when the thread looked last.
    pages: Arc<AtomicU64>,
}

impl Checkpointer {
    pub(crate) fn start(path: &Path, config: &Config, health: Arc<Health>) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .and_then(|connection| {
                connection.pragma_update(None, "synchronous", "FULL")?;
                connection.pragma_update(None, "wal_autocheckpoint", 0)?;
                Ok(connection)
            })
            .map_err(Error::reading("open a connection for checkpoints"))?;
        let (commits, hints) = sync_channel(1);
        let pages = Arc::new(AtomicU64::new(0));
        let task = Task {
            connection,
            hints,
            health,
            pages_min: i64::from(config.checkpoint_pages),
            pages: Arc::clone(&pages),
        };
        let thread = thread::Builder::new()
            .name("ledger-checkpoint".to_owned())
            .spawn(move || task.run())
            .map_err(Error::system("start the thread for checkpoints"))?;
        Ok(Self {
            commits: Some(commits),
            thread: Some(thread),
            pages,
        })
    }

    /// Says that something was committed.
    pub(crate) fn hint(&self) {
        if let Some(commits) = &self.commits {
            match commits.try_send(()) {
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }

    pub(crate) fn pages_waiting(&self) -> u64 {
        self.pages.load(Ordering::Relaxed)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.commits.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpoint thread panicked");
        }
    }
}

struct Task {
    connection: Connection,
    hints: Receiver<()>,
    health: Arc<Health>,
    pages_min: i64,
    pages: Arc<AtomicU64>,
}

impl Task {
    fn run(self) {
        while self.hints.recv().is_ok() {
            if self.health.check().is_err() {
                return;
            }
            if let Err(cause) = self.turn() {
                let error = Error::writing_directly("copy the write-ahead log")(cause);
                // A full disk leaves all pages in the log; the next turn tries again.
                tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "checkpoint failed");
                self.health.note(error);
            }
        }
    }

    fn turn(&self) -> rusqlite::Result<()> {
        let (log, copied) = self.checkpoint("NOOP")?;
        let mut waiting = log.saturating_sub(copied);
        if waiting >= self.pages_min {
            // PASSIVE copies what no reader still needs and never waits for anybody.
            let (log, copied) = self.checkpoint("PASSIVE")?;
            // The log before it is copied, and the file after it.
            self.health.synced(2);
            waiting = log.saturating_sub(copied);
        }
        let waiting = u64::try_from(waiting).unwrap_or(0);
        self.pages.store(waiting, Ordering::Relaxed);
        Ok(())
    }

    /// Pages in the log, and how many of them are in the file already.
    fn checkpoint(&self, mode: &str) -> rusqlite::Result<(i64, i64)> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
        statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
    }
}
