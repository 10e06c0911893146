//! Calls that only the peer spoken to answers: its built-in chaincodes, and evaluations through its gateway.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use proto::common::BlockchainInfo;
use proto::gateway::EvaluateRequest;
use proto::protos::{ChannelQueryResponse, Response};

use super::connection::within;
use super::{Call, Client, ClientError};

/// Installing compiles, so it may take longer than one call of a chaincode.
const PROPOSAL_PATIENCE: Duration = Duration::from_secs(120);
const EVALUATE_PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    /// Evaluates a call through the gateway: nothing is ordered. Gives the chaincode's answer.
    ///
    /// # Errors
    /// [`ClientError::Call`] with the chaincode's own message; [`ClientError::Sign`].
    pub(crate) async fn evaluate(&self, call: Call) -> Result<Response, ClientError> {
        let target_organizations = call.organizations.clone();
        let proposed = self.propose(&self.channel_id, call)?;
        let request = EvaluateRequest {
            transaction_id: proposed.tx_id.as_str().to_owned(),
            channel_id: self.channel_id.clone(),
            proposed_transaction: Some(proposed.signed),
            target_organizations,
        };
        let answer = self
            .gateway()
            .evaluate(within(EVALUATE_PATIENCE, request))
            .await;
        let answer = answer.map_err(self.failed("evaluating"))?.into_inner();
        answer
            .result
            .ok_or_else(|| ClientError::answer("evaluating", "it has no result"))
    }

    /// Asks a built-in chaincode of the peer itself; on the channel, or without one for what is the peer's alone.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the chaincode's status, [`ClientError::Call`], [`ClientError::Sign`].
    pub(crate) async fn ask_peer(
        &self,
        channel_id: &str,
        chaincode: &str,
        function: &str,
        arguments: &[Bytes],
    ) -> Result<Bytes, ClientError> {
        let name = Bytes::copy_from_slice(function.as_bytes());
        let args = std::iter::once(name)
            .chain(arguments.iter().cloned())
            .collect();
        let call = Call {
            chaincode: chaincode.to_owned(),
            args,
            ..Call::default()
        };
        let signed = self.propose(channel_id, call)?.signed;
        let answer = self
            .endorser()
            .process_proposal(within(PROPOSAL_PATIENCE, signed))
            .await;
        let answer = answer.map_err(self.failed("asking the peer"))?;
        let code = services::read_code(answer.metadata()).and_then(|name| name.parse().ok());
        let answer = answer.into_inner();
        let response = answer
            .response
            .ok_or_else(|| ClientError::answer("a proposal", "it has no response"))?;
        if !(200..400).contains(&response.status) {
            return Err(ClientError::Refused {
                function: format!("{chaincode} {function}"),
                status: response.status,
                message: response.message,
                code,
            });
        }
        Ok(response.payload)
    }

    /// Gives a block, encoded; the last one for `None`.
    ///
    /// # Errors
    /// As [`Client::ask_peer`].
    pub(crate) async fn block(&self, number: Option<u64>) -> Result<Bytes, ClientError> {
        let number = match number {
            Some(number) => number,
            None => self.chain().await?.height.saturating_sub(1),
        };
        self.ask_ledger("GetBlockByNumber", &number.to_string())
            .await
    }

    /// Gives a transaction and its validation code, an encoded `protos.ProcessedTransaction`.
    ///
    /// # Errors
    /// As [`Client::ask_peer`]; a transaction that the peer does not know is [`ClientError::Refused`].
    pub(crate) async fn transaction(&self, tx_id: &str) -> Result<Bytes, ClientError> {
        self.ask_ledger("GetTransactionByID", tx_id).await
    }

    /// Gives the block that holds a transaction, encoded.
    ///
    /// # Errors
    /// As [`Client::transaction`].
    pub(crate) async fn block_of(&self, tx_id: &str) -> Result<Bytes, ClientError> {
        self.ask_ledger("GetBlockByTxID", tx_id).await
    }

    /// How far the peer's chain is.
    ///
    /// # Errors
    /// As [`Client::ask_peer`].
    pub(crate) async fn chain(&self) -> Result<BlockchainInfo, ClientError> {
        self.chain_of(&self.channel_id).await
    }

    /// How far the peer's chain of another channel is.
    ///
    /// # Errors
    /// As [`Client::ask_peer`].
    pub(crate) async fn chain_of(&self, channel_id: &str) -> Result<BlockchainInfo, ClientError> {
        let channel = Bytes::copy_from_slice(channel_id.as_bytes());
        let answer = self
            .ask_peer(channel_id, "qscc", "GetChainInfo", &[channel])
            .await?;
        BlockchainInfo::decode(answer).map_err(|error| ClientError::answer("GetChainInfo", error))
    }

    /// The channels that the peer has joined.
    ///
    /// # Errors
    /// As [`Client::ask_peer`].
    pub(crate) async fn channels(&self) -> Result<Vec<String>, ClientError> {
        let answer = self.ask_peer("", "cscc", "GetChannels", &[]).await?;
        let answer = ChannelQueryResponse::decode(answer)
            .map_err(|error| ClientError::answer("GetChannels", error))?;
        let ids = answer
            .channels
            .into_iter()
            .map(|channel| channel.channel_id);
        Ok(ids.collect())
    }

    /// The channel's newest configuration block, encoded.
    ///
    /// # Errors
    /// As [`Client::ask_peer`].
    pub(crate) async fn config_block(&self) -> Result<Bytes, ClientError> {
        let channel = Bytes::copy_from_slice(self.channel_id.as_bytes());
        self.ask_peer("", "cscc", "GetConfigBlock", &[channel])
            .await
    }

    /// Lets the peer join the channel of a genesis block.
    ///
    /// # Errors
    /// As [`Client::ask_peer`].
    pub(crate) async fn join(&self, genesis_block: Bytes) -> Result<(), ClientError> {
        let answer = self
            .ask_peer("", "cscc", "JoinChain", &[genesis_block])
            .await;
        answer.map(|_| ())
    }

    async fn ask_ledger(&self, function: &str, argument: &str) -> Result<Bytes, ClientError> {
        let arguments = [self.channel_id.as_str(), argument];
        let arguments = arguments.map(|text| Bytes::copy_from_slice(text.as_bytes()));
        self.ask_peer(&self.channel_id, "qscc", function, &arguments)
            .await
    }
}
