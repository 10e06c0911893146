//! Who speaks, whether it is so, and whether he may.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use bytes::Bytes;
use msp::Role;
use msp::Signer as _;
use msp::ca::{Organization, Validity};
use proto::protos::SignedProposal;
use serde_json::json;
use system_tests::{Client, Random, Weft, profile};

use super::desk::{Desk, Row, call, cli, grpc, rest, told};

/// A proposal whose time is twenty minutes off.
fn twenty_minutes_off(desk: &Desk) -> SignedProposal {
    let mut sender = desk.client.sender().unwrap();
    sender.timestamp.seconds -= 20 * 60;
    desk.client
        .propose_as(sender, call("GetAllAssets", &[]))
        .unwrap()
        .1
}

fn unsigned(desk: &Desk) -> SignedProposal {
    let (_, mut signed) = desk.proposal();
    signed.signature = Bytes::new();
    signed
}

fn wrongly_signed(desk: &Desk) -> SignedProposal {
    let (_, mut signed) = desk.proposal();
    signed.signature = desk.client.signer().sign(b"something else").unwrap();
    signed
}

/// A proposal whose transaction is committed.
fn replayed(desk: &Desk) -> SignedProposal {
    let sender = desk.client.sender().unwrap();
    // It writes what is there already, so that nothing changes.
    let transfer = call("UpdateAsset", &["asset1", "blue", "5", "Tomoko", "300"]);
    let (tx_id, signed) = desk.client.propose_as(sender, transfer).unwrap();
    desk.runtime.block_on(async {
        let prepared = desk
            .client
            .endorse_proposal(&tx_id, signed.clone())
            .await
            .unwrap();
        desk.client.submit(&prepared).await.unwrap();
        desk.client.commit_status(&prepared.tx_id).await.unwrap();
    });
    signed
}

