//! A network for development: made once in a folder, then run from the configuration files that were made.
//!
//! One orderer, and a peer for each of two organisations, each with authorities of its own; TLS between all of them; one
//! channel. What is made here is what an operator would make by hand: certificates in the layout of Fabric's tools, a
//! genesis block, a configuration file for each node, profiles for users, a token's hash for REST. Nothing that exists is written over.

mod access;
mod error;
mod files;
mod genesis;
mod members;
mod network;
mod organizations;
mod ports;
mod run;
#[cfg(test)]
mod tests;

pub(crate) use error::DevError;
pub(crate) use network::{Network, Wish};
pub(crate) use ports::Ports;
pub(crate) use run::start;
