//! What a data folder is: whose node, which channels, which chaincode packages.

mod idempotency;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
pub use idempotency::Begun;
use model::{ChannelId, Digest, MspId, hash::sha256};
use rusqlite::OptionalExtension;

use crate::{
    Config, Error,
    database::{self, Kind},
    direct::{DirectWriter, Sync},
    folder::Folder,
    sql::{node as sql, signed, unsigned},
};

const FILE: &str = "node.db";
/// Pages that may wait in the log: here a commit copies them itself.
const CHECKPOINT_PAGES_MAX: u32 = 4_000;
const CHANNELS_FOLDER: &str = "channels";

/// Who a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeIdentity {
    /// Its organisation.
    pub msp_id: MspId,
    /// SHA-256 of its certificate in DER.
    pub certificate_hash: Digest,
}

/// A channel that a node takes part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedChannel {
    /// The channel's name.
    pub channel: ChannelId,
    /// Header hash of its block 0.
    pub genesis_hash: Digest,
}

/// An installed chaincode package without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPackage {
    /// `<label>:<SHA-256 in hex>`.
    pub package_id: String,
    /// The label inside the package.
    pub label: String,
    /// When it was installed, in unix seconds.
    pub installed_at: i64,
    /// Size of the package.
    pub size_bytes: u64,
}

/// A node's data folder, locked for this process. A cheap handle: clones share everything.
///
/// Methods block the thread, for an install as long as the disk takes for the package. The folder is let go when the last clone is
/// dropped.
#[derive(Debug, Clone)]
pub struct NodeStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    writer: DirectWriter,
    /// Declared last, so that the file is let go before the folder is.
    folder: Folder,
}

impl NodeStore {
    /// Opens the data folder of `node`; makes it if there is none.
    ///
    /// # Errors
    /// - [`Error::Locked`]: another process has it.
    /// - [`Error::OtherNode`]: it is another node's. After a renewal of the certificate call [`NodeStore::renew`] once.
    /// - [`Error::TooOpen`], [`Error::OtherKind`], [`Error::NewerFormat`]: the folder is not fit to be used.
    /// - [`Error::Damaged`], [`Error::Broken`]: the disk.
    pub async fn open(folder: &Path, node: &NodeIdentity, config: &Config) -> Result<Self, Error> {
        let store = Self::start(folder, node, config).await?;
        let stored = store.identity()?;
        if stored == *node {
            return Ok(store);
        }
        Err(store.other_node(&stored, node))
    }

    /// Opens the data folder of a node whose certificate was renewed, and notes the new one.
    ///
    /// # Errors
    /// As [`NodeStore::open`]; [`Error::OtherNode`] if the folder belongs to another organisation.
    pub async fn renew(folder: &Path, node: &NodeIdentity, config: &Config) -> Result<Self, Error> {
        let store = Self::start(folder, node, config).await?;
        let stored = store.identity()?;
        if stored.msp_id != node.msp_id {
            return Err(store.other_node(&stored, node));
        }
        let hash = node.certificate_hash;
        store
            .inner
            .writer
            .write(Sync::Full, "note the certificate", |transaction| {
                transaction
                    .execute(sql::NODE_CERTIFICATE_PUT, [hash])
                    .map_err(Error::writing_directly("note the certificate"))
            })?;
        Ok(store)
    }

    async fn start(folder: &Path, node: &NodeIdentity, config: &Config) -> Result<Self, Error> {
        let folder = Folder::create(folder)?;
        let path = folder.path().join(FILE);
        let connection = database::create(&path, Kind::Node, config).await?;
        database::close(connection).await?;
        let pages = config.checkpoint_pages.min(CHECKPOINT_PAGES_MAX);
        let writer = DirectWriter::open(&path, config, pages, Arc::default())?;
        let inner = Inner {
            path,
            writer,
            folder,
        };
        let store = Self {
            inner: Arc::new(inner),
        };
        store.enter(node)?;
        Ok(store)
    }

    /// Enters the identity into a new file, and checks the format of an old one.
    fn enter(&self, node: &NodeIdentity) -> Result<(), Error> {
        let what = "enter the node";
        let format = self.inner.writer.read(|connection| {
            connection
                .query_row(sql::NODE_READ, [], |row| row.get::<_, i64>(0))
                .optional()
                .map_err(Error::reading("read the node's identity"))
        })?;
        if let Some(format) = format {
            return database::check_values(&self.inner.path, unsigned(format)?);
        }
        let format = signed(database::FORMAT)?;
        self.inner.writer.write(Sync::Full, what, |transaction| {
            let row = (format, node.msp_id.as_str(), node.certificate_hash);
            transaction
                .execute(sql::NODE_CREATE, row)
                .map_err(Error::writing_directly(what))?;
            Ok(())
        })
    }

    fn other_node(&self, stored: &NodeIdentity, node: &NodeIdentity) -> Error {
        let name = |node: &NodeIdentity| {
            let hash = crate::hex(&node.certificate_hash);
            format!("{} with certificate {hash}", node.msp_id)
        };
        Error::OtherNode {
            path: self.inner.folder.path().to_owned(),
            found: name(stored),
            expected: name(node),
        }
    }

