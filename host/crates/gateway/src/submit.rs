//! `Submit`, step 8: a signed transaction to an orderer, to the next one if that is down.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ::channel::Endpoint;
use model::ErrorCode;
use proto::common::{Envelope, Status as OrdererStatus};
use proto::gateway::{ErrorDetail, SubmitRequest, SubmitResponse};
use proto::orderer::BroadcastResponse;
use services::CODE_METADATA;
use tonic::{Code, Status, Streaming};

use crate::Gateway;
use crate::failure::{coded, detail, in_gos_words, invalid, no_channel, status};
use crate::line::Said;
use crate::request::Place;
use crate::taking::Taking;

/// Payloads up to this size share a stream.
const SHARED_BYTES_MAX: usize = 256 * 1024;
/// How long an orderer that has refused may take to end its stream, whose trailer says why in a code.
const TRAILER_TIMEOUT: Duration = Duration::from_secs(2);

impl Gateway {
    pub(crate) async fn submit(&self, request: SubmitRequest) -> Result<SubmitResponse, Status> {
        let (place, envelope) = self.check_submit(request)?;
        let mut orderers = place.bundle.orderer_endpoints();
        if orderers.is_empty() {
            let status = Status::unavailable("no orderer nodes available");
            return Err(coded(ErrorCode::OrderUnavailable, status));
        }
        let start = usize::from((self.inner.random)()) % orderers.len().max(1);
        orderers.rotate_left(start);
        let mut details: Vec<ErrorDetail> = Vec::new();
        let mut codes = BTreeSet::new();
        for orderer in &orderers {
            match self.send(&place, orderer, envelope.clone()).await {
                Sent::Accepted => return Ok(SubmitResponse {}),
                Sent::Refused(code, said) => return Err(coded(code, Status::aborted(said))),
                Sent::Failed(code, said) => {
                    let msp_id = orderer.msp_id.as_deref().unwrap_or_default();
                    details.push(detail(&orderer.address, msp_id, said));
                    codes.insert(code);
                }
            }
        }
        Err(status(
            Code::Unavailable,
            weightiest(&codes),
            "no orderers could successfully process transaction",
            &details,
        ))
    }

    fn check_submit(&self, request: SubmitRequest) -> Result<(Place, Envelope), Status> {
        let envelope = request.prepared_transaction.ok_or_else(|| {
            invalid(
                ErrorCode::RequestInvalid,
                "a prepared transaction is required",
            )
        })?;
        if envelope.signature.is_empty() {
            let text = "prepared transaction must be signed";
            return Err(invalid(ErrorCode::RequestSignature, text));
        }
        let id = &request.channel_id;
        let place = Place::find(&self.inner.channels, id).ok_or_else(|| {
            let status = Status::failed_precondition(no_channel(id));
            coded(ErrorCode::ChannelNotFound, status)
        })?;
        Ok((place, envelope))
    }

    /// Sends the transaction to one orderer and waits for what it says.
    async fn send(&self, place: &Place, orderer: &Endpoint, envelope: Envelope) -> Sent {
        let taking = Arc::new(Taking::default());
        let sent = self.broadcast(place, orderer, envelope, Arc::clone(&taking));
        let patience = self.inner.config.broadcast_timeout;
        // What no connection took cannot have been ordered, and will not be.
        let without_answer = || match taking.withdraw() {
            true => ErrorCode::OrderUnavailable,
            false => ErrorCode::OrderUnknown,
        };
        match tokio::time::timeout(patience, sent).await {
            Err(_) => {
                let said = "submit timeout expired while broadcasting to ordering service";
                Sent::Failed(without_answer(), said.to_owned())
            }
            Ok(Err(failed)) => {
                let code = orderers_code(services::code_of(&failed));
                Sent::Failed(code.unwrap_or_else(without_answer), in_gos_words(&failed))
            }
            Ok(Ok((answer, code))) => judge(&answer, code),
        }
    }

    /// The answer, and if it is a refusal the code in the trailer. A large transaction has a stream to itself, so that nobody
    /// waits behind it.
    async fn broadcast(
        &self,
        place: &Place,
        orderer: &Endpoint,
        envelope: Envelope,
        taking: Arc<Taking>,
    ) -> Result<Said, Status> {
        let (nodes, msp_id) = (&self.inner.nodes, orderer.msp_id.as_deref());
        // Shared lines end when the peer begins to; calls that are in it by then do not.
        let shares = envelope.payload.len() <= SHARED_BYTES_MAX && !self.inner.stop.is_cancelled();
        let line = match shares {
            true => nodes.line(&place.bundle, &orderer.address, msp_id)?,
            false => nodes.own_line(&place.bundle, &orderer.address, msp_id)?,
        };
        line.send(envelope, taking).await
    }
}

/// What came of sending to one orderer.
enum Sent {
    Accepted,
    /// The transaction itself: no other orderer would take it.
    Refused(ErrorCode, String),
    /// Another orderer may take it, or may have to be asked what became of it.
    Failed(ErrorCode, String),
}

pub(crate) async fn trailing_code(answers: &mut Streaming<BroadcastResponse>) -> Option<ErrorCode> {
    let trailers = tokio::time::timeout(TRAILER_TIMEOUT, answers.trailers());
    let trailers = trailers.await.ok()?.ok()??;
    orderers_code(trailers.get(CODE_METADATA)?.to_str().ok())
}

/// A code that an orderer may give; others would be taken for this gateway's.
fn orderers_code(name: Option<&str>) -> Option<ErrorCode> {
    let code: ErrorCode = name?.parse().ok()?;
    let own = ["order", "channel", "identity", "access", "request", "node"];
    own.contains(&code.subject()).then_some(code)
}

fn judge(answer: &BroadcastResponse, code: Option<ErrorCode>) -> Sent {
    let status = OrdererStatus::try_from(answer.status).unwrap_or(OrdererStatus::Unknown);
    let said = format!(
        "received unsuccessful response from orderer: status={}, info={}",
        status.as_str_name(),
        answer.info
    );
    match answer.status {
        200 => Sent::Accepted,
        413 => Sent::Refused(code.unwrap_or(ErrorCode::RequestTooLarge), said),
        400..=499 => Sent::Refused(code.unwrap_or(ErrorCode::OrderRefused), said),
        _ => Sent::Failed(code.unwrap_or(ErrorCode::OrderUnavailable), said),
    }
}

/// Of what several orderers have come to, what matters most to the sender: that one may have taken the transaction; that
/// one would take it later.
fn weightiest(codes: &BTreeSet<ErrorCode>) -> ErrorCode {
    let unknown = codes.contains(&ErrorCode::OrderUnknown);
    let full = codes.contains(&ErrorCode::OrderQueueFull);
    match codes.first() {
        _ if unknown => ErrorCode::OrderUnknown,
        _ if full => ErrorCode::OrderQueueFull,
        Some(code) if codes.len() == 1 => *code,
        _ => ErrorCode::OrderUnavailable,
    }
}
