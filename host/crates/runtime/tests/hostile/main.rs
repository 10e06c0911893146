//! What contracts may do to this host and must not: hostile components, hostile calls, and the world's rules.
//!
//! Contracts are written in WebAssembly text, so that each test shows the instructions it is about.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's helpers fail as the test does"
)]

mod fixture;
mod script;

mod cache;
mod calls;
mod determinism;
mod executor;
mod features;
mod install;
mod isolation;
mod ledger;
mod metering;
mod sdk;
mod traps;
mod wasi;
mod world;

pub(crate) use runtime::{
    Answer, Config, Contract, Engine, Entry, Executor, Hooks, Invocation, Outcome, Trap, TxContext,
    encode_component,
};
