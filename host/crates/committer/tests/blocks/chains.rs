//! Random chains: the same blocks give the same ledger, however many threads verify and however far ahead.

mod made;

use std::sync::Arc;

use committer::{Config, Metrics, Pipeline};
use model::{Block, Digest};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::world::World;
use made::{Made, Offered};

/// What a chain has made of a ledger, and what it took for the next block.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// Filter and commit hash of each block.
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
    state_hash: Digest,
    info: ledger::Info,
    /// Which of the offered blocks were refused.
    refused: Vec<usize>,
}

impl Outcome {
    fn of(world: &World, refused: Vec<usize>) -> Self {
        let ledger = world.channel.ledger();
        let info = ledger.info().unwrap();
        let block = |number| -> (Vec<u8>, Vec<u8>) {
            let block: Block = ledger.block(number).unwrap().unwrap();
            let hash = block.commit_hash().unwrap();
            (block.transactions_filter().to_vec(), hash.to_vec())
        };
        Self {
            blocks: (0..info.height).map(block).collect(),
            state_hash: ledger.snapshot().unwrap().state_hash().unwrap(),
            info,
            refused,
        }
    }
}

fn config(verify_threads: usize, depth: usize) -> Config {
    Config {
        verify_threads,
        received_blocks_max: depth,
        verified_blocks_max: depth,
        ..Config::default()
    }
}

/// One block after the other, each committed before the next is looked at.
async fn one_by_one(offered: &Offered, verify_threads: usize) -> (World, Outcome) {
    let peer = World::join(offered.genesis.clone(), config(verify_threads, 1)).await;
    let mut refused = Vec::new();
    for (index, block) in offered.blocks.iter().enumerate() {
        match peer.commit(block.clone()).await {
            Ok(()) => {}
            Err(error) if error.is_refusal() => refused.push(index),
            Err(error) => panic!("block {index} of those offered: {error}"),
        }
    }
    let outcome = Outcome::of(&peer, refused);
    (peer, outcome)
}

/// Through the pipeline by which the follower commits, as fast as it takes blocks.
async fn pipelined(offered: &Offered, verify_threads: usize, depth: usize) -> Outcome {
    let config = config(verify_threads, depth);
    let peer = World::join(offered.genesis.clone(), config.clone()).await;
    let metrics = Arc::new(Metrics::default());
    let (mut intake, pipeline) = Pipeline::new(peer.channel.clone(), &config, metrics).unwrap();
    let blocks = offered.blocks.clone();
    let mut feeding = JoinSet::new(); // a task of its own, as the network is
    feeding.spawn(async move {
        let mut refused = Vec::new();
        for (index, block) in blocks.into_iter().enumerate() {
            match intake.put(block).await {
                Ok(()) => {}
                Err(error) if error.is_refusal() => refused.push(index),
                Err(error) => panic!("block {index} of those offered: {error}"),
            }
        }
        refused
    });
    let stop = CancellationToken::new();
    let (refused, ended) = tokio::join!(feeding.join_next(), pipeline.run(&stop));
    let refused = refused.unwrap().unwrap();
    ended.unwrap();
    Outcome::of(&peer, refused)
}

async fn check(seeds: std::ops::Range<u64>) {
    let mut seen = Made::default();
    for seed in seeds {
        let offered = made::chain(seed, &mut seen).await;
        let (peer, expected) = one_by_one(&offered, 1).await;
        assert_eq!(expected.refused, offered.bad, "seed {seed}");
        peer.channel.ledger().rebuild().await.unwrap();
        peer.opened_again().await;
        let rebuilt = Outcome::of(&peer, offered.bad.clone());
        assert_eq!(
            rebuilt, expected,
            "seed {seed}, made again of what is stored"
        );
        let (_, threads) = one_by_one(&offered, 4).await;
        assert_eq!(threads, expected, "seed {seed}, 4 threads");
        assert_eq!(
            pipelined(&offered, 1, 1).await,
            expected,
            "seed {seed}, depth 1"
        );
        assert_eq!(
            pipelined(&offered, 4, 4).await,
            expected,
            "seed {seed}, depth 4, 4 threads"
        );
    }
    seen.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_and_depth_do_not_show_in_random_chains() {
    check(0..4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_and_depth_do_not_show_in_other_random_chains() {
    check(4..8).await;
}
