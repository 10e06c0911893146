//! Agreement on batches, by Raft.
//!
//! The engine is openraft; what is here is its view of our ledger: a log whose rows hold the batches, and a state
//! machine that makes a block of each. A group of one node is a group: nothing is special about it but that nobody has
//! to be asked.

mod entry;
mod log_store;
mod network;
mod state_machine;
mod types;

pub(crate) use log_store::LogStore;
pub(crate) use network::Network;
pub(crate) use state_machine::{Publish, StateMachine};
pub(crate) use types::{Applied, Batch, TypeConfig};
