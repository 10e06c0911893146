use std::sync::atomic::Ordering;

use bytes::Bytes;
use channel::{Bundle, update};
use delivery::ClientTls;
use futures::{Stream, StreamExt, stream};
use msp::{SignatureMemo, Signer, SigningIdentity};
use prost::Message;
use proto::{
    common::{
        Config, ConfigGroup, ConfigSignature, ConfigUpdateEnvelope, Envelope, HeaderType,
        SignatureHeader, Status,
    },
    etcdraft, orderer,
};

use super::world::{Running, World, block, range, status, statuses, told};

/// An update that changes the orderer group's value `name`, signed by the orderers' administrator.
fn update<M: Message + Default>(
    world: &World,
    config: &Config,
    name: &str,
    change: impl FnOnce(&mut M),
) -> Envelope {
    signed_update(world, &world.admin, config, |root| {
        let orderer = root.groups.get_mut("Orderer").unwrap();
        let value = orderer.values.get_mut(name).unwrap();
        let mut message = M::decode(value.value.clone()).unwrap();
        change(&mut message);
        value.value = message.encode_to_vec().into();
    })
}

/// An update that an administrator signs and sends.
fn signed_update(
    world: &World,
    admin: &SigningIdentity,
    config: &Config,
    change: impl FnOnce(&mut ConfigGroup),
) -> Envelope {
    let mut updated = config.clone();
    change(updated.channel_group.as_mut().unwrap());
    let update = update::compute(world.channel(), config, &updated).unwrap();
    let config_update = Bytes::from(update.encode_to_vec());
    let header = SignatureHeader {
        creator: admin.identity().clone(),
        nonce: Bytes::from_static(b"a nonce of the admin's"),
    };
    let signature_header = Bytes::from(header.encode_to_vec());
    let signature = admin.sign(&[&signature_header[..], &config_update[..]].concat());
    let envelope = ConfigUpdateEnvelope {
        config_update,
        signatures: vec![ConfigSignature {
            signature_header,
            signature: signature.unwrap(),
        }],
    };
    let data = envelope.encode_to_vec().into();
    world.message(admin, HeaderType::ConfigUpdate, data)
}

pub(super) fn one_message_a_block(world: &World, config: &Config) -> Envelope {
    update(
        world,
        config,
        "BatchSize",
        |size: &mut orderer::BatchSize| {
            size.max_message_count = 1;
        },
    )
}

