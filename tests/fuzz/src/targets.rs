//! Every kind of foreign bytes, and the decoders that they meet first.

mod answer;
mod block;
mod broadcast;
mod component;
mod config;
mod deliver;
mod gateway;
mod http;
mod identity;
mod lifecycle;
mod package;
mod policy;
mod proposal;
mod query;
mod read_write_set;
mod signature;
mod transaction;

use crate::Target;
pub(crate) use lifecycle::{CHAINCODE, fields as definition};

macro_rules! targets {
    ($($module:ident),* $(,)?) => {
        /// All targets, by name.
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($module),
            run: $module::run,
            seeds: $module::seeds,
        }),*];
    };
}

targets!(
    answer,
    block,
    broadcast,
    component,
    config,
    deliver,
    gateway,
    http,
    identity,
    lifecycle,
    package,
    policy,
    proposal,
    query,
    read_write_set,
    signature,
    transaction,
);
