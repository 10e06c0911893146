use bytes::Bytes;
use ledger::{EntryKind, LogEntry, LogId, OrdererLedger, batch_payload};
use model::ChannelId;
use prost::Message;
use proto::common::{Envelope, Status};

use super::world::{World, encoded, entries, range, status, statuses};
use crate::Error;

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_orderer_keeps_its_chain_and_goes_on() {
    let world = World::new();
    let mut messages: Vec<Envelope> = Vec::new();
    let mut before = Vec::new();
    for _ in 0..4 {
        let running = world.start().await;
        let blocks = running.chain(&world).await;
        assert_eq!(
            blocks[..before.len()],
            before,
            "blocks change at no restart"
        );
        let new: Vec<Envelope> = (0..10).map(|_| world.transaction(50)).collect();
        let answers = running.send(new.clone()).await;
        assert_eq!(statuses(&answers), vec![Status::Success; 10]);
        messages.extend(new);
        before = running.chain(&world).await;
        running.stop().await;
    }
    assert_eq!(entries(&before), encoded(&messages));
}

/// The log entry that would follow, as the orderer's own leader would append it.
fn next_entry(ledger: &OrdererLedger, payload: Bytes) -> LogEntry {
    let last = ledger.last_log().unwrap().unwrap();
    LogEntry {
        id: LogId {
            index: last.index + 1,
            ..last
        },
        kind: EntryKind::Batch,
        payload,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_durable_but_not_yet_a_block_becomes_one() {
    let world = World::new();
    let running = world.start().await;
    let first = world.transaction(10);
    running.send(vec![first.clone()]).await;
    running.stop().await;
    // The node died between the sync of the log and the block.
    let (lost, after) = (world.transaction(10), world.transaction(10));
    let ledger = world.ledger().await;
    let payload = batch_payload(encoded(std::slice::from_ref(&lost)));
    ledger.append(&[next_entry(&ledger, payload)]).unwrap();
    drop(ledger);
    let running = world.start().await;
    let answers = running.send(vec![after.clone()]).await;
    assert_eq!(statuses(&answers), [Status::Success]);
    let ordered = entries(&running.chain(&world).await);
    assert_eq!(ordered, encoded(&[first, lost, after]));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_log_entry_stops_its_channel_alone() {
    let mut world = World::new();
    let running = world.start().await;
    running.send(vec![world.transaction(10)]).await;
    running.stop().await;
    let ledger = world.ledger().await;
    ledger
        .append(&[next_entry(&ledger, Bytes::from_static(b"\xff"))])
        .unwrap();
    drop(ledger);

    let mut running = world.start().await;
    let stopped = running.chains.join_next().await.unwrap().unwrap();
    assert!(matches!(stopped, Err(Error::Raft { .. })), "{stopped:?}");
    assert!(running.orderer.channels()[0].failed);
    let answers = running.send(vec![world.transaction(10)]).await;
    assert_eq!(statuses(&answers), [Status::ServiceUnavailable]);
    let responses = running
        .deliver(vec![world.seek(&world.client, &range(0, 9))])
        .await;
    assert_eq!(status(&responses[0]), Some(Status::ServiceUnavailable));

    world.description.channel_id = ChannelId::parse("ch2").unwrap();
    running.order(&world).await;
    let answers = running.send(vec![world.transaction(10)]).await;
    assert_eq!(statuses(&answers), [Status::Success]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_joined_once_and_only_by_a_genesis_block_that_names_this_node() {
    let mut world = World::new();
    let running = world.node();
    let genesis = world.genesis();
    assert_eq!(
        &running.orderer.check_genesis(&genesis).unwrap(),
        world.channel()
    );
    let mut later = genesis.clone();
    later.number = 1;
    let refused = running.orderer.check_genesis(&later);
    assert!(matches!(refused, Err(Error::NotGenesis { .. })));

    let chain = running
        .orderer
        .add_channel(world.ledger().await)
        .await
        .unwrap();
    let refused = running.orderer.check_genesis(&genesis);
    assert!(matches!(refused, Err(Error::Exists { .. })));
    drop(chain);
    running.stop().await;

    world.config.tls_certificate_pem = Bytes::from_static(b"another node's");
    let other = world.node();
    let refused = other.orderer.check_genesis(&genesis);
    assert!(matches!(refused, Err(Error::NotConsenter { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_says_where_in_the_raft_log_a_block_stands() {
    let world = World::new();
    let running = world.start().await;
    running.send(vec![world.transaction(10)]).await;
    running.send(vec![world.transaction(10)]).await;
    let mut indexes = Vec::new();
    for block in running.chain(&world).await.iter().skip(1) {
        let consenter = block.orderer_metadata().unwrap().consenter_metadata;
        let wrapped = proto::common::Metadata::decode(consenter).unwrap();
        let raft = proto::etcdraft::BlockMetadata::decode(wrapped.value).unwrap();
        assert_eq!((raft.consenter_ids, raft.next_consenter_id), (vec![1], 2));
        indexes.push(raft.raft_index);
    }
    assert_eq!(indexes[1], indexes[0] + 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_does_not_follow_makes_no_block_and_stops_nothing() {
    let world = World::new();
    let running = world.start().await;
    let config = super::config_update::config(&running, &world).await;
    let update = super::config_update::one_message_a_block(&world, &config);
    assert_eq!(
        statuses(&running.send(vec![update]).await),
        [Status::Success]
    );
    let before = running.chain(&world).await;
    running.stop().await;
    // Another leader had made a configuration of the same one, and its entry comes second in the log.
    let ledger = world.ledger().await;
    let payload = batch_payload(before[1].data.clone());
    ledger.append(&[next_entry(&ledger, payload)]).unwrap();
    drop(ledger);
    let running = world.start().await;
    let message = world.transaction(10);
    let answers = running.send(vec![message.clone()]).await;
    assert_eq!(statuses(&answers), [Status::Success]);
    let blocks = running.chain(&world).await;
    assert_eq!(blocks[..2], before[..]);
    assert_eq!(entries(&blocks[1..]), encoded(&[message]));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_majority_nothing_is_ordered_and_the_client_is_told() {
    let mut world = World::new();
    let mut other = world.description.orderer.consenters[0].clone();
    other.host = "other.ord.test".to_owned();
    other.client_tls_cert = Bytes::from_static(b"another's");
    other.server_tls_cert = other.client_tls_cert.clone();
    world.description.orderer.consenters.push(other);
    world.config.leader_patience = std::time::Duration::from_millis(1);
    let running = world.start().await;
    let answers = running.send(vec![world.transaction(10)]).await;
    assert_eq!(statuses(&answers), [Status::ServiceUnavailable]);
    assert_eq!(running.chain(&world).await.len(), 1);
    running.stop().await;
}
