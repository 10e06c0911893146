//! `Evaluate`: one peer's answer, which nobody orders.

use model::ErrorCode;
use prost::Message as _;
use proto::gateway::{EvaluateRequest, EvaluateResponse};
use proto::protos::{ChaincodeAction, ProposalResponse, ProposalResponsePayload, Response};
use services::read_code;
use tonic::{Code, Status};

use crate::Gateway;
use crate::failure::{
    Failed, Failures, code_of_refusal, coded, detail, endorsers_code, no_channel, result_of,
    said_by,
};
use crate::nodes::{Peer, Wanted};
use crate::plan;
use crate::request::{Place, Proposed};

const NO_OWN_PEER: &str = "no endorsers found in the gateway's organization; retry specifying target organization(s) to \
                           protect transient data";

impl Gateway {
    pub(crate) async fn evaluate(
        &self,
        request: EvaluateRequest,
    ) -> Result<EvaluateResponse, Status> {
        let missing = "failed to unpack transaction proposal: a signed proposal is required";
        let proposed = Proposed::open(request.proposed_transaction, missing)?;
        let id = &proposed.channel_id;
        let place = Place::find(&self.inner.channels, id).ok_or_else(|| {
            let status = Status::unavailable(no_channel(id));
            coded(ErrorCode::ChannelNotFound, status)
        })?;
        let peers = self.evaluators(&place, &proposed, &request.target_organizations)?;
        let mut failures = Failures::default();
        // As in Fabric, the peer that was asked last gives the code.
        let mut code = Code::Unavailable;
        for peer in &peers {
            let unanswered = match self.answer_of(&place, peer, &proposed).await {
                Ok(result) => return Ok(EvaluateResponse { result }),
                Err(unanswered) => unanswered,
            };
            let Unanswered { said, error, .. } = &unanswered;
            failures.add(detail(&peer.address, &peer.msp_id, said), *error);
            code = unanswered.code;
            if unanswered.is_final {
                let message = format!("evaluate call to endorser returned error: {said}");
                return Err(failures.into_status(code, *error, &message));
            }
        }
        let error = failures.code(ErrorCode::EndorseFailed);
        let message = "failed to evaluate transaction, see attached details for more info";
        Err(failures.into_status(code, error, message))
    }

    /// One peer's result.
    async fn answer_of(
        &self,
        place: &Place,
        peer: &Peer,
        proposed: &Proposed,
    ) -> Result<Option<Response>, Unanswered> {
        let asked = self.ask(place, peer, Wanted::Answer, proposed).await;
        let answer = asked.map_err(|refused| Unanswered::refusal(peer, &refused))?;
        judge(&answer.response).map(Some).map_err(|failed| {
            let error = answer.code.unwrap_or(failed.code());
            let is_final = matches!(failed, Failed::Chaincode(_));
            Unanswered {
                code: if is_final {
                    Code::Unknown
                } else {
                    Code::Aborted
                },
                error,
                said: failed.into_text(),
                is_final,
            }
        })
    }

    /// The peers to try, best first.
    fn evaluators(
        &self,
        place: &Place,
        proposed: &Proposed,
        targets: &[String],
    ) -> Result<Vec<Peer>, Status> {
        let (nodes, chaincode) = (&self.inner.nodes, proposed.chaincode());
        let own_only = proposed.has_transient() && targets.is_empty();
        let none = |code| {
            let id = &proposed.channel_id;
            let none =
                format!("no peers available to evaluate chaincode {chaincode} in channel {id}");
            let text = if own_only {
                format!("{NO_OWN_PEER}: {none}")
            } else {
                none
            };
            coded(code, Status::failed_precondition(text))
        };
        // What this peer can run is defined.
        let runs_here = (self.inner.can_run)(&proposed.channel_id, chaincode);
        if !runs_here && !is_defined(place, chaincode)? {
            return Err(none(ErrorCode::ChaincodeNotFound));
        }
        let wanted = |peer: &Peer| {
            (targets.is_empty() || targets.contains(&peer.msp_id))
                && (!own_only || peer.msp_id == nodes.own().msp_id)
                && (!peer.is_local || runs_here)
        };
        let peers: Vec<Peer> = nodes
            .peers(&place.bundle)
            .into_iter()
            .filter(wanted)
            .collect();
        if peers.is_empty() {
            Err(none(ErrorCode::EndorsePolicy))
        } else {
            Ok(peers)
        }
    }

