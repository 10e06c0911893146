//! Whole networks, used as users use them: each node a process, each command the `weft` binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test's panic is its failure, and a story is told in one piece"
)]

mod absent;
mod access;
mod channels;
mod contracts;
mod doors;
mod endorser;
mod enrolments;
mod explain;
mod kill;
mod ledger;
mod nodes;
mod private;
mod recorded;
mod walk;
