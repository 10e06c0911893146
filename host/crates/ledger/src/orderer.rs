//! The Raft log and the chain of one channel at an orderer, in one file.

mod chain;
mod entry;
mod log;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use model::{Block, ChannelId, Digest};
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::watch;

pub use chain::{Applied, Effect};
pub use entry::{EntryKind, LogEntry, LogId, Vote, batch_payload, transactions_of};

use crate::{
    Config, Error,
    checkpoint::{Checkpointer, Health},
    database::{self, Kind},
    direct::{DirectWriter, Sync},
    folder::Folder,
    readers::Readers,
    sql::{orderer as sql, signed, unsigned},
};

const FILE: &str = "ledger.db";

/// A channel's Raft log and chain. A cheap handle: clones share everything. All methods but making and opening it block the thread.
///
/// A batch of transactions is stored once, in the log entry that carries it, and [`OrdererLedger::append`] is the only call on a
/// transaction's way that waits for the disk. The blocks made from committed entries are written by [`OrdererLedger::apply`] without
/// waiting; they become durable with the next append. After a power cut the last ones may be missing, together with the note of how
/// far the log was applied, never one without the other: whoever runs Raft applies the committed entries after
/// [`OrdererLedger::applied`] again, which makes the same headers, since a header depends on nothing but the block before and the batch.
#[derive(Debug, Clone)]
pub struct OrdererLedger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    channel: ChannelId,
    genesis_hash: Digest,
    writer: DirectWriter,
    readers: Arc<Readers>,
    checkpointer: Checkpointer,
    health: Arc<Health>,
    height: watch::Sender<u64>,
    /// Declared last, so that the file is let go before the folder is.
    _folder: Arc<Folder>,
}

impl OrdererLedger {
    /// Makes the file of the channel that begins with `genesis`, in a folder of its own, with that block in it.
    ///
    /// A folder that already holds this channel is opened as it is, so that a join which a crash cut short can be repeated.
    ///
    /// # Errors
    /// - [`Error::OtherGenesis`]: the folder holds another chain.
    /// - All of [`OrdererLedger::open`] but [`Error::Missing`].
    pub async fn create(
        folder: &Path,
        channel: &ChannelId,
        genesis: &Block,
        config: Config,
    ) -> Result<Self, Error> {
        let folder = Folder::create(folder)?;
        let path = folder.path().join(FILE);
        let connection = database::create(&path, Kind::Orderer, &config).await?;
        database::close(connection).await?;
        let health = Arc::new(Health::default());
        let writer = DirectWriter::open(&path, &config, 0, Arc::clone(&health))?;
        let hash = genesis.header_hash();
        if writer.read(read_channel)?.is_none() {
            let what = "enter the channel";
            let format = signed(database::FORMAT)?;
            writer.write(Sync::Full, what, |transaction| {
                transaction
                    .execute(sql::CHANNEL_CREATE, (channel.as_str(), hash, format))
                    .map_err(Error::writing_directly(what))?;
                chain::put_block(transaction, genesis, None)
            })?;
        }
        let ledger = Self::start(folder, &path, writer, health, &config)?;
        if ledger.channel() == channel && ledger.genesis_hash() == hash {
            return Ok(ledger);
        }
        let name = |channel: &ChannelId, hash: &[u8]| format!("{channel}:{}", crate::hex(hash));
        Err(Error::OtherGenesis {
            path,
            found: name(ledger.channel(), &ledger.genesis_hash()),
            expected: name(channel, &hash),
        })
    }

    /// Opens the file in `folder`.
    ///
    /// # Errors
    /// - [`Error::Missing`]: there is none, or its making was cut short before the channel was entered.
    /// - [`Error::Locked`]: another process has it.
    /// - [`Error::TooOpen`], [`Error::OtherKind`], [`Error::NewerFormat`]: the folder is not fit to be used.
    /// - [`Error::Damaged`], [`Error::Broken`]: the disk.
    pub async fn open(folder: &Path, config: Config) -> Result<Self, Error> {
        let folder = Folder::open(folder)?;
        let path = folder.path().join(FILE);
        let connection = database::open(&path, Kind::Orderer, &config).await?;
        database::close(connection).await?;
        let health = Arc::new(Health::default());
        let writer = DirectWriter::open(&path, &config, 0, Arc::clone(&health))?;
        Self::start(folder, &path, writer, health, &config)
    }

    fn start(
        folder: Folder,
        path: &Path,
        writer: DirectWriter,
        health: Arc<Health>,
        config: &Config,
    ) -> Result<Self, Error> {
        let row = writer.read(read_channel)?.ok_or_else(|| Error::Missing {
            path: PathBuf::from(path),
        })?;
        database::check_values(path, row.format)?;
        let channel = ChannelId::parse(&row.channel)
            .map_err(|cause| Error::damaged("the stored channel id", cause))?;
        let tip = writer.read(chain::read_tip)?;
        let folder = Arc::new(folder);
        let inner = Inner {
            channel,
            genesis_hash: row.genesis_hash,
            readers: Readers::new(path, config, Arc::clone(&folder)),
            checkpointer: Checkpointer::start(path, config, Arc::clone(&health))?,
            health,
            height: watch::Sender::new(tip.height),
            writer,
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

    /// Pages of the write-ahead log that are not yet in the file, as of the last write.
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
}

struct ChannelRow {
    channel: String,
    genesis_hash: Digest,
    format: u64,
}

fn read_channel(connection: &Connection) -> Result<Option<ChannelRow>, Error> {
    let row: Option<(String, Digest, i64)> = connection
        .query_row(sql::CHANNEL_READ, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(Error::reading("read the channel's row"))?;
    let Some((channel, genesis_hash, format)) = row else {
        return Ok(None);
    };
    Ok(Some(ChannelRow {
        channel,
        genesis_hash,
        format: unsigned(format)?,
    }))
}
