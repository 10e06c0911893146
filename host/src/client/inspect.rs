//! What a peer's ledger says by itself: its digest, values of keys and their history, why transactions are not valid; and
//! the peer's clock.

use std::time::Duration;

use bytes::Bytes;
use decoded::Explanation;
use msp::Signer as _;
use prost::Message;
use proto::weft::explain_request::Transaction;
use proto::weft::range_request::Keys;
use proto::weft::{
    ClockRequest, ClockResponse, DigestRequest, DigestResponse, ExplainRequest, HistoryRequest,
    HistoryResponse, RangeRequest, RangeResponse, SignedRequest, StateEntry, StateRequest,
};

use super::connection::within;
use super::{Client, ClientError};

/// The whole state is read for it.
const DIGEST_PATIENCE: Duration = Duration::from_secs(600);
const READ_PATIENCE: Duration = Duration::from_secs(30);
/// Who asks for the clock measures, and who is asked has nothing to look up.
const CLOCK_PATIENCE: Duration = Duration::from_secs(5);

/// A part of what there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageOf {
    /// Entries wanted.
    pub(crate) limit: u32,
    /// From the page before; empty for the first.
    pub(crate) bookmark: String,
}

impl Client {
    /// Asks the peer for the digest of its ledger.
    ///
    /// # Errors
    /// [`ClientError::Call`], [`ClientError::Sign`].
    pub(crate) async fn digest(&self) -> Result<DigestResponse, ClientError> {
        let request = self.signed(&DigestRequest {
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
            sent_at_ms: self.now_ms(),
            rpc: "Digest".to_owned(),
        })?;
        let answer = self
            .inspect()
            .digest(within(DIGEST_PATIENCE, request))
            .await;
        Ok(answer
            .map_err(self.failed("asking for the digest"))?
            .into_inner())
    }

    /// The present value of a chaincode's key.
    ///
    /// # Errors
    /// [`ClientError::Call`], also where there is no such key; [`ClientError::Sign`].
    pub(crate) async fn state(
        &self,
        chaincode: &str,
        key: &str,
    ) -> Result<StateEntry, ClientError> {
        let request = self.signed(&StateRequest {
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
            sent_at_ms: self.now_ms(),
            rpc: "State".to_owned(),
            chaincode: chaincode.to_owned(),
            key: key.to_owned(),
        })?;
        let answer = self.inspect().state(within(READ_PATIENCE, request)).await;
        Ok(answer
            .map_err(self.failed("asking for a value"))?
            .into_inner())
    }

    /// Present values of many keys, in the order of their bytes; all simple keys for `None`.
    ///
    /// # Errors
    /// [`ClientError::Call`], [`ClientError::Sign`].
    pub(crate) async fn range(
        &self,
        chaincode: &str,
        keys: Option<Keys>,
        page: PageOf,
    ) -> Result<RangeResponse, ClientError> {
        let request = self.signed(&RangeRequest {
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
            sent_at_ms: self.now_ms(),
            rpc: "Range".to_owned(),
            chaincode: chaincode.to_owned(),
            keys,
            limit: page.limit,
            bookmark: page.bookmark,
        })?;
        let answer = self.pages().range(within(READ_PATIENCE, request)).await;
        Ok(answer
            .map_err(self.failed("asking for values"))?
            .into_inner())
    }

    /// The changes of a key, the newest first.
    ///
    /// # Errors
    /// [`ClientError::Call`], [`ClientError::Sign`].
    pub(crate) async fn history(
        &self,
        chaincode: &str,
        key: &str,
        page: PageOf,
    ) -> Result<HistoryResponse, ClientError> {
        let request = self.signed(&HistoryRequest {
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
            sent_at_ms: self.now_ms(),
            rpc: "History".to_owned(),
            chaincode: chaincode.to_owned(),
            key: key.to_owned(),
            limit: page.limit,
            bookmark: page.bookmark,
        })?;
        let answer = self.pages().history(within(READ_PATIENCE, request)).await;
        Ok(answer
            .map_err(self.failed("asking for a key's history"))?
            .into_inner())
    }

    /// Why a transaction is valid or not.
    ///
    /// # Errors
    /// [`ClientError::Call`], also where there is no such transaction; [`ClientError::Sign`], [`ClientError::Answer`].
    pub(crate) async fn explain(
        &self,
        transaction: Transaction,
    ) -> Result<Explanation, ClientError> {
        const WHAT: &str = "asking why";
        let request = self.signed(&ExplainRequest {
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
            sent_at_ms: self.now_ms(),
            rpc: "Explain".to_owned(),
            transaction: Some(transaction),
        })?;
        let answer = self.pages().explain(within(READ_PATIENCE, request)).await;
        let answer = answer.map_err(self.failed(WHAT))?.into_inner();
        serde_json::from_slice(&answer.explanation)
            .map_err(|error| ClientError::answer(WHAT, error))
    }

    /// The peer's clock and version; no identity is needed for it.
    ///
    /// # Errors
    /// [`ClientError::Call`].
    pub(crate) async fn clock(&self) -> Result<ClockResponse, ClientError> {
        let request = within(CLOCK_PATIENCE, ClockRequest {});
        let answer = self.inspect().clock(request).await;
        Ok(answer
            .map_err(self.failed("asking for the clock"))?
            .into_inner())
    }

    fn signed(&self, request: &impl Message) -> Result<SignedRequest, ClientError> {
        let request = Bytes::from(request.encode_to_vec());
        let signature = self.sign(&request)?;
        Ok(SignedRequest { request, signature })
    }

    fn now_ms(&self) -> i64 {
        let now = (self.sources.now)();
        let ms = i64::from(now.nanos / 1_000_000);
        now.seconds.saturating_mul(1_000).saturating_add(ms)
    }
}
