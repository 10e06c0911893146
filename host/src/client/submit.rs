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
use super::error::{COMMIT_STATUS, ENDORSING, SUBMITTING};
use super::{Call, Client, ClientError};

const ENDORSE_PATIENCE: Duration = Duration::from_secs(90);
const SUBMIT_PATIENCE: Duration = Duration::from_secs(60);
/// A transaction that is ordered is committed; a peer that is behind may take its time.
const COMMIT_PATIENCE: Duration = Duration::from_secs(300);

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
        let answer = self
            .gateway()
            .endorse(within(ENDORSE_PATIENCE, request))
            .await;
        let prepared = answer
            .map_err(self.failed(ENDORSING))?
            .into_inner()
            .prepared_transaction;
        let prepared =
            prepared.ok_or_else(|| ClientError::answer(ENDORSING, "it has no transaction"))?;
        let result = result_of(&proposed, &prepared.payload)?;
        let signature = self.sign(&prepared.payload)?;
        self.order(
            &proposed.tx_id,
            common::Envelope {
                payload: prepared.payload,
                signature,
            },
        )
        .await?;
        let (block, code) = self.committed(proposed.tx_id.as_str()).await?;
        Ok(Committed {
            tx_id: proposed.tx_id,
            block,
            code,
            result,
        })
    }

    async fn order(&self, tx_id: &TxId, transaction: common::Envelope) -> Result<(), ClientError> {
        let request = SubmitRequest {
            transaction_id: tx_id.as_str().to_owned(),
            channel_id: self.channel_id.clone(),
            prepared_transaction: Some(transaction),
        };
        let answer = self
            .gateway()
            .submit(within(SUBMIT_PATIENCE, request))
            .await;
        let failed = self.failed(SUBMITTING);
        answer
            .map(|_| ())
            .map_err(|status| failed(status).after_sending(tx_id.as_str()))
    }

    async fn committed(&self, tx_id: &str) -> Result<(u64, TxValidationCode), ClientError> {
        let answer = self.commit_status(tx_id).await;
        answer.map_err(|failure| failure.after_sending(tx_id))
    }

    /// Waits until a transaction is in a block: its number, and what the peer made of the transaction.
    ///
    /// # Errors
    /// [`ClientError::Call`], [`ClientError::Sign`].
    pub(crate) async fn commit_status(
        &self,
        tx_id: &str,
    ) -> Result<(u64, TxValidationCode), ClientError> {
        let request = CommitStatusRequest {
            transaction_id: tx_id.to_owned(),
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
        };
        let request = Bytes::from(request.encode_to_vec());
        let signature = self.sign(&request)?;
        let request = within(
            COMMIT_PATIENCE,
            SignedCommitStatusRequest { request, signature },
        );
        let answer = self.gateway().commit_status(request).await;
        let answer = answer.map_err(self.failed(COMMIT_STATUS))?.into_inner();
        let code = TxValidationCode::try_from(answer.result)
            .map_err(|_| ClientError::answer("the commit status", "no such validation code"))?;
        Ok((answer.block_number, code))
    }
}

/// The endorsed result of a prepared transaction, once it is known to be of what was proposed: the gateway is not
/// trusted to choose what this client signs.
fn result_of(proposed: &Proposed, payload: &Bytes) -> Result<Bytes, ClientError> {
    let wrong = |reason: &str| ClientError::answer(ENDORSING, reason);
    let proposal =
        Proposal::parse(&proposed.signed).map_err(|error| ClientError::answer(ENDORSING, error))?;
    // A block entry is an envelope with a signature; the real one is made once this has been looked at.
    let entry = Envelope {
        payload: payload.clone(),
        signature: Bytes::from_static(b"unsigned"),
    };
    let opened = Opened::parse(&entry.encode()).map_err(|fault| wrong(&fault.to_string()))?;
    let content = opened
        .content()
        .map_err(|fault| wrong(&fault.to_string()))?;
    let Content::Endorsed(endorsed) = content else {
        return Err(wrong("it is not an endorsed transaction"));
    };
    let same = endorsed.payload.channel_header.bytes == proposal.channel_header.bytes
        && endorsed.payload.signature_header.bytes == proposal.signature_header.bytes
        && endorsed.proposal_payload == proposal.stripped_payload;
    if !same {
        return Err(wrong("it is not the transaction that was proposed"));
    }
    let action = endorsed
        .action()
        .map_err(|fault| wrong(&fault.to_string()))?;
    let response = action
        .response()
        .ok_or_else(|| wrong("it has no response"))?;
    Ok(response.payload.clone())
}

#[cfg(test)]
mod tests {
    use super::{Proposed, result_of};
    use bytes::Bytes;
    use model::client::{Invocation, NONCE_BYTES, Sender, assemble};
    use model::{Proposal, hash::sha256_of};
    use prost::Message as _;
    use proto::protos::{
        ChaincodeAction, Endorsement, ProposalResponse, ProposalResponsePayload, Response,
        SignedProposal,
    };

    fn proposed(nonce: u8, argument: &'static str) -> Proposed {
        let sender = Sender {
            creator: "creator".into(),
            nonce: [nonce; NONCE_BYTES],
            timestamp: prost_types::Timestamp::default(),
        };
        let (tx_id, proposal_bytes) = sender.propose(Invocation {
            channel_id: "ch1".into(),
            chaincode: "cc".into(),
            args: vec!["f".into(), argument.into()],
            transient: [("secret".to_owned(), "s".into())].into(),
            is_init: false,
        });
        let signed = SignedProposal {
            proposal_bytes,
            signature: "signature".into(),
        };
        Proposed { tx_id, signed }
    }

    /// What a right gateway prepares; `hashed` is the proposal whose hash the endorsers state.
    fn prepared(proposal: &Proposed, hashed: &Proposed) -> Bytes {
        let response = || Response {
            status: 200,
            payload: "result".into(),
            ..Response::default()
        };
        let action = ChaincodeAction {
            response: Some(response()),
            ..ChaincodeAction::default()
        };
        let hashed = Proposal::parse(&hashed.signed).unwrap();
        let parts = [
            &hashed.channel_header.bytes,
            &hashed.signature_header.bytes,
            &hashed.stripped_payload,
        ];
        let payload = ProposalResponsePayload {
            proposal_hash: Bytes::copy_from_slice(&sha256_of(parts)),
            extension: action.encode_to_vec().into(),
        };
        let endorsed = ProposalResponse {
            response: Some(response()),
            payload: payload.encode_to_vec().into(),
            endorsement: Some(Endorsement::default()),
            ..ProposalResponse::default()
        };
        assemble(&Proposal::parse(&proposal.signed).unwrap(), &[endorsed]).unwrap()
    }

    #[test]
    fn the_result_is_the_endorsed_one() {
        let ours = proposed(1, "a");
        assert_eq!(result_of(&ours, &prepared(&ours, &ours)).unwrap(), "result");
    }

    #[test]
    fn nothing_is_signed_that_was_not_proposed() {
        let ours = proposed(1, "a");
        let refusal = |payload: &Bytes| result_of(&ours, payload).unwrap_err().to_string();
        let other = proposed(1, "b");
        assert!(
            refusal(&prepared(&other, &other)).ends_with("not the transaction that was proposed")
        );
        let later = proposed(2, "a");
        assert!(
            refusal(&prepared(&later, &later)).ends_with("not the transaction that was proposed")
        );
        assert!(refusal(&prepared(&ours, &other)).contains("its proposal hash is not that"));
        assert!(refusal(&Bytes::from_static(b"\xff")).contains("the payload: it does not decode"));
    }
}