pub(super) async fn config(running: &Running, world: &World) -> Config {
    let blocks = running.chain(world).await;
    let last = blocks
        .iter()
        .rev()
        .find(|block| channel::is_config_block(block))
        .unwrap();
    let memo = std::sync::Arc::new(SignatureMemo::new(10));
    Bundle::from_block(last, &memo).unwrap().config().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_becomes_a_block_of_its_own_and_holds_from_the_next_message_on() {
    let world = World::new();
    let running = world.start().await;
    let config = config(&running, &world).await;
    let messages = vec![
        world.transaction(10),
        one_message_a_block(&world, &config),
        world.transaction(10),
        world.transaction(10),
        world.transaction(10),
    ];
    let answers = running.send(messages).await;
    assert_eq!(statuses(&answers), [Status::Success; 5]);
    let blocks = running.chain(&world).await;
    let shape: Vec<_> = blocks
        .iter()
        .map(|block| (channel::is_config_block(block), block.data.len()))
        .collect();
    assert_eq!(
        shape,
        [
            (true, 1),
            (false, 1),
            (true, 1),
            (false, 1),
            (false, 1),
            (false, 1)
        ]
    );
    let transaction = channel::config_of_block(&blocks[2]).unwrap();
    assert_eq!(transaction.content.config.unwrap().sequence, 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_updates_made_from_one_configuration_the_second_is_refused() {
    let world = World::new();
    let running = world.start().await;
    let config = config(&running, &world).await;
    let first = one_message_a_block(&world, &config);
    let second = update(
        &world,
        &config,
        "BatchTimeout",
        |timeout: &mut orderer::BatchTimeout| {
            timeout.timeout = "7s".to_owned();
        },
    );
    let third = update(
        &world,
        &config,
        "BatchSize",
        |size: &mut orderer::BatchSize| {
            size.max_message_count = 2;
        },
    );
    // Of different elements, both may follow; of the same element, only the first.
    let answers = running.send(vec![first, second, third]).await;
    assert_eq!(
        statuses(&answers),
        [Status::Success, Status::Success, Status::BadRequest]
    );
    assert_eq!(running.chain(&world).await.len(), 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_that_nobody_may_make_are_refused() {
    let world = World::new();
    let running = world.start().await;
    let config = config(&running, &world).await;
    let good = one_message_a_block(&world, &config);
    // The update in a client's envelope counts by the signatures inside; one without any changes nothing.
    let payload = model::Payload::parse(&good.payload).unwrap();
    let mut unsigned = ConfigUpdateEnvelope::decode(payload.data).unwrap();
    unsigned.signatures.clear();
    let data = unsigned.encode_to_vec().into();
    let unsigned = world.message(&world.client, HeaderType::ConfigUpdate, data);
    let junk = world.message(
        &world.client,
        HeaderType::ConfigUpdate,
        Bytes::from_static(b"\xff"),
    );
    for message in [unsigned, junk] {
        let answers = running.send(vec![message]).await;
        assert_eq!(statuses(&answers), [Status::BadRequest], "{answers:?}");
    }
    assert_eq!(running.chain(&world).await.len(), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_of_consenters_cannot_change_yet_but_their_certificates_can() {
    let world = World::new();
    let running = world.start().await;
    let original = config(&running, &world).await;
    let consenters = |change: fn(&mut etcdraft::ConfigMetadata)| {
        update(
            &world,
            &original,
            "ConsensusType",
            |consensus: &mut orderer::ConsensusType| {
                let mut metadata =
                    etcdraft::ConfigMetadata::decode(consensus.metadata.clone()).unwrap();
                change(&mut metadata);
                consensus.metadata = metadata.encode_to_vec().into();
            },
        )
    };
    let moved = consenters(|metadata| metadata.consenters[0].port = 7051);
    let answers = running.send(vec![moved]).await;
    assert_eq!(statuses(&answers), [Status::BadRequest], "{answers:?}");
    let rotated = consenters(|metadata| {
        metadata.consenters[0].client_tls_cert = metadata.consenters[0].server_tls_cert.clone();
        metadata.options.as_mut().unwrap().max_inflight_blocks = 9;
    });
    let answers = running.send(vec![rotated]).await;
    assert_eq!(statuses(&answers), [Status::Success], "{answers:?}");
    running.stop().await;
}

/// The blocks of a client who reads on for ever.
fn follow(
    world: &World,
    running: &Running,
) -> impl Stream<Item = Result<orderer::DeliverResponse, tonic::Status>> + Unpin + use<> {
    let request = world.seek(&world.client, &range(0, u64::MAX));
    let requests = stream::iter([Ok(request)]).chain(stream::pending());
    let service = running.orderer.service();
    Box::pin(
        service
            .deliver_stream(requests, ClientTls::NotMutual)
            .unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_who_loses_the_right_to_read_gets_nothing_more() {
    let world = World::new();
    let running = world.start().await;
    let config = config(&running, &world).await;
    let mut blocks = follow(&world, &running);
    assert_eq!(block(blocks.next().await.unwrap().unwrap()).number, 0);
    let update = signed_update(&world, &world.org1_admin, &config, |root| {
        let application = root.groups.get_mut("Application").unwrap();
        let org1 = application.groups.get_mut("Org1MSP").unwrap();
        let admins = org1.policies["Admins"].policy.clone();
        org1.policies.get_mut("Readers").unwrap().policy = admins;
    });
    let answers = running.send(vec![update]).await;
    assert_eq!(statuses(&answers), [Status::Success], "{answers:?}");
    assert_eq!(
        status(&blocks.next().await.unwrap().unwrap()),
        Some(Status::Forbidden)
    );
    assert_eq!(
        told(blocks).await,
        (Vec::new(), Some("access.denied".to_owned()))
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_whose_certificate_runs_out_gets_nothing_more() {
    let world = World::new();
    let running = world.start().await;
    let mut blocks = follow(&world, &running);
    assert_eq!(block(blocks.next().await.unwrap().unwrap()).number, 0);
    world
        .now_s
        .fetch_add(11 * 365 * 24 * 3_600, Ordering::Relaxed);
    let kind = HeaderType::EndorserTransaction;
    let message = world.message(&world.lasting, kind, Bytes::from_static(b"x"));
    let answers = running.send(vec![message]).await;
    assert_eq!(statuses(&answers), [Status::Success], "{answers:?}");
    assert_eq!(
        status(&blocks.next().await.unwrap().unwrap()),
        Some(Status::Forbidden)
    );
    assert_eq!(
        told(blocks).await,
        (Vec::new(), Some("identity.expired".to_owned()))
    );
    running.stop().await;
}
