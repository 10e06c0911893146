//! A channel's chain judged again: from files of blocks, or from the blocks that a stopped peer has stored.
//!
//! [`Replay`] commits blocks in the ordinary way, with all checks, into a ledger of its own, and compares what it finds with what
//! the blocks state: the validation codes and the commit hash that a peer has written into their metadata are never taken over.
//! [`BlockFolder`] finds blocks in files; [`verify()`] replays a stored ledger and says where it differs from its own blocks.
//!
//! What this crate does not know: how a block is judged (`committer` does), how rows are stored and compared (`ledger`), how a
//! difference is shown, where a node keeps its ledgers.
//!
//! ```no_run
//! # async fn demo() -> Result<(), audit::Error> {
//! use std::path::Path;
//! use audit::{BlockFolder, Replay, read_block};
//!
//! let blocks = BlockFolder::open(Path::new("blocks"))?;
//! let genesis = blocks.genesis(read_block(Path::new("genesis.block"))?)?;
//! let (mut replay, _) = Replay::begin(Path::new("replayed"), genesis).await?;
//! for number in 1..=blocks.last() {
//!     let replayed = replay.commit(blocks.read(number)?).await?;
//!     assert!(replayed.differences.is_empty());
//! }
//! # Ok(())
//! # }
//! ```

mod difference;
mod error;
mod files;
mod replay;
mod verify;

pub use difference::Difference;
pub use error::Error;
pub use files::{BlockFolder, read_block};
pub use replay::{Replay, Replayed};
pub use verify::{Verified, verify};
