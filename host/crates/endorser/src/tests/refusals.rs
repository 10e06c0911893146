//! Step 4: each check, in its order and in its words.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use expect_test::{Expect, expect};
use model::client::Invocation;
use msp::{Role, Signer as _, SigningIdentity};
use prost::Message as _;
use proto::common::{ChannelHeader, Header, SignatureHeader};
use proto::protos::{
    ChaincodeHeaderExtension, ChaincodeInvocationSpec, ChaincodeProposalPayload, ChaincodeSpec,
    Proposal, SignedProposal,
};

use super::network::{CHANNEL, NOW_S, Network, at, invoke, sign};
use super::people::Org;
use super::show;
use crate::Config;

/// A proposal taken apart.
pub(super) struct Parts {
    pub(super) channel: ChannelHeader,
    pub(super) signature: SignatureHeader,
    payload: Bytes,
}

/// A good proposal, changed, and signed anew.
pub(super) fn changed(network: &Network, change: impl FnOnce(&mut Parts)) -> SignedProposal {
    let who = network.user();
    let good = network.propose(who, invoke("cc", &["put", "a", "1"]));
    let proposal = Proposal::decode(good.proposal_bytes).unwrap();
    let header = Header::decode(proposal.header).unwrap();
    let mut parts = Parts {
        channel: ChannelHeader::decode(header.channel_header).unwrap(),
        signature: SignatureHeader::decode(header.signature_header).unwrap(),
        payload: proposal.payload,
    };
    change(&mut parts);
    let header = Header {
        channel_header: parts.channel.encode_to_vec().into(),
        signature_header: parts.signature.encode_to_vec().into(),
    };
    let proposal = Proposal {
        header: header.encode_to_vec().into(),
        payload: parts.payload,
        extension: Bytes::new(),
    };
    sign(who, proposal.encode_to_vec().into())
}

/// The transaction id that goes with nonce and creator.
fn set_tx_id(parts: &mut Parts) {
    let SignatureHeader { nonce, creator } = &parts.signature;
    parts.channel.tx_id = model::TxId::compute(nonce, creator).to_string();
}

/// Ids and identities in an answer, made short.
async fn answer(network: &Network, proposal: SignedProposal) -> String {
    let line = show(&network.peers[0].endorser.process(proposal).await);
    let mut short = String::new();
    let mut digits = String::new();
    for letter in line.chars().chain(['\n']) {
        if letter.is_ascii_hexdigit() && !letter.is_ascii_uppercase() {
            digits.push(letter);
            continue;
        }
        short.push_str(if digits.len() < 32 { &digits } else { "<hex>" });
        digits.clear();
        short.push(letter);
    }
    short.trim_end().to_owned()
}

