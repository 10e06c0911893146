//! A block without its contents: transaction ids, types, codes, and events without their payload.

use bytes::Bytes;
use prost::DecodeError;
use proto::FromWire;
use proto::{
    common::{Block, BlockMetadataIndex, ChannelHeader, Envelope, HeaderType, Payload},
    protos::{
        ChaincodeAction, ChaincodeActionPayload, ChaincodeEvent, FilteredBlock,
        FilteredChaincodeAction, FilteredTransaction, FilteredTransactionActions,
        ProposalResponsePayload, Transaction, TxValidationCode, filtered_transaction::Data,
    },
};

/// Filters a committed block as Fabric's core/peer/deliverevents.go does.
///
/// Events of invalid transactions are in it too: readers go by the code. An entry without a header is left out.
///
/// # Errors
/// A payload, a channel header or an endorser transaction does not decode.
pub(crate) fn filter(block: &Block) -> Result<FilteredBlock, DecodeError> {
    let index = BlockMetadataIndex::TransactionsFilter as usize;
    let codes = block
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.metadata.get(index));
    let mut filtered = FilteredBlock {
        number: block.header.as_ref().map_or(0, |header| header.number),
        ..FilteredBlock::default()
    };
    let entries = block.data.as_ref().map_or(&[][..], |data| &data.data);
    for (position, entry) in entries.iter().enumerate() {
        let Ok(envelope) = Envelope::from_wire(entry.clone()) else {
            continue;
        };
        let payload = Payload::from_wire(envelope.payload)?;
        let Some(header) = payload.header else {
            continue;
        };
        let header = ChannelHeader::from_wire(header.channel_header)?;
        let code = codes.and_then(|codes| codes.get(position).copied());
        filtered.channel_id = header.channel_id;
        filtered.filtered_transactions.push(FilteredTransaction {
            txid: header.tx_id,
            r#type: header.r#type,
            tx_validation_code: code.map_or(TxValidationCode::NotValidated.into(), i32::from),
            data: match header.r#type == i32::from(HeaderType::EndorserTransaction) {
                true => Some(Data::TransactionActions(actions(payload.data)?)),
                false => None,
            },
        });
    }
    Ok(filtered)
}

fn actions(transaction: Bytes) -> Result<FilteredTransactionActions, DecodeError> {
    let transaction = Transaction::from_wire(transaction)?;
    let mut filtered = FilteredTransactionActions::default();
    for action in transaction.actions {
        let Some(endorsed) = ChaincodeActionPayload::from_wire(action.payload)?.action else {
            continue;
        };
        let response = ProposalResponsePayload::from_wire(endorsed.proposal_response_payload)?;
        let action = ChaincodeAction::from_wire(response.extension)?;
        let event = ChaincodeEvent::from_wire(action.events)?;
        if !event.chaincode_id.is_empty() {
            filtered.chaincode_actions.push(FilteredChaincodeAction {
                chaincode_event: Some(ChaincodeEvent {
                    payload: Bytes::new(),
                    ..event
                }),
            });
        }
    }
    Ok(filtered)
}

#[cfg(test)]
mod tests {
    use proto::common::{BlockData, BlockHeader, BlockMetadata, Header};

    use super::*;
    use prost::Message as _;

    fn envelope(header: Option<ChannelHeader>, data: Bytes) -> Bytes {
        let payload = Payload {
            header: header.map(|header| Header {
                channel_header: header.encode_to_vec().into(),
                signature_header: Bytes::new(),
            }),
            data,
        };
        let envelope = Envelope {
            payload: payload.encode_to_vec().into(),
            signature: Bytes::new(),
        };
        envelope.encode_to_vec().into()
    }

    fn header(kind: HeaderType, tx_id: &str) -> Option<ChannelHeader> {
        Some(ChannelHeader {
            r#type: kind.into(),
            channel_id: "ch1".to_owned(),
            tx_id: tx_id.to_owned(),
            ..ChannelHeader::default()
        })
    }

    fn transaction(event: Option<&str>) -> Bytes {
        let event = event.map(|name| ChaincodeEvent {
            chaincode_id: "basic".to_owned(),
            tx_id: "a".to_owned(),
            event_name: name.to_owned(),
            payload: Bytes::from_static(b"secret"),
        });
        let action = ChaincodeAction {
            events: event.map_or(Bytes::new(), |event| event.encode_to_vec().into()),
            ..ChaincodeAction::default()
        };
        let response = ProposalResponsePayload {
            extension: action.encode_to_vec().into(),
            ..ProposalResponsePayload::default()
        };
        let payload = ChaincodeActionPayload {
            action: Some(proto::protos::ChaincodeEndorsedAction {
                proposal_response_payload: response.encode_to_vec().into(),
                endorsements: Vec::new(),
            }),
            ..ChaincodeActionPayload::default()
        };
        let transaction = Transaction {
            actions: vec![proto::protos::TransactionAction {
                payload: payload.encode_to_vec().into(),
                ..Default::default()
            }],
        };
        transaction.encode_to_vec().into()
    }

    fn block(entries: Vec<Bytes>, codes: &'static [u8]) -> Block {
        Block {
            header: Some(BlockHeader {
                number: 7,
                ..BlockHeader::default()
            }),
            data: Some(BlockData { data: entries }),
            metadata: Some(BlockMetadata {
                metadata: vec![Bytes::new(), Bytes::new(), Bytes::from_static(codes)],
            }),
        }
    }

    #[test]
    fn an_event_is_shown_without_its_payload_whatever_the_code() {
        let kind = HeaderType::EndorserTransaction;
        let entries = vec![
            envelope(header(kind, "a"), transaction(Some("created"))),
            envelope(header(kind, "b"), transaction(None)),
        ];
        let filtered = filter(&block(entries, &[11, 0])).unwrap();
        assert_eq!((filtered.number, filtered.channel_id.as_str()), (7, "ch1"));
        let [a, b] = &filtered.filtered_transactions[..] else {
            panic!("{filtered:?}")
        };
        assert_eq!((a.tx_validation_code, b.tx_validation_code), (11, 0));
        let Some(Data::TransactionActions(actions)) = &a.data else {
            panic!("{a:?}")
        };
        let event = actions.chaincode_actions[0]
            .chaincode_event
            .clone()
            .unwrap();
        assert_eq!(
            (event.event_name.as_str(), event.payload.len()),
            ("created", 0)
        );
        assert_eq!(
            b.data,
            Some(Data::TransactionActions(
                FilteredTransactionActions::default()
            ))
        );
    }

    #[test]
    fn a_configuration_transaction_has_no_actions() {
        let entry = envelope(header(HeaderType::Config, ""), Bytes::new());
        let filtered = filter(&block(vec![entry], &[0])).unwrap();
        assert_eq!(filtered.filtered_transactions[0].data, None);
    }

    #[test]
    fn an_entry_without_header_is_left_out_and_one_without_code_is_not_validated() {
        let entries = vec![
            envelope(None, Bytes::new()),
            envelope(header(HeaderType::Config, "x"), Bytes::new()),
        ];
        let filtered = filter(&block(entries, &[])).unwrap();
        assert_eq!(filtered.filtered_transactions.len(), 1);
        assert_eq!(filtered.filtered_transactions[0].tx_validation_code, 254);
    }

    #[test]
    fn an_undecodable_transaction_makes_the_block_undeliverable() {
        let entry = envelope(
            header(HeaderType::EndorserTransaction, "a"),
            Bytes::from_static(b"\xff"),
        );
        assert!(filter(&block(vec![entry], &[0])).is_err());
    }
}

#[cfg(test)]
mod recorded;
