//! Blocks that are not the next one, not whole, or not the orderers': refused with a reason, with nothing written.

mod signed;

use bytes::Bytes;
use model::Block;
use model::block::compute_data_hash;
use prost::Message as _;
use proto::common::Envelope;

use crate::tx::encoded;
use crate::world::{CHANNEL, World, sign};

/// A kind of bad block: what the reason says, and how it is made of the good one.
type Case = (&'static str, &'static str, fn(&mut Block, &World));

/// Commits nothing: the block is refused for that reason and everything stays as it was.
async fn check_refused(world: &World, name: &str, reason: &str, block: Block) {
    let before = world.standing();
    let error = world.commit(block).await.expect_err(name);
    let source = std::error::Error::source(&error).map(ToString::to_string);
    let text = format!("{error}: {}", source.unwrap_or_default());
    assert!(error.is_refusal(), "{name}: {text}");
    assert!(text.contains(reason), "{name}: {text}");
    assert_eq!(world.standing(), before, "{name}");
}

async fn check_cases(cases: &[Case]) {
    let world = World::new().await;
    let good = world.block((0..3).map(|_| world.tx().entry()).collect());
    for (name, reason, change) in cases {
        let mut block = good.clone();
        change(&mut block, &world);
        assert_ne!(block, good, "{name}");
        check_refused(&world, name, reason, block).await;
    }
    world.commit(good).await.unwrap();
}

/// What an orderer would have made of it.
fn resign(block: &mut Block, world: &World) {
    sign(block, 0, &[&world.people.orderer1.orderer]);
}

/// The same after the entries were changed.
fn rehash(block: &mut Block, world: &World) {
    block.data_hash = Bytes::copy_from_slice(&compute_data_hash(&block.data));
    resign(block, world);
}

