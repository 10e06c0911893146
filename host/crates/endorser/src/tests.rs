//! Proposals against real peers: real ledgers, contracts, signatures and configurations; only blocks are cut by hand.

mod calls;
mod codes;
mod contract;
mod messages;
mod network;
mod order;
mod people;
mod recorded;
mod refusals;
mod simulation;
mod system;

use prost::Message as _;
use proto::common::SignaturePolicyEnvelope;
use proto::protos::{ChaincodeAction, ProposalResponse, ProposalResponsePayload};
use tonic::Status;

/// The key-level policy that the recorded contract sets.
fn peer_of_org1() -> SignaturePolicyEnvelope {
    msp::policy::dsl::parse("OutOf(1,'Org1MSP.peer')").unwrap()
}

/// What an endorser gives its callers.
type Answer = Result<tonic::Response<ProposalResponse>, Status>;

/// An answer in one line: its status, message and payload, and what else it carries.
fn show(answer: &Answer) -> String {
    let code = answer.as_ref().ok();
    let code = code.and_then(|answer| services::read_code(answer.metadata()));
    let answer = match answer {
        Ok(answer) => answer.get_ref(),
        Err(status) => {
            let code = services::code_of(status).unwrap_or("-");
            return format!("{:?}: {} [{code}]", status.code(), status.message());
        }
    };
    let response = answer.response.clone().unwrap_or_default();
    let payload = match std::str::from_utf8(&response.payload) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => format!("<{} bytes>", response.payload.len()),
    };
    let mut line = format!("{} '{}' '{payload}'", response.status, response.message);
    for (there, words) in [
        (!answer.payload.is_empty(), "with results"),
        (answer.interest.is_some(), "with interest"),
        (answer.endorsement.is_some(), "endorsed"),
        (answer.version != 0, "version 1"),
    ] {
        if there {
            line.push_str(", ");
            line.push_str(words);
        }
    }
    if let Some(code) = code {
        line.push_str(&format!(" [{code}]"));
    }
    line
}

/// What an answer's payload says.
fn action(answer: &ProposalResponse) -> ChaincodeAction {
    let payload = ProposalResponsePayload::decode(answer.payload.clone()).unwrap();
    ChaincodeAction::decode(payload.extension).unwrap()
}
