//! Step 13: whether a block is the next one of the chain, whole, and signed by the orderers.

use ::channel::Bundle;
use bytes::Bytes;
use model::Block;
use model::block::BlockSignature;
use model::hash::Digest;
use msp::policy::SignedData;
use prost::{DecodeError, Message as _};
use proto::FromWire;
use proto::common::{IdentifierHeader, SignatureHeader};
use proto::msp::SerializedIdentity;

use crate::Error;

const BLOCK_VALIDATION: &str = "/Channel/Orderer/BlockValidation";

/// Checks number, previous hash, structure and the orderers' signatures of a block that follows `previous`.
///
/// The channel that entries name is not compared: no block of another chain has this previous hash, and an entry that names
/// another channel, or does not decode so far, is a transaction like others, with a code of its own.
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
    let signatures = signatures(block, bundle)?;
    bundle
        .policies()
        .evaluate_signed(BLOCK_VALIDATION, &signatures)
        .map_err(|error| {
            refused(format!(
                "its signatures do not satisfy {BLOCK_VALIDATION}: {error}"
            ))
        })
}

fn signatures(block: &Block, bundle: &Bundle) -> Result<Vec<SignedData>, Error> {
    let metadata = block
        .orderer_metadata()
        .map_err(|source| Error::Structure {
            number: block.number,
            source,
        })?;
    let header = block.header_bytes();
    let undecodable = || Error::Refused {
        number: block.number,
        reason: "a signature header does not decode".to_owned(),
    };
    let mut signed = Vec::with_capacity(metadata.signatures.len());
    for signature in &metadata.signatures {
        let Some(identity) = signer(signature, bundle).map_err(|_| undecodable())? else {
            continue;
        };
        signed.push(SignedData {
            data: Bytes::from(metadata.signed_bytes(signature, &header)),
            identity,
            signature: signature.signature.clone(),
        });
    }
    Ok(signed)
}

/// Who claims to have signed: the creator that the signature's header names, or, on a channel that may have BFT ordering,
/// the consenter whose number stands in its place; nobody, if no consenter has that number.
///
/// Fabric: BlockSignatureVerifier in protoutil/blockutils.go.
fn signer(signature: &BlockSignature, bundle: &Bundle) -> Result<Option<Bytes>, DecodeError> {
    let by_number = signature.signature_header.is_empty()
        && !signature.identifier_header.is_empty()
        && bundle.capabilities().v3_0();
    if !by_number {
        let header = SignatureHeader::from_wire(signature.signature_header.clone())?;
        return Ok(Some(header.creator));
    }
    let header = IdentifierHeader::from_wire(signature.identifier_header.clone())?;
    let mut consenters = bundle.orderer().consenters.iter();
    let named = consenters.find(|consenter| consenter.id == Some(header.identifier));
    Ok(named.and_then(|consenter| {
        let identity = SerializedIdentity {
            mspid: consenter.msp_id.clone()?,
            id_bytes: consenter.identity.clone()?,
        };
        Some(identity.encode_to_vec().into())
    }))
}
