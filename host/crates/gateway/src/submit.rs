//! `Submit`, step 8: a signed transaction to an orderer, to the next one if that is down.

use ::channel::Endpoint;
use proto::common::{Envelope, Status as OrdererStatus};
use proto::gateway::{ErrorDetail, SubmitRequest, SubmitResponse};
use proto::orderer::BroadcastResponse;
use services::MESSAGE_SIZE_BYTES_MAX;
use services::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use tonic::{Code, Status};

use crate::Gateway;
use crate::failure::{detail, invalid, status};
use crate::request::Place;

impl Gateway {
    pub(crate) async fn submit(&self, request: SubmitRequest) -> Result<SubmitResponse, Status> {
        let envelope = request
            .prepared_transaction
            .ok_or_else(|| invalid("a prepared transaction is required"))?;
        if envelope.signature.is_empty() {
            return Err(invalid("prepared transaction must be signed"));
        }
        let id = &request.channel_id;
        let place = Place::find(&self.inner.channels, id).ok_or_else(|| {
            Status::failed_precondition(format!("channel {id} is not joined by this peer"))
        })?;
        let mut orderers = place.bundle.orderer_endpoints();
        let start = usize::from((self.inner.random)()) % orderers.len().max(1);
        orderers.rotate_left(start);
        let mut details: Vec<ErrorDetail> = Vec::new();
        for orderer in &orderers {
            let msp_id = orderer.msp_id.as_deref().unwrap_or_default();
            let sent = self.broadcast(&place, orderer, envelope.clone());
            match tokio::time::timeout(self.inner.config.broadcast_timeout, sent).await {
                Err(_) => details.push(detail(
                    &orderer.address,
                    msp_id,
                    "submit timeout expired while broadcasting to ordering service",
                )),
                Ok(Err(failed)) => details.push(detail(&orderer.address, msp_id, failed.message())),
                Ok(Ok(answer)) => match judge(&answer) {
                    Judged::Accepted => return Ok(SubmitResponse {}),
                    Judged::Refused(said) => return Err(Status::aborted(said)),
                    Judged::Unavailable(said) => {
                        details.push(detail(&orderer.address, msp_id, said))
                    }
                },
            }
        }
        Err(status(
            Code::Unavailable,
            "no orderers could successfully process transaction",
            &details,
        ))
    }

    async fn broadcast(
        &self,
        place: &Place,
        orderer: &Endpoint,
        envelope: Envelope,
    ) -> Result<BroadcastResponse, Status> {
        let connection =
            self.inner
                .nodes
                .connect(&place.bundle, &orderer.address, orderer.msp_id.as_deref())?;
        let mut client = AtomicBroadcastClient::new(connection)
            .max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
        let mut answers = client
            .broadcast(futures::stream::iter([envelope]))
            .await?
            .into_inner();
        answers
            .message()
            .await?
            .ok_or_else(|| Status::unavailable("the orderer ended the stream without an answer"))
    }
}

enum Judged {
    Accepted,
    /// The transaction itself: no other orderer would take it.
    Refused(String),
    Unavailable(String),
}

fn judge(answer: &BroadcastResponse) -> Judged {
    let status = OrdererStatus::try_from(answer.status).unwrap_or(OrdererStatus::Unknown);
    let said = format!(
        "received unsuccessful response from orderer: status={}, info={}",
        status.as_str_name(),
        answer.info
    );
    match answer.status {
        200 => Judged::Accepted,
        400..=499 => Judged::Refused(said),
        _ => Judged::Unavailable(said),
    }
}
