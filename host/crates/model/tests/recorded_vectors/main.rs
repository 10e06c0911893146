//! The blocks and messages recorded from a real Fabric network, as the oracle of what `model` computes.
//!
//! They lie in a folder of their own beside the project, or where `WEFT_SHARED` says. Without it these tests say loudly
//! that they are skipped; with `CI=true` that is a failure.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test: a panic is its way to fail"
)]

use recordings::vectors;

mod blocks;
mod document;
mod messages;
