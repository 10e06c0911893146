//! `Endorse`, steps 2, 3 and 7: the smallest set of organisations, all of them together, one transaction out of their
//! answers.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use model::client::assemble;
use model::{ErrorCode, Refused};
use proto::common::Envelope;
use proto::gateway::{EndorseRequest, EndorseResponse};
use proto::protos::ProposalResponse;
use services::code_of;
use tonic::{Code, Status};

use crate::evaluate::Answer;
use crate::failure::{Failures, code_of_refusal, coded, detail, result_of, said_by};
use crate::nodes::{Peer, Wanted};
use crate::request::{Place, Proposed};
use crate::{Gateway, difference, plan};

const FIRST_FAILED: &str = "failed to endorse transaction, see attached details for more info";
const TOO_FEW: &str =
    "failed to collect enough transaction endorsements, see attached details for more info";

/// How far the collecting has come, for who gives up waiting.
#[derive(Default)]
pub(crate) struct Progress(AtomicBool);

impl Progress {
    fn has_first(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// What it is told.
    pub(crate) fn expired(&self) -> &'static str {
        match self.0.load(Ordering::Relaxed) {
            true => "endorsement timeout expired while collecting endorsements",
            false => "endorsement timeout expired while collecting first endorsement",
        }
    }
}

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
    /// `progress` is told when the first endorsement is there.
    pub(crate) async fn endorse(
        &self,
        request: EndorseRequest,
        progress: &Progress,
    ) -> Result<EndorseResponse, Status> {
        let missing = "the proposed transaction must contain a signed proposal";
        let proposed = Proposed::open(request.proposed_transaction, missing)?;
        let id = &proposed.channel_id;
        let place = Place::find(&self.inner.channels, id).ok_or_else(|| {
            let why = format!("channel {id} is not joined by this peer");
            no_plan(&Refused::new(ErrorCode::ChannelNotFound, why))
        })?;
        let organisations = &request.endorsing_organizations;
        let endorsed = match self
            .collect(&place, &proposed, organisations, progress)
            .await
        {
            Ok(endorsed) => endorsed,
            Err(Shortfall::Other(status)) => return Err(status),
            // Peers a block apart read different versions. When this peer has what the other has seen, they may agree.
            Err(Shortfall::Differ { height, .. }) => {
                place.catch_up(height).await;
                let again = self.collect(&place, &proposed, organisations, progress);
                again.await.map_err(Shortfall::into_status)?
            }
        };
        let responses: Vec<ProposalResponse> = endorsed
            .into_iter()
            .map(|endorsed| endorsed.response)
            .collect();
        let payload = assemble(&proposed.proposal, &responses)
            .map_err(|error| coded(ErrorCode::EndorseFailed, Status::aborted(error.to_string())))?;
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
        progress: &Progress,
    ) -> Result<Vec<Endorsed>, Shortfall> {
        let mut differed = None;
        let collected = if organisations.is_empty() {
            self.by_policy(place, proposed, progress, &mut differed)
                .await
        } else {
            progress.has_first();
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
            return Err(coded(
                ErrorCode::EndorsePolicy,
                Status::unavailable(message),
            ));
        }
        let asked = organisations
            .iter()
            .map(|msp_id| self.first_of(place, proposed, of(msp_id)));
        let mut failures = Failures::default();
        let mut endorsed: Vec<Endorsed> = Vec::new();
        for answer in join_all(asked).await {
            match answer {
                Ok(answer) => take(&mut endorsed, answer, &mut failures, differed),
                Err(failed) => failures.extend(failed),
            }
        }
        if failures.is_empty() {
            Ok(endorsed)
        } else {
            Err(aborted(failures, TOO_FEW))
        }
    }

    /// The first of these peers that endorses; the next is tried only if one could not be asked.
    async fn first_of(
        &self,
        place: &Place,
        proposed: &Proposed,
        peers: Vec<&Peer>,
    ) -> Result<Endorsed, Failures> {
        let mut failures = Failures::default();
        for peer in peers {
            let of_peer = |said: &str| detail(&peer.address, &peer.msp_id, said);
            match self.ask(place, peer, Wanted::Endorsement, proposed).await {
                Ok(answer) => match judge(&answer) {
                    Ok(()) => {
                        return Ok(Endorsed {
                            peer: peer.clone(),
                            response: answer.response,
                        });
                    }
                    Err((code, said)) => {
                        failures.add(of_peer(&said), code);
                        return Err(failures);
                    }
                },
                Err(refused) => {
                    failures.add(of_peer(&said_by(peer, &refused)), code_of_refusal(&refused));
                }
            }
        }
        Err(failures)
    }

    /// The first endorser says what the transaction touches; the plan for the others follows from that.
    async fn by_policy(
        &self,
        place: &Place,
        proposed: &Proposed,
        progress: &Progress,
        differed: &mut Option<u64>,
    ) -> Result<Vec<Endorsed>, Status> {
        let mut available = self.inner.nodes.peers(&place.bundle);
        if !(self.inner.can_run)(&proposed.channel_id, proposed.chaincode()) {
            available.retain(|peer| !peer.is_local);
        }
        let own = &self.inner.nodes.own().msp_id;
        let own_peer = available.iter().find(|peer| peer.msp_id == *own).cloned();
        // Before anybody simulates: is there a plan at all?
        let interest = plan::plain_interest(proposed.chaincode());
        let plan = self.plan(place, &interest, &available);
        let first = match own_peer {
            None if proposed.has_transient() => return Err(nobody_trusted(plan.err())),
            own_peer => own_peer.or(plan?.into_iter().next()),
        };
        let Some(first) = first else {
            return Err(nobody_trusted(None));
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
            .map_err(|failures| aborted(failures, FIRST_FAILED))?;
        progress.has_first();
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
        let mut failures = Failures::default();
        loop {
            let plan = match self.plan(place, interest, &available) {
                Ok(plan) => plan,
                Err(none) if failures.is_empty() => return Err(none),
                Err(_) => return Err(aborted(failures, TOO_FEW)),
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
                let failed_before = failures.len();
                match answer {
                    Ok(answer) => take(&mut endorsed, answer, &mut failures, differed),
                    Err(failed) => failures.extend(failed),
                }
                if failures.len() > failed_before {
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
        let policies = self.inner.policies.of(place, interest)?;
        plan::choose(&place.bundle, &policies, available).ok_or_else(|| {
            let addresses: Vec<String> = available
                .iter()
                .map(|peer| format!("{} ({})", peer.address, peer.msp_id))
                .collect();
            let why = format!("the peers that can be asked are {}", addresses.join(", "));
            no_plan(&Refused::new(ErrorCode::EndorsePolicy, why))
        })
    }
}

/// No peer may see transient data unasked. Beside Fabric's text stands the code of what else is wrong.
fn nobody_trusted(no_plan: Option<Status>) -> Status {
    let text = "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect \
                transient data";
    let code = no_plan.as_ref().and_then(code_of);
    let code = code.and_then(|name| name.parse().ok());
    let code = code.unwrap_or(ErrorCode::EndorsePolicy);
    coded(code, Status::failed_precondition(text))
}

pub(crate) fn no_plan(why: &Refused) -> Status {
    let text = "no combination of peers can be derived which satisfy the endorsement policy";
    coded(
        why.code,
        Status::failed_precondition(format!("{text}: {why}")),
    )
}

fn aborted(failures: Failures, message: &str) -> Status {
    let error = failures.code(ErrorCode::EndorseFailed);
    failures.into_status(Code::Aborted, error, message)
}

/// Whether a peer has endorsed; else what it or the chaincode said.
fn judge(answer: &Answer) -> Result<(), (ErrorCode, String)> {
    result_of(&answer.response)
        .map_err(|failed| (answer.code.unwrap_or(failed.code()), failed.into_text()))?;
    match answer.response.endorsement {
        Some(_) => Ok(()),
        None => {
            let text = "the peer sent no endorsement".to_owned();
            Err((ErrorCode::EndorseFailed, text))
        }
    }
}

/// Keeps an endorsement that agrees with the first one; else says where the two differ.
fn take(
    endorsed: &mut Vec<Endorsed>,
    answer: Endorsed,
    failures: &mut Failures,
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
    let mut differ = |message: String| {
        let detail = detail(&answer.peer.address, &answer.peer.msp_id, message);
        failures.add(detail, ErrorCode::EndorseMismatch);
    };
    differ("ProposalResponsePayloads do not match".to_owned());
    let lines = difference::lines(&first.response.payload, &answer.response.payload);
    let against = format!(
        "compared with {} ({})",
        first.peer.address, first.peer.msp_id
    );
    differ(format!("{against}: {}", lines.join("; ")));
}
