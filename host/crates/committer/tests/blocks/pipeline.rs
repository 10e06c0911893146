//! The pipeline's ends: what its intake waits for, and how it stops.

use std::sync::Arc;

use committer::{Config, Error, Intake, Metrics, Pipeline};
use futures::poll;
use model::Block;
use proto::common::implicit_meta_policy::Rule;
use tokio::pin;
use tokio_util::sync::CancellationToken;

use crate::config::{child, config, set_policy};
use crate::world::{World, sign};

fn pipeline(world: &World) -> (Intake, Pipeline) {
    let metrics = Arc::new(Metrics::default());
    Pipeline::new(world.channel.clone(), &Config::default(), metrics).unwrap()
}

/// The block after `block`, of one transaction.
fn after(world: &World, block: &Block) -> Block {
    let previous_hash = block.header_hash().to_vec().into();
    let mut next = Block::new(block.number + 1, previous_hash, vec![world.tx().entry()]);
    sign(&mut next, 0, &[&world.people.orderer1.orderer]);
    next
}

fn one_transaction(world: &World) -> Block {
    world.block(vec![world.tx().entry()])
}

fn configuration(world: &World) -> Block {
    let entry = config(world, |root| {
        set_policy(
            child(root, "Application"),
            "Endorsement",
            Rule::Any,
            "Endorsement",
        );
    });
    world.block(vec![entry])
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_taken_ahead_of_those_that_are_committed() {
    let world = World::new().await;
    let (mut intake, pipeline) = pipeline(&world);
    let first = one_transaction(&world);
    let second = after(&world, &first);
    for block in [first, second] {
        // Nothing runs yet, so nobody could be waited for.
        let put = intake.put(block);
        pin!(put);
        assert!(poll!(put).is_ready());
    }
    assert_eq!((intake.next(), world.channel.ledger().height()), (4, 2));
    drop(intake);
    pipeline.run(&CancellationToken::new()).await.unwrap();
    assert_eq!(world.channel.ledger().height(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_configuration_block_the_intake_waits_until_it_is_in_force() {
    let world = World::new().await;
    let (mut intake, pipeline) = pipeline(&world);
    let stop = CancellationToken::new();
    {
        let put = intake.put(configuration(&world));
        pin!(put);
        assert!(poll!(&mut put).is_pending());
        let running = pipeline.run(&stop);
        pin!(running);
        tokio::select! {
            taken = &mut put => taken.unwrap(),
            ended = &mut running => panic!("ended before the intake was dropped: {ended:?}"),
        }
        assert_eq!(world.channel.bundle().sequence(), 1);
    }
    assert_eq!((intake.next(), world.channel.ledger().height()), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_block_leaves_the_intake_where_it_was() {
    let world = World::new().await;
    let (mut intake, pipeline) = pipeline(&world);
    let good = one_transaction(&world);
    let gap = after(&world, &good);
    assert!(intake.put(gap.clone()).await.unwrap_err().is_refusal());
    assert_eq!(intake.next(), 2);
    intake.put(good.clone()).await.unwrap();
    assert!(intake.put(good).await.unwrap_err().is_refusal());
    intake.put(gap).await.unwrap();
    drop(intake);
    pipeline.run(&CancellationToken::new()).await.unwrap();
    assert_eq!(world.channel.ledger().height(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_must_not_be_committed_ends_the_pipeline_and_nothing_behind_it_is() {
    let world = World::new().await;
    let (mut intake, pipeline) = pipeline(&world);
    let good = one_transaction(&world);
    let mut bad = configuration(&world);
    let data = vec![bad.data[0].clone(), world.tx().entry()];
    bad = Block::new(3, good.header_hash().to_vec().into(), data);
    sign(&mut bad, 0, &[&world.people.orderer1.orderer]);
    let behind = after(&world, &bad);
    for block in [good, bad, behind.clone()] {
        intake.put(block).await.unwrap();
    }
    let ended = pipeline.run(&CancellationToken::new()).await;
    assert!(
        matches!(ended, Err(Error::Refused { number: 3, .. })),
        "{ended:?}"
    );
    assert_eq!(world.channel.ledger().height(), 3);
    // Nobody takes the next one, and nobody waits for it.
    assert!(intake.is_closed());
    intake.put(after(&world, &behind)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_is_stopped_commits_no_more() {
    let world = World::new().await;
    let (mut intake, pipeline) = pipeline(&world);
    intake.put(one_transaction(&world)).await.unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    drop(intake);
    pipeline.run(&stop).await.unwrap();
    assert_eq!(world.channel.ledger().height(), 2);
    world.commit(one_transaction(&world)).await.unwrap();
}
