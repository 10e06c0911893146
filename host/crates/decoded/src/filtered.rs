//! A block without its contents: who only waits for outcomes needs no more.

use bytes::Bytes;
use model::{Block as ModelBlock, Envelope, Payload, codes};
use serde::Serialize;
use utoipa::ToSchema;

use super::event::event_of;
use super::transaction::type_name;

/// A block's transactions by id, type and code, with the names of their events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FilteredBlock {
    number: u64,
    transactions: Vec<FilteredTransaction>,
}

/// What became of one transaction.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct FilteredTransaction {
    /// Empty if the entry states none and none can be computed.
    tx_id: String,
    /// Name of the header type, such as `ENDORSER_TRANSACTION`; missing if the entry does not decode.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<String>,
    /// Validation code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Set by the chaincode whether or not the transaction is valid: go by the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<FilteredEvent>,
}

/// An event without its payload.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct FilteredEvent {
    chaincode: String,
    name: String,
}

impl FilteredBlock {
    /// Takes out of a committed block what may be shown to those who may not see contents.
    pub fn new(block: &ModelBlock) -> Self {
        let entries = block.data.iter().enumerate();
        let transactions = entries.map(|(index, entry)| FilteredTransaction {
            tx_id: model::envelope::tx_id_as_exported(entry),
            r#type: header_type(entry),
            code: block.validation_code(index).map(codes::name),
            event: event_of(entry).map(|event| FilteredEvent {
                chaincode: event.chaincode_id,
                name: event.event_name,
            }),
        });
        Self {
            number: block.number,
            transactions: transactions.collect(),
        }
    }
}

fn header_type(entry: &Bytes) -> Option<String> {
    let envelope = Envelope::decode(entry).ok()?;
    Some(type_name(&Payload::parse(&envelope.payload).ok()?))
}
