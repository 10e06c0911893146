//! `Endorse`, steps 2, 3 and 7: the smallest set of organisations, all of them together, one transaction out of their
//! answers.

use futures::future::join_all;
use model::client::assemble;
use proto::common::Envelope;
use proto::gateway::{EndorseRequest, EndorseResponse, ErrorDetail};
use proto::protos::ProposalResponse;
use tonic::{Code, Status};

use crate::failure::{Failed, detail, result_of, status};
use crate::nodes::Peer;
use crate::request::{Place, Proposed};
use crate::{Gateway, difference, plan};

const FIRST_FAILED: &str = "failed to endorse transaction, see attached details for more info";
const TOO_FEW: &str =
    "failed to collect enough transaction endorsements, see attached details for more info";

/// Why there are not enough endorsements.
enum Shortfall {
    /// Among other things, peers came to different results, which show that one of them has seen this height.
    Differ {
        status: Status,
        height: u64,
    },
    Other(Status),
}

impl Shortfall {
    fn into_status(self) -> Status {
        match self {
            Self::Differ { status, .. } | Self::Other(status) => status,
        }
    }
}

/// An endorsement and who gave it.
struct Endorsed {
    peer: Peer,
    response: ProposalResponse,
}

impl Gateway {
    pub(crate) async fn endorse(&self, request: EndorseRequest) -> Result<EndorseResponse, Status> {
        let proposed = Proposed::open(request.proposed_transaction)?;
        let id = &proposed.channel_id;
        let place = Place::find(&self.inner.channels, id)
            .ok_or_else(|| no_plan(&format!("channel {id} is not joined by this peer")))?;
        let organisations = &request.endorsing_organizations;
        let endorsed = match self.collect(&place, &proposed, organisations).await {
            Ok(endorsed) => endorsed,
            Err(Shortfall::Other(status)) => return Err(status),
            // Peers a block apart read different versions. When this peer has what the other has seen, they may agree.
            Err(Shortfall::Differ { height, .. }) => {
                place.catch_up(height).await;
                let again = self.collect(&place, &proposed, organisations).await;
                again.map_err(Shortfall::into_status)?
            }
        };
        let responses: Vec<ProposalResponse> = endorsed
            .into_iter()
            .map(|endorsed| endorsed.response)
            .collect();
        let payload = assemble(&proposed.proposal, &responses)
            .map_err(|error| Status::aborted(error.to_string()))?;
        let envelope = Envelope {
            payload,
            signature: bytes::Bytes::new(),
        };
        Ok(EndorseResponse {
            prepared_transaction: Some(envelope),
        })
    }

    async fn collect(
        &self,
        place: &Place,
        proposed: &Proposed,
        organisations: &[String],
    ) -> Result<Vec<Endorsed>, Shortfall> {
        let mut differed = None;
        let collected = if organisations.is_empty() {
            self.by_policy(place, proposed, &mut differed).await
        } else {
            self.by_organisations(place, proposed, organisations, &mut differed)
                .await
        };
        collected.map_err(|status| match differed {
            Some(height) => Shortfall::Differ { status, height },
            None => Shortfall::Other(status),
        })
    }

