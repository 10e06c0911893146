//! What can go wrong with a ledger, told apart by what the caller can do.

use std::path::PathBuf;

use model::ErrorCode;

/// The cause beneath an [`Error`]; of a database library, a file system, a decoder.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What the caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The caller asked for what cannot be; asking again changes nothing.
    Refused,
    /// Nothing was done; the same call may succeed later.
    Unavailable,
    /// A bug or a disk. The channel must stop; a restart reads what is durable.
    Broken,
}

/// Why a ledger did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process, or another value in this one, has the folder open.
    #[error("folder {} is in use by another process", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// A newer Weft wrote the file.
    #[error("{} has format {found}, this program knows formats up to {known}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest one this program reads.
        known: i64,
    },
    /// The folder belongs to a node with another identity.
    #[error("folder {} belongs to node {found}, not to {expected}", path.display())]
    OtherNode {
        /// The folder.
        path: PathBuf,
        /// Whose it is: MSP id and certificate hash.
        found: String,
        /// Who wanted it.
        expected: String,
    },
    /// The folder holds a chain that began with another block.
    #[error("{} holds channel {found}, not {expected}", path.display())]
    OtherGenesis {
        /// The file.
        path: PathBuf,
        /// Channel id and genesis hash as stored.
        found: String,
        /// Channel id and genesis hash as wanted.
        expected: String,
    },
    /// Others than the owner may read or write a file of the data folder.
    #[error("{} has mode {mode:o}, others than its owner can reach it; chmod {wanted:o} it", path.display())]
    TooOpen {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// The file is no database of this kind.
    #[error("{} is not a {kind} database of Weft", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        kind: &'static str,
    },
    /// There is no such folder, or no ledger in it.
    #[error("there is no ledger at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The block is not the next one.
    #[error("block {got} cannot follow height {height}")]
    Gap {
        /// Blocks that are committed.
        height: u64,
        /// The number of the block that came.
        got: u64,
    },
    /// The block is the next one by number but does not follow the last one by hash.
    #[error("block {number} names another previous block than the one stored")]
    OtherPrevious {
        /// The block that came.
        number: u64,
    },
    /// An entry of the Raft log that does not follow the last one, or was purged, or carries a block already.
    #[error("log index {got} is refused: {reason}")]
    LogIndex {
        /// The index.
        got: u64,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// The thing is there already.
    #[error("{what} exists already")]
    Exists {
        /// A channel id or package id.
        what: String,
    },
    /// A number, a length or a count is beyond what is accepted.
    #[error("{what} exceeds the limit of {max}")]
    Limit {
        /// What was too large.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// As many are kept as may be, and none of them can go yet.
    #[error("{max} {what} are kept already, try again later")]
    Full {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        max: u64,
    },
    /// All readers are in use.
    #[error("all {max} readers are in use, try again")]
    Busy {
        /// How many there may be.
        max: usize,
    },
    /// A snapshot was held longer than allowed.
    #[error("the snapshot is older than {max_ms} ms, take a new one")]
    Expired {
        /// The age a snapshot may reach, in milliseconds.
        max_ms: u128,
    },
    /// The disk is full; nothing was written.
    #[error("the disk is full: cannot {what}")]
    DiskFull {
        /// What was attempted.
        what: &'static str,
        /// The database's own words.
        #[source]
        source: Cause,
    },
    /// Reading failed.
    #[error("cannot {what}")]
    Read {
        /// What was attempted.
        what: &'static str,
        /// The database's own words.
        #[source]
        source: Cause,
    },
    /// Stored bytes are not what was stored.
    #[error("{what} is damaged")]
    Damaged {
        /// Which part.
        what: String,
        /// How it was noticed.
        #[source]
        source: Option<Cause>,
    },
    /// A stored block came out differently when it was committed again.
    #[error("block {number} commits differently than before")]
    Diverged {
        /// The block.
        number: u64,
    },
    /// A write or a sync failed. Nothing more is written through this handle.
    #[error("cannot {what}")]
    Broken {
        /// What was attempted.
        what: &'static str,
        /// The database's or the system's own words.
        #[source]
        source: Cause,
    },
    /// An earlier write failed; see the log for which.
    #[error("the ledger has stopped: it could not {what}")]
    Stopped {
        /// What failed then.
        what: &'static str,
    },
}

impl Error {
    /// What the caller can do about it.
    #[must_use]
    pub fn sort(&self) -> Sort {
        match self {
            Self::Locked { .. }
            | Self::NewerFormat { .. }
            | Self::OtherNode { .. }
            | Self::OtherGenesis { .. }
            | Self::TooOpen { .. }
            | Self::OtherKind { .. }
            | Self::Missing { .. }
            | Self::Gap { .. }
            | Self::OtherPrevious { .. }
            | Self::LogIndex { .. }
            | Self::Exists { .. }
            | Self::Limit { .. } => Sort::Refused,
            Self::Busy { .. }
            | Self::Full { .. }
            | Self::Expired { .. }
            | Self::DiskFull { .. }
            | Self::Read { .. } => Sort::Unavailable,
            Self::Damaged { .. }
            | Self::Diverged { .. }
            | Self::Broken { .. }
            | Self::Stopped { .. } => Sort::Broken,
        }
    }

    /// A word that stays the same over releases, for logs, scripts and the command line's help.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "locked",
            Self::NewerFormat { .. } => "newer_format",
            Self::OtherNode { .. } => "other_node",
            Self::OtherGenesis { .. } => "other_genesis",
            Self::TooOpen { .. } => "too_open",
            Self::OtherKind { .. } => "other_kind",
            Self::Missing { .. } => "missing",
            Self::Gap { .. } => "gap",
            Self::OtherPrevious { .. } => "other_previous",
            Self::LogIndex { .. } => "log_index",
            Self::Exists { .. } => "exists",
            Self::Limit { .. } => "limit",
            Self::Busy { .. } => "busy",
            Self::Full { .. } => "full",
            Self::Expired { .. } => "expired",
            Self::DiskFull { .. } => "disk_full",
            Self::Read { .. } => "read",
            Self::Damaged { .. } => "damaged",
            Self::Diverged { .. } => "diverged",
            Self::Broken { .. } => "broken",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// The code for somebody whose request needed the ledger; what happened is for the log.
    #[must_use]
    pub fn code_for_callers(&self) -> ErrorCode {
        match self {
            Self::Busy { .. } | Self::Full { .. } => ErrorCode::NodeBusy,
            Self::Stopped { .. } => ErrorCode::ChannelStopped,
            error => match error.sort() {
                Sort::Broken => ErrorCode::NodeBroken,
                Sort::Refused | Sort::Unavailable => ErrorCode::NodeUnavailable,
            },
        }
    }

    /// Sorts what the writer's library reported while doing `what`.
    pub(crate) fn writing(what: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| {
            let code = match &source {
                sqlx::Error::Database(cause) => cause.code().and_then(|code| code.parse().ok()),
                _ => None,
            };
            Self::sorted(what, code, source.into())
        }
    }

    /// Sorts what a writing connection of the orderer's or the node's file reported while doing `what`.
    pub(crate) fn writing_directly(what: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| {
            let code = source.sqlite_error().map(|cause| cause.extended_code);
            Self::sorted(what, code, source.into())
        }
    }

    /// Sorts what a reader's library reported while doing `what`.
    pub(crate) fn reading(what: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| match source
            .sqlite_error()
            .map(|cause| cause.extended_code & 0xff)
        {
            Some(libsqlite3_sys::SQLITE_CORRUPT | libsqlite3_sys::SQLITE_NOTADB) => {
                Self::damaged("the database file", source)
            }
            _ => Self::Read {
                what,
                source: source.into(),
            },
        }
    }

    /// A system call failed while doing `what`.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Broken {
            what,
            source: source.into(),
        }
    }

    pub(crate) fn damaged(what: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Damaged {
            what: what.into(),
            source: Some(source.into()),
        }
    }

    /// A full disk is told before anything is durable, and SQLite has rolled back: the caller may try again. Any other
    /// failure of a write, and above all of a sync, leaves open what is on the disk.
    fn sorted(what: &'static str, code: Option<i32>, source: Cause) -> Self {
        match code.map(|code| code & 0xff) {
            Some(libsqlite3_sys::SQLITE_FULL) => Self::DiskFull { what, source },
            Some(libsqlite3_sys::SQLITE_CORRUPT | libsqlite3_sys::SQLITE_NOTADB) => {
                Self::damaged("the database file", source)
            }
            _ => Self::Broken { what, source },
        }
    }
}

impl From<Error> for rwset::StateError {
    fn from(error: Error) -> Self {
        Self::new(error)
    }
}
