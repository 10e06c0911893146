//! One request's way past the checks: each stands where Fabric's common/deliver has it.

use std::sync::Arc;

use bytes::Bytes;
use channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use channel::{Bundle, ChannelDescription};
use expect_test::expect;
use futures::{StreamExt, stream};
use model::{Block, ChannelId};
use msp::ca::{Organization, Validity};
use msp::{Role, SignatureMemo, Signer as _, SigningIdentity};
use prost::Message as _;
use prost_types::Timestamp;
use proto::common::{ChannelHeader, Envelope, Header, Payload, SignatureHeader, Status};
use proto::msp::{FabricMspConfig, FabricNodeOUs, FabricOuIdentifier, MspConfig};
use proto::orderer::{
    DeliverResponse, SeekInfo, SeekPosition, SeekSpecified, deliver_response::Type,
    seek_info::SeekErrorResponse, seek_position,
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Access, BlockSource, ClientTls, Config, Deliver, Output};

const NOW_S: i64 = 1_800_000_000;
const CHANNEL: &str = "trade";
const TLS_HASH: [u8; 32] = [7; 32];

/// Not secret and never the same twice.
fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut count = 0_u64;
    move |buffer: &mut [u8]| {
        for chunk in buffer.chunks_mut(32) {
            count += 1;
            let block = model::hash::sha256_of([seed.to_be_bytes(), count.to_be_bytes()]);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// An organisation's configuration, and clients of it: one whose certificate has run out, and a good one.
fn organisation(seed: u64, msp_id: &str) -> (Organization, MspConfig, [SigningIdentity; 2]) {
    let mut random = random(seed);
    let century = Validity::years(NOW_S - 1_000, 100);
    let organization = Organization::new("org.test", century, &mut random).unwrap();
    let roots = |authority: &msp::ca::Authority| vec![authority.certificate().to_pem().into()];
    let unit = |name: &str| {
        Some(FabricOuIdentifier {
            certificate: Bytes::new(),
            organizational_unit_identifier: name.to_owned(),
        })
    };
    let config = FabricMspConfig {
        name: msp_id.to_owned(),
        root_certs: roots(organization.identities()),
        tls_root_certs: roots(organization.tls()),
        fabric_node_ous: Some(FabricNodeOUs {
            enable: true,
            client_ou_identifier: unit("client"),
            peer_ou_identifier: unit("peer"),
            admin_ou_identifier: unit("admin"),
            orderer_ou_identifier: unit("orderer"),
        }),
        ..FabricMspConfig::default()
    };
    let ends = [NOW_S - 1, NOW_S + 1_000].map(|not_after| Validity {
        not_before: NOW_S - 1_000,
        not_after,
    });
    let clients = ends.map(|validity| {
        let authority = organization.identities();
        let issued = authority.issue_identity("User", Role::Client, validity, &mut random);
        let issued = issued.unwrap();
        let (certificate, key) = (issued.certificate.as_bytes(), issued.key.as_bytes());
        SigningIdentity::from_pem(certificate, key, msp_id).unwrap()
    });
    let config = MspConfig {
        r#type: 0,
        config: config.encode_to_vec().into(),
    };
    (organization, config, clients)
}

struct World {
    genesis: Block,
    bundle: Arc<Bundle>,
    expired: SigningIdentity,
    stranger: SigningIdentity,
    client: SigningIdentity,
}

impl World {
    fn new() -> Self {
        let (authority, orderer, _) = organisation(9, "OrdererMSP");
        let tls = Bytes::from(authority.tls().certificate().to_pem());
        let consenter = ConsenterDescription {
            host: "localhost".to_owned(),
            port: 7_050,
            client_tls_cert: tls.clone(),
            server_tls_cert: tls,
        };
        let endpoints = vec!["localhost:7050".to_owned()];
        let orderer = OrganizationDescription::orderer("OrdererMSP", orderer, endpoints).unwrap();
        let (_, org1, [expired, client]) = organisation(1, "Org1MSP");
        let org1 = OrganizationDescription::application("Org1MSP", org1, Vec::new()).unwrap();
        let (_, _, [_, stranger]) = organisation(2, "Org2MSP");
        let id = ChannelId::parse(CHANNEL).unwrap();
        let description = ChannelDescription::new(id, vec![consenter], vec![orderer], vec![org1]);
        let seed = GenesisSeed {
            timestamp: at(NOW_S),
            nonce: [3; 24],
        };
        let genesis = description.genesis_block(&seed).unwrap();
        let bundle = Bundle::from_block(&genesis, &Arc::new(SignatureMemo::new(100))).unwrap();
        Self {
            genesis,
            bundle: Arc::new(bundle),
            expired,
            stranger,
            client,
        }
    }

    /// The channel with its first block; it has stopped if `failed` is cancelled.
    fn source(&self, failed: CancellationToken) -> BlockSource {
        let genesis = self.genesis.clone();
        BlockSource {
            channel: ChannelId::parse(CHANNEL).unwrap(),
            height: watch::channel(1).1,
            bundle: watch::channel(Arc::clone(&self.bundle)).1,
            read: Arc::new(move |number| {
                let block = (number == 0).then(|| genesis.clone());
                Box::pin(async move { Ok(block) })
            }),
            failed,
        }
    }

    /// What a stream with one request answers: block numbers, statuses, and the code in its trailer.
    async fn ask(&self, request: Envelope, failed: CancellationToken) -> String {
        let source = self.source(failed);
        let deliver = Deliver::new(
            Config::default(),
            Arc::new(move |id: &str| (id == CHANNEL).then(|| source.clone())),
            Arc::new(|| NOW_S),
            TaskTracker::new(),
            CancellationToken::new(),
        );
        let requests = stream::iter([Ok(request)]);
        let (client, access) = (
            ClientTls::Mutual(Some(TLS_HASH)),
            Access::Policy("/Channel/Readers"),
        );
        let output = Output::<DeliverResponse>::orderer_blocks();
        let answers = deliver.stream(requests, client, access, output).unwrap();
        let words = answers.map(|answer| match answer {
            Ok(answer) => match answer.r#type.unwrap() {
                Type::Block(block) => format!("block {}", block.header.unwrap().number),
                Type::Status(status) => Status::try_from(status).unwrap().as_str_name().to_owned(),
            },
            Err(end) => format!("[{}]", services::code_of(&end).unwrap()),
        });
        words.collect::<Vec<_>>().await.join(" ")
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

fn number(number: u64) -> Option<SeekPosition> {
    Some(SeekPosition {
        r#type: Some(seek_position::Type::Specified(SeekSpecified { number })),
    })
}

/// What is wrong with a request, in the order in which that is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Wrong {
    Payload,
    NoHeader,
    ChannelHeader,
    SignatureHeader,
    NoTime,
    Time,
    NoTlsHash,
    TlsHash,
    Channel,
    Seek,
    Stopped,
    Expired,
    Stranger,
    NoStart,
    NoStop,
    StartAboveHeight,
    StopBelowStart,
    Nothing,
}

const ORDER: [Wrong; 18] = [
    Wrong::Payload,
    Wrong::NoHeader,
    Wrong::ChannelHeader,
    Wrong::SignatureHeader,
    Wrong::NoTime,
    Wrong::Time,
    Wrong::NoTlsHash,
    Wrong::TlsHash,
    Wrong::Channel,
    Wrong::Seek,
    Wrong::Stopped,
    Wrong::Expired,
    Wrong::Stranger,
    Wrong::NoStart,
    Wrong::NoStop,
    Wrong::StartAboveHeight,
    Wrong::StopBelowStart,
    Wrong::Nothing,
];

const GARBAGE: Bytes = Bytes::from_static(b"\xff");

/// A request with this wrong and with everything that is found later.
fn request(world: &World, first: Wrong) -> Envelope {
    let has = |wrong: Wrong| first <= wrong;
    let seek = SeekInfo {
        start: match has(Wrong::StartAboveHeight) {
            _ if has(Wrong::NoStart) => None,
            true => number(9),
            false => number(u64::from(has(Wrong::StopBelowStart))),
        },
        stop: if has(Wrong::NoStop) { None } else { number(0) },
        ..SeekInfo::default()
    };
    let signer = match has(Wrong::Stranger) {
        _ if has(Wrong::Expired) => &world.expired,
        true => &world.stranger,
        false => &world.client,
    };
    let channel_header = ChannelHeader {
        r#type: 5,
        channel_id: if has(Wrong::Channel) {
            "nowhere"
        } else {
            CHANNEL
        }
        .to_owned(),
        timestamp: match has(Wrong::Time) {
            _ if has(Wrong::NoTime) => None,
            true => Some(at(NOW_S - 901)),
            false => Some(at(NOW_S - 900)),
        },
        tls_cert_hash: match has(Wrong::TlsHash) {
            _ if has(Wrong::NoTlsHash) => Bytes::new(),
            true => Bytes::from_static(&[8; 32]),
            false => Bytes::from_static(&TLS_HASH),
        },
        ..ChannelHeader::default()
    };
    let signature_header = SignatureHeader {
        creator: signer.identity().clone(),
        nonce: Bytes::from_static(b"nonce"),
    };
    let unless = |wrong, bytes: Vec<u8>| if has(wrong) { GARBAGE } else { bytes.into() };
    let header = Header {
        channel_header: unless(Wrong::ChannelHeader, channel_header.encode_to_vec()),
        signature_header: unless(Wrong::SignatureHeader, signature_header.encode_to_vec()),
    };
    let payload = Payload {
        header: (!has(Wrong::NoHeader)).then_some(header),
        data: unless(Wrong::Seek, seek.encode_to_vec()),
    };
    let payload = unless(Wrong::Payload, payload.encode_to_vec());
    Envelope {
        signature: signer.sign(&payload).unwrap(),
        payload,
    }
}

#[tokio::test]
async fn what_is_wrong_is_found_in_fabrics_order() {
    let world = World::new();
    let mut lines = Vec::new();
    for wrong in ORDER {
        let failed = CancellationToken::new();
        if wrong <= Wrong::Stopped {
            failed.cancel();
        }
        let answer = world.ask(request(&world, wrong), failed).await;
        lines.push(format!("{wrong:?}: {answer}"));
    }
    expect![[r#"
        Payload: BAD_REQUEST [request.protobuf]
        NoHeader: BAD_REQUEST [request.invalid]
        ChannelHeader: BAD_REQUEST [request.protobuf]
        SignatureHeader: BAD_REQUEST [request.protobuf]
        NoTime: BAD_REQUEST [request.invalid]
        Time: BAD_REQUEST [request.clock]
        NoTlsHash: BAD_REQUEST [request.invalid]
        TlsHash: BAD_REQUEST [request.invalid]
        Channel: NOT_FOUND [channel.not_found]
        Seek: BAD_REQUEST [request.protobuf]
        Stopped: SERVICE_UNAVAILABLE [channel.stopped]
        Expired: FORBIDDEN [identity.expired]
        Stranger: FORBIDDEN [identity.unknown]
        NoStart: BAD_REQUEST [events.position]
        NoStop: BAD_REQUEST [events.position]
        StartAboveHeight: NOT_FOUND [block.not_found]
        StopBelowStart: BAD_REQUEST [events.position]
        Nothing: block 0 SUCCESS
    "#]]
    .assert_eq(&format!("{}\n", lines.join("\n")));
}

#[tokio::test]
async fn a_channel_that_has_stopped_serves_those_who_take_what_there_is() {
    let world = World::new();
    let failed = CancellationToken::new();
    failed.cancel();
    let ask = async |errors: SeekErrorResponse| {
        let mut seek = SeekInfo {
            start: number(0),
            stop: number(0),
            ..SeekInfo::default()
        };
        seek.set_error_response(errors);
        let good = request(&world, Wrong::Nothing);
        let mut payload = Payload::decode(good.payload).unwrap();
        payload.data = seek.encode_to_vec().into();
        let payload = Bytes::from(payload.encode_to_vec());
        let signature = world.client.sign(&payload).unwrap();
        let request = Envelope { payload, signature };
        world.ask(request, failed.clone()).await
    };
    let strict = ask(SeekErrorResponse::Strict).await;
    assert_eq!(strict, "SERVICE_UNAVAILABLE [channel.stopped]");
    let best_effort = ask(SeekErrorResponse::BestEffort).await;
    assert_eq!(best_effort, "block 0 SUCCESS");
}
