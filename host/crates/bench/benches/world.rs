//! Two organisations with a peer and a user each, one channel, one chaincode: everything real but processes and network.

use std::cell::RefCell;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use channel::{Bundle, ChannelDescription};
use committer::{Metrics, Opening, open_channel};
use joined::Channel;
use ledger::PeerLedger;
use lifecycle::{Context, MemoryPackages, scc};
use model::client::{Invocation, Sender, assemble, endorsement_signed_bytes};
use model::{Block, ChannelId, Proposal, TxValidationCode};
use msp::ca::{Organization, Validity};
use msp::{Role, SignatureMemo, Signer as _, SigningIdentity};
use prost::Message as _;
use prost_types::Timestamp;
use proto::common::Envelope;
use proto::lifecycle::chaincode_source::{Type, Unavailable};
use proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, ChaincodeSource, CommitChaincodeDefinitionArgs,
};
use proto::protos::{
    ChaincodeAction, ChaincodeId, Endorsement, ProposalResponse, ProposalResponsePayload, Response,
    SignedProposal,
};
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use rwset::Simulator;
use tokio::runtime::Runtime;

const NOW_S: i64 = 1_800_000_000;
const CHANNEL: &str = "trade";
pub(crate) const CHAINCODE: &str = "basic";
const ORGS: [&str; 2] = ["Org1MSP", "Org2MSP"];

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) user: SigningIdentity,
    /// The MSP of the user's organisation.
    pub(crate) user_msp: proto::msp::MspConfig,
    pub(crate) peers: Vec<SigningIdentity>,
    pub(crate) channel: Channel,
    /// Removed after the ledger in it is closed.
    pub(crate) folder: Folder,
    keys: u64,
}

/// Where a world's files are: below the build's folder, since the folder for temporary files may be memory.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        // As a ledger wants its own.
        let closed = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new()
            .permissions(closed)
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        Self(folder.unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The ledger's own.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.path().join("ledger")
    }
}

struct Member {
    peer: SigningIdentity,
    user: SigningIdentity,
    msp: proto::msp::MspConfig,
    tls_root: String,
}

fn member(folder: &Path, msp_id: &str, role: Role) -> Member {
    let mut random = fill_random;
    let random = &mut random;
    let domain = format!("{}.test", msp_id.to_lowercase());
    let root: PathBuf = folder.join(&domain);
    let validity = Validity::years(NOW_S, 2);
    let authority = Organization::new(&domain, validity, random).unwrap();
    authority.write(&root).unwrap();
    let mut issue = |name: &str, role| {
        let made = authority.write_member(&root, name, role, &[], validity, random);
        SigningIdentity::from_folder(&made.unwrap().msp, msp_id).unwrap()
    };
    Member {
        peer: issue("node0", role),
        user: issue("User1", Role::Client),
        msp: msp::folder::load_msp_config(&root.join("msp"), msp_id).unwrap(),
        tls_root: authority.tls().certificate().to_pem(),
    }
}

thread_local! {
    /// Always the same numbers, so that two runs do the same work.
    static RANDOM: RefCell<StdRng> = RefCell::new(StdRng::seed_from_u64(4));
}

pub(crate) fn fill_random(bytes: &mut [u8]) {
    RANDOM.with_borrow_mut(|random| random.fill_bytes(bytes));
}

fn genesis(orgs: &[Member], orderer: Member) -> Block {
    let tls = Bytes::from(orderer.tls_root);
    let consenter = ConsenterDescription {
        host: "localhost".to_owned(),
        port: 7_050,
        client_tls_cert: tls.clone(),
        server_tls_cert: tls,
    };
    let endpoints = vec!["localhost:7050".to_owned()];
    let orderer = OrganizationDescription::orderer("OrdererMSP", orderer.msp, endpoints);
    let application = ORGS.into_iter().zip(orgs);
    let application = application.map(|(msp_id, org)| {
        OrganizationDescription::application(msp_id, org.msp.clone(), Vec::new()).unwrap()
    });
    let description = ChannelDescription::new(
        ChannelId::parse(CHANNEL).unwrap(),
        vec![consenter],
        vec![orderer.unwrap()],
        application.collect(),
    );
    let seed = GenesisSeed {
        timestamp: now(),
        nonce: [3; 24],
    };
    description.genesis_block(&seed).unwrap()
}

