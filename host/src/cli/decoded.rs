//! Blocks and transactions as people read them: the JSON that `weft block` and `weft tx` print.
//!
//! Nothing is judged here: what does not decode is shown as hex, with the reason. Bytes are text where they are UTF-8.

mod action;
mod block;
mod bytes;
mod config;
mod read_write_set;
#[cfg(test)]
mod tests;
mod transaction;
mod who;

pub(super) use block::{Block, Located};
pub(super) use bytes::Text;
