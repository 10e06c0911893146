//! One proposal's way past the checks: each stands where Fabric's core/endorser and its filters in front have it.

use bytes::Bytes;
use expect_test::expect;
use msp::{Role, Signer as _, SigningIdentity};
use prost::Message as _;
use proto::common::{ChannelHeader, Envelope, Header, Payload, SignatureHeader};
use proto::protos::{Proposal, SignedProposal};

use super::network::{CHANNEL, NOW_S, Network, at, invoke};
use super::people::Org;
use super::show;

/// What is wrong with a proposal, in the order in which that is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Wrong {
    Expired,
    Time,
    Extension,
    Channel,
    Type,
    Epoch,
    Nonce,
    TxId,
    Stranger,
    Signature,
    Duplicate,
    NoWriter,
    Nothing,
}

const ORDER: [Wrong; 13] = [
    Wrong::Expired,
    Wrong::Time,
    Wrong::Extension,
    Wrong::Channel,
    Wrong::Type,
    Wrong::Epoch,
    Wrong::Nonce,
    Wrong::TxId,
    Wrong::Stranger,
    Wrong::Signature,
    Wrong::Duplicate,
    Wrong::NoWriter,
    Wrong::Nothing,
];

/// The nonce of a transaction that is committed, and of one that is not.
const NONCES: [&[u8; 24]; 2] = [&[1; 24], &[2; 24]];

struct People {
    expired: SigningIdentity,
    stranger: SigningIdentity,
    peer: SigningIdentity,
}

impl People {
    fn new(network: &Network) -> Self {
        let authority = network.orgs[0].authority.identities();
        let validity = msp::ca::Validity {
            not_before: NOW_S - 100,
            not_after: NOW_S - 1,
        };
        let mut random = |bytes: &mut [u8]| bytes.fill(9);
        let issued = authority.issue_identity("late", Role::Client, validity, &mut random);
        let issued = issued.unwrap();
        let (certificate, key) = (issued.certificate.as_bytes(), issued.key.as_bytes());
        let strangers = network.folder.path().join("strangers");
        Self {
            expired: SigningIdentity::from_pem(certificate, key, "Org1MSP").unwrap(),
            stranger: Org::make(&strangers, 3, "Org3MSP").user,
            peer: SigningIdentity::from_folder(&network.orgs[0].peer, "Org1MSP").unwrap(),
        }
    }
}

/// A proposal with this wrong and with everything that is found later.
fn proposal(network: &Network, people: &People, first: Wrong) -> SignedProposal {
    let has = |wrong: Wrong| first <= wrong;
    let who = match has(Wrong::NoWriter) {
        _ if has(Wrong::Expired) => &people.expired,
        _ if has(Wrong::Stranger) => &people.stranger,
        true => &people.peer,
        false => network.user(),
    };
    let good = network.propose(who, invoke("cc", &["put", "a", "1"]));
    let good = Proposal::decode(good.proposal_bytes).unwrap();
    let header = Header::decode(good.header.clone()).unwrap();
    let mut channel_header = ChannelHeader::decode(header.channel_header).unwrap();
    let nonce = NONCES[usize::from(!has(Wrong::Duplicate))];
    let signature_header = SignatureHeader {
        creator: who.identity().clone(),
        nonce: if has(Wrong::Nonce) {
            Bytes::new()
        } else {
            Bytes::from_static(nonce)
        },
    };
    channel_header.tx_id = match has(Wrong::TxId) {
        true => "ABC".to_owned(),
        false => model::TxId::compute(nonce, who.identity()).to_string(),
    };
    if has(Wrong::Time) {
        channel_header.timestamp = Some(at(NOW_S - 901));
    }
    if has(Wrong::Extension) {
        channel_header.extension = Bytes::from_static(b"\xff");
    }
    if has(Wrong::Channel) {
        channel_header.channel_id = "nowhere".to_owned();
    }
    if has(Wrong::Type) {
        channel_header.r#type = 2;
    }
    channel_header.epoch = u64::from(has(Wrong::Epoch));
    let header = Header {
        channel_header: channel_header.encode_to_vec().into(),
        signature_header: signature_header.encode_to_vec().into(),
    };
    let proposal_bytes = Bytes::from(
        Proposal {
            header: header.encode_to_vec().into(),
            ..good
        }
        .encode_to_vec(),
    );
    let signed = if has(Wrong::Signature) {
        b"something else".as_slice()
    } else {
        &proposal_bytes
    };
    SignedProposal {
        signature: who.sign(signed).unwrap(),
        proposal_bytes,
    }
}

