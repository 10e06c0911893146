//! What the ledger is made of: checked names, blocks, envelopes, transactions, proposals, validation codes and hashes.
//!
//! Everything here is a plain function over values: no disk, no socket, no clock, no randomness. Bytes that somebody
//! signed or hashed are kept as they were received and never encoded again. Whatever bytes come in, nothing panics, and
//! nothing larger than a small multiple of them is allocated; how many bytes may come in is for the servers to limit.
//!
//! What this crate does not know: who an identity is and whether a signature is good (`msp`), what a read-write set says
//! (`rwset`), what a channel's configuration allows (`channel`). Where a Fabric check needs one of these, the check here
//! stops before it and goes on after it; the types make sure that the order is kept.
//!
//! Each part has its own error, because their callers have nothing in common: [`IdError`], [`BlockError`],
//! [`EnvelopeError`], [`ProposalError`], [`AssembleError`]. A transaction of a block has none: it gets a
//! [`TxValidationCode`].
//!
//! ```
//! use model::{Block, ChannelId, transaction::Opened};
//! # use bytes::Bytes;
//!
//! let channel = ChannelId::parse("payments")?;
//! let block = Block::new(7, Bytes::from_static(&[0; 32]), vec![Bytes::from_static(b"\x0a\x01\x00\x12\x01\x00")]);
//! block.check_structure()?;                  // refuse the block, or go on
//! for entry in &block.data {
//!     match Opened::parse(entry) {           // from here on: a code for each transaction
//!         Ok(opened) => assert_eq!(opened.channel_id(), channel.as_str()),
//!         Err(fault) => println!("{}: {fault}", model::codes::name(fault.code)),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod block;
pub mod client;
pub mod codes;
pub mod envelope;
mod error_code;
pub mod hash;
mod ids;
pub mod proposal;
mod received;
pub mod transaction;
mod version;
mod wire;

pub use block::{Block, BlockError};
pub use client::AssembleError;
pub use envelope::{Envelope, EnvelopeError, Payload};
pub use error_code::{ErrorCode, Explanation, Refused, Sort, UnknownErrorCode};
pub use hash::Digest;
pub use ids::{ChaincodeName, ChannelId, IdError, MspId, TxId};
pub use proposal::{Proposal, ProposalError};
pub use proto::protos::TxValidationCode;
pub use received::Received;
pub use version::Version;
