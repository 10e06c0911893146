//! The peer's own services, called in the process as any client calls them: with signed proposals and transactions.

use std::time::Duration;

use bytes::Bytes;
use model::client::{Invocation, NONCE_BYTES, Sender};
use model::{ErrorCode, TxId};
use msp::Signer as _;
use proto::common::Envelope;
use proto::gateway::{EndorseRequest, EvaluateRequest, SubmitRequest};
use proto::protos::SignedProposal;
use services::gateway::gateway_server::Gateway as _;
use tonic::{Code, Request, Status};

use crate::WalletIdentity;
use crate::api::Api;
use crate::problem::Problem;
use crate::transact::Prepared;

const ENDORSE_PATIENCE: Duration = Duration::from_secs(90);
const EVALUATE_PATIENCE: Duration = Duration::from_secs(60);
const ORDER_PATIENCE: Duration = Duration::from_secs(60);

/// A proposal and the signature over it.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) channel_id: String,
    pub(crate) tx_id: TxId,
    pub(crate) bytes: Bytes,
    pub(crate) signature: Bytes,
}

/// Makes a proposal in a creator's name, not signed yet.
pub(crate) fn propose(api: &Api, creator: Bytes, invocation: Invocation) -> (TxId, Bytes) {
    let mut nonce = [0; NONCE_BYTES];
    (api.parts.fill_random)(&mut nonce);
    let timestamp = (api.parts.clock)();
    let sender = Sender {
        creator,
        nonce,
        timestamp,
    };
    sender.propose(invocation)
}

/// Makes a proposal by an identity of the wallet, and signs it.
pub(crate) fn propose_by(
    api: &Api,
    identity: &WalletIdentity,
    invocation: Invocation,
) -> Result<Signed, Problem> {
    let channel_id = invocation.channel_id.clone();
    let (tx_id, bytes) = propose(api, identity.signer.identity().clone(), invocation);
    let signature = sign(identity, &bytes)?;
    Ok(Signed {
        channel_id,
        tx_id,
        bytes,
        signature,
    })
}

/// Signs by an identity of the wallet.
pub(crate) fn sign(identity: &WalletIdentity, message: &[u8]) -> Result<Bytes, Problem> {
    let signature = identity.signer.sign(message);
    signature.map_err(|error| Problem::unavailable("the identity cannot sign", &error))
}

/// Has a proposal evaluated: nothing is ordered. Gives the chaincode's answer.
pub(crate) async fn evaluate(
    api: &Api,
    signed: Signed,
    organizations: Vec<String>,
) -> Result<Bytes, Problem> {
    let request = EvaluateRequest {
        transaction_id: signed.tx_id.as_str().to_owned(),
        channel_id: signed.channel_id.clone(),
        proposed_transaction: Some(signed.into_proposal()),
        target_organizations: organizations,
    };
    let answer = api
        .parts
        .gateway
        .evaluate(within(EVALUATE_PATIENCE, request));
    let result = answer.await?.into_inner().result.unwrap_or_default();
    Ok(result.payload)
}

/// Has a proposal endorsed by those whom the policies need, or by these organisations.
pub(crate) async fn endorse(
    api: &Api,
    signed: Signed,
    organizations: Vec<String>,
) -> Result<Prepared, Problem> {
    let request = EndorseRequest {
        transaction_id: signed.tx_id.as_str().to_owned(),
        channel_id: signed.channel_id.clone(),
        proposed_transaction: Some(signed.into_proposal()),
        endorsing_organizations: organizations,
    };
    let answer = api.parts.gateway.endorse(within(ENDORSE_PATIENCE, request));
    let prepared = answer.await?.into_inner().prepared_transaction;
    Prepared::parse(prepared.unwrap_or_default().payload).map_err(|reason| {
        let text = format!("the endorsed transaction cannot be used: {reason}");
        Problem::new(ErrorCode::EndorseFailed, text)
    })
}

/// Sends a signed transaction to an orderer. When this returns without an error, an orderer has made it durable.
pub(crate) async fn order(
    api: &Api,
    transaction: &Prepared,
    signature: Bytes,
) -> Result<(), Problem> {
    let request = SubmitRequest {
        transaction_id: transaction.tx_id.as_str().to_owned(),
        channel_id: transaction.channel_id.clone(),
        prepared_transaction: Some(Envelope {
            payload: transaction.payload.clone(),
            signature,
        }),
    };
    let answer = api.parts.gateway.submit(within(ORDER_PATIENCE, request));
    let problem = |status: Status| match (services::code_of(&status), status.code()) {
        (None, Code::DeadlineExceeded) => Problem::new(ErrorCode::OrderUnknown, status.message()),
        (None, Code::Unavailable) => Problem::new(ErrorCode::OrderUnavailable, status.message()),
        _ => status.into(),
    };
    let answer = answer.await.map(|_| ());
    answer.map_err(|status| problem(status).about(transaction.tx_id.as_str()))
}

/// Asks a built-in chaincode of the peer itself, on a channel or, with an empty id, without one.
pub(crate) async fn ask(
    api: &Api,
    identity: &WalletIdentity,
    channel_id: &str,
    chaincode: &str,
    args: Vec<Bytes>,
) -> Result<Bytes, Problem> {
    let invocation = Invocation {
        channel_id: channel_id.to_owned(),
        chaincode: chaincode.to_owned(),
        args,
        ..Invocation::default()
    };
    let signed = propose_by(api, identity, invocation)?;
    let answer = api.parts.endorser.query(signed.into_proposal()).await?;
    let code = services::read_code(answer.metadata()).and_then(|name| name.parse().ok());
    let response = answer.into_inner().response.unwrap_or_default();
    if (200..400).contains(&response.status) {
        return Ok(response.payload);
    }
    let code = code.unwrap_or(ErrorCode::ChaincodeFailed);
    Err(Problem::new(code, response.message))
}

impl Signed {
    fn into_proposal(self) -> SignedProposal {
        SignedProposal {
            proposal_bytes: self.bytes,
            signature: self.signature,
        }
    }

    /// Opens a proposal that a caller has signed, for that channel.
    ///
    /// # Errors
    /// `request.protobuf`, `proposal.malformed`, `request.invalid` for another channel.
    pub(crate) fn open(channel_id: &str, bytes: Bytes, signature: Bytes) -> Result<Self, Problem> {
        let proposal = SignedProposal {
            proposal_bytes: bytes.clone(),
            signature: signature.clone(),
        };
        let proposal = model::Proposal::parse(&proposal).map_err(|error| {
            let code = match error {
                model::ProposalError::Undecodable { .. } => ErrorCode::RequestProtobuf,
                _ => ErrorCode::ProposalMalformed,
            };
            Problem::new(code, format!("'proposal': {error}"))
        })?;
        let header = &proposal.channel_header.message;
        if header.channel_id != channel_id {
            let text = "'proposal' is for another channel than the path names";
            return Err(Problem::invalid(text));
        }
        let stated = TxId::parse(&header.tx_id);
        let tx_id = stated.map_err(|error| {
            Problem::new(ErrorCode::ProposalMalformed, format!("'proposal': {error}"))
        })?;
        let creator = &proposal.signature_header.message.creator;
        Ok(Self {
            channel_id: channel_id.to_owned(),
            tx_id,
            signature: msp::low_s(creator, &signature),
            bytes,
        })
    }
}

fn within<M>(patience: Duration, message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(patience);
    request
}
