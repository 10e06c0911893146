//! Blocks of transactions that were made for these tests, committed by the peer's own path: what each transaction gets,
//! which blocks are refused, whose endorsements are enough.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests: a panic is their way to fail"
)]

mod causes;
mod chains;
mod codes;
mod config;
mod duplicates;
mod explained;
mod people;
mod pipeline;
mod policies;
mod refused;
mod set;
mod tx;
mod world;
