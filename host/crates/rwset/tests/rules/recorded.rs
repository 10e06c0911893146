//! The channel recorded from real Fabric peers, decoded.

use std::fs;

use bytes::Bytes;
use model::TxValidationCode;
use prost::Message;
use proto::{common, protos};
pub(crate) use recordings::channel as folder;

/// One block as a peer stored it.
pub(crate) struct RecordedBlock {
    pub(crate) number: u64,
    pub(crate) filter: Vec<u8>,
    pub(crate) commit_hash: Bytes,
    pub(crate) txs: Vec<RecordedTx>,
}

/// One transaction with the code that the peer gave it.
pub(crate) struct RecordedTx {
    pub(crate) tx_id: String,
    pub(crate) code: TxValidationCode,
    pub(crate) timestamp: Option<prost_types::Timestamp>,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    Config(Bytes),
    Endorsed {
        chaincode: String,
        args: Vec<Bytes>,
        results: Bytes,
    },
}

/// All blocks of the channel, as the peer stored them.
pub(crate) fn blocks() -> Option<Vec<RecordedBlock>> {
    let folder = folder()?;
    Some(
        (0..=35)
            .map(|number| block(&fs::read(folder.join(format!("peer/{number}.block"))).unwrap()))
            .collect(),
    )
}

fn block(bytes: &[u8]) -> RecordedBlock {
    let block = common::Block::decode(bytes).unwrap();
    let metadata = block.metadata.unwrap().metadata;
    let filter = metadata[2].to_vec();
    let entries = block.data.unwrap().data;
    assert_eq!(filter.len(), entries.len());
    RecordedBlock {
        number: block.header.unwrap().number,
        commit_hash: common::Metadata::decode(metadata[4].clone()).unwrap().value,
        txs: entries
            .into_iter()
            .zip(&filter)
            .map(|(entry, code)| tx(entry, *code))
            .collect(),
        filter,
    }
}

fn tx(entry: Bytes, code: u8) -> RecordedTx {
    let envelope = common::Envelope::decode(entry).unwrap();
    let payload = common::Payload::decode(envelope.payload).unwrap();
    let header = common::ChannelHeader::decode(payload.header.unwrap().channel_header).unwrap();
    let content = match common::HeaderType::try_from(header.r#type) {
        Ok(common::HeaderType::Config) => Content::Config(payload.data),
        Ok(common::HeaderType::EndorserTransaction) => endorsed(payload.data),
        other => panic!("the recorded channel has no {other:?}"),
    };
    RecordedTx {
        tx_id: header.tx_id,
        code: model::codes::from_byte(code).unwrap(),
        timestamp: header.timestamp,
        content,
    }
}

fn endorsed(data: Bytes) -> Content {
    let action = protos::Transaction::decode(data).unwrap().actions.remove(0);
    let payload = protos::ChaincodeActionPayload::decode(action.payload).unwrap();
    let proposal =
        protos::ChaincodeProposalPayload::decode(payload.chaincode_proposal_payload).unwrap();
    let spec = protos::ChaincodeInvocationSpec::decode(proposal.input)
        .unwrap()
        .chaincode_spec
        .unwrap();
    let response = payload.action.unwrap().proposal_response_payload;
    let response = protos::ProposalResponsePayload::decode(response).unwrap();
    Content::Endorsed {
        chaincode: spec.chaincode_id.unwrap().name,
        args: spec.input.unwrap().args,
        results: protos::ChaincodeAction::decode(response.extension)
            .unwrap()
            .results,
    }
}
