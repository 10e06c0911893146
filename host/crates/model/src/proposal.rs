//! Proposals: what a client asks a chaincode to do, decoded once, with the bytes kept that hashes are over.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::{DecodeError, Message};
use prost_types::Timestamp;
use proto::FromWire;
use proto::{
    common::{ChannelHeader, Header, HeaderType, SignatureHeader},
    protos::{
        self, ChaincodeHeaderExtension, ChaincodeInput, ChaincodeInvocationSpec,
        ChaincodeProposalPayload, SignedProposal,
    },
};

use crate::{
    ErrorCode, Received, TxId, client,
    hash::{Digest, sha256_of},
};

/// A decoded proposal. Nothing in it is checked but that it decodes and names a chaincode; see [`Proposal::check`].
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The encoded `protos.Proposal`: what `signature` is over.
    pub bytes: Bytes,
    /// The creator's signature over `bytes`.
    pub signature: Bytes,
    /// Type, channel, transaction id and time as stated. The channel is empty for calls to the peer itself.
    pub channel_header: Received<ChannelHeader>,
    /// Creator and nonce as stated.
    pub signature_header: Received<SignatureHeader>,
    /// The chaincode to run, from the channel header's extension; not empty.
    pub chaincode: String,
    /// Arguments, decorations and whether this is the chaincode's initialisation.
    pub input: ChaincodeInput,
    /// Data for the chaincode that never reaches the ledger.
    pub transient: BTreeMap<String, Bytes>,
    /// The payload without transient data, an encoded `ChaincodeProposalPayload`: what goes into the transaction.
    pub stripped_payload: Bytes,
}

/// Why a proposal is refused before anything is looked up. The texts of failed checks are Fabric's.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProposalError {
    /// A part does not decode.
    #[error("cannot decode {part}")]
    Undecodable {
        /// The message's published name.
        part: &'static str,
        /// What the decoder says.
        #[source]
        source: DecodeError,
    },
    /// The header extension names no chaincode.
    #[error("the header extension names no chaincode")]
    NoChaincode,
    /// There is no chaincode input.
    #[error("the proposal has no chaincode input")]
    NoInput,
    /// The type is neither transaction nor configuration.
    #[error("invalid header type {header_type}")]
    HeaderType {
        /// The type's published name, or its number if it has none.
        header_type: String,
    },
    /// The epoch is set.
    #[error("epoch is non-zero")]
    Epoch,
    /// The nonce is missing.
    #[error("nonce is empty")]
    NoNonce,
    /// The creator is missing.
    #[error("creator is empty")]
    NoCreator,
    /// The stated transaction id is not the hash of nonce and creator.
    #[error("incorrectly computed txid '{stated}' -- expected '{expected}'")]
    TxId {
        /// What the header states.
        stated: String,
        /// The hash.
        expected: TxId,
    },
}

impl ProposalError {
    /// The code under which a caller hears of it.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Undecodable { .. } => ErrorCode::RequestProtobuf,
            Self::NoCreator => ErrorCode::IdentityMalformed,
            _ => ErrorCode::ProposalMalformed,
        }
    }
}

impl Proposal {
    /// Decodes a signed proposal with all that is nested in it. The parts share memory with it.
    ///
    /// # Errors
    /// - [`ProposalError::Undecodable`]: names the part.
    /// - [`ProposalError::NoChaincode`], [`ProposalError::NoInput`]: these parts must be there.
    pub fn parse(signed: &SignedProposal) -> Result<Self, ProposalError> {
        let bytes = signed.proposal_bytes.clone();
        let proposal: protos::Proposal = decode("Proposal", bytes.clone())?;
        let header: Header = decode("Header", proposal.header)?;
        let channel_header = received::<ChannelHeader>("ChannelHeader", header.channel_header)?;
        let signature_header = received("SignatureHeader", header.signature_header)?;
        let extension: ChaincodeHeaderExtension = decode(
            "ChaincodeHeaderExtension",
            channel_header.message.extension.clone(),
        )?;
        let chaincode = extension
            .chaincode_id
            .map(|id| id.name)
            .filter(|name| !name.is_empty())
            .ok_or(ProposalError::NoChaincode)?;
        let payload: ChaincodeProposalPayload =
            decode("ChaincodeProposalPayload", proposal.payload)?;
        let invocation: ChaincodeInvocationSpec =
            decode("ChaincodeInvocationSpec", payload.input.clone())?;
        let input = invocation
            .chaincode_spec
            .and_then(|spec| spec.input)
            .ok_or(ProposalError::NoInput)?;
        Ok(Self {
            bytes,
            signature: signed.signature.clone(),
            channel_header,
            signature_header,
            chaincode,
            input,
            transient: payload.transient_map,
            stripped_payload: strip(payload.input),
        })
    }

