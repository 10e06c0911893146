//! What an endorser answers, which may be another organisation's: the gateway trusts none.

use model::Payload;
use model::transaction::Opened;
use prost::Message as _;
use proto::gateway::{EndorseRequest, EvaluateRequest};
use proto::protos::{
    ChaincodeAction, Endorsement, ProposalResponse, ProposalResponsePayload, Response,
};
use services::gateway::gateway_server::Gateway;
use tonic::{Request, Status};

use super::{CHAINCODE, gateway};
use crate::network::{CHANNEL, MSP_IDS};
use crate::{peer, recorded};

pub(super) fn run(bytes: &[u8]) {
    let Ok(answer) = ProposalResponse::decode(bytes) else {
        return;
    };
    let status = answer
        .response
        .as_ref()
        .map_or(0, |response| response.status);
    let evaluated = peer::ask(|peer| async move {
        *peer.said.lock().unwrap() = answer;
        let request = EvaluateRequest {
            channel_id: CHANNEL.to_owned(),
            proposed_transaction: Some(gateway::proposed(CHAINCODE, &[b"Do"])),
            target_organizations: vec![MSP_IDS[0].to_owned()],
            ..EvaluateRequest::default()
        };
        Gateway::evaluate(&peer.gullible, Request::new(request)).await
    });
    let evaluated = evaluated.expect("the answer is there at once");
    assert!(evaluated.is_err() || (200..400).contains(&status));
    has_code(evaluated.err());
    endorse(status);
}

/// What the client is given to sign is a transaction, whatever the endorser signed.
fn endorse(status: i32) {
    let endorsed = peer::ask(|peer| async move {
        let request = EndorseRequest {
            channel_id: CHANNEL.to_owned(),
            proposed_transaction: Some(gateway::proposed(CHAINCODE, &[b"Do"])),
            endorsing_organizations: vec![MSP_IDS[0].to_owned()],
            ..EndorseRequest::default()
        };
        Gateway::endorse(&peer.gullible, Request::new(request)).await
    });
    match endorsed.expect("the answer is there at once") {
        Err(error) => has_code(Some(error)),
        Ok(prepared) => {
            assert!((200..400).contains(&status));
            let envelope = prepared
                .into_inner()
                .prepared_transaction
                .expect("there is a transaction");
            Payload::parse(&envelope.payload).expect("its payload decodes");
            let signed = model::Envelope {
                payload: envelope.payload,
                signature: b"signature".as_slice().into(),
            };
            Opened::parse(&signed.encode()).expect("its headers are good");
        }
    }
}

fn has_code(refused: Option<Status>) {
    if let Some(status) = refused {
        assert!(
            services::code_of(&status).is_some(),
            "{status} has no code of ours"
        );
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let response = |status| Response {
        status,
        message: "said".to_owned(),
        payload: b"result".as_slice().into(),
    };
    let answer = |status| {
        let action = ChaincodeAction {
            response: Some(response(status)),
            results: super::read_write_set::simulated(10).into(),
            ..ChaincodeAction::default()
        };
        let payload = ProposalResponsePayload {
            proposal_hash: b"hash".as_slice().into(),
            extension: action.encode_to_vec().into(),
        };
        ProposalResponse {
            version: 1,
            response: Some(response(status)),
            payload: payload.encode_to_vec().into(),
            endorsement: Some(Endorsement {
                endorser: b"endorser".as_slice().into(),
                signature: b"signature".as_slice().into(),
            }),
            ..ProposalResponse::default()
        }
        .encode_to_vec()
    };
    let names = ["ProposalResponse", "ProposalResponse_chaincode_error"];
    let recorded = names.into_iter().filter_map(recorded::message);
    [200, 404, 500]
        .map(answer)
        .into_iter()
        .chain(recorded)
        .collect()
}
