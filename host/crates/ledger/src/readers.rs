//! Reading connections, held and lent out.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};

use crate::{Config, Error, folder::Folder};

/// Statements a connection keeps prepared; more than this crate has for reading.
const STATEMENTS_KEPT: usize = 64;
/// How old a read transaction may be that is lent out again, and at most half of what a snapshot may reach.
const STANDING_AGE_MAX: Duration = Duration::from_secs(1);

/// The reading connections of one file. Opened when needed, kept when given back, never more than the limit.
///
/// Beginning a read transaction costs as much as reading some keys in it, and makes the connection forget the pages it knows if
/// something was written meanwhile. So a transaction that is given back while nothing has been written since it began is left
/// standing for the next one who asks. None stands while somebody writes: the writer could never begin the log anew.
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
    /// Inside a read transaction that shows all that was written.
    standing: Vec<(Connection, Begun)>,
    /// Connections lent out, idle or standing.
    open: usize,
    /// Writes that are over; a transaction begun before the last of them ended may show less than there is.
    writes: u64,
    writing: bool,
}

/// A read transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    /// The height it shows.
    pub(crate) height: u64,
    pub(crate) at: Instant,
    /// [`Pool::writes`] when it began.
    writes: u64,
}

impl Pool {
    fn pop_standing(&mut self) -> Option<(Connection, Option<Begun>)> {
        let (connection, begun) = self.standing.pop()?;
        Some((connection, Some(begun)))
    }

    /// Whether the transaction shows all that was written, and nobody writes now.
    fn shows_all(&self, begun: Begun) -> bool {
        !self.writing && begun.writes == self.writes
    }
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

    /// Lends a connection outside of any transaction; opens one if none is there.
    pub(crate) fn take(self: &Arc<Self>) -> Result<Reader, Error> {
        let kept = {
            let mut pool = self.lock();
            let idle = pool.idle.pop().map(|connection| (connection, None));
            let kept = idle.or_else(|| pool.pop_standing());
            self.count(&mut pool, kept.is_some())?;
            kept
        };
        let mut reader = self.reader(kept)?;
        if reader.begun.take().is_some() {
            end(reader.connection()?)?;
        }
        Ok(reader)
    }

    /// Lends a connection inside a read transaction that shows all that was written before this call. `height` begins one and
    /// tells what it shows.
    pub(crate) fn take_begun(
        self: &Arc<Self>,
        height: fn(&Connection) -> Result<u64, Error>,
    ) -> Result<(Reader, Begun), Error> {
        let kept = {
            let mut pool = self.lock();
            let standing = pool.pop_standing();
            let kept = standing.or_else(|| pool.idle.pop().map(|connection| (connection, None)));
            self.count(&mut pool, kept.is_some())?;
            kept
        };
        let mut reader = self.reader(kept)?;
        let standing = reader.begun;
        let begun = match standing.filter(|begun| self.is_young(*begun)) {
            Some(begun) => begun,
            None => reader.begin_again(height)?,
        };
        Ok((reader, begun))
    }

    /// Somebody begins to write: no transaction stands from now on.
    pub(crate) fn write_begins(&self) {
        let standing = {
            let mut pool = self.lock();
            pool.writing = true;
            std::mem::take(&mut pool.standing)
        };
        for (connection, _) in standing {
            self.give_back(Some(connection), None);
        }
    }

    /// The write is over, whatever came of it.
    pub(crate) fn write_ends(&self) {
        let mut pool = self.lock();
        pool.writes += 1;
        pool.writing = false;
    }

    /// Closes the connections that are not lent out, so that the file can be released.
    pub(crate) fn close_idle(&self) {
        let mut pool = self.lock();
        let kept = pool.idle.len() + pool.standing.len();
        pool.open = pool.open.saturating_sub(kept);
        pool.idle.clear();
        pool.standing.clear();
    }

    /// Transactions that stand.
    #[cfg(test)]
    pub(crate) fn standing(&self) -> usize {
        self.lock().standing.len()
    }

    /// Counts a new connection unless one is there.
    fn count(&self, pool: &mut Pool, is_there: bool) -> Result<(), Error> {
        if is_there {
            return Ok(());
        }
        if pool.open >= self.config.readers_max {
            return Err(Error::Busy {
                max: self.config.readers_max,
            });
        }
        pool.open += 1;
        Ok(())
    }

    fn reader(
        self: &Arc<Self>,
        kept: Option<(Connection, Option<Begun>)>,
    ) -> Result<Reader, Error> {
        let (connection, begun) = kept.unzip();
        let mut reader = Reader {
            readers: Arc::clone(self),
            connection,
            begun: begun.flatten(),
        };
        if reader.connection.is_none() {
            // On failure the reader's drop gives its place back.
            reader.connection = Some(open(&self.path, &self.config)?);
        }
        Ok(reader)
    }

    /// Takes a connection back, in its transaction if that may stand; `None` for one that is lost.
    fn give_back(&self, connection: Option<Connection>, begun: Option<Begun>) {
        let Some(connection) = connection else {
            let mut pool = self.lock();
            pool.open = pool.open.saturating_sub(1);
            return;
        };
        if let Some(begun) = begun {
            let mut pool = self.lock();
            if pool.shows_all(begun) && self.is_young(begun) {
                pool.standing.push((connection, begun));
                return;
            }
        }
        let ended = connection.is_autocommit() || end(&connection).is_ok();
        let mut pool = self.lock();
        match ended {
            true => pool.idle.push(connection),
            false => pool.open = pool.open.saturating_sub(1),
        }
    }

    fn is_young(&self, begun: Begun) -> bool {
        let max = STANDING_AGE_MAX.min(self.config.snapshot_age_max / 2);
        begun.at.elapsed() < max
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a read transaction.
pub(crate) fn end(connection: &Connection) -> Result<(), Error> {
    connection
        .prepare_cached("COMMIT")
        .and_then(|mut statement| statement.execute([]))
        .map(|_| ())
        .map_err(Error::reading("end a snapshot"))
}

/// A lent connection. Goes back when dropped, unless it was left inside a transaction that does not end.
#[derive(Debug)]
pub(crate) struct Reader {
    readers: Arc<Readers>,
    /// Always there until drop, but for a reader that could not be opened.
    connection: Option<Connection>,
    /// The read transaction it was lent in, or that its user has begun since.
    begun: Option<Begun>,
}

impl Reader {
    pub(crate) fn connection(&self) -> Result<&Connection, Error> {
        self.connection.as_ref().ok_or_else(|| Error::Read {
            what: "use a reading connection",
            source: "it was never opened".into(),
        })
    }

    /// Ends the read transaction and begins another, which shows all that was written.
    pub(crate) fn begin_again(
        &mut self,
        height: fn(&Connection) -> Result<u64, Error>,
    ) -> Result<Begun, Error> {
        if self.begun.take().is_some() {
            end(self.connection()?)?;
        }
        let (writes, at) = (self.readers.lock().writes, Instant::now());
        let begun = Begun {
            height: height(self.connection()?)?,
            at,
            writes,
        };
        self.begun = Some(begun);
        Ok(begun)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.readers.config
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.readers
            .give_back(self.connection.take(), self.begun.take());
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
