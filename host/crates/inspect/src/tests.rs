//! The crate's tests: a channel of one organisation, with a ledger written by hand.

mod authorize;
mod read;
mod rpc;

use std::path::PathBuf;
use std::sync::Arc;

use ::channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use ::channel::{Bundle, ChannelDescription};
use bytes::Bytes;
use joined::{Channel, Channels};
use ledger::{CommitInput, HistoryRow, PeerLedger};
use model::client::{Invocation, Sender, assemble};
use model::{Block, ChannelId, Envelope, Proposal, TxValidationCode, Version};
use msp::ca::{Organization, Validity};
use msp::{Role, SignatureMemo, Signer as _, SigningIdentity};
use prost::Message as _;
use prost_types::Timestamp;
use proto::protos::{
    ChaincodeAction, Endorsement, ProposalResponse, ProposalResponsePayload, Response,
    SignedProposal,
};
use rwset::{Update, UpdateBatch};
use tempfile::TempDir;

const NOW_S: i64 = 1_800_000_000;
const CHANNEL: &str = "trade";
/// The one chaincode that every channel has.
const CHAINCODE: &str = "_lifecycle";

struct World {
    channels: Channels,
    channel: Channel,
    user: SigningIdentity,
    /// Of an organisation that is not in the channel.
    stranger: SigningIdentity,
    /// Of another authority, though it names the channel's organisation.
    impostor: SigningIdentity,
    /// Its certificate has ended.
    expired: SigningIdentity,
    _folder: TempDir,
}

/// Not secret and never the same twice.
fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[3];
        }
    }
}

/// An organisation: where its members' folders are, and how to make one.
struct Org {
    authority: Organization,
    root: PathBuf,
    seed: u64,
}

impl Org {
    fn make(folder: &TempDir, number: u64) -> Self {
        let mut random = random(number);
        let domain = format!("org{number}.test");
        let root = folder.path().join(&domain);
        let authority = Organization::new(&domain, Validity::years(NOW_S, 2), &mut random).unwrap();
        authority.write(&root).unwrap();
        Self {
            authority,
            root,
            seed: number * 100,
        }
    }

    fn member(&mut self, name: &str, msp_id: &str, validity: Validity) -> SigningIdentity {
        self.seed += 1;
        let mut random = random(self.seed);
        let (authority, root) = (&self.authority, &self.root);
        let member = authority.write_member(root, name, Role::Client, &[], validity, &mut random);
        SigningIdentity::from_folder(&member.unwrap().msp, msp_id).unwrap()
    }

    fn msp(&self, msp_id: &str) -> proto::msp::MspConfig {
        msp::folder::load_msp_config(&self.root.join("msp"), msp_id).unwrap()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

fn genesis(org: &Org, orderer: &Org) -> Block {
    let tls = Bytes::from(orderer.authority.tls().certificate().to_pem());
    let consenter = ConsenterDescription {
        host: "localhost".to_owned(),
        port: 7_050,
        client_tls_cert: tls.clone(),
        server_tls_cert: tls,
    };
    let endpoints = vec!["localhost:7050".to_owned()];
    let orderer = orderer.msp("OrdererMSP");
    let orderer = OrganizationDescription::orderer("OrdererMSP", orderer, endpoints);
    let org = OrganizationDescription::application("Org1MSP", org.msp("Org1MSP"), Vec::new());
    let channel = ChannelId::parse(CHANNEL).unwrap();
    let (orderer, org) = (orderer.unwrap(), org.unwrap());
    let description = ChannelDescription::new(channel, vec![consenter], vec![orderer], vec![org]);
    let seed = GenesisSeed {
        timestamp: at(NOW_S),
        nonce: [3; 24],
    };
    description.genesis_block(&seed).unwrap()
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut org, mut other, orderer) = (
            Org::make(&folder, 1),
            Org::make(&folder, 2),
            Org::make(&folder, 9),
        );
        let years = Validity::years(NOW_S, 1);
        let block = genesis(&org, &orderer);
        let bundle = Bundle::from_block(&block, &Arc::new(SignatureMemo::new(100))).unwrap();
        let (place, id) = (folder.path().join("ledger"), bundle.channel_id().clone());
        let ledger = PeerLedger::create(&place, &id, &block, ledger::Config::default());
        let ledger = ledger.await.unwrap();
        let genesis = CommitInput {
            is_config: true,
            ..CommitInput::new(block, Bytes::new())
        };
        ledger.commit(genesis).await.unwrap();
        let (channel, channels) = (
            Channel::new(ledger, Arc::new(bundle), "Org1MSP", 10),
            Channels::default(),
        );
        channels.insert(channel.clone());
        let past = Validity {
            not_before: NOW_S - 20,
            not_after: NOW_S - 10,
        };
        Self {
            channels,
            channel,
            user: org.member("User1", "Org1MSP", years),
            expired: org.member("User2", "Org1MSP", past),
            stranger: other.member("User1", "Org2MSP", years),
            impostor: other.member("User2", "Org1MSP", years),
            _folder: folder,
        }
    }

