//! Bytes from outside, and what must hold whatever they are: fuzz targets for every decoder of foreign bytes.
//!
//! A [`Target`] takes any bytes and asserts: not only that nothing panics, loops or takes memory out of proportion, but
//! what the decoder promises of what it accepts. Each is run in three ways:
//!
//! - `cargo test -p fuzz-targets` and `cargo xtask test`: what once went wrong (`crashes/`), the corpus (`corpus/`, what the
//!   target makes itself, and the recordings of a real network if they are there), then inputs mutated from a seed.
//! - `cargo xtask fuzz`: libFuzzer, guided by coverage (`guided/`).
//!
//! | target | bytes from | decoders |
//! |---|---|---|
//! | `block` | orderers, peers, files | `model::Block` with its metadata, `decoded`'s views |
//! | `transaction` | clients, in blocks | `model::{Envelope, Payload, transaction}`, `committer::verify`, `decoded` |
//! | `read_write_set` | endorsers, in blocks | `rwset::{TxRwSet, validate_block, private_updates}` |
//! | `identity` | everybody | `msp`: identities, PEM, certificates, chains, CRLs, MSP configurations, principals, keys |
//! | `signature` | everybody | `msp`'s DER by Go's rules |
//! | `policy` | definitions, key metadata | `msp::policy`: messages and text |
//! | `config` | orderers, administrators | `channel`: configurations, updates |
//! | `lifecycle` | clients, state | `lifecycle`: arguments, records, collections |
//! | `package` | administrators | `lifecycle::Package`: archives |
//! | `component` | administrators | `runtime`'s checks before compiling |
//! | `proposal` | clients | `model::Proposal`, `endorser` with the built-in chaincodes |
//! | `gateway` | clients | `gateway`'s five calls |
//! | `answer` | other peers' endorsers | `gateway`, `model::client::assemble` |
//! | `broadcast` | clients | `orderer`'s filters, configuration updates |
//! | `deliver` | clients, peers | `delivery`: envelopes, seeks |
//! | `query` | clients | `inspect`: signed requests, bookmarks |
//! | `http` | clients | `rest`: paths, queries, bodies, idempotency keys |
//!
//! Not reached: what a committer decodes after it verified (private sets, block signatures), the difference of two peers'
//! answers, what the command line reads. What a node reads from its own disk is not foreign.
//!
//! What this crate does not know: nodes, networks, disks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target's panic is what it found"
)]

mod allocated;
mod corpus;
mod fields;
mod home;
pub mod mutate;
mod network;
mod peer;
mod random;
mod recorded;
mod session;
mod targets;

pub use corpus::Corpus;
pub use random::Random;
pub use session::{check, reproduce, test};
pub use targets::TARGETS;

/// Something that takes foreign bytes.
pub struct Target {
    /// Its name: of its test, of its folders.
    pub name: &'static str,
    /// Takes an input; panics if it finds something.
    pub run: fn(&[u8]),
    /// Inputs that are good, or nearly: where mutation begins.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
