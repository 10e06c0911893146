use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use proto::protos::ChaincodeId;

use super::*;
use crate::client::{Invocation, Sender};

fn sender() -> Sender {
    Sender {
        creator: "creator".into(),
        nonce: [7; client::NONCE_BYTES],
        timestamp: Timestamp {
            seconds: 1_700_000_000,
            nanos: 5,
        },
    }
}

fn signed(proposal_bytes: Bytes) -> SignedProposal {
    SignedProposal {
        proposal_bytes,
        signature: "signature".into(),
    }
}

fn proposed() -> SignedProposal {
    let invocation = Invocation {
        channel_id: "ch1".into(),
        chaincode: "cc".into(),
        args: vec!["put".into(), Bytes::new(), "ü".into()],
        transient: BTreeMap::from([("secret".to_owned(), "value".into())]),
        is_init: true,
    };
    signed(sender().propose(invocation).1)
}

/// The proposal with its headers changed; what is inside stays.
fn changed(change: impl FnOnce(&mut ChannelHeader, &mut SignatureHeader)) -> SignedProposal {
    let parsed = Proposal::parse(&proposed()).unwrap();
    let mut channel_header = parsed.channel_header.message;
    let mut signature_header = parsed.signature_header.message;
    change(&mut channel_header, &mut signature_header);
    let header = Header {
        channel_header: channel_header.encode_to_vec().into(),
        signature_header: signature_header.encode_to_vec().into(),
    };
    let proposal = protos::Proposal {
        header: header.encode_to_vec().into(),
        payload: parsed.stripped_payload,
        ..Default::default()
    };
    signed(proposal.encode_to_vec().into())
}

fn check(change: impl FnOnce(&mut ChannelHeader, &mut SignatureHeader), expected: Expect) {
    let outcome = Proposal::parse(&changed(change)).and_then(|proposal| proposal.check());
    let text = match outcome {
        Ok(tx_id) => format!("ok {tx_id}"),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&text);
}

#[test]
fn all_that_was_proposed_is_read_back() {
    let proposal = Proposal::parse(&proposed()).unwrap();
    assert_eq!(proposal.channel_id(), "ch1");
    assert_eq!(proposal.chaincode, "cc");
    assert_eq!(
        proposal.input.args,
        ["put".into(), Bytes::new(), Bytes::from("ü")]
    );
    assert!(proposal.input.is_init);
    assert_eq!(proposal.transient["secret"], "value");
    assert_eq!(proposal.creator(), "creator");
    assert_eq!(proposal.nonce().as_ref(), [7; client::NONCE_BYTES]);
    assert_eq!(proposal.timestamp(), Some(sender().timestamp));
    assert_eq!(proposal.signature, "signature");
    assert_eq!(proposal.check().unwrap(), sender().tx_id());
    assert_eq!(proposal.binding(), client::binding(&[7; 24], b"creator", 0));
}

#[test]
fn transient_data_is_in_neither_the_hash_nor_the_transaction() {
    let with = Proposal::parse(&proposed()).unwrap();
    let without = Proposal::parse(&changed(|_, _| ())).unwrap();
    assert!(!with.transient.is_empty());
    assert!(without.transient.is_empty());
    assert_eq!(with.proposal_hash(), without.proposal_hash());
    assert!(
        !with
            .stripped_payload
            .windows(6)
            .any(|window| window == b"secret")
    );
    let expected = sha256_of([
        &with.channel_header.bytes,
        &with.signature_header.bytes,
        &with.stripped_payload,
    ]);
    assert_eq!(with.proposal_hash(), expected);
}

#[test]
fn checks_have_fabric_s_order_and_texts() {
    check(
        |_, _| (),
        expect!["ok 4945eb25e69b7c2909796717c0288bcc8a89a98e6ff008eca6c754154a0d11da"],
    );
    check(
        |channel, _| channel.r#type = HeaderType::Config.into(),
        expect!["ok 4945eb25e69b7c2909796717c0288bcc8a89a98e6ff008eca6c754154a0d11da"],
    );
    check(
        |channel, _| channel.r#type = HeaderType::DeliverSeekInfo.into(),
        expect!["invalid header type DELIVER_SEEK_INFO"],
    );
    check(
        |channel, _| channel.r#type = 42,
        expect!["invalid header type 42"],
    );
    check(|channel, _| channel.epoch = 1, expect!["epoch is non-zero"]);
    check(
        |_, signature| signature.nonce = Bytes::new(),
        expect!["nonce is empty"],
    );
    check(
        |_, signature| signature.creator = Bytes::new(),
        expect!["creator is empty"],
    );
    check(
        |channel, _| channel.tx_id = "other".into(),
        expect![
            "incorrectly computed txid 'other' -- expected '4945eb25e69b7c2909796717c0288bcc8a89a98e6ff008eca6c754154a0d11da'"
        ],
    );
    check(
        |channel, signature| {
            channel.r#type = 0;
            channel.epoch = 1;
            signature.nonce = Bytes::new();
        },
        expect!["invalid header type MESSAGE"],
    );
}

#[test]
fn a_proposal_must_name_a_chaincode_and_have_an_input() {
    let named = |name: &str| ChaincodeHeaderExtension {
        chaincode_id: Some(ChaincodeId {
            name: name.into(),
            ..Default::default()
        }),
    };
    check(
        |channel, _| channel.extension = Bytes::new(),
        expect!["the header extension names no chaincode"],
    );
    check(
        |channel, _| channel.extension = named("").encode_to_vec().into(),
        expect!["the header extension names no chaincode"],
    );
    check(
        |channel, _| channel.extension = "\u{7f}".into(),
        expect!["cannot decode ChaincodeHeaderExtension"],
    );
    let without_input = protos::Proposal {
        header: protos::Proposal::decode(proposed().proposal_bytes)
            .unwrap()
            .header,
        ..Default::default()
    };
    let outcome = Proposal::parse(&signed(without_input.encode_to_vec().into()));
    assert!(matches!(outcome, Err(ProposalError::NoInput)));
}

#[test]
fn a_cut_proposal_is_refused_with_the_part_named() {
    let whole = proposed().proposal_bytes;
    for end in 0..whole.len() {
        let outcome = Proposal::parse(&signed(whole.slice(..end)));
        let error = outcome.unwrap_err();
        assert!(!error.to_string().is_empty());
    }
    let error = Proposal::parse(&signed("\u{7f}".into())).unwrap_err();
    expect!["cannot decode Proposal"].assert_eq(&error.to_string());
}

proptest! {
    #[test]
    fn no_bytes_make_parsing_panic(bytes: Vec<u8>, position in 0_usize..300, byte: u8) {
        let _ = Proposal::parse(&signed(bytes.into()));
        let mut proposal_bytes = proposed().proposal_bytes.to_vec();
        if let Some(place) = proposal_bytes.get_mut(position) {
            *place = byte;
        }
        if let Ok(proposal) = Proposal::parse(&signed(proposal_bytes.into())) {
            let _ = proposal.check();
            let _ = proposal.proposal_hash();
        }
    }
}
