//! The ordering service: signed messages in, one agreed chain of blocks a channel out.
//!
//! A message passes Fabric's filters (size, expiry, the channel's Writers), waits in a bounded queue, is cut into a
//! batch, agreed on by Raft and made durable; only then is its sender answered. A batch becomes a block whose header
//! follows from the batches alone. Subscribers get the blocks through `delivery`.
//!
//! What this crate does not know: what a transaction says or whether it is valid (peers decide that), where a listener or
//! a data folder is, what time it is, and any other consensus than Raft. It is the only crate that knows openraft; the
//! Raft log and the chain are one file, which is `ledger`'s.
//!
//! ```no_run
//! use std::sync::Arc;
//! # async fn demo(parts: orderer::Parts, ledger: ledger::OrdererLedger, genesis: model::Block) -> Result<(), orderer::Error> {
//! use services::orderer::atomic_broadcast_server::AtomicBroadcastServer;
//!
//! let orderer = orderer::Orderer::new(parts);
//! orderer.check_genesis(&genesis)?;            // before a ledger is made of it
//! let chain = orderer.add_channel(ledger).await?;
//! let server = AtomicBroadcastServer::new(orderer.service());
//! let mut tasks = tokio::task::JoinSet::new();
//! tasks.spawn(chain.run());                    // orders until Parts::stopping is cancelled
//! # let _ = server; Ok(())
//! # }
//! ```

mod admission;
mod block_cutter;
mod block_writer;
mod blocking;
mod broadcast;
mod chain;
mod config;
mod consenter;
mod error;
mod filter;
mod grpc;
mod intake;
mod metrics;
mod node;
mod open;
mod pace;
mod recent_blocks;
mod refusal;
mod registry;

pub use admission::{Clock, Entropy};
pub use chain::ChainTask;
pub use config::Config;
pub use error::Error;
pub use grpc::AtomicBroadcastService;
pub use metrics::{Metrics, Sample, Value};
pub use node::{Orderer, Parts};
pub use registry::ChannelInfo;

#[cfg(test)]
mod tests;
