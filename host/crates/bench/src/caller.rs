use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::client::{Invocation, NONCE_BYTES, Sender};
use model::{ErrorCode, TxId, TxValidationCode, codes};
use msp::{Signer as _, SigningIdentity};
use prost::Message as _;
use proto::common::Envelope;
use proto::gateway::{
    CommitStatusRequest, EndorseRequest, EvaluateRequest, SignedCommitStatusRequest, SubmitRequest,
};
use proto::protos::SignedProposal;
use serde::Serialize;
use services::gateway::gateway_client::GatewayClient;
use tokio::time::Instant;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::template::Place;
use crate::{Call, Error, Mode, Sources};

/// Characters of a failure's message that are kept.
const MESSAGE_CHARS_MAX: usize = 300;

/// One of a call's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Evaluate.
    Evaluate,
    /// Endorse.
    Endorse,
    /// Submit: until an orderer has taken the transaction.
    Submit,
    /// CommitStatus: until the transaction is in a block.
    Commit,
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Evaluate => "evaluate",
            Self::Endorse => "endorse",
            Self::Submit => "submit",
            Self::Commit => "commit",
        })
    }
}

/// What all callers of a run have in common.
pub(crate) struct Shared {
    pub(crate) channel_id: String,
    pub(crate) call: Call,
    /// Random characters that tell this run from others.
    pub(crate) run: String,
    pub(crate) sources: Sources,
}

/// One client: an identity and a connection.
pub(crate) struct Caller {
    pub(crate) shared: Arc<Shared>,
    pub(crate) gateway: GatewayClient<Channel>,
    pub(crate) signer: Arc<SigningIdentity>,
    /// Its number.
    pub(crate) client: usize,
}

/// A call that did what it was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Evaluated,
    Committed(Committed),
}

/// A VALID transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) block: u64,
    pub(crate) endorsing: Duration,
    pub(crate) submitting: Duration,
    pub(crate) committing: Duration,
}

/// A call that did not.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) stage: Stage,
    /// Weft's code, else gRPC's; of an invalid transaction its validation code.
    pub(crate) code: String,
    pub(crate) message: String,
    /// The block of a transaction that is in one.
    pub(crate) block: Option<u64>,
    /// What the gateway answered, or the way to it.
    pub(crate) status: Option<Box<Status>>,
}

impl Caller {
    /// Makes the call of this number, to its end.
    ///
    /// # Errors
    /// [`Error::Sign`]: the machine has no randomness. What the gateway refuses is a result.
    pub(crate) async fn call(&mut self, index: u64) -> Result<Result<Done, Failed>, Error> {
        let (tx_id, proposal) = self.propose(index)?;
        match self.shared.call.mode {
            Mode::Evaluate => Ok(self.evaluate(tx_id, proposal).await),
            Mode::Submit => self.submit(tx_id, proposal).await,
        }
    }

    fn propose(&self, index: u64) -> Result<(TxId, SignedProposal), Error> {
        let Shared {
            channel_id,
            call,
            run,
            sources,
        } = &*self.shared;
        let mut nonce = [0; NONCE_BYTES];
        (sources.fill_random)(&mut nonce);
        let sender = Sender {
            creator: self.signer.identity().clone(),
            nonce,
            timestamp: (sources.now)(),
        };
        let place = Place {
            run,
            index,
            client: self.client,
            fill_random: sources.fill_random,
        };
        let (tx_id, proposal_bytes) = sender.propose(Invocation {
            channel_id: channel_id.clone(),
            chaincode: call.chaincode.clone(),
            args: call
                .args
                .iter()
                .map(|template| template.fill(&place))
                .collect(),
            ..Invocation::default()
        });
        let signature = self.signer.sign(&proposal_bytes)?;
        Ok((
            tx_id,
            SignedProposal {
                proposal_bytes,
                signature,
            },
        ))
    }

