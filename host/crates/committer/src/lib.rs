//! From the orderers' blocks to the ledger: steps 13 to 16 of a transaction's way.
//!
//! [`Follower`] receives a channel's blocks and puts them into a [`Pipeline`], which refuses those that do not follow the
//! chain, [`verify`]s what needs no state, [`commit`]s the rest and its effects in one database transaction, and wakes
//! whoever waits. An invalid transaction is
//! data; a failing disk stops the channel. [`DeliverService`] serves the committed blocks to applications.
//!
//! What this crate does not know: how a proposal is simulated and endorsed, who asks for what through the gateway, how
//! private data comes from other peers. The configuration in force is `joined`'s; only this crate moves it.
//!
//! ```no_run
//! # async fn demo(ledger: ledger::PeerLedger, opening: committer::Opening, asker: committer::Asker) -> Result<(), committer::Error> {
//! use std::sync::Arc;
//! use committer::{Config, Follower, Metrics, open_channel};
//! use tokio_util::sync::CancellationToken;
//!
//! let (config, metrics) = (Config::default(), Arc::new(Metrics::default()));
//! let channel = open_channel(ledger, opening, &config, &metrics).await?;
//! let stop = CancellationToken::new();
//! Follower { channel, asker, config, metrics }.run(stop).await
//! # }
//! ```

mod accept;
mod cause;
mod commit;
mod config;
mod deliver_client;
mod effects;
mod endorsement;
mod error;
mod follower;
mod grpc;
mod judge;
mod metrics;
mod open;
mod pipeline;
mod private;
mod verify;

pub use commit::{CommittedBlock, commit};
pub use config::Config;
pub use deliver_client::Asker;
pub use error::Error;
pub use follower::Follower;
pub use grpc::{DeliverService, block_source};
pub use metrics::{Counted, Metrics};
pub use open::{Opening, commit_block, open_channel};
pub use pipeline::{Intake, Pipeline};
pub use verify::{VerifiedBlock, verify};
