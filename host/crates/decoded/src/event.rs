//! A chaincode's event, of one transaction.

use bytes::Bytes;
use model::Block as ModelBlock;
use model::TxValidationCode;
use model::transaction::{Content, Opened};
use proto::protos;
use serde::Serialize;
use utoipa::ToSchema;

use super::bytes::Text;

/// The event of a valid transaction.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChaincodeEvent {
    /// Number of the block that the transaction stands in.
    pub block: u64,
    /// The transaction.
    pub tx_id: String,
    /// Who set the event.
    pub chaincode: String,
    /// The name that the chaincode gave it.
    pub name: String,
    /// What the chaincode says.
    pub payload: Text,
}

impl ChaincodeEvent {
    /// The events of a committed block's valid transactions, each with its transaction's place in the block.
    pub fn of_block(block: &ModelBlock) -> impl Iterator<Item = (u64, Self)> {
        let entries = (0..).zip(block.data.iter().enumerate());
        entries.filter_map(|(place, (index, entry))| {
            if block.validation_code(index) != Some(TxValidationCode::Valid) {
                return None;
            }
            let event = event_of(entry)?;
            let event = Self {
                block: block.number,
                tx_id: event.tx_id,
                chaincode: event.chaincode_id,
                name: event.event_name,
                payload: Text(event.payload),
            };
            Some((place, event))
        })
    }
}

/// The event of an entry, if the entry is an endorsed transaction and has one.
pub(crate) fn event_of(entry: &Bytes) -> Option<protos::ChaincodeEvent> {
    let Content::Endorsed(endorsed) = Opened::parse(entry).ok()?.content().ok()? else {
        return None;
    };
    endorsed.action().ok()?.invoked().ok()?.event
}