fn joined(parts: &[&[u8]]) -> Bytes {
    parts.concat().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_does_not_follow_is_refused_though_orderers_have_signed_it() {
    const HASH: Bytes = Bytes::from_static(&[7; 32]);
    check_cases(&[
        ("gap", "block 2 is the next", |block, world| {
            block.number += 1;
            resign(block, world);
        }),
        ("block again", "block 2 is the next", |block, world| {
            *block = world.channel.ledger().block(1).unwrap().unwrap();
        }),
        ("largest number", "block 2 is the next", |block, world| {
            block.number = u64::MAX;
            resign(block, world);
        }),
        ("another block before", "previous hash", |block, world| {
            block.previous_hash = HASH;
            resign(block, world);
        }),
        ("no block before", "previous hash", |block, world| {
            block.previous_hash = Bytes::new();
            resign(block, world);
        }),
        ("other entries' hash", "states data hash", |block, world| {
            block.data_hash = HASH;
            resign(block, world);
        }),
        ("no hash of entries", "states data hash", |block, world| {
            block.data_hash = Bytes::new();
            resign(block, world);
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_with_other_entries_is_refused() {
    check_cases(&[
        (
            "entries in another order",
            "states data hash",
            |block, _| block.data.swap(0, 1),
        ),
        ("entry added", "states data hash", |block, world| {
            block.data.push(world.tx().entry())
        }),
        ("entry left out", "states data hash", |block, _| {
            block.data.truncate(2)
        }),
        ("entry twice", "states data hash", |block, _| {
            block.data.push(block.data[0].clone())
        }),
        ("other order and its hash", "do not satisfy", |block, _| {
            block.data.swap(0, 1);
            block.data_hash = Bytes::copy_from_slice(&compute_data_hash(&block.data));
        }),
        ("no entries", "has no entries", |block, world| {
            block.data.clear();
            rehash(block, world);
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_the_same_bytes_with_other_bounds_are_refused() {
    check_cases(&[
        ("merged", "not in canonical form", |block, _| {
            block.data = vec![block.data.concat().into()];
        }),
        ("two merged", "not in canonical form", |block, _| {
            block.data[0] = joined(&[&block.data[0], &block.data[1]]);
            block.data.remove(1);
        }),
        ("split", "has no signature", |block, _| {
            let entry = block.data[0].clone();
            let mut payload = Envelope::decode(entry.clone()).unwrap();
            payload.signature.clear();
            let cut = encoded(&payload).len();
            block
                .data
                .splice(0..1, [entry.slice(..cut), entry.slice(cut..)]);
        }),
        (
            "empty one in front",
            "does not begin with a payload",
            |block, _| {
                block.data.insert(0, Bytes::new());
            },
        ),
        (
            "empty one behind",
            "does not begin with a payload",
            |block, _| block.data.push(Bytes::new()),
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_between_entries_that_is_moved_by_any_number_of_bytes_is_refused() {
    let world = World::new().await;
    let good = world.block((0..2).map(|_| world.tx().entry()).collect());
    let (all, bound) = (Bytes::from(good.data.concat()), good.data[0].len());
    for cut in (1..all.len()).filter(|cut| *cut != bound) {
        let mut block = good.clone();
        block.data = vec![all.slice(..cut), all.slice(cut..)];
        assert_eq!(compute_data_hash(&block.data), block.data_hash.as_ref());
        assert!(
            world.commit(block).await.unwrap_err().is_refusal(),
            "{cut} of {bound}"
        );
    }
    world.commit(good).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_not_the_one_encoding_of_an_envelope_is_refused_though_orderers_have_signed_it()
 {
    check_cases(&[
        (
            "longer length prefix",
            "not in canonical form",
            |block, world| {
                // A payload of these transactions has a length of two bytes.
                let entry = &block.data[1];
                let prefix = [0x0a, entry[1], entry[2] | 0x80, 0];
                block.data[1] = joined(&[&prefix, &entry[3..]]);
                rehash(block, world);
            },
        ),
        ("longer tag", "not in canonical form", |block, world| {
            block.data[1] = joined(&[&[0x8a, 0], &block.data[1][1..]]);
            rehash(block, world);
        }),
        ("field twice", "not in canonical form", |block, world| {
            block.data[1] = joined(&[&block.data[1], b"\x12\x01s"]);
            rehash(block, world);
        }),
        (
            "signature first",
            "does not begin with a payload",
            |block, world| {
                block.data[1] = joined(&[b"\x12\x01s", &block.data[1]]);
                rehash(block, world);
            },
        ),
        ("no protobuf", "is not an envelope", |block, world| {
            block.data[1] = joined(&[&block.data[1], b"\x1a\x05"]);
            rehash(block, world);
        }),
        (
            "no payload",
            "does not begin with a payload",
            |block, world| {
                block.data[1] = Bytes::from_static(b"\x12\x01s");
                rehash(block, world);
            },
        ),
        (
            "empty payload",
            "does not begin with a payload",
            |block, world| {
                block.data[1] = Bytes::from_static(b"\x0a\x00\x12\x01s");
                rehash(block, world);
            },
        ),
        ("no signature", "has no signature", |block, world| {
            let mut tx = world.tx();
            tx.on_envelope = Some(Box::new(|envelope| envelope.signature.clear()));
            block.data[1] = tx.entry();
            rehash(block, world);
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_channels_block_is_refused() {
    let world = World::bare(CHANNEL, |_| ()).await;
    let other = World::bare("other", |_| ()).await;
    let block = other.block(vec![other.tx().entry()]);
    check_refused(&world, "as it is", "previous hash", block).await;
    world
        .commit(world.block(vec![world.tx().entry()]))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_cut_short_anywhere_is_no_block_or_refused() {
    let world = World::new().await;
    let good = world.block((0..2).map(|_| world.tx().entry()).collect());
    let bytes = good.encode();
    let before = world.standing();
    for length in 0..bytes.len() {
        let Ok(block) = Block::decode(bytes.slice(..length)) else {
            continue;
        };
        assert!(
            world.commit(block).await.unwrap_err().is_refusal(),
            "{length} bytes"
        );
    }
    assert_eq!(world.standing(), before);
    world.commit(good).await.unwrap();
}