    /// Whose folder it is.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn identity(&self) -> Result<NodeIdentity, Error> {
        let (msp_id, certificate_hash) = self.inner.writer.read(|connection| {
            let columns = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(1)?, row.get(2)?));
            connection
                .query_row(sql::NODE_READ, [], columns)
                .map_err(Error::reading("read the node's identity"))
        })?;
        let msp_id =
            MspId::parse(&msp_id).map_err(|cause| Error::damaged("the stored MSP id", cause))?;
        Ok(NodeIdentity {
            msp_id,
            certificate_hash,
        })
    }

    /// Where the node's data is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.inner.folder.path()
    }

    /// Where a channel's ledger is, or is to be made.
    #[must_use]
    pub fn channel_folder(&self, channel: &ChannelId) -> PathBuf {
        let folder = self.inner.folder.path().join(CHANNELS_FOLDER);
        folder.join(channel.as_str())
    }

    /// How often this process has waited for the disk to make `node.db` durable.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.inner.writer.syncs()
    }

    /// The channels joined, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn channels(&self) -> Result<Vec<JoinedChannel>, Error> {
        let rows: Vec<(String, Digest)> = self.inner.writer.read(|connection| {
            connection
                .prepare_cached(sql::CHANNELS_READ)
                .and_then(|mut statement| {
                    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                    rows.collect()
                })
                .map_err(Error::reading("read the joined channels"))
        })?;
        let build = |(channel, genesis_hash): (String, Digest)| {
            let channel = ChannelId::parse(&channel)
                .map_err(|cause| Error::damaged("a stored channel id", cause))?;
            Ok(JoinedChannel {
                channel,
                genesis_hash,
            })
        };
        rows.into_iter().map(build).collect()
    }

    /// Notes that the node has joined a channel. Make its ledger first: what is noted is opened at every start.
    ///
    /// # Errors
    /// - [`Error::Exists`]: the channel is joined already.
    /// - [`Error::OtherGenesis`]: a channel of that name with another beginning is.
    /// - [`Error::DiskFull`], [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub fn join(&self, joined: &JoinedChannel) -> Result<(), Error> {
        let what = "note the channel";
        let channel = joined.channel.as_str();
        self.inner.writer.write(Sync::Full, what, |transaction| {
            let found: Option<Digest> = transaction
                .query_row(sql::CHANNEL_READ, [channel], |row| row.get(0))
                .optional()
                .map_err(Error::writing_directly(what))?;
            match found {
                None => {}
                Some(found) if found == joined.genesis_hash => {
                    return Err(Error::Exists {
                        what: format!("channel {channel}"),
                    });
                }
                Some(found) => {
                    return Err(Error::OtherGenesis {
                        path: self.inner.path.clone(),
                        found: format!("{channel}:{}", crate::hex(&found)),
                        expected: format!("{channel}:{}", crate::hex(&joined.genesis_hash)),
                    });
                }
            }
            transaction
                .execute(sql::CHANNEL_PUT, (channel, joined.genesis_hash))
                .map_err(Error::writing_directly(what))?;
            Ok(())
        })
    }

    /// Forgets a channel. Its folder stays; whoever wants it gone deletes it after the ledger was dropped.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub fn leave(&self, channel: &ChannelId) -> Result<(), Error> {
        let what = "forget the channel";
        self.inner.writer.write(Sync::Full, what, |transaction| {
            transaction
                .execute(sql::CHANNEL_DELETE, [channel.as_str()])
                .map_err(Error::writing_directly(what))?;
            Ok(())
        })
    }

    /// Keeps a chaincode package. `installed_at` is the time now, in unix seconds.
    ///
    /// # Errors
    /// - [`Error::Exists`]: it is installed already.
    /// - [`Error::DiskFull`], [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub fn install(
        &self,
        package_id: &str,
        label: &str,
        bytes: &Bytes,
        installed_at: i64,
    ) -> Result<(), Error> {
        let what = "install the package";
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let checksum = sha256(bytes);
        self.inner.writer.write(Sync::Full, what, |transaction| {
            let row = (
                package_id,
                label,
                checksum,
                installed_at,
                size,
                bytes.as_ref(),
            );
            let added = transaction
                .execute(sql::PACKAGE_PUT, row)
                .map_err(Error::writing_directly(what))?;
            if added == 1 {
                return Ok(());
            }
            Err(Error::Exists {
                what: format!("package {package_id}"),
            })
        })
    }

    /// The installed packages, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`]: the disk.
    pub fn packages(&self) -> Result<Vec<InstalledPackage>, Error> {
        let package = |row: &rusqlite::Row<'_>| {
            Ok(InstalledPackage {
                package_id: row.get(0)?,
                label: row.get(1)?,
                installed_at: row.get(2)?,
                size_bytes: row.get::<_, i64>(3)?.unsigned_abs(),
            })
        };
        self.inner.writer.read(|connection| {
            connection
                .prepare_cached(sql::PACKAGES_READ)
                .and_then(|mut statement| statement.query_map([], package)?.collect())
                .map_err(Error::reading("read the installed packages"))
        })
    }

    /// A package as it was installed; nothing if it is not.
    ///
    /// # Errors
    /// - [`Error::Damaged`]: the stored bytes are not those that were installed.
    /// - [`Error::Read`]: the disk.
    pub fn package(&self, package_id: &str) -> Result<Option<Bytes>, Error> {
        let found: Option<(Digest, Vec<u8>)> = self.inner.writer.read(|connection| {
            connection
                .query_row(sql::PACKAGE_READ, [package_id], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
                .map_err(Error::reading("read a package"))
        })?;
        match found {
            Some((checksum, bytes)) if checksum == sha256(&bytes) => Ok(Some(bytes.into())),
            Some(_) => Err(Error::damaged(
                format!("package {package_id}"),
                "its bytes do not match their checksum",
            )),
            None => Ok(None),
        }
    }
}
