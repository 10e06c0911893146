//! Reading connections, held and lent out.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OpenFlags};

use crate::{Config, Error, folder::Folder};

/// Statements a connection keeps prepared; more than this crate has for reading.
const STATEMENTS_KEPT: usize = 64;

/// The reading connections of one file. Opened when needed, kept when given back, never more than the limit.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    config: Config,
    pool: Mutex<Pool>,
    /// Declared last, so that the connections are closed before the folder is let go.
    _folder: Arc<Folder>,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    /// Connections lent out or idle.
    open: usize,
}

impl Readers {
    pub(crate) fn new(path: &Path, config: &Config, folder: Arc<Folder>) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            config: config.clone(),
            pool: Mutex::default(),
            _folder: folder,
        })
    }

    /// Lends a connection; opens one if none is idle.
    pub(crate) fn take(self: &Arc<Self>) -> Result<Reader, Error> {
        let idle = {
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            let idle = pool.idle.pop();
            if idle.is_none() {
                if pool.open >= self.config.readers_max {
                    return Err(Error::Busy {
                        max: self.config.readers_max,
                    });
                }
                pool.open += 1;
            }
            idle
        };
        let mut reader = Reader {
            readers: Arc::clone(self),
            connection: idle,
        };
        if reader.connection.is_none() {
            // On failure the reader's drop gives its place back.
            reader.connection = Some(open(&self.path, &self.config)?);
        }
        Ok(reader)
    }

    /// Closes the idle connections, so that the file can be released.
    pub(crate) fn close_idle(&self) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.open = pool.open.saturating_sub(pool.idle.len());
        pool.idle.clear();
    }

    fn give_back(&self, connection: Option<Connection>) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match connection {
            Some(connection) => pool.idle.push(connection),
            None => pool.open = pool.open.saturating_sub(1),
        }
    }
}

/// A lent connection. Goes back when dropped, unless it was left inside a transaction that does not end.
#[derive(Debug)]
pub(crate) struct Reader {
    readers: Arc<Readers>,
    /// Always there until drop, but for a reader that could not be opened.
    connection: Option<Connection>,
}

impl Reader {
    pub(crate) fn connection(&self) -> Result<&Connection, Error> {
        self.connection.as_ref().ok_or_else(|| Error::Read {
            what: "use a reading connection",
            source: "it was never opened".into(),
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.readers.config
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|connection| {
            connection.is_autocommit() || connection.execute_batch("COMMIT").is_ok()
        });
        self.readers.give_back(connection);
    }
}

fn open(path: &Path, config: &Config) -> Result<Connection, Error> {
    // Reading a write-ahead log takes writing to its index, so the file is opened for both and writing refused above.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(Error::reading("open the database"))?;
    let set = |name: &str, value: i64| {
        connection
            .pragma_update(None, name, value)
            .map_err(Error::reading("prepare a reading connection"))
    };
    connection
        .busy_timeout(config.busy_timeout)
        .map_err(Error::reading("prepare a reading connection"))?;
    set("query_only", 1)?;
    set("cache_size", -i64::from(config.reader_cache_kib))?;
    set(
        "mmap_size",
        i64::try_from(config.reader_mmap_bytes_max).unwrap_or(i64::MAX),
    )?;
    set("trusted_schema", 0)?;
    set("cell_size_check", 1)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}
