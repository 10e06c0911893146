//! A client of a peer's gRPC services, as small as the tests can do with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use model::client::{Invocation, NONCE_BYTES, Sender};
use model::{TxId, TxValidationCode};
use msp::{Signer as _, SigningIdentity};
use prost::Message as _;
use prost_types::Timestamp;
use proto::common::Envelope;
use proto::gateway as messages;
use proto::orderer::{SeekInfo, SeekNewest, SeekPosition, SeekSpecified, seek_position};
use proto::protos::{FilteredBlock, ProposalResponse, SignedProposal, deliver_response};
use services::gateway::gateway_client::GatewayClient;
use services::protos::deliver_client::DeliverClient;
use services::protos::endorser_client::EndorserClient;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::Random;
use crate::profile::Profile;

/// No call of a test may wait longer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// One user of one organisation on one channel. Clones share the connection.
#[derive(Clone)]
pub struct Client {
    channel_id: String,
    signer: Arc<SigningIdentity>,
    connection: Channel,
    random: Arc<Mutex<Random>>,
}

/// A transaction that its organisations have endorsed and its creator has signed.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Its id.
    pub tx_id: String,
    /// What goes to the orderer.
    pub envelope: Envelope,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its validation code.
    pub code: TxValidationCode,
    /// The block it is in.
    pub block: u64,
}

impl Client {
    /// Connects at the first call. Nonces come from `random`: two clients of one network need different seeds.
    ///
    /// # Errors
    /// The profile names files that are missing or wrong.
    pub fn new(profile: &Profile, channel_id: &str, random: Random) -> Result<Self> {
        let signer = SigningIdentity::from_folder(&profile.msp_folder, &profile.msp_id)?;
        let endpoint = services::Endpoint {
            address: profile.peer.address.clone(),
            tls_roots_pem: std::fs::read(&profile.peer.tls_ca).context("no TLS authority")?,
            ..services::Endpoint::default()
        };
        Ok(Self {
            channel_id: channel_id.to_owned(),
            signer: Arc::new(signer),
            connection: endpoint.connect_lazy()?,
            random: Arc::new(Mutex::new(random)),
        })
    }

    /// Its connection, for calls that have no client.
    pub fn connection(&self) -> Channel {
        self.connection.clone()
    }

    /// What this client signs with.
    pub fn signer(&self) -> &SigningIdentity {
        &self.signer
    }

    /// A proposal to call a chaincode, signed.
    ///
    /// # Errors
    /// As [`Client::propose_as`].
    pub fn propose(&self, chaincode: &str, args: &[&str]) -> Result<(TxId, SignedProposal)> {
        let invocation = Invocation {
            channel_id: self.channel_id.clone(),
            chaincode: chaincode.to_owned(),
            args: args
                .iter()
                .map(|arg| Bytes::copy_from_slice(arg.as_bytes()))
                .collect(),
            transient: BTreeMap::new(),
            is_init: false,
        };
        self.propose_as(self.sender()?, invocation)
    }

