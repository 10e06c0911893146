//! Filtered blocks of a real peer, as the oracle of ours: the same blocks were recorded whole.
//!
//! The vectors lie in a folder beside the project, or where `WEFT_SHARED` says. Without it the test says loudly that it
//! is skipped; with `CI=true` that is a failure.

use std::path::Path;

use prost::Message as _;
use proto::protos::{DeliverResponse, deliver_response::Type};
use recordings::messages;

use super::*;

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(folder.join(format!("DeliverResponse_{name}.hex"))).unwrap();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn read(folder: &Path, name: &str) -> Type {
    DeliverResponse::decode(Bytes::from(bytes(folder, name)))
        .unwrap()
        .r#type
        .unwrap()
}

/// The first block of the other recorded channel.
fn genesis(folder: &Path) -> Block {
    let bytes = std::fs::read(folder.join("../recorded-channel/peer/0.block")).unwrap();
    Block::decode(Bytes::from(bytes)).unwrap()
}

#[test]
fn a_configuration_block_is_filtered_as_a_real_peer_does() {
    let Some(folder) = messages() else {
        return;
    };
    let Type::FilteredBlock(mut want) = read(&folder, "filtered_config") else {
        panic!("no filtered block")
    };
    let ours = filter(&genesis(&folder)).unwrap();
    // Another channel with another transaction; all else is the same.
    let tx_id = |filtered: &FilteredBlock| filtered.filtered_transactions[0].txid.clone();
    assert_eq!(tx_id(&ours).len(), tx_id(&want).len());
    want.filtered_transactions[0].txid = tx_id(&ours);
    assert_eq!(want.channel_id, "mychannel");
    "ch1".clone_into(&mut want.channel_id);
    assert_eq!(ours.encode_to_vec(), want.encode_to_vec());
}

#[test]
fn statuses_are_the_messages_that_a_real_peer_sends() {
    use crate::Output;
    use proto::common::Status;
    let Some(folder) = messages() else {
        return;
    };
    for (status, name) in [
        (Status::Success, "status"),
        (Status::Forbidden, "forbidden"),
    ] {
        let recorded = bytes(&folder, name);
        for output in [Output::peer_blocks(), Output::filtered_blocks()] {
            assert_eq!((output.status)(status).encode_to_vec(), recorded, "{name}");
        }
        let orderers = Output::<proto::orderer::DeliverResponse>::orderer_blocks();
        assert_eq!(
            (orderers.status)(status).encode_to_vec(),
            recorded,
            "{name}"
        );
    }
}

#[test]
fn a_block_is_filtered_as_a_real_peer_does() {
    let Some(folder) = messages() else {
        return;
    };
    for (whole, filtered) in [
        ("block", "filtered"),
        ("block_and_private_data", "filtered_with_event"),
    ] {
        let block = match read(&folder, whole) {
            Type::Block(block) => block,
            Type::BlockAndPrivateData(both) => both.block.unwrap(),
            other => panic!("{other:?}"),
        };
        let Type::FilteredBlock(want) = read(&folder, filtered) else {
            panic!("{filtered} is no filtered block")
        };
        assert_eq!(filter(&block).unwrap(), want);
    }
}
