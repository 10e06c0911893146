//! Blocks that orderers have not signed as the channel says, and configurations that cannot be.

use TxValidationCode as C;
use bytes::Bytes;
use channel::genesis::PolicyRule;
use committer::Error;
use model::block::BlockSignature;
use model::{Block, TxValidationCode};
use msp::SigningIdentity;
use prost::Message as _;
use proto::common::{
    Envelope, HeaderType, LastConfig, OrdererBlockMetadata, implicit_meta_policy::Rule,
};

use super::{check_cases, check_refused, joined};
use crate::config::{child, config, set_policy};
use crate::tx::encoded;
use crate::world::{CHANNEL, World, codes_of, sign};

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_not_the_orderers_is_refused() {
    const UNSATISFIED: &str = "do not satisfy /Channel/Orderer/BlockValidation";
    check_cases(&[
        ("no metadata", UNSATISFIED, |block, _| {
            block.metadata.clear()
        }),
        ("no signature", UNSATISFIED, |block, _| sign(block, 0, &[])),
        ("signature of a peer", UNSATISFIED, |block, world| {
            sign(
                block,
                0,
                &[&world.people.org1.peer, &world.people.org1.admin],
            );
        }),
        ("signature of a stranger", UNSATISFIED, |block, world| {
            sign(block, 0, &[&world.people.stranger.orderer]);
        }),
        (
            "signature over another block",
            UNSATISFIED,
            |block, world| {
                let signed = world.block(vec![world.tx().entry()]);
                block.metadata = signed.metadata;
            },
        ),
        ("signature cut short", UNSATISFIED, |block, _| {
            on_metadata(block, |_, signature| signature.signature.truncate(60));
        }),
        ("another nonce beside it", UNSATISFIED, |block, _| {
            on_metadata(block, |_, signature| {
                signature.signature_header = joined(&[&signature.signature_header, b"\x12\x01n"]);
            });
        }),
        ("another last configuration", UNSATISFIED, |block, _| {
            let value = OrdererBlockMetadata {
                last_config: Some(LastConfig { index: 1 }),
                consenter_metadata: Bytes::new(),
            };
            on_metadata(block, |metadata, _| *metadata = encoded(&value));
        }),
        (
            "signature header of no protobuf",
            "signature header does not decode",
            |block, _| {
                on_metadata(block, |_, signature| {
                    signature.signature_header = Bytes::from_static(b"\xff")
                });
            },
        ),
        (
            "metadata of no protobuf",
            "metadata SIGNATURES",
            |block, _| {
                block.metadata[0] = Bytes::from_static(b"\xff");
            },
        ),
    ])
    .await;
}

