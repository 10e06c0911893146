//! The worked example of docs/protocol.md.

use std::path::Path;

use bytes::Bytes;
use model::Block;

use crate::{blocks::open, vectors};

#[test]
fn the_worked_example_of_the_protocol_is_a_recorded_block() {
    let Some(vectors) = vectors() else {
        return;
    };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/protocol.md");
    let page = std::fs::read_to_string(page).unwrap();
    let begin = page.find("## A worked example").unwrap();
    let end = page.find("## Read-write sets").unwrap();
    let example: String = page[begin..end].split_whitespace().collect();
    let block = std::fs::read(vectors.join("recorded-channel/peer/1.block")).unwrap();
    let block = Block::decode(Bytes::from(block)).unwrap();
    let (endorsed, _) = open(&block.data[0]);
    let header = &endorsed.payload.signature_header.message;
    let stated = [
        ("nonce", hex::encode(&header.nonce)),
        ("transactionid", endorsed.tx_id.to_string()),
        (
            "proposalhash",
            hex::encode(&endorsed.response_payload.message.proposal_hash),
        ),
        ("datahash", hex::encode(&block.data_hash)),
        ("DERheader", hex::encode(block.header_bytes())),
        ("blockhash", hex::encode(block.header_hash())),
        ("commithash", hex::encode(block.commit_hash().unwrap())),
    ];
    for (name, value) in stated {
        assert!(
            example.contains(&format!("{name}{value}")),
            "{name} {value}"
        );
    }
}
