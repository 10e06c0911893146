use bytes::Bytes;
use prost::Message;
use proto::FromWire;
use proto::common::{self, BlockMetadataIndex as Slot};

use super::{Block, BlockError, METADATA_SLOTS};
use crate::{TxValidationCode, codes};

/// The signatures slot: what the orderer says about the block, and who signed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrdererMetadata {
    /// The encoded `OrdererBlockMetadata` as received: the first part of what is signed.
    pub value: Bytes,
    /// The last configuration block as the value states it; `None` if it states none.
    pub last_config: Option<u64>,
    /// The ordering engine's own part: for Raft an encoded `common.Metadata` around an `etcdraft.BlockMetadata`.
    pub consenter_metadata: Bytes,
    /// The signatures, in the order received.
    pub signatures: Vec<BlockSignature>,
}

/// One signature over a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockSignature {
    /// Encoded `SignatureHeader` with the signer's identity and a nonce; empty if the signer is named by number.
    pub signature_header: Bytes,
    /// Encoded `IdentifierHeader` with the signer's consenter number; used where `signature_header` is empty (BFT).
    pub identifier_header: Bytes,
    /// The signature over [`OrdererMetadata::signed_bytes`].
    pub signature: Bytes,
}

impl OrdererMetadata {
    /// The bytes that `signature` must be over, given the block's [`header_bytes`](Block::header_bytes).
    pub fn signed_bytes(&self, signature: &BlockSignature, header_bytes: &[u8]) -> Vec<u8> {
        let signer = if signature.signature_header.is_empty() {
            &signature.identifier_header
        } else {
            &signature.signature_header
        };
        signed_bytes(&self.value, signer, header_bytes)
    }
}

/// What an orderer signs: the metadata's value, then the header that names the signer, then the DER block header.
pub fn signed_bytes(value: &[u8], signer_header: &[u8], header_bytes: &[u8]) -> Vec<u8> {
    [value, signer_header, header_bytes].concat()
}

impl Block {
    /// The signatures slot; all of it is empty if the slot is empty or missing.
    ///
    /// # Errors
    /// [`BlockError::Metadata`]: the slot or the value in it does not decode.
    pub fn orderer_metadata(&self) -> Result<OrdererMetadata, BlockError> {
        let metadata = self.metadata_message(Slot::Signatures)?;
        let value = common::OrdererBlockMetadata::from_wire(metadata.value.clone())
            .map_err(|source| self.metadata_error(Slot::Signatures, source))?;
        let signatures = metadata
            .signatures
            .into_iter()
            .map(|signature| BlockSignature {
                signature_header: signature.signature_header,
                identifier_header: signature.identifier_header,
                signature: signature.signature,
            });
        Ok(OrdererMetadata {
            value: metadata.value,
            last_config: value.last_config.map(|last| last.index),
            consenter_metadata: value.consenter_metadata,
            signatures: signatures.collect(),
        })
    }

    /// The number of the configuration block in force after this block: from the signatures slot, or from the slot of
    /// its own if that one holds no value.
    ///
    /// # Errors
    /// [`BlockError::Metadata`]: the slot looked at does not decode.
    pub fn last_config_index(&self) -> Result<u64, BlockError> {
        let orderer = self.orderer_metadata()?;
        if !orderer.value.is_empty() {
            return Ok(orderer.last_config.unwrap_or_default());
        }
        let metadata = self.metadata_message(Slot::LastConfig)?;
        let last = common::LastConfig::from_wire(metadata.value)
            .map_err(|source| self.metadata_error(Slot::LastConfig, source))?;
        Ok(last.index)
    }

    /// One byte for each transaction, its validation code; empty until a peer has validated the block.
    pub fn transactions_filter(&self) -> &[u8] {
        self.slot(Slot::TransactionsFilter)
    }

    /// The validation code of the transaction at `index`; `None` if the filter has no such byte, or no code that number.
    pub fn validation_code(&self, index: usize) -> Option<TxValidationCode> {
        self.transactions_filter()
            .get(index)
            .copied()
            .and_then(codes::from_byte)
    }

    /// The commit hash that a peer wrote; empty if there is none.
    ///
    /// # Errors
    /// [`BlockError::Metadata`]: the slot does not decode.
    pub fn commit_hash(&self) -> Result<Bytes, BlockError> {
        Ok(self.metadata_message(Slot::CommitHash)?.value)
    }

    /// Writes the signatures slot; the orderer's part. `value` is an encoded `OrdererBlockMetadata`.
    pub fn set_orderer_metadata(&mut self, value: Bytes, signatures: Vec<BlockSignature>) {
        let signatures = signatures
            .into_iter()
            .map(|signature| common::MetadataSignature {
                signature_header: signature.signature_header,
                signature: signature.signature,
                identifier_header: signature.identifier_header,
            });
        let metadata = common::Metadata {
            value,
            signatures: signatures.collect(),
        };
        self.set_slot(Slot::Signatures, metadata.encode_to_vec().into());
    }

    /// Writes the last-configuration slot; the orderer's part.
    pub fn set_last_config_index(&mut self, index: u64) {
        let value = common::LastConfig { index }.encode_to_vec().into();
        let metadata = common::Metadata {
            value,
            signatures: Vec::new(),
        };
        self.set_slot(Slot::LastConfig, metadata.encode_to_vec().into());
    }