    /// Makes the checks that need no state, in Fabric's order: type, epoch, nonce, creator, transaction id.
    ///
    /// # Errors
    /// The first check that fails. Fabric's endorser puts `error validating proposal: ` before its text.
    pub fn check(&self) -> Result<TxId, ProposalError> {
        let channel_header = &self.channel_header.message;
        let header_type = HeaderType::try_from(channel_header.r#type);
        if !matches!(
            header_type,
            Ok(HeaderType::Config | HeaderType::EndorserTransaction)
        ) {
            return Err(ProposalError::HeaderType {
                header_type: header_type.map_or_else(
                    |_| channel_header.r#type.to_string(),
                    |header_type| header_type.as_str_name().to_owned(),
                ),
            });
        }
        if channel_header.epoch != 0 {
            return Err(ProposalError::Epoch);
        }
        if self.nonce().is_empty() {
            return Err(ProposalError::NoNonce);
        }
        if self.creator().is_empty() {
            return Err(ProposalError::NoCreator);
        }
        let expected = TxId::compute(self.nonce(), self.creator());
        if self.stated_tx_id() != expected.as_str() {
            let stated = self.stated_tx_id().to_owned();
            return Err(ProposalError::TxId { stated, expected });
        }
        Ok(expected)
    }

    /// The creator as stated: an encoded `msp.SerializedIdentity`.
    pub fn creator(&self) -> &Bytes {
        &self.signature_header.message.creator
    }

    /// The nonce as stated.
    pub fn nonce(&self) -> &Bytes {
        &self.signature_header.message.nonce
    }

    /// The transaction id as stated; what it must be, [`Proposal::check`] gives.
    pub fn stated_tx_id(&self) -> &str {
        &self.channel_header.message.tx_id
    }

    /// The channel as stated; empty for calls to the peer itself.
    pub fn channel_id(&self) -> &str {
        &self.channel_header.message.channel_id
    }

    /// The time as the client states it.
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.channel_header.message.timestamp
    }

    /// The hash that the endorsers sign and the transaction must match: over channel header, signature header and
    /// [`Proposal::stripped_payload`].
    pub fn proposal_hash(&self) -> Digest {
        sha256_of([
            &self.channel_header.bytes,
            &self.signature_header.bytes,
            &self.stripped_payload,
        ])
    }

    /// What ties transient data to this proposal (the chaincode API's GetBinding).
    pub fn binding(&self) -> Digest {
        client::binding(
            self.nonce(),
            self.creator(),
            self.channel_header.message.epoch,
        )
    }
}

/// The payload without its transient map.
fn strip(input: Bytes) -> Bytes {
    let stripped = ChaincodeProposalPayload {
        input,
        transient_map: BTreeMap::new(),
    };
    stripped.encode_to_vec().into()
}

fn decode<M: FromWire>(part: &'static str, bytes: Bytes) -> Result<M, ProposalError> {
    M::from_wire(bytes).map_err(|source| ProposalError::Undecodable { part, source })
}

fn received<M: FromWire>(part: &'static str, bytes: Bytes) -> Result<Received<M>, ProposalError> {
    Received::decode(bytes).map_err(|source| ProposalError::Undecodable { part, source })
}

#[cfg(test)]
mod tests;