/// Commits something under the transaction id of a proposal; that it is invalid does not matter.
async fn use_up(network: &Network, proposal: &SignedProposal, who: &SigningIdentity) {
    let header = Proposal::decode(proposal.proposal_bytes.clone())
        .unwrap()
        .header;
    let payload = Payload {
        header: Some(Header::decode(header).unwrap()),
        data: Bytes::from_static(b"\xff"),
    };
    let payload = Bytes::from(payload.encode_to_vec());
    let envelope = Envelope {
        signature: who.sign(&payload).unwrap(),
        payload,
    };
    let code = network
        .commit(CHANNEL, vec![envelope.encode_to_vec().into()])
        .await;
    assert_ne!(code, model::TxValidationCode::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_proposal_is_found_in_fabrics_order() {
    let network = Network::with_chaincode().await;
    let people = People::new(&network);
    let used = proposal(&network, &people, Wrong::Duplicate);
    use_up(&network, &used, &people.peer).await;
    let mut lines = Vec::new();
    for wrong in ORDER {
        let signed = proposal(&network, &people, wrong);
        let answer = network.peers[0].endorser.process(signed).await;
        let creator = hex::encode(people.peer.identity());
        let tx_id = model::TxId::compute(NONCES[0], people.peer.identity()).to_string();
        let stranger = model::TxId::compute(NONCES[0], people.stranger.identity()).to_string();
        let line = show(&answer).replace(&creator, "<creator>");
        let line = line.replace(&tx_id, "<id>").replace(&stranger, "<id>");
        lines.push(format!("{wrong:?}: {line}"));
    }
    expect![[r#"
        Expired: Unknown: proposal client identity expired [identity.expired]
        Time: Unknown: request unauthorized due to incorrect timestamp 2027-01-15T07:44:59Z, peer time 2027-01-15T08:00:00Z, peer.authentication.timewindow 15m0s [proposal.clock]
        Extension: Unknown: cannot decode ChaincodeHeaderExtension: failed to decode Protobuf message: invalid varint [request.protobuf]
        Channel: 500 'channel 'nowhere' not found' '' [channel.not_found]
        Type: Unknown: error validating proposal: invalid header type CONFIG_UPDATE [proposal.malformed]
        Epoch: Unknown: error validating proposal: epoch is non-zero [proposal.malformed]
        Nonce: Unknown: error validating proposal: nonce is empty [proposal.malformed]
        TxId: Unknown: error validating proposal: incorrectly computed txid 'ABC' -- expected '<id>' [proposal.malformed]
        Stranger: Unknown: error validating proposal: access denied: channel [trade] creator org unknown, creator is malformed [identity.unknown]
        Signature: Unknown: error validating proposal: access denied: channel [trade] creator org [Org1MSP] [proposal.signature]
        Duplicate: Unknown: duplicate transaction found [<id>]. Creator [<creator>] [proposal.replayed]
        NoWriter: Unknown: Failed evaluating policy on signed data during check policy on channel [trade] with policy [/Channel/Application/Writers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied] [access.denied]
        Nothing: 200 '' '', with results, with interest, endorsed, version 1
    "#]].assert_eq(&format!("{}\n", lines.join("\n")));
}
