//! What a client makes: proposals, transactions out of endorsed responses, deliver requests; unsigned bytes in each case.
//!
//! Nonce and time come in from outside. Signing is the caller's: over the proposal's bytes, and over an envelope's payload.

mod assemble;

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use prost_types::Timestamp;
use proto::{
    common::{ChannelHeader, Header, HeaderType, Payload, SignatureHeader},
    orderer::SeekInfo,
    protos::{
        ChaincodeHeaderExtension, ChaincodeId, ChaincodeInput, ChaincodeInvocationSpec,
        ChaincodeProposalPayload, ChaincodeSpec, Proposal,
    },
};

pub use assemble::{AssembleError, assemble, endorsement_signed_bytes};

use crate::{
    TxId,
    hash::{Digest, sha256_of},
};

/// How many random bytes a nonce has.
pub const NONCE_BYTES: usize = 24;

/// Who sends a message, and what makes it different from all others.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The sender's encoded `msp.SerializedIdentity`.
    pub creator: Bytes,
    /// Random, new for each message.
    pub nonce: [u8; NONCE_BYTES],
    /// The sender's time now.
    pub timestamp: Timestamp,
}

/// What to propose.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// The channel; empty for calls to the peer itself.
    pub channel_id: String,
    /// The chaincode's name.
    pub chaincode: String,
    /// Function name and arguments.
    pub args: Vec<Bytes>,
    /// Data for the chaincode that never reaches the ledger.
    pub transient: BTreeMap<String, Bytes>,
    /// Whether this is the chaincode's initialisation.
    pub is_init: bool,
}

impl Sender {
    /// The id of a transaction of this sender.
    pub fn tx_id(&self) -> TxId {
        TxId::compute(&self.nonce, &self.creator)
    }

    /// Gives an encoded `protos.Proposal` to be signed, and the id its transaction will have.
    pub fn propose(&self, invocation: Invocation) -> (TxId, Bytes) {
        let tx_id = self.tx_id();
        let chaincode_id = ChaincodeId {
            name: invocation.chaincode,
            ..ChaincodeId::default()
        };
        let extension = ChaincodeHeaderExtension {
            chaincode_id: Some(chaincode_id.clone()),
        };
        let channel_header = ChannelHeader {
            r#type: HeaderType::EndorserTransaction.into(),
            timestamp: Some(self.timestamp),
            channel_id: invocation.channel_id,
            tx_id: tx_id.as_str().to_owned(),
            extension: encoded(&extension),
            ..ChannelHeader::default()
        };
        let spec = ChaincodeSpec {
            chaincode_id: Some(chaincode_id),
            input: Some(ChaincodeInput {
                args: invocation.args,
                is_init: invocation.is_init,
                ..ChaincodeInput::default()
            }),
            ..ChaincodeSpec::default()
        };
        let payload = ChaincodeProposalPayload {
            input: encoded(&ChaincodeInvocationSpec {
                chaincode_spec: Some(spec),
            }),
            transient_map: invocation.transient,
        };
        let proposal = Proposal {
            header: encoded(&self.header(&channel_header)),
            payload: encoded(&payload),
            extension: Bytes::new(),
        };
        (tx_id, encoded(&proposal))
    }

    /// Gives the payload of a deliver request, to be signed. `tls_cert_hash` is the SHA-256 of the client's TLS
    /// certificate (DER), which servers that ask for client certificates compare.
    pub fn seek(&self, channel_id: &str, seek: &SeekInfo, tls_cert_hash: Option<Digest>) -> Bytes {
        let channel_header = ChannelHeader {
            r#type: HeaderType::DeliverSeekInfo.into(),
            timestamp: Some(self.timestamp),
            channel_id: channel_id.to_owned(),
            tls_cert_hash: tls_cert_hash
                .map_or_else(Bytes::new, |hash| Bytes::copy_from_slice(&hash)),
            ..ChannelHeader::default()
        };
        let payload = Payload {
            header: Some(self.header(&channel_header)),
            data: encoded(seek),
        };
        encoded(&payload)
    }

    fn header(&self, channel_header: &ChannelHeader) -> Header {
        let signature_header = SignatureHeader {
            creator: self.creator.clone(),
            nonce: Bytes::copy_from_slice(&self.nonce),
        };
        Header {
            channel_header: encoded(channel_header),
            signature_header: encoded(&signature_header),
        }
    }
}

/// What ties transient data to one proposal: SHA-256 of nonce, creator, and the epoch as 8 bytes, the least significant
/// first (Fabric: protoutil's ComputeProposalBinding).
pub fn binding(nonce: &[u8], creator: &[u8], epoch: u64) -> Digest {
    sha256_of([nonce, creator, &epoch.to_le_bytes()])
}

fn encoded(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

#[cfg(test)]
mod tests;
