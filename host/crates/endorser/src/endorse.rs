//! Step 6: the answer, signed if it is to be endorsed.

use bytes::Bytes;
use model::client::endorsement_signed_bytes;
use prost::Message as _;
use proto::protos::{
    ChaincodeAction, ChaincodeEvent, ChaincodeId, Endorsement, ProposalResponse,
    ProposalResponsePayload,
};
use runtime::Event;

use crate::check::Request;
use crate::contract::ERROR_STATUS;
use crate::endorser::{Inner, Purpose};
use crate::simulate::Simulation;
use crate::{Error, interest, private};

/// The lowest status whose reads and writes the client gets to see all the same.
const FAILURE_STATUS: i32 = 500;

/// Makes the response to a simulated proposal: below 400 endorsed if it is for a transaction, from 500 on with the payload but no
/// endorsement, and in between the chaincode's response alone; calls to the peer itself get nothing but the response.
///
/// # Errors
/// - As [`private::keep`].
/// - [`Error::Unavailable`]: the signing key cannot sign now.
pub(crate) async fn respond(
    inner: &Inner,
    request: &Request,
    purpose: Purpose,
    simulation: Simulation,
) -> Result<ProposalResponse, Error> {
    let status = simulation.response.status;
    let Some(joined) = &request.joined else {
        return Ok(only(simulation));
    };
    if (ERROR_STATUS..FAILURE_STATUS).contains(&status) {
        return Ok(only(simulation));
    }
    let payload = payload(request, &simulation);
    let simulated = simulation.simulated.as_ref();
    let interest = simulated.map(|simulated| interest::message(&simulated.interest));
    let mut response = ProposalResponse {
        response: Some(simulation.response),
        interest,
        ..ProposalResponse::default()
    };
    if status < ERROR_STATUS && purpose == Purpose::Transaction {
        if let Some(private) = simulated.and_then(|simulated| simulated.private.as_ref()) {
            let height = simulation.height;
            private::keep(joined, request.tx_id.as_str(), height, private).await?;
        }
        response.version = 1;
        response.endorsement = Some(sign(inner, &payload)?);
    }
    response.payload = payload;
    Ok(response)
}

fn only(simulation: Simulation) -> ProposalResponse {
    ProposalResponse {
        response: Some(simulation.response),
        ..ProposalResponse::default()
    }
}

/// The marshalled `ProposalResponsePayload`, equal at all peers that came to the same result.
fn payload(request: &Request, simulation: &Simulation) -> Bytes {
    let chaincode = &request.proposal.chaincode;
    let event = simulation
        .event
        .as_ref()
        .map(|event| marshalled(event, chaincode, request.tx_id.as_str()));
    let results = simulation
        .simulated
        .as_ref()
        .map(|simulated| simulated.results.clone());
    let action = ChaincodeAction {
        results: results.unwrap_or_default(),
        events: event.unwrap_or_default(),
        response: Some(simulation.response.clone()),
        chaincode_id: Some(ChaincodeId {
            name: chaincode.clone(),
            version: simulation.version.clone(),
            ..ChaincodeId::default()
        }),
    };
    let payload = ProposalResponsePayload {
        proposal_hash: request.proposal.proposal_hash().to_vec().into(),
        extension: action.encode_to_vec().into(),
    };
    payload.encode_to_vec().into()
}

fn marshalled(event: &Event, chaincode: &str, tx_id: &str) -> Bytes {
    let event = ChaincodeEvent {
        chaincode_id: chaincode.to_owned(),
        tx_id: tx_id.to_owned(),
        event_name: event.name.clone(),
        payload: event.payload.clone(),
    };
    event.encode_to_vec().into()
}

fn sign(inner: &Inner, payload: &Bytes) -> Result<Endorsement, Error> {
    let endorser = inner.signer.identity();
    let signed = endorsement_signed_bytes(payload, endorser);
    let signature = inner.signer.sign(&signed);
    Ok(Endorsement {
        endorser: endorser.clone(),
        signature: signature.map_err(|cause| Error::Unavailable(cause.into()))?,
    })
}
