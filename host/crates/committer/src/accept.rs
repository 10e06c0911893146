//! Step 13: whether a block is the next one of the chain, whole, and signed by the orderers.

use ::channel::Bundle;
use bytes::Bytes;
use model::Block;
use model::block::BlockSignature;
use model::hash::Digest;
use msp::policy::SignedData;
use prost::Message as _;
use proto::common::SignatureHeader;

use crate::Error;

const BLOCK_VALIDATION: &str = "/Channel/Orderer/BlockValidation";

/// Checks number, previous hash, channel, structure and the orderers' signatures of a block that follows `previous`.
///
/// # Errors
/// [`Error::Refused`], [`Error::Structure`].
pub(crate) fn accept(
    block: &Block,
    height: u64,
    previous: &Digest,
    bundle: &Bundle,
) -> Result<(), Error> {
    let refused = |reason: String| Error::Refused {
        number: block.number,
        reason,
    };
    if block.number != height {
        return Err(refused(format!("block {height} is the next")));
    }
    if block.previous_hash != previous.as_slice() {
        return Err(refused(
            "its previous hash is not the hash of the block before".to_owned(),
        ));
    }
    let structure = |source| Error::Structure {
        number: block.number,
        source,
    };
    block.check_structure().map_err(structure)?;
    let channel = block.channel_id().map_err(structure)?;
    if channel != bundle.channel_id().as_str() {
        return Err(refused(format!("it is of channel '{channel}'")));
    }
    let signatures = signatures(block)?;
    bundle
        .policies()
        .evaluate_signed(BLOCK_VALIDATION, &signatures)
        .map_err(|error| {
            refused(format!(
                "its signatures do not satisfy {BLOCK_VALIDATION}: {error}"
            ))
        })
}

fn signatures(block: &Block) -> Result<Vec<SignedData>, Error> {
    let refused = |reason: String| Error::Refused {
        number: block.number,
        reason,
    };
    let metadata = block
        .orderer_metadata()
        .map_err(|source| Error::Structure {
            number: block.number,
            source,
        })?;
    let header = block.header_bytes();
    let signed = |signature: &BlockSignature| -> Result<SignedData, Error> {
        let BlockSignature {
            signature_header,
            signature: bytes,
            ..
        } = signature;
        let creator = SignatureHeader::decode(signature_header.clone())
            .map_err(|_| refused("a signature header does not decode".to_owned()))?
            .creator;
        Ok(SignedData {
            data: Bytes::from(metadata.signed_bytes(signature, &header)),
            identity: creator,
            signature: bytes.clone(),
        })
    };
    metadata.signatures.iter().map(signed).collect()
}
