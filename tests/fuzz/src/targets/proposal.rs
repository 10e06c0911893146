//! A proposal, as a client sends it to an endorser.
//!
//! The first byte says what the rest is: the whole, what is signed, or the arguments of a call that is good otherwise.

use bytes::Bytes;
use model::Proposal;
use model::client::{Invocation, Sender, endorsement_signed_bytes};
use msp::{Signer as _, SigningIdentity};
use prost::Message as _;
use proto::protos::{ChaincodeInput, ProposalResponse, SignedProposal};

use super::CHAINCODE;
use crate::network::{CHANNEL, NOW, network};
use crate::{peer, recorded};

/// What can be called: the chaincode, then what every peer has, on the channel and without one.
const CALLED: [(&str, &str); 6] = [
    (CHAINCODE, CHANNEL),
    ("_lifecycle", CHANNEL),
    ("_lifecycle", ""),
    ("qscc", CHANNEL),
    ("cscc", CHANNEL),
    ("cscc", ""),
];

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let signed = match usize::from(*kind).checked_sub(2) {
        None if *kind == 0 => SignedProposal::decode(rest).ok(),
        None => Some(signed(Bytes::copy_from_slice(rest))),
        Some(called) => call(CALLED[called % CALLED.len()], rest),
    };
    if let Some(signed) = signed {
        process(&signed);
    }
}

/// What comes out is a refusal with a code, or an answer; one that is endorsed is what the endorser signed.
fn process(signed: &SignedProposal) {
    let parsed = Proposal::parse(signed);
    let answer = peer::ask(|peer| async move { peer.endorser.process(signed.clone()).await });
    match answer {
        None => {}
        Some(Err(status)) => {
            assert_ne!(status.code(), tonic::Code::Internal, "{status}");
            assert!(
                services::code_of(&status).is_some(),
                "{status} has no code of ours"
            );
        }
        Some(Ok(answer)) => {
            let proposal = parsed.expect("only what can be read is answered");
            check_endorsed(&proposal, answer.get_ref());
        }
    }
}

fn check_endorsed(proposal: &Proposal, answer: &ProposalResponse) {
    let Some(endorsement) = &answer.endorsement else {
        return;
    };
    let payload = proto::protos::ProposalResponsePayload::decode(answer.payload.clone());
    let hash = payload.expect("the payload decodes").proposal_hash;
    assert_eq!(hash, proposal.proposal_hash().as_slice());
    let endorser = network().bundle.msps().identity(&endorsement.endorser);
    let message = endorsement_signed_bytes(&answer.payload, &endorsement.endorser);
    let verified = endorser
        .expect("the endorser is known")
        .verify(&message, &endorsement.signature);
    verified.expect("the endorsement is good");
}

fn signed(proposal_bytes: Bytes) -> SignedProposal {
    let client = &network().members[0][0];
    SignedProposal {
        signature: client.sign(&proposal_bytes).expect("our key signs"),
        proposal_bytes,
    }
}

fn call((chaincode, channel_id): (&str, &str), input: &[u8]) -> Option<SignedProposal> {
    let input = ChaincodeInput::decode(input).ok()?;
    Some(signed(propose(chaincode, channel_id, input.args)))
}

/// The bytes of a good proposal.
pub(super) fn propose(chaincode: &str, channel_id: &str, args: Vec<Bytes>) -> Bytes {
    propose_as(&network().members[0][0], chaincode, channel_id, args)
}

pub(super) fn propose_as(
    creator: &SigningIdentity,
    chaincode: &str,
    channel_id: &str,
    args: Vec<Bytes>,
) -> Bytes {
    let sender = Sender {
        creator: creator.identity().clone(),
        nonce: [9; 24],
        timestamp: NOW,
    };
    let invocation = Invocation {
        channel_id: channel_id.to_owned(),
        chaincode: chaincode.to_owned(),
        args,
        ..Invocation::default()
    };
    sender.propose(invocation).1
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut add = |kind: usize, bytes: &[u8]| {
        seeds.push([&[u8::try_from(kind).unwrap()], bytes].concat());
    };
    let query = proto::lifecycle::QueryChaincodeDefinitionArgs {
        name: CHAINCODE.to_owned(),
    };
    let calls: [(usize, &[&[u8]]); 9] = [
        (0, &[b"Do", b"it"]),
        (1, &[b"QueryChaincodeDefinition", &query.encode_to_vec()]),
        (2, &[b"QueryInstalledChaincodes", b""]),
        (3, &[b"GetChainInfo", CHANNEL.as_bytes()]),
        (3, &[b"GetBlockByNumber", CHANNEL.as_bytes(), b"0"]),
        (3, &[b"GetTransactionByID", CHANNEL.as_bytes(), b"00"]),
        (4, &[b"GetChannelConfig", CHANNEL.as_bytes()]),
        (5, &[b"GetChannels"]),
        (5, &[b"JoinChain", &network().genesis.encode()]),
    ];
    for (called, args) in calls {
        let args: Vec<Bytes> = args.iter().map(|arg| Bytes::copy_from_slice(arg)).collect();
        let (chaincode, channel) = CALLED[called];
        let proposal = propose(chaincode, channel, args.clone());
        add(0, &signed(proposal.clone()).encode_to_vec());
        add(1, &proposal);
        let input = ChaincodeInput {
            args,
            ..ChaincodeInput::default()
        };
        add(called + 2, &input.encode_to_vec());
    }
    if let Some(recorded) = recorded::message("SignedProposal") {
        add(0, &recorded);
    }
    seeds
}