fn undecodable() -> SignedProposal {
    SignedProposal {
        proposal_bytes: Bytes::from_static(b"\xff\xff\xff not a proposal"),
        signature: Bytes::from_static(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
    }
}

/// A profile of Org1's user with a certificate of somebody's making, made once for all rows.
fn profile_with(desk: &Desk, name: &str, make: fn(&Path) -> PathBuf) -> Weft {
    let mut weft = desk.user.clone();
    let path = desk.network.dir().join(format!("profiles/{name}.yaml"));
    if !path.exists() {
        let msp = make(desk.network.dir());
        let own = std::fs::read_to_string(desk.user.profile()).unwrap();
        let mut profile: serde_yaml_ng::Mapping = serde_yaml_ng::from_str(&own).unwrap();
        profile.insert("msp_folder".into(), msp.to_str().unwrap().into());
        std::fs::write(&path, serde_yaml_ng::to_string(&profile).unwrap()).unwrap();
    }
    weft.set_profile(path);
    weft
}

fn now() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

fn member(organization: &Organization, root: &Path, name: &str, validity: Validity) -> PathBuf {
    let mut random = Random::new(31);
    let mut fill = |buffer: &mut [u8]| {
        for chunk in buffer.chunks_mut(32) {
            let bytes = random.bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    };
    organization
        .write_member(root, name, Role::Client, &[], validity, &mut fill)
        .unwrap()
        .msp
}

/// A user of Org1 whose certificate is over.
fn expired(desk: &Desk) -> Weft {
    profile_with(desk, "expired", |network| {
        let root = network.join("organizations/peerOrganizations/org1.example.com");
        let organization = Organization::load(&root, "org1.example.com").unwrap();
        let over = Validity {
            not_before: 0,
            not_after: now() - 2,
        };
        member(&organization, &root, "Expired", over)
    })
}

/// Somebody who says he is of Org1, with a certificate of an authority of his own.
fn stranger(desk: &Desk) -> Weft {
    profile_with(desk, "stranger", |network| {
        let root = network.join("elsewhere");
        let validity = Validity::years(now(), 1);
        let mut random = Random::new(32);
        let mut fill = |buffer: &mut [u8]| {
            for chunk in buffer.chunks_mut(32) {
                let bytes = random.bytes();
                chunk.copy_from_slice(&bytes[..chunk.len()]);
            }
        };
        let organization = Organization::new("org1.example.com", validity, &mut fill).unwrap();
        organization.write(&root).unwrap();
        member(&organization, &root, "Stranger", validity)
    })
}

fn client_of(desk: &Desk, weft: &Weft) -> Client {
    let _inside = desk.runtime.enter();
    let profile = profile::Profile::read(weft.profile()).unwrap();
    Client::new(&profile, "mychannel", Random::new(33)).unwrap()
}

fn read_by(desk: &Desk, weft: &Weft) -> SignedProposal {
    client_of(desk, weft)
        .propose("basic", &["GetAllAssets"])
        .unwrap()
        .1
}

const INSTALL: &[u8] = b"whatever it is";

fn package_file(desk: &Desk) -> String {
    let path = desk.network.dir().join("basic.tar.gz");
    path.to_str().unwrap().to_owned()
}

pub(super) const ROWS: &[Row] = &[
    rest("no credential", "401 auth.missing", |desk| {
        told(
            &desk
                .network
                .http(system_tests::Node::Peer1)
                .unwrap()
                .get("/v1/node")
                .unwrap(),
        )
    }),
    rest("wrong token", "401 auth.invalid", |desk| {
        let http = desk.network.http(system_tests::Node::Peer1).unwrap();
        told(
            &http
                .with_token("weft_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
                .get("/v1/node")
                .unwrap(),
        )
    }),
    rest(
        "identity that is not the caller's",
        "403 auth.identity",
        |desk| {
            told(
                &desk
                    .http
                    .with("Weft-Identity", "org2-admin")
                    .get("/v1/node")
                    .unwrap(),
            )
        },
    ),
    rest("unsigned", "401 proposal.unsigned", |desk| {
        desk.send_proposal(&unsigned(desk))
    }),
    grpc("unsigned", "Unknown proposal.unsigned", |desk| {
        desk.process(unsigned(desk))
    }),
    rest("wrongly signed", "401 proposal.signature", |desk| {
        desk.send_proposal(&wrongly_signed(desk))
    }),
    grpc("wrongly signed", "Unknown proposal.signature", |desk| {
        desk.process(wrongly_signed(desk))
    }),
    rest("replayed", "409 proposal.replayed", |desk| {
        desk.send_proposal(&replayed(desk))
    }),
    grpc("replayed", "Unknown proposal.replayed", |desk| {
        desk.process(replayed(desk))
    }),
    rest("clock off", "400 proposal.clock", |desk| {
        desk.send_proposal(&twenty_minutes_off(desk))
    }),
    grpc("clock off", "Unknown proposal.clock", |desk| {
        desk.process(twenty_minutes_off(desk))
    }),
    rest("malformed protobuf", "400 request.protobuf", |desk| {
        desk.send_proposal(&undecodable())
    }),
    grpc("malformed protobuf", "Unknown request.protobuf", |desk| {
        desk.process(undecodable())
    }),
    rest(
        "proposal that is not base64",
        "400 request.invalid",
        |desk| {
            desk.post(
                "mychannel/evaluate",
                &json!({"proposal": "ä", "signature": "!"}),
            )
        },
    ),
    rest("transaction that is none", "400 request.protobuf", |desk| {
        let garbage = base64::engine::general_purpose::STANDARD.encode(b"\xff\xffgarbage");
        desk.post(
            "mychannel/transactions",
            &json!({"transaction": garbage, "signature": "MAYCAQECAQE="}),
        )
    }),
    rest(
        "identity of another authority",
        "403 identity.unknown",
        |desk| desk.send_proposal(&read_by(desk, &stranger(desk))),
    ),
    grpc(
        "identity of another authority",
        "Unknown identity.unknown",
        |desk| desk.process(read_by(desk, &stranger(desk))),
    ),
    cli(
        "identity of another authority",
        "1 identity.unknown",
        |desk| desk.run(&stranger(desk), &["evaluate", "basic", "GetAllAssets"]),
    ),
    cli(
        "identity of another authority, reading blocks",
        "1 identity.unknown",
        |desk| desk.run(&stranger(desk), &["block", "0"]),
    ),
    rest("expired identity", "401 identity.expired", |desk| {
        desk.send_proposal(&read_by(desk, &expired(desk)))
    }),
    grpc("expired identity", "Unknown identity.expired", |desk| {
        desk.process(read_by(desk, &expired(desk)))
    }),
    cli("expired identity", "1 identity.expired", |desk| {
        desk.run(&expired(desk), &["evaluate", "basic", "GetAllAssets"])
    }),
    rest("wrong role", "403 access.denied", |desk| {
        told(&desk.http.post_bytes("/v1/packages", INSTALL).unwrap())
    }),
    grpc("wrong role", "500 access.denied", |desk| {
        desk.install(&desk.client, b"whatever it is")
    }),
    cli("wrong role", "1 access.denied", |desk| {
        desk.run(&desk.user, &["chaincode", "install", &package_file(desk)])
    }),
];
