//! A block: its header, what orderer and peer wrote beside it, its transactions.

use bytes::Bytes;
use model::Block as ModelBlock;
use proto::FromWire;
use proto::common::SignatureHeader;
use serde::Serialize;
use utoipa::ToSchema;

use super::bytes::{Hex, Part};
use super::transaction::Transaction;
use super::who::Who;

/// A block, decoded.
#[derive(Debug, Serialize, ToSchema)]
pub struct Block {
    number: u64,
    /// SHA-256 of the block's header.
    hash: Hex,
    previous_hash: Hex,
    data_hash: Hex,
    /// Hash over all validation codes and writes so far, as the peer computed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_hash: Option<Hex>,
    /// Number of the block with the configuration then in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_config: Option<u64>,
    /// Who signed the block.
    orderers: Vec<Part<Who>>,
    transactions: Vec<Transaction>,
}

impl Block {
    /// Decodes what can be decoded.
    pub fn new(block: &ModelBlock) -> Self {
        let commit_hash = block.commit_hash().unwrap_or_default();
        let entries = block.data.iter().enumerate();
        Self {
            number: block.number,
            hash: Hex(Bytes::copy_from_slice(&block.header_hash())),
            previous_hash: Hex(block.previous_hash.clone()),
            data_hash: Hex(block.data_hash.clone()),
            commit_hash: (!commit_hash.is_empty()).then_some(Hex(commit_hash)),
            last_config: block.last_config_index().ok(),
            orderers: orderers(block),
            transactions: entries
                .map(|(index, entry)| Transaction::new(index, entry, block.validation_code(index)))
                .collect(),
        }
    }
}

/// Who signed the block, as stated.
fn orderers(block: &ModelBlock) -> Vec<Part<Who>> {
    let signatures = block.orderer_metadata().unwrap_or_default().signatures;
    let signers = signatures.into_iter().map(|signature| {
        let header = SignatureHeader::from_wire(signature.signature_header).unwrap_or_default();
        Who::new(&header.creator)
    });
    signers.collect()
}

/// A transaction, decoded, and its block's number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LocatedTransaction)]
pub struct Located {
    /// Number of the block that the transaction stands in.
    block: u64,
    #[serde(flatten)]
    transaction: Transaction,
}

impl Located {
    /// Takes the first transaction of that id out of the block; `None` if there is none.
    pub fn new(tx_id: &str, block: &ModelBlock) -> Option<Self> {
        let index = block
            .data
            .iter()
            .position(|entry| model::envelope::tx_id_as_exported(entry) == tx_id)?;
        let entry = block.data.get(index)?;
        let transaction = Transaction::new(index, entry, block.validation_code(index));
        Some(Self {
            block: block.number,
            transaction,
        })
    }
}
