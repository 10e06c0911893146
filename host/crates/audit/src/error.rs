//! Why a chain could not be judged.

use std::path::PathBuf;

use model::BlockError;

/// What stops a replay. A block that is judged otherwise than it states is none of these.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read or made.
    #[error("cannot {what} {}", path.display())]
    Files {
        /// What was to be done.
        what: &'static str,
        /// With which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A folder of blocks holds none.
    #[error("there is no file *.block in {}", path.display())]
    NoBlocks {
        /// The folder.
        path: PathBuf,
    },
    /// A file holds no block.
    #[error("{} is refused", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: BlockError,
    },
    /// A file holds a block, and something besides that no node would write: unknown or repeated fields, another order.
    #[error("{} is refused: it is not a block in its one encoding", path.display())]
    Padded {
        /// The file.
        path: PathBuf,
    },
    /// Two files hold a block of the same number.
    #[error("block {number} is in {} and in {}", first.display(), second.display())]
    Twice {
        /// The number.
        number: u64,
        /// A file.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// A block is not there, and later ones are.
    #[error("block {number} is missing")]
    Gap {
        /// Its number.
        number: u64,
    },
    /// What was given as block 0 begins no chain.
    #[error("the genesis block is refused: {reason}")]
    Genesis {
        /// Why.
        reason: String,
    },
    /// The folder for the ledger holds something already.
    #[error("{} is not empty", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A block is refused, or the channel must stop at it.
    #[error(transparent)]
    Block(#[from] committer::Error),
    /// A ledger could not be read or written.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
}

impl Error {
    /// Whether it is the blocks that are at fault, not this machine.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::File { .. }
            | Self::Padded { .. }
            | Self::Twice { .. }
            | Self::Gap { .. }
            | Self::Genesis { .. } => true,
            Self::Block(error) => {
                error.is_refusal() || matches!(error, committer::Error::Config { .. })
            }
            Self::Files { .. }
            | Self::NoBlocks { .. }
            | Self::Occupied { .. }
            | Self::Ledger(_) => false,
        }
    }
}
