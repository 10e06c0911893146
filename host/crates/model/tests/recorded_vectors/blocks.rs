use std::{collections::BTreeMap, fs, path::Path};

use bytes::Bytes;
use model::{
    Block, TxId, TxValidationCode, codes, envelope,
    hash::sha256_of,
    transaction::{Content, Endorsed, Invoked, Opened},
};

use prost::Message;
use proto::common::ConfigEnvelope;

use crate::vectors;

/// All blocks of one side of the recorded channel, in order; empty where the vectors are missing.
fn chain(side: &str) -> Vec<Block> {
    let Some(vectors) = vectors() else {
        return Vec::new();
    };
    let folder = vectors.join("recorded-channel").join(side);
    let mut blocks = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "block")
        {
            let number: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            blocks.insert(number, read(&path));
        }
    }
    assert_eq!(blocks.len(), 36, "{side}");
    blocks.into_values().collect()
}

fn read(path: &Path) -> Block {
    let bytes = Bytes::from(fs::read(path).unwrap());
    let block = Block::decode(bytes.clone()).unwrap();
    assert_eq!(block.encode(), bytes, "{}", path.display());
    block
}

fn both_sides() -> impl Iterator<Item = Block> {
    chain("orderer").into_iter().chain(chain("peer"))
}

#[test]
fn every_block_names_the_hash_of_the_block_before() {
    for side in ["orderer", "peer"] {
        let mut previous = Bytes::new();
        for (number, block) in chain(side).iter().enumerate() {
            assert_eq!(block.number, u64::try_from(number).unwrap());
            assert_eq!(block.previous_hash, previous, "{side} {number}");
            previous = Bytes::copy_from_slice(&block.header_hash());
        }
    }
}

#[test]
fn the_snapshot_s_block_hashes_are_those_computed() {
    let Some(vectors) = vectors() else { return };
    let file = vectors.join("recorded-channel/snapshot/ch1/35/_snapshot_signable_metadata.json");
    let stated: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let blocks = chain("peer");
    assert_eq!(
        stated["last_block_hash"],
        hex::encode(blocks[35].header_hash())
    );
    assert_eq!(
        stated["previous_block_hash"],
        hex::encode(blocks[34].header_hash())
    );
}

#[test]
fn every_block_has_the_structure_a_peer_asks_for() {
    for block in both_sides() {
        block.check_structure().unwrap();
        assert_eq!(block.channel_id().unwrap(), "ch1");
        assert_eq!(block.is_config(), block.number == 0, "{}", block.number);
    }
}

#[test]
fn a_block_with_any_byte_of_its_entries_changed_is_refused() {
    for block in chain("peer") {
        let length = block.data[0].len();
        for position in (0..length).step_by(length / 16 + 1) {
            let mut entry = block.data[0].to_vec();
            entry[position] ^= 1;
            let mut changed = block.clone();
            changed.data[0] = entry.into();
            assert!(
                changed.check_structure().is_err(),
                "{} {position}",
                block.number
            );
        }
    }
}

#[test]
fn orderer_and_peer_differ_in_nothing_but_the_peer_s_two_slots() {
    for (ordered, stored) in chain("orderer").into_iter().zip(chain("peer")) {
        let mut ordered = ordered;
        let number = ordered.number;
        assert_eq!(ordered.transactions_filter(), b"", "{number}");
        assert_eq!(ordered.commit_hash().unwrap(), Bytes::new(), "{number}");
        let filter: Vec<TxValidationCode> = (0..stored.data.len())
            .map(|index| stored.validation_code(index).unwrap())
            .collect();
        ordered.set_transactions_filter(&filter);
        let commit_hash = stored.commit_hash().unwrap();
        assert_eq!(commit_hash.len(), if number == 0 { 0 } else { 32 });
        ordered.set_commit_hash(&commit_hash);
        assert_eq!(ordered, stored, "{number}");
    }
}