    /// Commits a block with one transaction that writes these keys; an empty value deletes.
    async fn write(&self, writes: &[(&str, &str)]) {
        let ledger = self.channel.ledger();
        let info = ledger.info().unwrap();
        let version = Version {
            block: info.height,
            tx: 0,
        };
        let mut updates = UpdateBatch::default();
        for (key, value) in writes {
            let value = Some(Bytes::copy_from_slice(value.as_bytes()));
            let update = Update {
                value: value.filter(|value| !value.is_empty()),
                ..Update::deletion(version)
            };
            updates.put(CHAINCODE, key, update);
        }
        let history = writes.iter().map(|(key, _)| HistoryRow {
            tx: 0,
            namespace: CHAINCODE.to_owned(),
            key: (*key).to_owned(),
        });
        let data = vec![transaction(info.height, writes)];
        let mut block = Block::new(info.height, info.last_hash, data);
        block.set_transactions_filter(&[TxValidationCode::Valid]);
        let input = CommitInput {
            updates,
            history: history.collect(),
            ..CommitInput::new(block, Bytes::new())
        };
        ledger.commit(input).await.unwrap();
    }
}

/// An envelope whose read-write set writes these keys.
fn transaction(number: u64, writes: &[(&str, &str)]) -> Bytes {
    let state = rwset::MemoryState::default();
    let mut simulator = rwset::Simulator::new(Box::new(state), "tx");
    for (key, value) in writes {
        match value.is_empty() {
            true => simulator.del_state(CHAINCODE, key).unwrap(),
            false => {
                let value = Bytes::copy_from_slice(value.as_bytes());
                simulator.put_state(CHAINCODE, key, value).unwrap();
            }
        }
    }
    let sender = Sender {
        creator: Bytes::from_static(b"somebody"),
        nonce: [u8::try_from(number).unwrap(); 24],
        timestamp: at(NOW_S + i64::try_from(number).unwrap()),
    };
    let (_, proposal_bytes) = sender.propose(Invocation {
        channel_id: CHANNEL.to_owned(),
        chaincode: CHAINCODE.to_owned(),
        ..Invocation::default()
    });
    let signature = Bytes::from_static(b"signature");
    let proposal = Proposal::parse(&SignedProposal {
        proposal_bytes,
        signature: signature.clone(),
    })
    .unwrap();
    let action = ChaincodeAction {
        results: simulator.finish().unwrap().results,
        ..ChaincodeAction::default()
    };
    let payload = ProposalResponsePayload {
        proposal_hash: Bytes::copy_from_slice(&proposal.proposal_hash()),
        extension: action.encode_to_vec().into(),
    };
    let response = ProposalResponse {
        response: Some(Response {
            status: 200,
            ..Response::default()
        }),
        payload: payload.encode_to_vec().into(),
        endorsement: Some(Endorsement::default()),
        ..ProposalResponse::default()
    };
    let payload = assemble(&proposal, &[response]).unwrap();
    Envelope { payload, signature }.encode()
}

fn serialized(who: &SigningIdentity) -> Bytes {
    who.identity().clone()
}