async fn check(network: &Network, proposals: Vec<SignedProposal>, expected: Expect) {
    let mut lines = Vec::new();
    for proposal in proposals {
        lines.push(answer(network, proposal).await);
    }
    expected.assert_eq(&lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_checked_in_fabrics_order_and_words() {
    let network = Network::with_chaincode().await;
    let changes: [fn(&mut Parts); 9] = [
        |parts| parts.channel.r#type = 0,
        |parts| parts.channel.r#type = 77,
        |parts| parts.channel.epoch = 1,
        |parts| parts.signature.nonce = Bytes::new(),
        |parts| parts.signature.creator = Bytes::new(),
        |parts| parts.channel.tx_id = "ABC".to_owned(),
        |parts| {
            parts.signature.creator = Bytes::from_static(b"nobody");
            set_tx_id(parts);
        },
        // The first check that fails speaks.
        |parts| {
            parts.channel.epoch = 1;
            parts.channel.r#type = 2;
        },
        |parts| {
            parts.channel.epoch = 1;
            parts.signature.nonce = Bytes::new();
        },
    ];
    let proposals = changes.map(|change| changed(&network, change)).into();
    check(&network, proposals, expect![[r#"
        Unknown: error validating proposal: invalid header type MESSAGE [proposal.malformed]
        Unknown: error validating proposal: invalid header type 77 [proposal.malformed]
        Unknown: error validating proposal: epoch is non-zero [proposal.malformed]
        Unknown: error validating proposal: nonce is empty [proposal.malformed]
        Unknown: error validating proposal: creator is empty [identity.malformed]
        Unknown: error validating proposal: incorrectly computed txid 'ABC' -- expected '<hex>' [proposal.malformed]
        Unknown: error validating proposal: access denied: channel [trade] creator org unknown, creator is malformed [identity.malformed]
        Unknown: error validating proposal: invalid header type CONFIG_UPDATE [proposal.malformed]
        Unknown: error validating proposal: epoch is non-zero [proposal.malformed]"#]]).await;
    // Type CONFIG, which Fabric's tools use for `cscc`, is tolerated.
    let tolerated = changed(&network, |parts| parts.channel.r#type = 1);
    check(
        &network,
        vec![tolerated],
        expect!["200 '' '', with results, with interest, endorsed, version 1"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_must_be_the_creators_and_the_creator_of_the_channel() {
    let network = Network::with_chaincode().await;
    let mut unsigned = changed(&network, |_| {});
    unsigned.signature = Bytes::new();
    let mut foreign = changed(&network, |_| {});
    let admin = &network.orgs[0].admin;
    foreign.signature = admin.sign(&foreign.proposal_bytes).unwrap();
    let mut garbled = changed(&network, |_| {});
    garbled.signature = Bytes::from_static(b"signature");
    let stranger = Org::make(&network.folder.path().join("strangers"), 3, "Org3MSP");
    let unknown = network.propose(&stranger.user, invoke("cc", &["nop"]));
    // An identity that says it is of Org1MSP, with a certificate of somebody else.
    let liar = Org::make(&network.folder.path().join("liars"), 4, "Org1MSP");
    let untrusted = network.propose(&liar.user, invoke("cc", &["nop"]));
    let proposals = vec![unsigned, foreign, garbled, unknown, untrusted];
    check(&network, proposals, expect![[r#"
        Unknown: error validating proposal: empty signature bytes [proposal.unsigned]
        Unknown: error validating proposal: access denied: channel [trade] creator org [Org1MSP] [proposal.signature]
        Unknown: error validating proposal: access denied: channel [trade] creator org [Org1MSP] [proposal.signature]
        Unknown: error validating proposal: access denied: channel [trade] creator org unknown, creator is malformed [identity.unknown]
        Unknown: error validating proposal: access denied: channel [trade] creator org unknown, creator is malformed [identity.unknown]"#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_and_time_come_before_everything_else() {
    let network = Network::with_chaincode().await;
    let late = |parts: &mut Parts| parts.channel.timestamp = Some(at(NOW_S - 901));
    let early = |parts: &mut Parts| parts.channel.timestamp = Some(at(NOW_S + 901));
    let timeless = |parts: &mut Parts| parts.channel.timestamp = None;
    let late_and_broken = |parts: &mut Parts| {
        late(parts);
        parts.channel.extension = Bytes::new();
        parts.channel.channel_id = "nowhere".to_owned();
    };
    let proposals = vec![
        changed(&network, late),
        changed(&network, early),
        changed(&network, timeless),
        changed(&network, late_and_broken),
    ];
    check(&network, proposals, expect![[r#"
        Unknown: request unauthorized due to incorrect timestamp 2027-01-15T07:44:59Z, peer time 2027-01-15T08:00:00Z, peer.authentication.timewindow 15m0s [proposal.clock]
        Unknown: request unauthorized due to incorrect timestamp 2027-01-15T08:15:01Z, peer time 2027-01-15T08:00:00Z, peer.authentication.timewindow 15m0s [proposal.clock]
        Unknown: request unauthorized due to incorrect timestamp 1970-01-01T00:00:00Z, peer time 2027-01-15T08:00:00Z, peer.authentication.timewindow 15m0s [proposal.clock]
        Unknown: request unauthorized due to incorrect timestamp 2027-01-15T07:44:59Z, peer time 2027-01-15T08:00:00Z, peer.authentication.timewindow 15m0s [proposal.clock]"#]]).await;
    let good = changed(&network, |_| {});
    let years = 3 * 365 * 24 * 60 * 60;
    network.peers[0]
        .clock_s
        .store(NOW_S + years, Ordering::Relaxed);
    let broken = changed(&network, late_and_broken);
    check(
        &network,
        vec![good, broken],
        expect![[r#"
            Unknown: proposal client identity expired [identity.expired]
            Unknown: proposal client identity expired [identity.expired]"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_decode_or_names_nothing_is_refused() {
    let network = Network::with_chaincode().await;
    let signed = |bytes: &'static [u8]| sign(network.user(), Bytes::from_static(bytes));
    let spec = |spec: Option<ChaincodeSpec>| {
        let input = ChaincodeInvocationSpec {
            chaincode_spec: spec,
        };
        let payload = ChaincodeProposalPayload {
            input: input.encode_to_vec().into(),
            ..ChaincodeProposalPayload::default()
        };
        Bytes::from(payload.encode_to_vec())
    };
    let proposals = vec![
        signed(b"\xff"),
        signed(b""),
        changed(&network, |parts| {
            parts.channel.extension = Bytes::from_static(b"\xff")
        }),
        changed(&network, |parts| {
            let nobody = ChaincodeHeaderExtension::default();
            parts.channel.extension = nobody.encode_to_vec().into();
        }),
        changed(&network, |parts| {
            parts.payload = Bytes::from_static(b"\xff")
        }),
        changed(&network, |parts| parts.payload = spec(None)),
        changed(&network, |parts| {
            parts.payload = spec(Some(ChaincodeSpec::default()))
        }),
        changed(&network, |parts| {
            parts.channel.channel_id = "nowhere".to_owned()
        }),
    ];
    check(&network, proposals, expect![[r#"
        Unknown: cannot decode Proposal: failed to decode Protobuf message: invalid varint [request.protobuf]
        Unknown: request unauthorized due to incorrect timestamp 1970-01-01T00:00:00Z, peer time 2027-01-15T08:00:00Z, peer.authentication.timewindow 15m0s [proposal.clock]
        Unknown: cannot decode ChaincodeHeaderExtension: failed to decode Protobuf message: invalid varint [request.protobuf]
        Unknown: the header extension names no chaincode [proposal.malformed]
        Unknown: cannot decode ChaincodeProposalPayload: failed to decode Protobuf message: invalid varint [request.protobuf]
        Unknown: the proposal has no chaincode input [proposal.malformed]
        Unknown: the proposal has no chaincode input [proposal.malformed]
        500 'channel 'nowhere' not found' '' [channel.not_found]"#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_transaction_is_not_endorsed_again_even_if_it_was_invalid() {
    let network = Network::with_chaincode().await;
    let sender = network.sender(network.user());
    let propose = |key: &str| {
        let (_, bytes) = sender.propose(invoke("cc", &["rw", key, "1"]));
        sign(network.user(), bytes)
    };
    // Endorsed twice, committed once: the second is then a duplicate, whatever it would do.
    let first = network.peers[0]
        .endorser
        .process(propose("a"))
        .await
        .unwrap()
        .into_inner();
    assert!(first.endorsement.is_some());
    let proposal = model::Proposal::parse(&propose("a")).unwrap();
    let code = network
        .commit_endorsed(CHANNEL, network.user(), &proposal, &[first])
        .await;
    assert_eq!(code, model::TxValidationCode::Valid);
    check(
        &network,
        vec![propose("b")],
        expect![
            "Unknown: duplicate transaction found [<hex>]. Creator [<hex>] [proposal.replayed]"
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_writers_of_the_channel_may_propose_to_chaincodes() {
    let network = Network::with_chaincode().await;
    let peer = SigningIdentity::from_folder(&network.orgs[0].peer, "Org1MSP").unwrap();
    let proposals = vec![
        network.propose(&peer, invoke("cc", &["put", "a", "1"])),
        // The peer's own chaincodes have rules of their own.
        network.propose(&peer, invoke("qscc", &["GetBlockByHash", CHANNEL, "none"])),
    ];
    check(&network, proposals, expect![[r#"
        Unknown: Failed evaluating policy on signed data during check policy on channel [trade] with policy [/Channel/Application/Writers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied] [access.denied]
        500 'Failed to get block hash none, error no such block hash [6e6f6e65] in index' '', with results [block.not_found]"#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_the_peer_itself_are_for_its_own_organisation() {
    let network = Network::with_chaincode().await;
    let call = |args: &[&str]| Invocation {
        channel_id: String::new(),
        ..invoke("cscc", args)
    };
    let other = Invocation {
        channel_id: String::new(),
        ..invoke("cc", &["get", "a"])
    };
    let [own, foreign] = [&network.orgs[0].user, &network.orgs[1].user];
    let member = network.orgs[0].authority.identities();
    let mut random = |bytes: &mut [u8]| bytes.fill(9);
    let validity = msp::ca::Validity::years(NOW_S, 1);
    let issued = member
        .issue_identity("nobody", Role::Member, validity, &mut random)
        .unwrap();
    let (certificate, key) = (issued.certificate.as_bytes(), issued.key.as_bytes());
    let without_role = SigningIdentity::from_pem(certificate, key, "Org1MSP").unwrap();
    let proposals = vec![
        network.propose(own, call(&["Nothing", "x"])),
        network.propose(foreign, call(&["Nothing", "x"])),
        network.propose(&without_role, call(&["Nothing", "x"])),
        network.propose(own, other),
    ];
    check(&network, proposals, expect![[r#"
        500 'Requested function Nothing not found.' '' [chaincode.function]
        Unknown: error validating proposal: access denied: channel [] creator org unknown, creator is malformed [identity.unknown]
        Unknown: error validating proposal: access denied: channel [] creator org [Org1MSP] [identity.unknown]
        500 'make sure the chaincode cc has been successfully defined on channel  and try again: could not get channel config for channel ''' '' [channel.not_found]"#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_proposals_than_may_be_are_turned_away() {
    let config = Config {
        proposals_max: 0,
        ..Config::default()
    };
    let network = Network::with(config, 1).await;
    let proposal = network.propose(network.user(), invoke("cc", &["nop"]));
    check(
        &network,
        vec![proposal],
        expect!["Unknown: too many requests for /protos.Endorser, exceeding concurrency limit (0) [node.busy]"],
    )
    .await;
    assert_eq!(network.peers[0].endorser.metrics().read().busy, 1);
}
