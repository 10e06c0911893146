use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use proto::protos::{Endorsement, ProposalResponse, Response, SignedProposal};

use super::*;
use crate::{
    Proposal,
    envelope::Envelope,
    transaction::{Content, Opened},
};

fn sender() -> Sender {
    Sender {
        creator: "creator".into(),
        nonce: [7; NONCE_BYTES],
        timestamp: Timestamp {
            seconds: 1,
            nanos: 2,
        },
    }
}

fn proposal() -> Proposal {
    let invocation = Invocation {
        channel_id: "ch1".into(),
        chaincode: "cc".into(),
        ..Invocation::default()
    };
    let proposal_bytes = sender().propose(invocation).1;
    Proposal::parse(&SignedProposal {
        proposal_bytes,
        signature: Bytes::new(),
    })
    .unwrap()
}

fn response(status: i32, payload: &'static str, endorser: &'static str) -> ProposalResponse {
    ProposalResponse {
        response: Some(Response {
            status,
            message: "as asked".into(),
            payload: Bytes::new(),
        }),
        payload: payload.into(),
        endorsement: (!endorser.is_empty()).then(|| Endorsement {
            endorser: endorser.into(),
            signature: "signature".into(),
        }),
        ..ProposalResponse::default()
    }
}

fn check(responses: &[ProposalResponse], expected: Expect) {
    let text = match assemble(&proposal(), responses) {
        Ok(payload) => format!("{} bytes", payload.len()),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&text);
}

#[test]
fn responses_that_do_not_make_a_transaction_are_named() {
    let good = response(200, "a", "peer1");
    check(&[], expect!["there is no proposal response"]);
    check(
        &[good.clone(), response(500, "a", "peer2")],
        expect!["proposal response 1 has status 500: as asked"],
    );
    check(
        &[response(199, "a", "peer1")],
        expect!["proposal response 0 has status 199: as asked"],
    );
    check(
        &[good.clone(), response(200, "a", "")],
        expect!["proposal response 1 is not endorsed"],
    );
    check(
        &[
            good.clone(),
            response(200, "b", "p2"),
            good.clone(),
            response(200, "c", "p3"),
        ],
        expect!["ProposalResponsePayloads do not match: 1, 3 differ from the first"],
    );
    check(
        &[ProposalResponse {
            response: None,
            ..good
        }],
        expect!["proposal response 0 has status 0: "],
    );
}

#[test]
fn an_assembled_transaction_passes_its_own_checks_but_for_what_was_endorsed() {
    let result = protos_result(&proposal());
    let endorsed = |endorser: &'static str| ProposalResponse {
        payload: result.clone(),
        ..response(201, "", endorser)
    };
    let payload = assemble(&proposal(), &[endorsed("b"), endorsed("a"), endorsed("b")]).unwrap();
    let envelope = Envelope {
        payload,
        signature: "signature".into(),
    };
    let opened = Opened::parse(&envelope.encode()).unwrap();
    let Content::Endorsed(transaction) = opened.content().unwrap() else {
        panic!()
    };
    assert_eq!(transaction.tx_id, sender().tx_id());
    assert_eq!(transaction.proposal_payload, proposal().stripped_payload);
    let endorsers: Vec<_> = transaction
        .endorsements
        .iter()
        .map(|one| one.endorser.clone())
        .collect();
    assert_eq!(endorsers, ["b", "a"]);
}

fn protos_result(proposal: &Proposal) -> Bytes {
    let payload = proto::protos::ProposalResponsePayload {
        proposal_hash: Bytes::copy_from_slice(&proposal.proposal_hash()),
        extension: "result".into(),
    };
    payload.encode_to_vec().into()
}

#[test]
fn a_proposal_s_bytes_are_fixed_by_its_parts() {
    let invocation = Invocation {
        channel_id: "ch1".into(),
        chaincode: "cc".into(),
        args: vec!["put".into(), "k".into()],
        transient: BTreeMap::from([("t".to_owned(), "v".into())]),
        is_init: true,
    };
    let (tx_id, bytes) = sender().propose(invocation);
    expect!["4945eb25e69b7c2909796717c0288bcc8a89a98e6ff008eca6c754154a0d11da"]
        .assert_eq(tx_id.as_str());
    expect!["0a7e0a5708031a040801100222036368312a40343934356562323565363962376332393039373936373137633032383862636338613839613938653666663030386563613663373534313534613064313164613a0612041202636312230a0763726561746f721218070707070707070707070707070707070707070707070707121e0a140a121204120263631a0a0a037075740a016b180112060a0174120176"].assert_eq(&hex::encode(bytes));
}

#[test]
fn a_binding_covers_nonce_creator_and_epoch() {
    let hex_of = |nonce: &[u8], creator: &[u8], epoch| hex::encode(binding(nonce, creator, epoch));
    let bytes = [b"nonce".as_slice(), b"creator", &[2, 1, 0, 0, 0, 0, 0, 0]].concat();
    assert_eq!(
        hex_of(b"nonce", b"creator", 258),
        hex::encode(crate::hash::sha256(&bytes))
    );
    expect!["c687916be6842bb55ca90e2ecdca68680cb8e0bb460f639d4be14ea61c6d1379"]
        .assert_eq(&hex_of(b"nonce", b"creator", 0));
}

#[test]
fn a_deliver_request_carries_the_hash_of_the_client_s_tls_certificate() {
    let payload = sender().seek("ch1", &SeekInfo::default(), Some([9; 32]));
    let payload = crate::Payload::parse(&payload).unwrap();
    let channel_header = &payload.channel_header.message;
    assert_eq!(payload.header_type(), Some(HeaderType::DeliverSeekInfo));
    assert_eq!(channel_header.tls_cert_hash.as_ref(), [9; 32]);
    assert_eq!(channel_header.tx_id, "");
    assert_eq!(payload.creator(), "creator");
}

#[test]
fn an_endorser_signs_the_result_followed_by_itself() {
    assert_eq!(
        endorsement_signed_bytes(b"result", b"endorser"),
        b"resultendorser"
    );
}

proptest! {
    #[test]
    fn every_proposal_that_is_made_is_read_back(args: Vec<Vec<u8>>, transient: BTreeMap<String, Vec<u8>>, chaincode in ".{1,9}", channel_id: String, is_init: bool) {
        let args: Vec<Bytes> = args.into_iter().map(Bytes::from).collect();
        let transient: BTreeMap<String, Bytes> = transient.into_iter().map(|(key, value)| (key, value.into())).collect();
        let invocation = Invocation { channel_id, chaincode, args, transient, is_init };
        let (tx_id, proposal_bytes) = sender().propose(invocation.clone());
        let proposal = Proposal::parse(&SignedProposal { proposal_bytes, signature: Bytes::new() }).unwrap();
        prop_assert_eq!(proposal.check().unwrap(), tx_id);
        prop_assert_eq!(proposal.channel_id(), invocation.channel_id);
        prop_assert_eq!(proposal.chaincode, invocation.chaincode);
        prop_assert_eq!(proposal.input.args, invocation.args);
        prop_assert_eq!(proposal.transient, invocation.transient);
        prop_assert_eq!(proposal.input.is_init, invocation.is_init);
    }
}
