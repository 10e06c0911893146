//! An endorsed transaction: what was called, what the endorsers agreed on.

use bytes::Bytes;
use proto::FromWire;
use proto::protos::{
    self, ChaincodeAction, ChaincodeActionPayload, ChaincodeInput, ChaincodeInvocationSpec,
    ChaincodeProposalPayload, ProposalResponsePayload,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::bytes::{Part, Text};
use super::read_write_set::{Namespace, namespaces};
use super::who::Who;

/// An endorsed transaction, decoded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndorsedAction)]
pub(crate) struct Action {
    chaincode: Chaincode,
    /// Function name first.
    args: Vec<Text>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_init: bool,
    response: Response,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Part<Event>>,
    endorsers: Vec<Part<Who>>,
    read_write_set: Part<Vec<Namespace>>,
}

/// The chaincode that was called.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalledChaincode)]
struct Chaincode {
    name: String,
    version: String,
}

/// What the chaincode answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChaincodeResponse)]
struct Response {
    status: i32,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    payload: Text,
}

/// The event that the chaincode set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventContent)]
struct Event {
    name: String,
    payload: Text,
}

impl Action {
    /// Decodes the data of a transaction's payload.
    pub(crate) fn new(data: &Bytes) -> Result<Self, String> {
        let mut actions = decode::<protos::Transaction>(data)?.actions;
        let action = actions
            .pop()
            .filter(|_| actions.is_empty())
            .ok_or("it has not exactly one action")?;
        let payload: ChaincodeActionPayload = decode(&action.payload)?;
        let input = input(&payload.chaincode_proposal_payload)?;
        let endorsed = payload.action.ok_or("its action is empty")?;
        let response: ProposalResponsePayload = decode(&endorsed.proposal_response_payload)?;
        let result: ChaincodeAction = decode(&response.extension)?;
        let chaincode = result.chaincode_id.unwrap_or_default();
        let response = result.response.unwrap_or_default();
        let endorsers = endorsed
            .endorsements
            .iter()
            .map(|one| Who::new(&one.endorser));
        Ok(Self {
            chaincode: Chaincode {
                name: chaincode.name,
                version: chaincode.version,
            },
            args: input.args.into_iter().map(Text).collect(),
            is_init: input.is_init,
            response: Response {
                status: response.status,
                message: response.message,
                payload: Text(response.payload),
            },
            event: (!result.events.is_empty()).then(|| event(&result.events)),
            endorsers: endorsers.collect(),
            read_write_set: Part::new(namespaces(&result.results), &result.results),
        })
    }
}

fn input(proposal_payload: &Bytes) -> Result<ChaincodeInput, String> {
    let payload: ChaincodeProposalPayload = decode(proposal_payload)?;
    let invocation: ChaincodeInvocationSpec = decode(&payload.input)?;
    Ok(invocation
        .chaincode_spec
        .unwrap_or_default()
        .input
        .unwrap_or_default())
}

fn event(bytes: &Bytes) -> Part<Event> {
    let decoded = decode::<protos::ChaincodeEvent>(bytes).map(|event| Event {
        name: event.event_name,
        payload: Text(event.payload),
    });
    Part::new(decoded, bytes)
}

pub(crate) fn decode<M: FromWire>(bytes: &Bytes) -> Result<M, String> {
    M::from_wire(bytes.clone()).map_err(|error| error.to_string())
}
