//! What serial validation says of a transaction, and why.

use std::fmt;

use bytes::Bytes;
use model::{TxValidationCode, Version};

/// What serial validation says of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `VALID`, `MVCC_READ_CONFLICT` or `PHANTOM_READ_CONFLICT`; `NOT_VALIDATED` for a transaction that was left out.
    pub code: TxValidationCode,
    /// Why the code is a conflict: the first one found.
    pub cause: Option<Conflict>,
}

/// The first difference between what a transaction read and what it would read now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// A public key has another version.
    Read {
        /// The key's namespace.
        namespace: String,
        /// The key.
        key: String,
        /// The version at endorsement; none if the key was absent.
        read: Option<Version>,
        /// Who wrote it since.
        now: Now,
    },
    /// A hashed key has another version.
    HashedRead {
        /// The collection's namespace.
        namespace: String,
        /// The collection.
        collection: String,
        /// The hash of the key.
        key_hash: Bytes,
        /// The version at endorsement; none if the key was absent.
        read: Option<Version>,
        /// Who wrote it since.
        now: Now,
    },
    /// A range has other keys or versions.
    Range {
        /// The range's namespace.
        namespace: String,
        /// The first key of the range.
        start: String,
        /// The end of the range, or the last key fetched if it was left early.
        end: String,
        /// What is different.
        difference: RangeDifference,
    },
}

/// The state of a key when its transaction was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// As the blocks before left it; none if it is absent.
    Committed(Option<Version>),
    /// An earlier transaction of the same block wrote or deleted it.
    SameBlock(Version),
}

/// How the results of a range differ. Results are keys with the version of their last write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeDifference {
    /// At one place the results are not equal; none means that there are no more.
    Result {
        /// What the transaction read.
        read: Option<(String, Option<Version>)>,
        /// What is there now.
        now: Option<(String, Version)>,
    },
    /// The hashes over the results are not equal. Which result it is cannot be told from them.
    Hashes,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read {
                namespace,
                key,
                read,
                now,
            } => {
                write!(f, "{namespace}: key {key:?} was read {}, {now}", At(*read))
            }
            Self::HashedRead {
                namespace,
                collection,
                key_hash,
                read,
                now,
            } => {
                write!(
                    f,
                    "{namespace}/{collection}: key hash {} was read {}, {now}",
                    Hex(key_hash),
                    At(*read)
                )
            }
            Self::Range {
                namespace,
                start,
                end,
                difference,
            } => {
                write!(f, "{namespace}: range {start:?}..{end:?}: {difference}")
            }
        }
    }
}

impl fmt::Display for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Committed(Some(version)) => write!(f, "now it is at version {version}"),
            Self::Committed(None) => f.write_str("now it is absent"),
            Self::SameBlock(version) => write!(
                f,
                "transaction {} of the same block wrote it before",
                version.tx
            ),
        }
    }
}

impl fmt::Display for RangeDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Result { read, now } = self else {
            return f.write_str("the hashes over its results differ");
        };
        match read {
            Some((key, version)) => write!(f, "{key:?} was read {}", At(*version))?,
            None => f.write_str("no more was read")?,
        }
        match now {
            Some((key, version)) => write!(f, ", now {key:?} is at version {version}"),
            None => f.write_str(", now there is no more"),
        }
    }
}

struct At(Option<Version>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(version) => write!(f, "at version {version}"),
            None => f.write_str("as absent"),
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