    /// Writes the transaction filter, a code for each transaction; the peer's part.
    pub fn set_transactions_filter(&mut self, validation_codes: &[TxValidationCode]) {
        let filter: Vec<u8> = validation_codes
            .iter()
            .map(|code| codes::to_byte(*code))
            .collect();
        self.set_slot(Slot::TransactionsFilter, filter.into());
    }

    /// Writes the commit hash; the peer's part. An empty one leaves the slot empty, as in block 0.
    pub fn set_commit_hash(&mut self, commit_hash: &[u8]) {
        let value = Bytes::copy_from_slice(commit_hash);
        let metadata = common::Metadata {
            value,
            signatures: Vec::new(),
        };
        self.set_slot(Slot::CommitHash, metadata.encode_to_vec().into());
    }

    /// Empties the slot of the commit hash, whatever is in it.
    pub fn clear_commit_hash(&mut self) {
        self.set_slot(Slot::CommitHash, Bytes::new());
    }

    fn slot(&self, slot: Slot) -> &[u8] {
        self.metadata.get(position(slot)).map_or(&[], Bytes::as_ref)
    }

    fn metadata_message(&self, slot: Slot) -> Result<common::Metadata, BlockError> {
        let bytes = self
            .metadata
            .get(position(slot))
            .cloned()
            .unwrap_or_default();
        common::Metadata::from_wire(bytes).map_err(|source| self.metadata_error(slot, source))
    }

    fn metadata_error(&self, slot: Slot, source: prost::DecodeError) -> BlockError {
        BlockError::Metadata {
            number: self.number,
            slot: slot.as_str_name(),
            source,
        }
    }

    fn set_slot(&mut self, slot: Slot, bytes: Bytes) {
        if self.metadata.len() < METADATA_SLOTS {
            self.metadata.resize(METADATA_SLOTS, Bytes::new());
        }
        if let Some(place) = self.metadata.get_mut(position(slot)) {
            *place = bytes;
        }
    }
}

fn position(slot: Slot) -> usize {
    match slot {
        Slot::Signatures => 0,
        Slot::LastConfig => 1,
        Slot::TransactionsFilter => 2,
        Slot::Orderer => 3,
        Slot::CommitHash => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check_slots(block: &Block, expected: Expect) {
        let slots: Vec<String> = block.metadata.iter().map(hex::encode).collect();
        expected.assert_eq(&slots.join(" | "));
    }

    #[test]
    fn each_slot_is_written_as_fabric_writes_it() {
        let mut block = Block::new(7, Bytes::new(), vec![]);
        check_slots(&block, expect![" |  |  |  | "]);
        let value = common::OrdererBlockMetadata {
            last_config: Some(common::LastConfig { index: 0 }),
            consenter_metadata: Bytes::new(),
        };
        block.set_orderer_metadata(value.encode_to_vec().into(), vec![]);
        block.set_last_config_index(7);
        block.set_transactions_filter(&[
            TxValidationCode::Valid,
            TxValidationCode::MvccReadConflict,
        ]);
        block.set_commit_hash(&[0xab, 0xcd]);
        check_slots(&block, expect!["0a020a00 | 0a020807 | 000b |  | 0a02abcd"]);
        block.set_last_config_index(0);
        block.set_commit_hash(&[]);
        check_slots(&block, expect!["0a020a00 |  | 000b |  | "]);
    }

    #[test]
    fn the_signatures_slot_prevails_over_the_slot_of_the_last_configuration() {
        let mut block = Block::new(7, Bytes::new(), vec![]);
        assert_eq!(block.last_config_index().unwrap(), 0);
        block.set_last_config_index(5);
        assert_eq!(block.last_config_index().unwrap(), 5);
        let last_config = Some(common::LastConfig { index: 6 });
        let value = common::OrdererBlockMetadata {
            last_config,
            consenter_metadata: Bytes::new(),
        };
        block.set_orderer_metadata(value.encode_to_vec().into(), vec![]);
        assert_eq!(block.last_config_index().unwrap(), 6);
    }

    #[test]
    fn a_signer_is_named_by_identity_or_else_by_number() {
        let metadata = OrdererMetadata {
            value: Bytes::from_static(b"v"),
            ..OrdererMetadata::default()
        };
        let by_identity = BlockSignature {
            signature_header: Bytes::from_static(b"s"),
            identifier_header: Bytes::from_static(b"i"),
            signature: Bytes::new(),
        };
        let by_number = BlockSignature {
            signature_header: Bytes::new(),
            ..by_identity.clone()
        };
        assert_eq!(metadata.signed_bytes(&by_identity, b"h"), b"vsh");
        assert_eq!(metadata.signed_bytes(&by_number, b"h"), b"vih");
    }

    #[test]
    fn slots_are_added_to_a_block_that_came_without() {
        let mut block = Block::default();
        assert_eq!(block.transactions_filter(), b"");
        assert_eq!(block.commit_hash().unwrap(), Bytes::new());
        block.set_transactions_filter(&[TxValidationCode::BadRwset]);
        assert_eq!(block.metadata.len(), METADATA_SLOTS);
        assert_eq!(block.validation_code(0), Some(TxValidationCode::BadRwset));
        assert_eq!(block.validation_code(1), None);
    }

    #[test]
    fn a_slot_that_does_not_decode_is_named() {
        let mut block = Block::new(3, Bytes::new(), vec![]);
        block.metadata[4] = Bytes::from_static(b"\x0a\x05");
        let error = block.commit_hash().unwrap_err();
        expect!["metadata COMMIT_HASH of block 3 cannot be decoded"].assert_eq(&error.to_string());
    }
}