#[test]
fn the_orderer_s_metadata_reads_and_writes_back() {
    for mut block in both_sides() {
        let before = block.clone();
        let metadata = block.orderer_metadata().unwrap();
        assert_eq!(metadata.last_config, Some(0));
        assert_eq!(block.last_config_index().unwrap(), 0);
        assert_eq!(metadata.signatures.len(), usize::from(block.number > 0));
        for signature in &metadata.signatures {
            let signed = metadata.signed_bytes(signature, &block.header_bytes());
            assert!(signed.starts_with(&metadata.value));
            assert!(signed.ends_with(&block.header_bytes()));
        }
        block.set_orderer_metadata(metadata.value, metadata.signatures);
        block.set_last_config_index(0);
        assert_eq!(block, before);
    }
}

/// Opens a recorded transaction through all stages.
pub(crate) fn open(entry: &Bytes) -> (Endorsed, Invoked) {
    let opened = Opened::parse(entry).unwrap();
    assert_eq!(opened.channel_id(), "ch1");
    let Content::Endorsed(endorsed) = opened.content().unwrap() else {
        panic!("a configuration beyond the genesis block");
    };
    let invoked = endorsed.action().unwrap().invoked().unwrap();
    (*endorsed, invoked)
}

#[test]
fn the_genesis_block_s_configuration_is_read_though_it_has_no_creator() {
    for block in both_sides().filter(|block| block.number == 0) {
        assert_eq!(
            Opened::parse(&block.data[0]).map_err(|fault| fault.code),
            Err(TxValidationCode::BadCommonHeader)
        );
        let config = ConfigEnvelope::decode(block.config().unwrap()).unwrap();
        assert_eq!(config.config.unwrap().sequence, 0);
    }
}

#[test]
fn every_transaction_passes_the_stages_that_need_no_state() {
    let mut by_chaincode = BTreeMap::<String, usize>::new();
    let mut events = 0;
    for block in chain("peer").iter().skip(1) {
        for entry in &block.data {
            let (_, invoked) = open(entry);
            events += usize::from(invoked.event.is_some());
            *by_chaincode
                .entry(format!("{}:{}", invoked.name, invoked.version))
                .or_default() += 1;
        }
    }
    if !by_chaincode.is_empty() {
        expect_test::expect![[r#"{"_lifecycle:syscc": 3, "vec:1.0": 35}, 1 events"#]]
            .assert_eq(&format!("{by_chaincode:?}, {events} events"));
    }
}

#[test]
fn tx_ids_and_proposal_hashes_are_those_computed() {
    for block in both_sides().filter(|block| block.number > 0) {
        for entry in &block.data {
            let (endorsed, _) = open(entry);
            let signature_header = &endorsed.payload.signature_header;
            let tx_id = TxId::compute(
                &signature_header.message.nonce,
                &signature_header.message.creator,
            );
            assert_eq!(endorsed.tx_id, tx_id);
            assert_eq!(envelope::tx_id_as_exported(entry), tx_id.as_str());
            let hash = sha256_of([
                &endorsed.payload.channel_header.bytes,
                &signature_header.bytes,
                &endorsed.proposal_payload,
            ]);
            assert_eq!(
                endorsed.response_payload.message.proposal_hash,
                hash.as_slice()
            );
            assert!(!endorsed.endorsements.is_empty());
        }
    }
}

#[test]
fn a_transaction_with_any_byte_changed_is_the_same_or_has_a_code_and_never_panics() {
    let Some(block) = chain("peer").into_iter().nth(4) else {
        return;
    };
    let mut seen = BTreeMap::<&str, usize>::new();
    for position in 0..block.data[0].len() {
        let mut entry = block.data[0].to_vec();
        entry[position] ^= 0x55;
        let outcome = Opened::parse(&entry.into())
            .and_then(Opened::content)
            .and_then(|content| match content {
                Content::Endorsed(endorsed) => endorsed.action()?.invoked().map(|_| ()),
                Content::Config(_) => Ok(()),
            });
        let code = outcome
            .err()
            .map_or(TxValidationCode::Valid, |fault| fault.code);
        *seen.entry(codes::name(code)).or_default() += 1;
    }
    for code in [
        "BAD_PAYLOAD",
        "BAD_COMMON_HEADER",
        "BAD_PROPOSAL_TXID",
        "INVALID_ENDORSER_TRANSACTION",
    ] {
        assert!(seen.contains_key(code), "{seen:?}");
    }
}