/// Changes what was signed first, or the only signature.
fn on_metadata(block: &mut Block, change: impl FnOnce(&mut Bytes, &mut BlockSignature)) {
    let mut metadata = block.orderer_metadata().unwrap();
    change(&mut metadata.value, &mut metadata.signatures[0]);
    block.set_orderer_metadata(metadata.value, metadata.signatures);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_orderers_must_have_signed_as_the_channel_says() {
    let world = World::bare(CHANNEL, |description| {
        let all = PolicyRule::all("Writers");
        description
            .orderer
            .policies
            .insert("BlockValidation".to_owned(), all);
    })
    .await;
    let (one, two) = (&world.people.orderer1, &world.people.orderer2);
    let mut block = world.block(vec![world.tx().entry()]);
    let too_few: [&[&SigningIdentity]; 4] = [
        &[&one.orderer],
        &[&two.orderer],
        &[&one.orderer, &one.orderer, &one.admin],
        &[&one.orderer, &world.people.stranger.orderer],
    ];
    for signers in too_few {
        sign(&mut block, 0, signers);
        check_refused(&world, "too few", "do not satisfy", block.clone()).await;
    }
    sign(&mut block, 0, &[&two.orderer, &one.orderer]);
    world.commit(block).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_after_a_configuration_is_judged_by_the_new_one() {
    let world = World::new().await;
    let stricter = config(&world, |root| {
        set_policy(
            child(root, "Orderer"),
            "BlockValidation",
            Rule::All,
            "Writers",
        );
    });
    world.done(stricter).await;
    let mut block = world.block(vec![world.tx().entry()]);
    check_refused(&world, "one signature", "do not satisfy", block.clone()).await;
    let (one, two) = (&world.people.orderer1, &world.people.orderer2);
    sign(&mut block, 2, &[&one.orderer, &two.orderer]);
    world.commit(block).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_not_alone_in_its_block_is_refused() {
    let world = World::new().await;
    let change = |root: &mut proto::common::ConfigGroup| {
        set_policy(
            child(root, "Application"),
            "Endorsement",
            Rule::Any,
            "Endorsement",
        );
    };
    let (entry, tx) = (config(&world, change), world.tx().entry());
    let blocks = [
        vec![entry.clone(), tx.clone()],
        vec![tx.clone(), entry.clone()],
        vec![entry.clone(), entry.clone()],
    ];
    for entries in blocks {
        let block = world.block(entries);
        check_refused(&world, "not alone", "not alone", block).await;
        assert_eq!(world.channel.bundle().sequence(), 0);
    }
    world.done(entry).await;
    assert_eq!(world.channel.bundle().sequence(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_follow_is_not_committed() {
    let world = World::new().await;
    let change = |root: &mut proto::common::ConfigGroup| {
        set_policy(
            child(root, "Application"),
            "Endorsement",
            Rule::Any,
            "Endorsement",
        );
    };
    let entry = config(&world, change);
    world.done(entry.clone()).await;
    let before = world.standing();
    let error = world.commit(world.block(vec![entry])).await.unwrap_err();
    assert!(matches!(error, Error::Config { .. }), "{error}");
    assert_eq!(world.standing(), before);
    world.done(world.tx().entry()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_block_that_is_invalid_is_kept_and_changes_nothing() {
    let world = World::new().await;
    let entry = config(&world, |root| {
        set_policy(
            child(root, "Application"),
            "Endorsement",
            Rule::Any,
            "Endorsement",
        );
    });
    let unsigned = Envelope {
        signature: Bytes::from_static(b"none"),
        ..Envelope::decode(entry.clone()).unwrap()
    };
    let mut empty = world.tx();
    empty.channel_header.r#type = HeaderType::Config.into();
    empty.on_payload = Some(Box::new(|payload| payload.data = Bytes::new()));
    assert_eq!(world.code(encoded(&unsigned)).await, C::BadCreatorSignature);
    assert_eq!(world.code(empty.entry()).await, C::InvalidConfigTransaction);
    assert_eq!(world.channel.bundle().sequence(), 0);
    assert_eq!(world.opened_again().await.bundle().sequence(), 0);
    world.done(entry).await;
    world.done(world.tx().entry()).await;
    assert_eq!(world.opened_again().await.bundle().sequence(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_and_a_commit_hash_that_come_with_a_block_are_not_believed() {
    let world = World::new().await;
    let before = world.channel.ledger().info().unwrap().commit_hash;
    let entries = vec![world.tx().entry(), world.tx().endorsed_by(&[]).entry()];
    let mut block = world.block(entries);
    block.set_transactions_filter(&[C::BadRwset, C::Valid]);
    block.set_commit_hash(&[7; 32]);
    world.commit(block).await.unwrap();
    let info = world.channel.ledger().info().unwrap();
    let stored = world.channel.ledger().block(2).unwrap().unwrap();
    assert_eq!(codes_of(&stored), [C::Valid, C::EndorsementPolicyFailure]);
    assert_eq!(stored.commit_hash().unwrap(), info.commit_hash);
    assert!(info.commit_hash != before && info.commit_hash != [7; 32].as_slice());
}
