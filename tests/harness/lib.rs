//! Networks for tests: real nodes as processes of their own, on free ports of loopback, in a folder that goes away.
//!
//! [`Network::dev`] is the network of `weft dev`, all nodes in one process; [`Network::split`] is the same one with a
//! process for each node, which can be killed and started again one by one. [`Network::weft`] calls the command line as
//! a user would, [`Client`] and [`Http`] speak gRPC and HTTP themselves, for tests that need many calls or calls that no
//! honest client makes.
//!
//! What it does not know: what the nodes do inside. It reads profiles and folders that users read too, nothing else.
//! The `weft` binary and the contracts' modules are those that `cargo xtask test` builds; where one is missing, the
//! error says so.
//!
//! ```no_run
//! use system_tests::{Network, profile};
//!
//! let mut network = Network::dev(&["mychannel"])?;
//! network.deploy("asset-transfer", "basic")?;
//! network.weft(profile::ORG1_USER).ok(&["submit", "basic", "InitLedger"])?;
//! # anyhow::Ok(())
//! ```

mod artifacts;
mod client;
mod genesis;
mod http;
mod network;
mod process;
pub mod profile;
mod random;
mod recorded;
mod weft;

pub use artifacts::Artifacts;
pub use client::{Client, Outcome, Prepared};
pub use http::{Answer, Event, Events, Http, read_answer};
pub use network::{Network, Node, in_step};
pub use process::Process;
pub use random::Random;
pub use recorded::{recorded, recorded_bytes};
pub use weft::{Ran, Weft};
