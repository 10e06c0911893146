//! An entry of a block, stage by stage to its end.

use bytes::Bytes;
use model::transaction::{Content, Opened};
use model::{Block, TxId, TxValidationCode};
use rwset::TxRwSet;

use crate::recorded;

pub(super) fn run(bytes: &[u8]) {
    let entry = Bytes::copy_from_slice(bytes);
    let code = validate(&entry).err();
    assert_ne!(
        code,
        Some(TxValidationCode::Valid),
        "a failure has a code of its own"
    );
    let mut block = Block::new(1, Bytes::from_static(&[1; 32]), vec![entry]);
    block.set_transactions_filter(&[code.unwrap_or(TxValidationCode::Valid)]);
    serde_json::to_string(&decoded::Block::new(&block)).expect("it is shown as JSON");
    serde_json::to_string(&decoded::FilteredBlock::new(&block)).expect("it is shown as JSON");
    for (_, event) in decoded::ChaincodeEvent::of_block(&block) {
        serde_json::to_string(&event).expect("it is shown as JSON");
    }
}

/// What a peer does with an entry whose signatures are good.
fn validate(entry: &Bytes) -> Result<(), TxValidationCode> {
    let opened = Opened::parse(entry)?;
    assert!(!opened.creator().is_empty());
    assert!(contains(entry, opened.signed_bytes()) && contains(entry, opened.signature()));
    let header = opened.payload().signature_header.message.clone();
    let is_config = opened.is_config();
    let endorsed = match opened.content()? {
        Content::Config(config) => {
            assert!(is_config && !config.is_empty());
            return Ok(());
        }
        Content::Endorsed(endorsed) => endorsed,
    };
    assert_eq!(
        endorsed.tx_id,
        TxId::compute(&header.nonce, &header.creator)
    );
    assert_eq!(
        model::envelope::tx_id_as_exported(entry),
        endorsed.tx_id.as_str()
    );
    assert!(contains(entry, &endorsed.response_payload.bytes));
    assert!(!endorsed.proposal_payload.is_empty());
    let action = endorsed.action()?;
    assert!(contains(entry, &action.result.bytes));
    TxRwSet::parse(action.read_write_set())?;
    let invoked = action.invoked()?;
    assert!(!invoked.name.is_empty() && !invoked.version.is_empty());
    assert!(
        invoked
            .event
            .is_none_or(|event| event.chaincode_id == invoked.name)
    );
    Ok(())
}

/// Bytes that are signed or hashed are those received.
fn contains(whole: &Bytes, part: &Bytes) -> bool {
    part.is_empty() || whole.as_ptr_range().contains(&part.as_ptr())
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let plain = b"\x0a\x01\x00\x12\x01\x00".to_vec();
    let recorded = recorded::entries().into_iter().map(|entry| entry.to_vec());
    recorded.chain([plain]).collect()
}