    /// Asks one peer, for as long as one endorsement may take.
    pub(crate) async fn ask(
        &self,
        place: &Place,
        peer: &Peer,
        wanted: Wanted,
        proposed: &Proposed,
    ) -> Result<Answer, Status> {
        let height = place.channel.ledger().height();
        let signed = proposed.signed.clone();
        let asked = self
            .inner
            .nodes
            .process(&place.bundle, peer, wanted, signed, height);
        match tokio::time::timeout(self.inner.config.endorsement_timeout, asked).await {
            Ok(answer) => answer.map(Answer::from),
            Err(_) => Err(Status::deadline_exceeded("endorsement timeout expired")),
        }
    }
}

/// Why there is no result of one peer.
struct Unanswered {
    /// What it comes to if no other peer is asked.
    code: Code,
    error: ErrorCode,
    said: String,
    /// The others would say the same.
    is_final: bool,
}

impl Unanswered {
    /// The client's own peer that has looked at the proposal and refused it speaks for all. Who finds only that the client's
    /// clock or certificate is not of today has not looked yet, and counts with those that cannot be reached: Fabric's peers
    /// check that in front of their endorser. Of what another peer refuses, a gateway of Fabric cannot know the kind.
    fn refusal(peer: &Peer, refused: &Status) -> Self {
        let error = code_of_refusal(refused);
        let in_front = [
            ErrorCode::IdentityExpired,
            ErrorCode::ProposalClock,
            ErrorCode::NodeBusy,
        ];
        let is_final =
            peer.is_local && refused.code() == Code::Unknown && !in_front.contains(&error);
        Self {
            code: if is_final {
                Code::FailedPrecondition
            } else {
                Code::Unavailable
            },
            error,
            said: said_by(peer, refused),
            is_final,
        }
    }
}

fn is_defined(place: &Place, chaincode: &str) -> Result<bool, Status> {
    let snapshot = place.channel.ledger().snapshot();
    let snapshot = snapshot.map_err(|error| crate::unavailable(&error))?;
    Ok(plan::is_defined(&snapshot, chaincode))
}

/// What a peer answered, and the error code that came with it.
pub(crate) struct Answer {
    pub(crate) response: ProposalResponse,
    pub(crate) code: Option<ErrorCode>,
}

impl From<tonic::Response<ProposalResponse>> for Answer {
    fn from(answer: tonic::Response<ProposalResponse>) -> Self {
        let code = endorsers_code(read_code(answer.metadata()));
        Self {
            response: answer.into_inner(),
            code,
        }
    }
}

/// The result with the payload that the endorsers would sign.
fn judge(answer: &ProposalResponse) -> Result<Response, Failed> {
    let mut response = result_of(answer)?.clone();
    if let Some(signed) = signed_response(&answer.payload) {
        response.payload = signed.payload;
    }
    Ok(response)
}

fn signed_response(payload: &bytes::Bytes) -> Option<Response> {
    let payload = ProposalResponsePayload::decode(payload.clone()).ok()?;
    ChaincodeAction::decode(payload.extension).ok()?.response
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use prost::Message as _;
    use proto::protos::{ChaincodeAction, ProposalResponse, ProposalResponsePayload, Response};

    use super::judge;
    use crate::failure::Failed;

    fn answer(status: i32, signed: Option<&'static str>) -> ProposalResponse {
        let action = |text: &'static str| ChaincodeAction {
            response: Some(Response {
                status,
                payload: Bytes::from_static(text.as_bytes()),
                ..Response::default()
            }),
            ..ChaincodeAction::default()
        };
        let payload = |text| ProposalResponsePayload {
            extension: action(text).encode_to_vec().into(),
            ..ProposalResponsePayload::default()
        };
        ProposalResponse {
            response: Some(Response {
                status,
                message: "said".to_owned(),
                payload: Bytes::from_static(b"unsigned"),
            }),
            payload: signed.map_or_else(Bytes::new, |text| payload(text).encode_to_vec().into()),
            ..ProposalResponse::default()
        }
    }

    #[test]
    fn a_result_is_the_payload_that_endorsers_would_sign() {
        let payload = |answer| judge(&answer).ok().map(|result| result.payload);
        assert_eq!(payload(answer(200, Some("signed"))).unwrap(), "signed");
        assert_eq!(payload(answer(200, None)).unwrap(), "unsigned");
    }

    #[test]
    fn an_error_with_a_payload_or_below_500_is_the_chaincodes_and_else_the_peers() {
        let chaincode = |answer| matches!(judge(&answer), Err(Failed::Chaincode(said)) if said.ends_with(", said"));
        assert!(chaincode(answer(500, Some("signed"))));
        assert!(chaincode(answer(404, None)));
        assert!(matches!(judge(&answer(500, None)), Err(Failed::Peer(said)) if said == "said"));
        assert!(matches!(
            judge(&ProposalResponse::default()),
            Err(Failed::Peer(_))
        ));
    }
}
