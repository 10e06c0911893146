//! What a peer's ledger costs as it grows: commits, reads and restarts on a ledger of none, 100,000 and 1,000,000 keys, and on
//! a chain of 100,000 transactions.
//!
//! `cargo xtask bench --growth` runs it and makes a table of what it prints: a line a figure, see [`figure`]. Everything is
//! as at a peer, but for the network and for signatures, which are made and verified outside of what is measured.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark's panic is its failure, and it speaks on stdout"
)]

mod growth {
    pub(crate) mod chain;
    pub(crate) mod commits;
    pub(crate) mod cpu;
    pub(crate) mod figure;
    pub(crate) mod keys;
    pub(crate) mod reads;
    pub(crate) mod restart;
}
#[allow(
    dead_code,
    reason = "shared with the benchmark of parts, which uses more of it"
)]
mod world;

use growth::{chain, commits, figure, keys::Keys, reads, restart};
use world::World;

/// How much is measured.
struct Scale {
    /// Keys in the ledger.
    keys: &'static [u64],
    /// Blocks that do not count, at each size.
    blocks_warm_up: usize,
    /// Blocks that do.
    blocks: usize,
    /// Transactions in the chain.
    chain: &'static [u64],
}

const WHOLE: Scale = Scale {
    keys: &[0, 100_000, 1_000_000],
    blocks_warm_up: 5,
    blocks: 20,
    chain: &[1_000, 10_000, 100_000],
};

const QUICK: Scale = Scale {
    keys: &[0, 100_000],
    blocks_warm_up: 3,
    blocks: 10,
    chain: &[1_000, 10_000],
};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--measure"] => measure(&WHOLE),
        ["--measure", "--quick"] => measure(&QUICK),
        // `cargo bench` runs every benchmark, and this one takes minutes.
        _ => println!("cargo xtask bench --growth [--quick] runs this"),
    }
}

fn measure(scale: &Scale) {
    let mut world = World::new();
    let mut keys = Keys::new(&world);
    for &size in scale.keys {
        eprintln!("{size} keys: filling");
        keys.fill(&world, size);
        eprintln!("{size} keys: committing");
        commits::measure(&mut world, &mut keys, scale.blocks_warm_up, scale.blocks);
        eprintln!("{size} keys: reading");
        reads::measure(&world, &mut keys);
        figure::megabytes(
            "file",
            keys.filled(),
            &world.folder.ledger().join("ledger.db"),
        );
    }
    restart::measure("keys", keys.filled(), world);
    chain::measure(scale.chain);
}