fn now() -> Timestamp {
    Timestamp {
        seconds: NOW_S,
        nanos: 0,
    }
}

impl World {
    /// With a chaincode that both organisations have to endorse. Signatures are computed each time: the memo is as small as
    /// it can be.
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let orgs: Vec<Member> = ORGS
            .map(|msp_id| member(folder.path(), msp_id, Role::Peer))
            .into();
        let genesis = genesis(&orgs, member(folder.path(), "OrdererMSP", Role::Orderer));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let channel = runtime.block_on(async {
            let id = ChannelId::parse(CHANNEL).unwrap();
            let ledger =
                PeerLedger::create(&folder.ledger(), &id, &genesis, ledger::Config::default())
                    .await
                    .unwrap();
            let opening = Opening {
                genesis: Some(genesis),
                memo: Arc::new(SignatureMemo::new(1)),
                msp_id: ORGS[0].to_owned(),
                waiters_max: 1,
            };
            open_channel(
                ledger,
                opening,
                &committer::Config::default(),
                &Metrics::default(),
            )
            .await
            .unwrap()
        });
        let user_msp = orgs[0].msp.clone();
        let (peers, mut users): (Vec<_>, Vec<_>) =
            orgs.into_iter().map(|org| (org.peer, org.user)).unzip();
        let mut world = Self {
            runtime,
            user: users.swap_remove(0),
            user_msp,
            peers,
            channel,
            folder,
            keys: 0,
        };
        world.define();
        world
    }

    fn define(&mut self) {
        let definition = CommitChaincodeDefinitionArgs {
            sequence: 1,
            name: CHAINCODE.to_owned(),
            version: "1.0".to_owned(),
            endorsement_plugin: "escc".to_owned(),
            validation_plugin: "vscc".to_owned(),
            ..CommitChaincodeDefinitionArgs::default()
        };
        let approval = ApproveChaincodeDefinitionForMyOrgArgs {
            sequence: 1,
            name: CHAINCODE.to_owned(),
            version: "1.0".to_owned(),
            endorsement_plugin: "escc".to_owned(),
            validation_plugin: "vscc".to_owned(),
            source: Some(ChaincodeSource {
                r#type: Some(Type::Unavailable(Unavailable {})),
            }),
            ..ApproveChaincodeDefinitionForMyOrgArgs::default()
        };
        for msp_id in ORGS {
            self.lifecycle(
                msp_id,
                "ApproveChaincodeDefinitionForMyOrg",
                approval.encode_to_vec(),
            );
        }
        self.lifecycle(
            ORGS[0],
            "CommitChaincodeDefinition",
            definition.encode_to_vec(),
        );
    }

    fn lifecycle(&mut self, local_msp_id: &str, function: &'static str, args: Vec<u8>) {
        let bundle = self.channel.bundle();
        let application = bundle.application().orgs.iter();
        let orgs: Vec<(String, String)> = application
            .map(|org| (org.group_name.clone(), org.msp_id.clone()))
            .collect();
        let context = Context {
            channel: Some(lifecycle::Channel {
                id: CHANNEL,
                orgs: &orgs,
                msps: bundle.msps(),
                policies: bundle.policies(),
            }),
            local_msp_id,
            packages: &MemoryPackages::default(),
            authorize: &|_| Ok(()),
        };
        let mut simulator = self.simulator();
        let args = [Bytes::from(function), args.into()];
        let answer = scc::invoke(&args, &context, Some(&mut simulator)).unwrap();
        assert_eq!(answer.response.status, 200, "{}", answer.response.message);
        let results = simulator.finish().unwrap().results;
        let transaction = self.transaction("_lifecycle", "syscc", results);
        self.commit(vec![transaction]);
    }

    /// A simulator on what is committed.
    pub(crate) fn simulator(&self) -> Simulator {
        Simulator::new(Box::new(self.channel.ledger().snapshot().unwrap()), "bench")
    }

    /// What creating an asset reads and writes; a key of its own each time.
    pub(crate) fn created_asset(&mut self) -> Bytes {
        self.keys += 1;
        let key = format!(
            "asset{:016x}",
            self.keys.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
        let value = format!(
            r#"{{"AppraisedValue":300,"Color":"blue","ID":"{key}","Owner":"Tomoko","Size":5,"note":"{}"}}"#,
            "x".repeat(100)
        );
        let mut simulator = self.simulator();
        lifecycle::record_reads(&mut simulator, CHAINCODE, false).unwrap();
        assert!(simulator.get_state(CHAINCODE, &key).unwrap().is_none());
        simulator.put_state(CHAINCODE, &key, value.into()).unwrap();
        simulator.finish().unwrap().results
    }

    /// A proposal's bytes, signed.
    pub(crate) fn proposed(&self, chaincode: &str) -> SignedProposal {
        let mut nonce = [0; 24];
        fill_random(&mut nonce);
        let sender = Sender {
            creator: self.user.identity().clone(),
            nonce,
            timestamp: now(),
        };
        let args = [
            "CreateAsset",
            "asset0123456789abcdef",
            "blue",
            "5",
            "Tomoko",
            "300",
        ];
        let (_, proposal_bytes) = sender.propose(Invocation {
            channel_id: CHANNEL.to_owned(),
            chaincode: chaincode.to_owned(),
            args: args.map(Bytes::from).into(),
            ..Invocation::default()
        });
        SignedProposal {
            signature: self.user.sign(&proposal_bytes).unwrap(),
            proposal_bytes,
        }
    }

    /// An entry of a block: a transaction with these results, endorsed by both peers.
    pub(crate) fn transaction(&self, chaincode: &str, version: &str, results: Bytes) -> Bytes {
        let proposal = Proposal::parse(&self.proposed(chaincode)).unwrap();
        let response = Response {
            status: 200,
            ..Response::default()
        };
        let action = ChaincodeAction {
            results,
            response: Some(response.clone()),
            chaincode_id: Some(ChaincodeId {
                name: chaincode.to_owned(),
                version: version.to_owned(),
                ..ChaincodeId::default()
            }),
            ..ChaincodeAction::default()
        };
        let payload = ProposalResponsePayload {
            proposal_hash: proposal.proposal_hash().to_vec().into(),
            extension: action.encode_to_vec().into(),
        };
        let payload = Bytes::from(payload.encode_to_vec());
        let endorsed = self.peers.iter().map(|peer| ProposalResponse {
            version: 1,
            response: Some(response.clone()),
            payload: payload.clone(),
            endorsement: Some(Endorsement {
                endorser: peer.identity().clone(),
                signature: peer
                    .sign(&endorsement_signed_bytes(&payload, peer.identity()))
                    .unwrap(),
            }),
            ..ProposalResponse::default()
        });
        let payload = assemble(&proposal, &endorsed.collect::<Vec<_>>()).unwrap();
        let envelope = Envelope {
            signature: self.user.sign(&payload).unwrap(),
            payload,
        };
        envelope.encode_to_vec().into()
    }

    /// So many new assets as transactions.
    pub(crate) fn transactions(&mut self, count: usize) -> Vec<Bytes> {
        let new = |_| {
            let results = self.created_asset();
            self.transaction(CHAINCODE, "1.0", results)
        };
        (0..count).map(new).collect()
    }

    /// The next block.
    pub(crate) fn block(&self, data: Vec<Bytes>) -> Block {
        let info = self.channel.ledger().info().unwrap();
        Block::new(info.height, info.last_hash, data)
    }

    pub(crate) fn bundle(&self) -> Arc<Bundle> {
        self.channel.bundle()
    }

    fn commit(&self, data: Vec<Bytes>) {
        let verified = committer::verify(self.block(data), &self.bundle(), 1);
        let committed = self.runtime.block_on(committer::commit(
            &self.channel,
            verified,
            &Metrics::default(),
        ));
        all_valid(&committed.unwrap());
    }
}

/// A benchmark of invalid transactions would be of something else.
pub(crate) fn all_valid(committed: &committer::CommittedBlock) {
    for verdict in &committed.verdicts {
        assert_eq!(
            verdict.code,
            TxValidationCode::Valid,
            "block {}",
            committed.number
        );
    }
}
