//! The ledger of one channel at a peer.

mod blocks;
mod causes;
mod commit;
mod compare;
mod history;
mod input;
mod late;
mod private;
mod purge;
mod rebuild;
mod snapshot;
mod transient;
mod versions;
mod walk;
mod written;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use model::{Block, ChannelId, Digest};
use sqlx::sqlite::SqliteConnection;
use tokio::sync::watch;

pub use blocks::{Info, TxLocation};
pub use compare::{Cell, RowDifference};
pub use input::{
    CauseRow, CollectionConfig, CommitInput, CommitTimings, ExpiryRow, HistoryRow, MissingSet,
    PrivateSet, TxRow,
};
pub use late::LateSet;
pub use private::StoredPrivateSet;
pub use snapshot::{Page, Snapshot};
pub use transient::TransientSet;
pub use versions::KeyVersions;
pub use walk::StateRow;

use written::Written;

use crate::{
    Config, Error,
    checkpoint::{Checkpointer, Health},
    database::{self, Kind},
    folder::Folder,
    readers::Readers,
    sql::{Values, peer as sql, unsigned},
    writer::Writer,
};

const FILE: &str = "ledger.db";

/// A channel's blocks, state, private data and indexes in one file. A cheap handle: clones share everything.
///
/// One task commits; any number reads. Methods that are not `async` block the thread for as long as the disk takes: call them where
/// that is allowed. The file is released when the last clone and the last [`Snapshot`] are dropped.
#[derive(Debug, Clone)]
pub struct PeerLedger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    channel: ChannelId,
    genesis_hash: Digest,
    path: PathBuf,
    config: Config,
    statements: sql::CommitStatements,
    writer: Writer,
    readers: Arc<Readers>,
    checkpointer: Checkpointer,
    health: Arc<Health>,
    height: watch::Sender<u64>,
    written: Written,
    /// The readers have it too: a snapshot may outlive the ledger. Declared last, so that the file is let go first.
    _folder: Arc<Folder>,
}

/// The row that says which channel the file holds and how far it is.
#[derive(Debug)]
pub(crate) struct ChannelRow {
    channel: String,
    genesis_hash: Vec<u8>,
    format: u64,
    height: u64,
    last_hash: Vec<u8>,
}

impl PeerLedger {
    /// Makes the ledger of the channel that begins with `genesis`, in a folder of its own, with height 0.
    ///
    /// Block 0 is then committed as every other. A folder that already holds this channel is opened as it is, so that a join which a
    /// crash cut short can be repeated.
    ///
    /// # Errors
    /// - [`Error::OtherGenesis`]: the folder holds another chain.
    /// - All of [`PeerLedger::open`] but [`Error::Missing`].
    pub async fn create(
        folder: &Path,
        channel: &ChannelId,
        genesis: &Block,
        config: Config,
    ) -> Result<Self, Error> {
        let folder = Folder::create(folder)?;
        let path = folder.path().join(FILE);
        let mut connection = database::create(&path, Kind::Peer, &config).await?;
        let hash = genesis.header_hash();
        let row = match read_channel(&mut connection).await? {
            Some(row) => row,
            None => {
                create_channel(&mut connection, channel, &hash).await?;
                read_channel(&mut connection)
                    .await?
                    .ok_or_else(|| Error::Missing { path: path.clone() })?
            }
        };
        if row.channel != channel.as_str() || row.genesis_hash != hash {
            let name = |channel: &str, hash: &[u8]| format!("{channel}:{}", crate::hex(hash));
            return Err(Error::OtherGenesis {
                path,
                found: name(&row.channel, &row.genesis_hash),
                expected: name(channel.as_str(), &hash),
            });
        }
        Self::start(folder, path, connection, row, config)
    }

    /// Opens the ledger in `folder`.
    ///
    /// # Errors
    /// - [`Error::Missing`]: there is none, or its making was cut short before the channel was entered.
    /// - [`Error::Locked`]: another process has it.
    /// - [`Error::TooOpen`], [`Error::OtherKind`], [`Error::NewerFormat`]: the folder is not fit to be used.
    /// - [`Error::Damaged`], [`Error::Broken`]: the disk.
    pub async fn open(folder: &Path, config: Config) -> Result<Self, Error> {
        let folder = Folder::open(folder)?;
        let path = folder.path().join(FILE);
        let mut connection = database::open(&path, Kind::Peer, &config).await?;
        let row = read_channel(&mut connection)
            .await?
            .ok_or_else(|| Error::Missing { path: path.clone() })?;
        Self::start(folder, path, connection, row, config)
    }

