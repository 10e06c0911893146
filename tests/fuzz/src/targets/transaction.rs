//! An entry of a block, stage by stage to its end.

use bytes::Bytes;
use model::transaction::{Content, Opened};
use model::{Block, Envelope, Proposal, TxId, TxValidationCode, client};
use msp::Signer as _;
use prost::Message as _;
use proto::protos::{
    ChaincodeAction, ChaincodeId, Endorsement, ProposalResponse, ProposalResponsePayload, Response,
    SignedProposal,
};
use rwset::TxRwSet;

use super::CHAINCODE;
use crate::network::{CHANNEL, network};
use crate::recorded;

pub(super) fn run(bytes: &[u8]) {
    let entry = Bytes::copy_from_slice(bytes);
    let code = validate(&entry).err();
    assert_ne!(
        code,
        Some(TxValidationCode::Valid),
        "a failure has a code of its own"
    );
    check_verified(&entry);
    let mut block = Block::new(1, Bytes::from_static(&[1; 32]), vec![entry]);
    block.set_transactions_filter(&[code.unwrap_or(TxValidationCode::Valid)]);
    serde_json::to_string(&decoded::Block::new(&block)).expect("it is shown as JSON");
    serde_json::to_string(&decoded::FilteredBlock::new(&block)).expect("it is shown as JSON");
    for (_, event) in decoded::ChaincodeEvent::of_block(&block) {
        serde_json::to_string(&event).expect("it is shown as JSON");
    }
}

/// A peer verifies every entry, as it came and as its creator would have signed it: no entry stops a block.
fn check_verified(entry: &Bytes) {
    let network = network();
    let mut entries = vec![entry.clone()];
    if let Ok(envelope) = Envelope::decode(entry) {
        let signature = network.members[0][1].sign(&envelope.payload);
        let signature = signature.expect("our key signs");
        entries.push(
            Envelope {
                signature,
                ..envelope
            }
            .encode(),
        );
    }
    let block = Block::new(1, Bytes::from_static(&[1; 32]), entries);
    let verified = committer::verify(block.clone(), &network.bundle, 1);
    assert_eq!(verified.block, block);
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

/// Bytes that are signed or hashed are those received: a part of them, or a copy where a message around them was mended.
fn contains(whole: &Bytes, part: &Bytes) -> bool {
    part.is_empty()
        || whole.as_ptr_range().contains(&part.as_ptr())
        || whole.windows(part.len()).any(|window| window == part)
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let plain = b"\x0a\x01\x00\x12\x01\x00".to_vec();
    let recorded = recorded::entries().into_iter().map(|entry| entry.to_vec());
    recorded.chain([plain, endorsed()]).collect()
}

/// A good transaction of the network's own: as a client makes it of what a peer endorsed.
pub(super) fn endorsed() -> Vec<u8> {
    let [_, client, peer] = &network().members[0];
    let proposal_bytes = super::proposal::propose_as(client, CHAINCODE, CHANNEL, Vec::new());
    let signed = SignedProposal {
        signature: Bytes::new(),
        proposal_bytes,
    };
    let proposal = Proposal::parse(&signed).unwrap();
    let response = || Response {
        status: 200,
        ..Response::default()
    };
    let action = ChaincodeAction {
        response: Some(response()),
        results: super::read_write_set::simulated(10).into(),
        events: Bytes::new(),
        chaincode_id: Some(ChaincodeId {
            name: CHAINCODE.to_owned(),
            version: "1".to_owned(),
            ..ChaincodeId::default()
        }),
    };
    let payload = ProposalResponsePayload {
        proposal_hash: Bytes::copy_from_slice(&proposal.proposal_hash()),
        extension: action.encode_to_vec().into(),
    };
    let payload = Bytes::from(payload.encode_to_vec());
    let message = client::endorsement_signed_bytes(&payload, peer.identity());
    let endorsed = ProposalResponse {
        response: Some(response()),
        payload,
        endorsement: Some(Endorsement {
            endorser: peer.identity().clone(),
            signature: peer.sign(&message).unwrap(),
        }),
        ..ProposalResponse::default()
    };
    let payload = client::assemble(&proposal, &[endorsed]).unwrap();
    let signature = client.sign(&payload).unwrap();
    Envelope { payload, signature }.encode().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_s_own_transaction_is_good_to_its_end() {
        assert_eq!(validate(&endorsed().into()), Ok(()));
    }
}
