//! A block, as an orderer or another peer sends it.

use bytes::Bytes;
use model::Block;
use model::hash::sha256;

use crate::{network, recorded};

pub(super) fn run(bytes: &[u8]) {
    let Ok(block) = Block::decode(bytes.to_vec()) else {
        return;
    };
    let encoded = block.encode();
    let again = Block::decode(encoded.clone()).expect("what we encode, we decode");
    assert_eq!(again, block);
    assert_eq!(again.encode(), encoded);
    check_structure(&block);
    check_header(&block);
    check_metadata(&block);
    check_shown(&block);
}

/// A block of good structure has the hash it states; if it is no configuration, every entry is encoded in the one way.
fn check_structure(block: &Block) {
    let channel = block.channel_id();
    if block.check_structure().is_err() {
        return;
    }
    assert_eq!(block.data_hash, sha256(&block.data.concat()).as_slice());
    assert!(!block.data.is_empty());
    if block.is_config() {
        assert!(channel.is_ok(), "a configuration names its channel");
        return;
    }
    for entry in &block.data {
        let envelope = model::Envelope::decode(entry).expect("an entry of good structure decodes");
        let start = envelope.encode();
        assert!(
            entry.starts_with(&start),
            "payload and signature come first"
        );
        assert!(!envelope.payload.is_empty() && !envelope.signature.is_empty());
    }
}

/// The header's DER says number and hashes, and nothing else.
fn check_header(block: &Block) {
    let der = block.header_bytes();
    let (tag, content, rest) = element(&der);
    assert_eq!((tag, rest.len()), (0x30, 0));
    let (tag, number, rest) = element(content);
    assert_eq!(tag, 0x02);
    assert!(number.len() <= 9);
    let value = number
        .iter()
        .fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    assert_eq!(value, u128::from(block.number));
    let (tag, previous, rest) = element(rest);
    assert_eq!((tag, previous), (0x04, &block.previous_hash[..]));
    let (tag, data, rest) = element(rest);
    assert_eq!((tag, data, rest.len()), (0x04, &block.data_hash[..], 0));
    assert_eq!(block.header_hash(), sha256(&der));
}

fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (tag, first, rest) = (der[0], usize::from(der[1]), &der[2..]);
    if first < 0x80 {
        return (tag, &rest[..first], &rest[first..]);
    }
    let (digits, rest) = rest.split_at(first - 0x80);
    let length = digits
        .iter()
        .fold(0, |length, digit| length << 8 | usize::from(*digit));
    assert!(
        length >= 0x80 && digits[0] != 0,
        "the length is not minimal"
    );
    (tag, &rest[..length], &rest[length..])
}

fn check_metadata(block: &Block) {
    if let Ok(metadata) = block.orderer_metadata() {
        for signature in metadata.signatures.iter().take(4) {
            let signed = metadata.signed_bytes(signature, &block.header_bytes());
            assert!(signed.starts_with(&metadata.value));
        }
        let mut written = block.clone();
        written.set_orderer_metadata(metadata.value.clone(), metadata.signatures.clone());
        assert_eq!(
            written.orderer_metadata().expect("our own metadata decode"),
            metadata
        );
    }
    let _ = (block.last_config_index(), block.commit_hash());
    for index in 0..block.data.len() {
        let known = block.validation_code(index);
        let byte = block.transactions_filter().get(index);
        assert!(known.is_none() || byte.is_some());
    }
}

/// People and applications see every block, whatever is in it.
fn check_shown(block: &Block) {
    serde_json::to_string(&decoded::Block::new(block)).expect("it is shown as JSON");
    serde_json::to_string(&decoded::FilteredBlock::new(block)).expect("it is shown as JSON");
    let events = decoded::ChaincodeEvent::of_block(block).count();
    assert!(events <= block.data.len());
    for entry in block.data.iter().take(3) {
        let id = model::envelope::tx_id_as_exported(entry);
        let found = decoded::Located::new(&id, block).expect("its own id finds it");
        serde_json::to_string(&found).expect("it is shown as JSON");
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let network = network::network();
    let mut blocks = recorded::blocks();
    blocks.push(network.genesis.encode().to_vec());
    let entry = Bytes::from_static(b"\x0a\x01\x00\x12\x01\x00");
    blocks.push(
        Block::new(7, Bytes::from_static(&[1; 32]), vec![entry])
            .encode()
            .to_vec(),
    );
    blocks
}