    async fn evaluate(&mut self, tx_id: TxId, proposal: SignedProposal) -> Result<Done, Failed> {
        let request = self.within(EvaluateRequest {
            transaction_id: tx_id.as_str().to_owned(),
            channel_id: self.shared.channel_id.clone(),
            proposed_transaction: Some(proposal),
            target_organizations: self.shared.call.organizations.clone(),
        });
        let answer = self.gateway.evaluate(request).await;
        answer
            .map(|_| Done::Evaluated)
            .map_err(failed(Stage::Evaluate))
    }

    async fn submit(
        &mut self,
        tx_id: TxId,
        proposal: SignedProposal,
    ) -> Result<Result<Done, Failed>, Error> {
        let began = Instant::now();
        let envelope = match self.endorse(&tx_id, proposal).await {
            Err(failure) => return Ok(Err(failure)),
            Ok(payload) => Envelope {
                signature: self.signer.sign(&payload)?,
                payload,
            },
        };
        let endorsed = Instant::now();
        let request = self.within(SubmitRequest {
            transaction_id: tx_id.as_str().to_owned(),
            channel_id: self.shared.channel_id.clone(),
            prepared_transaction: Some(envelope),
        });
        if let Err(status) = self.gateway.submit(request).await {
            return Ok(Err(failed(Stage::Submit)(status)));
        }
        let submitted = Instant::now();
        let committed = self.commit_status(&tx_id).await?;
        Ok(committed.map(|block| {
            Done::Committed(Committed {
                block,
                endorsing: endorsed - began,
                submitting: submitted - endorsed,
                committing: submitted.elapsed(),
            })
        }))
    }

    /// Gives the payload that the gateway made out of the endorsements.
    async fn endorse(&mut self, tx_id: &TxId, proposal: SignedProposal) -> Result<Bytes, Failed> {
        let request = self.within(EndorseRequest {
            transaction_id: tx_id.as_str().to_owned(),
            channel_id: self.shared.channel_id.clone(),
            proposed_transaction: Some(proposal),
            endorsing_organizations: self.shared.call.organizations.clone(),
        });
        let answer = self.gateway.endorse(request).await;
        let prepared = answer
            .map_err(failed(Stage::Endorse))?
            .into_inner()
            .prepared_transaction;
        prepared
            .map(|envelope| envelope.payload)
            .ok_or_else(|| Failed {
                stage: Stage::Endorse,
                code: "EMPTY".to_owned(),
                message: "the answer has no transaction".to_owned(),
                block: None,
                status: None,
            })
    }

    /// Waits for the block of a transaction; gives its number if the transaction is VALID.
    async fn commit_status(&mut self, tx_id: &TxId) -> Result<Result<u64, Failed>, Error> {
        let request = CommitStatusRequest {
            transaction_id: tx_id.as_str().to_owned(),
            channel_id: self.shared.channel_id.clone(),
            identity: self.signer.identity().clone(),
        };
        let request = Bytes::from(request.encode_to_vec());
        let signature = self.signer.sign(&request)?;
        let request = self.within(SignedCommitStatusRequest { request, signature });
        let answer = match self.gateway.commit_status(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Ok(Err(failed(Stage::Commit)(status))),
        };
        if answer.result == i32::from(TxValidationCode::Valid) {
            return Ok(Ok(answer.block_number));
        }
        let code = TxValidationCode::try_from(answer.result).map_or_else(
            |_| format!("CODE_{}", answer.result),
            |code| codes::name(code).to_owned(),
        );
        Ok(Err(Failed {
            stage: Stage::Commit,
            code,
            message: "the transaction is in a block, without effect".to_owned(),
            block: Some(answer.block_number),
            status: None,
        }))
    }

    fn within<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request.set_timeout(self.shared.call.timeout);
        request
    }
}

fn failed(stage: Stage) -> impl Fn(Status) -> Failed {
    move |status| {
        let known = services::code_of(&status).and_then(|name| name.parse::<ErrorCode>().ok());
        Failed {
            stage,
            code: known.map_or_else(
                || format!("{:?}", status.code()),
                |code| code.name().to_owned(),
            ),
            message: status.message().chars().take(MESSAGE_CHARS_MAX).collect(),
            block: None,
            status: Some(Box::new(status)),
        }
    }
}
