//! Blocks and transactions as people read them: the JSON of the command line and of REST, one shape for both.
//!
//! Nothing is judged here: what does not decode is shown as hex, with the reason. Bytes are text where they are UTF-8.
//!
//! What this crate does not know: where blocks come from, who may see them, how they are printed or sent, whether a
//! signature is good.
//!
//! ```
//! use bytes::Bytes;
//! use model::Block;
//!
//! let block = Block::new(7, Bytes::from_static(b"\x01"), vec![Bytes::from_static(b"garbage")]);
//! let shown = serde_json::to_value(decoded::Block::new(&block))?;
//! assert_eq!(shown["number"], 7);
//! assert_eq!(shown["transactions"][0]["undecodable"], "the envelope cannot be decoded");
//! # Ok::<(), serde_json::Error>(())
//! ```

mod action;
mod block;
mod bytes;
mod config;
mod event;
mod filtered;
mod read_write_set;
#[cfg(test)]
mod tests;
mod transaction;
mod who;

pub use block::{Block, Located};
pub use bytes::{Hex, Text};
pub use config::ChannelConfig;
pub use event::ChaincodeEvent;
pub use filtered::FilteredBlock;
