//! Endorses proposals: checks them, simulates them on one height of the ledger, signs what comes out.
//!
//! These are steps 4 to 6 of a transaction's way, and all calls that a peer answers itself: `cscc`, `qscc` and
//! `_lifecycle`. An [`Endorser`] is a gRPC service (`protos.Endorser`), and the gateway of the same peer calls
//! [`Endorser::process`]. What it endorses depends on the package, the arguments, the transient data, the state at one
//! height and the proposal's header, and on nothing else; texts, statuses and bytes are Fabric's.
//!
//! What this crate does not know: how blocks are validated and committed, how a client's gateway chooses endorsers, how
//! a channel is joined (the host's hook does), how private data travels to other peers. It reads no clock of its own.
//!
//! ```no_run
//! # fn demo(parts: endorser::Parts, signed: proto::protos::SignedProposal) {
//! use endorser::{Config, Endorser};
//! use services::protos::endorser_server::EndorserServer;
//!
//! let endorser = Endorser::new(Config::default(), parts);
//! let service = EndorserServer::new(endorser.clone());      // to be served over TLS by the host
//! # let _ = service;
//! # let _ = async move {
//! let answer = endorser.process(signed).await?.into_inner(); // what the gateway of this peer calls
//! println!("{} {}", answer.response.unwrap_or_default().status, endorser.can_run("trade", "basic"));
//! # Ok::<(), tonic::Status>(())
//! # };
//! # }
//! ```

mod access;
mod callee;
mod check;
mod collections;
mod config;
mod contract;
mod contracts;
mod endorse;
mod endorser;
mod error;
mod grpc;
mod in_flight;
mod interest;
mod metrics;
mod private;
mod simulate;
mod syscc;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use endorser::{Clock, Endorser, JoinHook, Parts};
pub use error::Error;
pub use metrics::{Counted, Metrics};