    fn start(
        folder: Folder,
        path: PathBuf,
        connection: SqliteConnection,
        row: ChannelRow,
        config: Config,
    ) -> Result<Self, Error> {
        database::check_values(&path, row.format)?;
        let channel = ChannelId::parse(&row.channel)
            .map_err(|cause| Error::damaged("the stored channel id", cause))?;
        let genesis_hash = Digest::try_from(row.genesis_hash.as_slice())
            .map_err(|cause| Error::damaged("the stored genesis hash", cause))?;
        let health = Arc::new(Health::default());
        let folder = Arc::new(folder);
        let readers = Readers::new(&path, &config, Arc::clone(&folder));
        let (for_writer, noted) = (Arc::clone(&readers), Arc::clone(&health));
        let inner = Inner {
            channel,
            genesis_hash,
            statements: sql::CommitStatements::new(),
            writer: Writer::new(&path, &config, noted, for_writer, connection),
            readers,
            checkpointer: Checkpointer::start(&path, &config, Arc::clone(&health))?,
            health,
            height: watch::Sender::new(row.height),
            written: Written::since(row.height),
            path,
            config,
            _folder: folder,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The channel's name.
    #[must_use]
    pub fn channel(&self) -> &ChannelId {
        &self.inner.channel
    }

    /// Header hash of block 0.
    #[must_use]
    pub fn genesis_hash(&self) -> Digest {
        self.inner.genesis_hash
    }

    /// Number of committed blocks; the next block has this number.
    #[must_use]
    pub fn height(&self) -> u64 {
        *self.inner.height.borrow()
    }

    /// The height, and each new one as soon as its block is durable and snapshots show it. A slow receiver sees the last only.
    #[must_use]
    pub fn watch_height(&self) -> watch::Receiver<u64> {
        self.inner.height.subscribe()
    }

    /// Takes the newest height to read from. Waits for nobody and makes nobody wait.
    ///
    /// # Errors
    /// - [`Error::Busy`]: too many readers at the same time.
    /// - [`Error::Read`]: the disk.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        self.inner.health.check()?;
        Snapshot::take(&self.inner.readers)
    }

    /// Pages of the write-ahead log that are not yet in the file, as of the last commit. A number that only grows means that some
    /// snapshot is never let go.
    #[must_use]
    pub fn wal_pages(&self) -> u64 {
        self.inner.checkpointer.pages_waiting()
    }

    /// How often this process has waited for the disk to make the ledger durable: once a commit, twice a checkpoint.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.inner.health.syncs()
    }

    /// Fails as all writing does once a write or a sync has failed.
    ///
    /// # Errors
    /// [`Error::Stopped`]
    pub fn check_health(&self) -> Result<(), Error> {
        self.inner.health.check()
    }

    /// Closes the connections that are not in use, so that dropping the last handle has nothing to wait for.
    ///
    /// # Errors
    /// [`Error::Broken`]: the database could not be closed in order. Nothing is lost by it.
    pub async fn close(&self) -> Result<(), Error> {
        self.inner.readers.close_idle();
        self.inner.writer.close().await
    }

    /// Lets the file grow by `pages` and no more until the connection is replaced.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: i64) {
        let mut transaction = self.inner.writer.begin().await.unwrap();
        let count = sqlx::query("PRAGMA page_count");
        let row = count.fetch_one(&mut transaction.connection).await.unwrap();
        let count: i64 = database::get(&row, 0).unwrap();
        let limit = format!("PRAGMA max_page_count = {}", count + pages);
        sqlx::query(sqlx::AssertSqlSafe(limit))
            .execute(&mut transaction.connection)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }

    #[cfg(test)]
    pub(crate) fn standing_transactions(&self) -> usize {
        self.inner.readers.standing()
    }

    fn publish(&self, height: u64) {
        self.inner
            .height
            .send_if_modified(|known| std::mem::replace(known, height) != height);
    }
}

async fn create_channel(
    connection: &mut SqliteConnection,
    channel: &ChannelId,
    genesis_hash: &Digest,
) -> Result<(), Error> {
    let mut values = Values::default();
    values
        .text(channel.as_str())?
        .bytes(genesis_hash)?
        .number(database::FORMAT)?;
    sqlx::query_with(sql::CHANNEL_CREATE, values.into_arguments())
        .execute(connection)
        .await
        .map_err(Error::writing("enter the channel"))?;
    Ok(())
}

async fn read_channel(connection: &mut SqliteConnection) -> Result<Option<ChannelRow>, Error> {
    let row = sqlx::query(sql::CHANNEL_READ)
        .fetch_optional(connection)
        .await
        .map_err(Error::writing("read the channel's row"))?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(ChannelRow {
        channel: database::get(&row, 0)?,
        genesis_hash: database::get(&row, 1)?,
        format: unsigned(database::get(&row, 2)?)?,
        height: unsigned(database::get(&row, 3)?)?,
        last_hash: database::get(&row, 5)?,
    }))
}

/// A stored blob as shared bytes.
fn bytes_of(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Bytes> {
    let value = row.get_ref(index)?;
    Ok(Bytes::copy_from_slice(value.as_blob()?))
}
