//! Blocks and transactions as people read them: the JSON of the command line and of REST, one shape for both.
//!
//! Nothing is judged here: what does not decode is shown as hex, with the reason. Bytes are text where they are UTF-8. Why a
//! transaction is not valid is a [`Cause`]; whoever judges it makes one.
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
mod cause;
mod config;
mod event;
mod explanation;
mod filtered;
mod read_write_set;
#[cfg(test)]
mod tests;
mod transaction;
mod who;
mod writes;

pub use block::{Block, Located};
pub use bytes::{Hex, Text};
pub use cause::{
    BadCreator, CAUSE_BYTES_MAX, Cause, ChangedRange, Duplicate, Key, KeyChange, NotCounted, Place,
    PolicyChanged, PolicyNotMet, PolicyOwner, PolicyRule, RangeChange, RangeDifference, RuleBroken,
    Signer, StaleRead,
};
pub use config::ChannelConfig;
pub use event::ChaincodeEvent;
pub use explanation::{Explanation, Repeated, reason};
pub use filtered::FilteredBlock;
pub use writes::{Written, rwset_of};