    /// One peer of each named organisation.
    async fn by_organisations(
        &self,
        place: &Place,
        proposed: &Proposed,
        organisations: &[String],
        differed: &mut Option<u64>,
    ) -> Result<Vec<Endorsed>, Status> {
        let peers = self.inner.nodes.peers(&place.bundle);
        let of = |msp_id: &String| -> Vec<&Peer> {
            peers.iter().filter(|peer| peer.msp_id == *msp_id).collect()
        };
        let missing: Vec<&str> = organisations
            .iter()
            .filter(|msp_id| of(msp_id).is_empty())
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "failed to find any endorsing peers for org(s): {}",
                missing.join(", ")
            );
            return Err(Status::unavailable(message));
        }
        let asked = organisations
            .iter()
            .map(|msp_id| self.first_of(place, proposed, of(msp_id)));
        let mut details = Vec::new();
        let mut endorsed: Vec<Endorsed> = Vec::new();
        for answer in join_all(asked).await {
            match answer {
                Ok(answer) => take(&mut endorsed, answer, &mut details, differed),
                Err(failed) => details.extend(failed),
            }
        }
        if details.is_empty() {
            Ok(endorsed)
        } else {
            Err(status(Code::Aborted, TOO_FEW, &details))
        }
    }

    /// The first of these peers that endorses; the next is tried only if one could not be asked.
    async fn first_of(
        &self,
        place: &Place,
        proposed: &Proposed,
        peers: Vec<&Peer>,
    ) -> Result<Endorsed, Vec<ErrorDetail>> {
        let mut details = Vec::new();
        for peer in peers {
            match self.ask(place, peer, proposed).await {
                Ok(response) => match judge(&response) {
                    Ok(()) => {
                        return Ok(Endorsed {
                            peer: peer.clone(),
                            response,
                        });
                    }
                    Err(said) => {
                        details.push(detail(&peer.address, &peer.msp_id, said));
                        return Err(details);
                    }
                },
                Err(failed) => details.push(detail(&peer.address, &peer.msp_id, failed.message())),
            }
        }
        Err(details)
    }

    /// The first endorser says what the transaction touches; the plan for the others follows from that.
    async fn by_policy(
        &self,
        place: &Place,
        proposed: &Proposed,
        differed: &mut Option<u64>,
    ) -> Result<Vec<Endorsed>, Status> {
        let mut available = self.inner.nodes.peers(&place.bundle);
        if !(self.inner.can_run)(&proposed.channel_id, proposed.chaincode()) {
            available.retain(|peer| !peer.is_local);
        }
        // Before anybody simulates: is there a plan at all?
        let interest = plan::plain_interest(proposed.chaincode());
        let plan = self.plan(place, &interest, &available)?;
        let own = &self.inner.nodes.own().msp_id;
        let own_peer = available.iter().find(|peer| peer.msp_id == *own).cloned();
        let Some(first) =
            own_peer.or_else(|| plan.first().filter(|_| !proposed.has_transient()).cloned())
        else {
            return Err(Status::failed_precondition(
                "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect \
                 transient data",
            ));
        };
        let mut candidates: Vec<&Peer> = vec![&first];
        candidates.extend(
            available
                .iter()
                .filter(|peer| peer.msp_id == first.msp_id && **peer != first),
        );
        let first = self
            .first_of(place, proposed, candidates)
            .await
            .map_err(|details| status(Code::Aborted, FIRST_FAILED, &details))?;
        let interest = first
            .response
            .interest
            .clone()
            .filter(|interest| !interest.chaincodes.is_empty());
        let interest = interest.unwrap_or_else(|| plan::plain_interest(proposed.chaincode()));
        self.complete(place, proposed, first, &interest, available, differed)
            .await
    }

    /// Asks the peers that are still needed, all together; who fails is replaced as long as there is another plan.
    async fn complete(
        &self,
        place: &Place,
        proposed: &Proposed,
        first: Endorsed,
        interest: &proto::protos::ChaincodeInterest,
        mut available: Vec<Peer>,
        differed: &mut Option<u64>,
    ) -> Result<Vec<Endorsed>, Status> {
        // Who has endorsed already costs nothing more.
        available.sort_by_key(|peer| *peer != first.peer);
        let mut endorsed = vec![first];
        let mut details = Vec::new();
        loop {
            let plan = match self.plan(place, interest, &available) {
                Ok(plan) => plan,
                Err(none) if details.is_empty() => return Err(none),
                Err(_) => return Err(status(Code::Aborted, TOO_FEW, &details)),
            };
            let missing: Vec<&Peer> = plan
                .iter()
                .filter(|peer| endorsed.iter().all(|have| have.peer != **peer))
                .collect();
            if missing.is_empty() {
                endorsed.retain(|have| plan.contains(&have.peer));
                return Ok(endorsed);
            }
            let asked = missing
                .iter()
                .map(|peer| self.first_of(place, proposed, vec![peer]));
            for (peer, answer) in missing.iter().zip(join_all(asked).await) {
                let failures = details.len();
                match answer {
                    Ok(answer) => take(&mut endorsed, answer, &mut details, differed),
                    Err(failed) => details.extend(failed),
                }
                if details.len() > failures {
                    available.retain(|other| other != *peer);
                }
            }
        }
    }

    fn plan(
        &self,
        place: &Place,
        interest: &proto::protos::ChaincodeInterest,
        available: &[Peer],
    ) -> Result<Vec<Peer>, Status> {
        let snapshot = place
            .channel
            .ledger()
            .snapshot()
            .map_err(|error| crate::unavailable(&error))?;
        let policies =
            plan::policies(&place.bundle, &snapshot, interest).map_err(|why| no_plan(&why))?;
        plan::choose(&place.bundle, &policies, available).ok_or_else(|| {
            let addresses: Vec<String> = available
                .iter()
                .map(|peer| format!("{} ({})", peer.address, peer.msp_id))
                .collect();
            no_plan(&format!(
                "the peers that can be asked are {}",
                addresses.join(", ")
            ))
        })
    }
}

fn no_plan(why: &str) -> Status {
    let text = "no combination of peers can be derived which satisfy the endorsement policy";
    Status::failed_precondition(format!("{text}: {why}"))
}

/// Whether a peer has endorsed; else what it or the chaincode said.
fn judge(answer: &ProposalResponse) -> Result<(), String> {
    result_of(answer).map_err(Failed::into_text)?;
    match answer.endorsement {
        Some(_) => Ok(()),
        None => Err("the peer sent no endorsement".to_owned()),
    }
}

/// Keeps an endorsement that agrees with the first one; else says where the two differ.
fn take(
    endorsed: &mut Vec<Endorsed>,
    answer: Endorsed,
    details: &mut Vec<ErrorDetail>,
    differed: &mut Option<u64>,
) {
    let Some(first) = endorsed.first() else {
        endorsed.push(answer);
        return;
    };
    if first.response.payload == answer.response.payload {
        endorsed.push(answer);
        return;
    }
    let seen = [&first.response.payload, &answer.response.payload].map(difference::height_seen);
    *differed = seen.into_iter().chain(*differed).max();
    let of_peer = |message: String| detail(&answer.peer.address, &answer.peer.msp_id, message);
    details.push(of_peer("ProposalResponsePayloads do not match".to_owned()));
    let lines = difference::lines(&first.response.payload, &answer.response.payload);
    let against = format!(
        "compared with {} ({})",
        first.peer.address, first.peer.msp_id
    );
    details.push(of_peer(format!("{against}: {}", lines.join("; "))));
}
