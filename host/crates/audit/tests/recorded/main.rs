//! The channel recorded from a real Fabric network, replayed: from whole and from damaged files, and as a stored ledger that was
//! changed behind Weft's back.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test: a panic is its way to fail"
)]

mod files;
mod verdicts;
mod verify;

use std::path::Path;

use audit::{BlockFolder, Replay, read_block};
use model::Block;
use recordings::channel as vectors;

/// A block as the orderer delivers it.
fn ordered(vectors: &Path, number: u64) -> Block {
    read_block(&vectors.join(format!("orderer/{number}.block"))).unwrap()
}

/// A block as a peer stored it.
fn judged(vectors: &Path, number: u64) -> Block {
    read_block(&vectors.join(format!("peer/{number}.block"))).unwrap()
}

/// A ledger in `folder` with the first `height` blocks.
async fn replayed(vectors: &Path, folder: &Path, height: u64) -> Replay {
    let genesis = read_block(&vectors.join("genesis.block")).unwrap();
    let (mut replay, _) = Replay::begin(folder, genesis).await.unwrap();
    let blocks = BlockFolder::open(&vectors.join("orderer")).unwrap();
    for number in 1..height {
        replay.commit(blocks.read(number).unwrap()).await.unwrap();
    }
    replay
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