    /// A proposal with every part given by the caller, signed.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn propose_as(
        &self,
        sender: Sender,
        invocation: Invocation,
    ) -> Result<(TxId, SignedProposal)> {
        let (tx_id, proposal_bytes) = sender.propose(invocation);
        let signature = self.signer.sign(&proposal_bytes)?;
        Ok((
            tx_id,
            SignedProposal {
                proposal_bytes,
                signature,
            },
        ))
    }

    /// This client as a sender, with a new nonce and the time now.
    ///
    /// # Errors
    /// The clock stands before 1970.
    pub fn sender(&self) -> Result<Sender> {
        let mut nonce = [0; NONCE_BYTES];
        let random = self
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes();
        for (to, from) in nonce.iter_mut().zip(random) {
            *to = from;
        }
        // The nodes compare with their own clocks, so nothing but the machine's time will do.
        let now = std::time::UNIX_EPOCH.elapsed()?;
        let timestamp = Timestamp {
            seconds: i64::try_from(now.as_secs())?,
            nanos: i32::try_from(now.subsec_nanos())?,
        };
        Ok(Sender {
            creator: self.signer.identity().clone(),
            nonce,
            timestamp,
        })
    }

    /// Asks the peer to run a chaincode without a transaction.
    ///
    /// # Errors
    /// What the peer answers.
    pub async fn evaluate(&self, chaincode: &str, args: &[&str]) -> Result<Bytes, Status> {
        let (tx_id, signed) = self.propose(chaincode, args).map_err(local)?;
        self.evaluate_proposal(tx_id.as_str(), signed).await
    }

    /// Collects endorsements for a call and signs the transaction.
    ///
    /// # Errors
    /// What the peer answers.
    pub async fn endorse(&self, chaincode: &str, args: &[&str]) -> Result<Prepared, Status> {
        let (tx_id, signed) = self.propose(chaincode, args).map_err(local)?;
        self.endorse_proposal(&tx_id, signed).await
    }

    /// Collects endorsements for a proposal and signs the transaction.
    ///
    /// # Errors
    /// What the peer answers.
    pub async fn endorse_proposal(
        &self,
        tx_id: &TxId,
        signed: SignedProposal,
    ) -> Result<Prepared, Status> {
        let request = messages::EndorseRequest {
            transaction_id: tx_id.as_str().to_owned(),
            channel_id: self.channel_id.clone(),
            proposed_transaction: Some(signed),
            endorsing_organizations: Vec::new(),
        };
        let response = self.gateway().endorse(timed(request)).await?.into_inner();
        let mut envelope = response
            .prepared_transaction
            .ok_or_else(|| Status::internal("no transaction"))?;
        envelope.signature = self
            .signer
            .sign(&envelope.payload)
            .map_err(|error| local(error.into()))?;
        Ok(Prepared {
            tx_id: tx_id.as_str().to_owned(),
            envelope,
        })
    }

    /// Hands a transaction to the orderer, through the peer.
    ///
    /// # Errors
    /// What the peer answers.
    pub async fn submit(&self, prepared: &Prepared) -> Result<(), Status> {
        let request = messages::SubmitRequest {
            transaction_id: prepared.tx_id.clone(),
            channel_id: self.channel_id.clone(),
            prepared_transaction: Some(prepared.envelope.clone()),
        };
        self.gateway().submit(timed(request)).await.map(|_| ())
    }

    /// Waits until a transaction is committed on the peer.
    ///
    /// # Errors
    /// What the peer answers.
    pub async fn commit_status(&self, tx_id: &str) -> Result<Outcome, Status> {
        let request = messages::CommitStatusRequest {
            transaction_id: tx_id.to_owned(),
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
        };
        let request = Bytes::from(request.encode_to_vec());
        let signature = self
            .signer
            .sign(&request)
            .map_err(|error| local(error.into()))?;
        let signed = messages::SignedCommitStatusRequest { request, signature };
        let response = self
            .gateway()
            .commit_status(timed(signed))
            .await?
            .into_inner();
        Ok(Outcome {
            code: response.result(),
            block: response.block_number,
        })
    }

    /// All of it: endorses, submits, waits.
    ///
    /// # Errors
    /// What the peer answers to the first step that fails.
    pub async fn transact(&self, chaincode: &str, args: &[&str]) -> Result<Outcome, Status> {
        let prepared = self.endorse(chaincode, args).await?;
        self.submit(&prepared).await?;
        self.commit_status(&prepared.tx_id).await
    }

    /// Calls `protos.Endorser` itself.
    ///
    /// # Errors
    /// What the peer answers.
    pub async fn process_proposal(
        &self,
        signed: SignedProposal,
    ) -> Result<ProposalResponse, Status> {
        let mut endorser = EndorserClient::new(self.connection.clone());
        Ok(endorser.process_proposal(timed(signed)).await?.into_inner())
    }

    /// Calls `protos.Endorser` itself; gives the answer with its metadata, in which a failure's code stands.
    ///
    /// # Errors
    /// What the peer answers.
    pub async fn process_proposal_in_full(
        &self,
        signed: SignedProposal,
    ) -> Result<tonic::Response<ProposalResponse>, Status> {
        let mut endorser =
            EndorserClient::new(self.connection.clone()).max_encoding_message_size(usize::MAX);
        endorser.process_proposal(timed(signed)).await
    }

    /// Asks the peer to evaluate a proposal as it is.
    ///
    /// # Errors
    /// What the peer answers.
    pub async fn evaluate_proposal(
        &self,
        tx_id: &str,
        signed: SignedProposal,
    ) -> Result<Bytes, Status> {
        let request = messages::EvaluateRequest {
            transaction_id: tx_id.to_owned(),
            channel_id: self.channel_id.clone(),
            proposed_transaction: Some(signed),
            target_organizations: Vec::new(),
        };
        let response = self.gateway().evaluate(timed(request)).await?.into_inner();
        Ok(response.result.unwrap_or_default().payload)
    }

    /// The same identity on another channel.
    #[must_use]
    pub fn on(&self, channel_id: &str) -> Self {
        let mut client = self.clone();
        channel_id.clone_into(&mut client.channel_id);
        client
    }

    /// Every block of the peer, from the first to the newest, without the transactions' contents.
    ///
    /// # Errors
    /// What the peer answers, or a stream that ends early.
    pub async fn filtered_blocks(&self) -> Result<Vec<FilteredBlock>, Status> {
        let position = |r#type| {
            Some(SeekPosition {
                r#type: Some(r#type),
            })
        };
        let seek = SeekInfo {
            start: position(seek_position::Type::Specified(SeekSpecified { number: 0 })),
            stop: position(seek_position::Type::Newest(SeekNewest {})),
            ..SeekInfo::default()
        };
        let payload = self
            .sender()
            .map_err(local)?
            .seek(&self.channel_id, &seek, None);
        let signature = self
            .signer
            .sign(&payload)
            .map_err(|error| local(error.into()))?;
        let requests = [Envelope { payload, signature }];
        let mut deliver = DeliverClient::new(self.connection.clone());
        let requests = Request::new(tokio_stream::iter(requests));
        let mut answers = deliver.deliver_filtered(requests).await?.into_inner();
        let mut blocks = Vec::new();
        loop {
            let answer = tokio::time::timeout(TIMEOUT, answers.message()).await;
            match answer
                .map_err(|_| Status::new(Code::DeadlineExceeded, "no next block"))??
                .and_then(|a| a.r#type)
            {
                Some(deliver_response::Type::FilteredBlock(block)) => blocks.push(block),
                Some(deliver_response::Type::Status(200)) => return Ok(blocks),
                other => return Err(Status::internal(format!("deliver answered {other:?}"))),
            }
        }
    }

    fn gateway(&self) -> GatewayClient<Channel> {
        GatewayClient::new(self.connection.clone())
    }
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(TIMEOUT);
    request
}

/// An error that happened before anything was sent.
fn local(error: anyhow::Error) -> Status {
    Status::internal(format!("{error:#}"))
}
