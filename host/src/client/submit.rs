//! A transaction's way: endorsed, checked, signed, ordered, committed.

use std::time::Duration;

use bytes::Bytes;
use model::transaction::{Content, Opened};
use model::{Envelope, Proposal, TxId, TxValidationCode};
use msp::Signer as _;
use prost::Message;
use proto::common;
use proto::gateway::{
    CommitStatusRequest, EndorseRequest, SignedCommitStatusRequest, SubmitRequest,
};

use super::call::Proposed;
use super::connection::within;
use super::{Call, Client, ClientError};

const ENDORSE_PATIENCE: Duration = Duration::from_secs(90);
const SUBMIT_PATIENCE: Duration = Duration::from_secs(60);
/// A transaction that is ordered is committed; a peer that is behind may take its time.
const COMMIT_PATIENCE: Duration = Duration::from_secs(300);
const ENDORSING: &str = "endorsing";

/// A transaction that is in a block, valid or not.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    /// Its id.
    pub(crate) tx_id: TxId,
    /// The number of its block.
    pub(crate) block: u64,
    /// What the peer made of it.
    pub(crate) code: TxValidationCode,
    /// The chaincode's answer, as endorsed.
    pub(crate) result: Bytes,
}

impl Client {
    /// Has a call endorsed and ordered, and waits until it is in a block.
    ///
    /// # Errors
    /// - [`ClientError::Call`] while endorsing or submitting: nothing was ordered. While asking for the commit status:
    ///   the transaction may yet be committed.
    /// - [`ClientError::Answer`]: the peer prepared another transaction than was proposed; nothing was signed.
    pub(crate) async fn submit(&self, call: Call) -> Result<Committed, ClientError> {
        let endorsing_organizations = call.organizations.clone();
        let proposed = self.propose(&self.channel_id, call)?;
        let request = EndorseRequest {
            transaction_id: proposed.tx_id.as_str().to_owned(),
            channel_id: self.channel_id.clone(),
            proposed_transaction: Some(proposed.signed.clone()),
            endorsing_organizations,
        };
        let answer = self.gateway().endorse(within(ENDORSE_PATIENCE, request)).await;
        let prepared = answer.map_err(self.failed(ENDORSING))?.into_inner().prepared_transaction;
        let prepared = prepared.ok_or_else(|| ClientError::answer(ENDORSING, "it has no transaction"))?;
        let result = result_of(&proposed, &prepared.payload)?;
        let signature = self.sign(&prepared.payload)?;
        self.order(&proposed.tx_id, common::Envelope { payload: prepared.payload, signature }).await?;
        let (block, code) = self.commit_status(&proposed.tx_id).await?;
        Ok(Committed { tx_id: proposed.tx_id, block, code, result })
    }

    async fn order(&self, tx_id: &TxId, transaction: common::Envelope) -> Result<(), ClientError> {
        let request = SubmitRequest {
            transaction_id: tx_id.as_str().to_owned(),
            channel_id: self.channel_id.clone(),
            prepared_transaction: Some(transaction),
        };
        let answer = self.gateway().submit(within(SUBMIT_PATIENCE, request)).await;
        answer.map(|_| ()).map_err(self.failed("submitting"))
    }

    async fn commit_status(&self, tx_id: &TxId) -> Result<(u64, TxValidationCode), ClientError> {
        let request = CommitStatusRequest {
            transaction_id: tx_id.as_str().to_owned(),
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
        };
        let request = Bytes::from(request.encode_to_vec());
        let signature = self.sign(&request)?;
        let request = within(COMMIT_PATIENCE, SignedCommitStatusRequest { request, signature });
        let answer = self.gateway().commit_status(request).await;
        let answer = answer.map_err(self.failed("asking for the commit status"))?.into_inner();
        let code = TxValidationCode::try_from(answer.result)
            .map_err(|_| ClientError::answer("the commit status", "no such validation code"))?;
        Ok((answer.block_number, code))
    }
}

/// The endorsed result of a prepared transaction, once it is known to be of what was proposed: the gateway is not
/// trusted to choose what this client signs.
fn result_of(proposed: &Proposed, payload: &Bytes) -> Result<Bytes, ClientError> {
    let wrong = |reason: &str| ClientError::answer(ENDORSING, reason);
    let proposal = Proposal::parse(&proposed.signed).map_err(|error| ClientError::answer(ENDORSING, error))?;
    // A block entry is an envelope with a signature; the real one is made once this has been looked at.
    let entry = Envelope { payload: payload.clone(), signature: Bytes::from_static(b"unsigned") };
    let opened = Opened::parse(&entry.encode()).map_err(|code| wrong(model::codes::words(code)))?;
    let Ok(Content::Endorsed(endorsed)) = opened.content() else {
        return Err(wrong("it is not an endorsed transaction"));
    };
    let same = endorsed.payload.channel_header.bytes == proposal.channel_header.bytes
        && endorsed.payload.signature_header.bytes == proposal.signature_header.bytes
        && endorsed.proposal_payload == proposal.stripped_payload;
    if !same {
        return Err(wrong("it is not the transaction that was proposed"));
    }
    let action = endorsed.action().map_err(|code| wrong(model::codes::words(code)))?;
    let response = action.response().ok_or_else(|| wrong("it has no response"))?;
    Ok(response.payload.clone())
}
