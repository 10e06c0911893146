//! `CommitStatus`, step 16: how a transaction ended on this peer.

use ::channel::{Access, Resource};
use joined::Committed;
use model::{ErrorCode, TxId};
use msp::policy::SignedData;
use proto::FromWire;
use proto::gateway::{CommitStatusRequest, CommitStatusResponse, SignedCommitStatusRequest};
use tonic::Status;

use crate::failure::{coded, invalid};
use crate::request::Place;
use crate::{Gateway, unavailable};

impl Gateway {
    pub(crate) async fn commit_status(
        &self,
        signed: SignedCommitStatusRequest,
    ) -> Result<CommitStatusResponse, Status> {
        if signed.request.is_empty() {
            return Err(invalid(
                ErrorCode::RequestInvalid,
                "a commit status request is required",
            ));
        }
        let request = CommitStatusRequest::from_wire(signed.request.clone()).map_err(|_| {
            invalid(
                ErrorCode::RequestProtobuf,
                "invalid status request: it does not decode",
            )
        })?;
        if request.identity.is_empty() {
            return Err(invalid(ErrorCode::RequestInvalid, "no identity provided"));
        }
        if request.channel_id.is_empty() {
            return Err(invalid(ErrorCode::RequestInvalid, "no channel ID provided"));
        }
        if request.transaction_id.is_empty() {
            return Err(invalid(
                ErrorCode::RequestInvalid,
                "transaction ID should not be empty",
            ));
        }
        let data = SignedData {
            data: signed.request,
            identity: request.identity,
            signature: signed.signature,
        };
        let place = self.authorize(&request.channel_id, Resource::GatewayCommitStatus, data)?;
        let committed = self.wait(&place, &request.transaction_id).await?;
        Ok(CommitStatusResponse {
            result: committed.code.into(),
            block_number: committed.block,
        })
    }

    /// The channel, if the caller's signature satisfies the resource's policy there.
    pub(crate) fn authorize(
        &self,
        id: &str,
        resource: Resource,
        signed: SignedData,
    ) -> Result<Place, Status> {
        let place = Place::find(&self.inner.channels, id).ok_or_else(|| {
            let text = format!("Failed to get policy manager for channel [{id}]");
            denied(ErrorCode::ChannelNotFound, text)
        })?;
        let Access::Channel(path) = place.bundle.access(resource) else {
            let text = format!("{} is not for clients of a channel", resource.name());
            return Err(denied(ErrorCode::AccessDenied, text));
        };
        let signed = [signed];
        let evaluated = place.bundle.policies().evaluate_signed(path, &signed);
        evaluated.map_err(|error| {
            let [signed] = &signed;
            denied(
                place.bundle.why_denied(signed),
                format!(
                    "Failed evaluating policy on signed data during check policy on channel [{id}] with policy [{path}]: \
                     [{error}]"
                ),
            )
        })?;
        Ok(place)
    }

    /// Waits for the transaction, for as long as the caller does. A peer that stops commits nothing more: who still
    /// waits then is told to ask another one, so that nobody holds up the end.
    async fn wait(&self, place: &Place, stated: &str) -> Result<Committed, Status> {
        let tx = TxId::parse(stated)
            .map_err(|error| invalid(ErrorCode::RequestInvalid, error.to_string()))?;
        // First the waiter, then the index: a commit between the two is seen by the waiter.
        let waiter = place.channel.waiters().wait(tx.clone()).map_err(|error| {
            let status = Status::resource_exhausted(error.to_string());
            coded(ErrorCode::NodeBusy, status)
        })?;
        // One row by its key: some 10 µs, less than it costs to have another thread do it.
        let found = place.channel.ledger().tx(tx.as_str());
        if let Some(found) = found.map_err(|error| unavailable(&error))? {
            return Ok(Committed {
                block: found.block,
                code: found.code,
            });
        }
        let failed = place.channel.failed().clone();
        tokio::select! {
            biased;
            committed = waiter.committed() => committed.ok_or_else(stopping),
            () = failed.cancelled() => Err(channel_stopped()),
            () = self.inner.stop.cancelled() => Err(stopping()),
        }
    }
}

fn denied(code: ErrorCode, text: String) -> Status {
    coded(code, Status::permission_denied(text))
}

/// This peer ends.
pub(crate) fn stopping() -> Status {
    let status = Status::unavailable("the peer is stopping");
    coded(ErrorCode::NodeUnavailable, status)
}

/// This peer commits nothing more on the channel.
pub(crate) fn channel_stopped() -> Status {
    let status = Status::unavailable("the channel has stopped on this peer");
    coded(ErrorCode::ChannelStopped, status)
}
