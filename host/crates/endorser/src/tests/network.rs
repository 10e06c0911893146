//! Two organisations with a peer each, and blocks without an orderer: everything real but consensus.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ::channel::ChannelDescription;
use ::channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription, PolicyRule};
use bytes::Bytes;
use joined::{Channel, Channels};
use ledger::{NodeIdentity, NodeStore, PeerLedger};
use model::client::{Invocation, Sender, assemble};
use model::{Block, ChannelId, ErrorCode, MspId, Proposal, Refused, TxValidationCode};
use msp::{Msp, MspManager, MspVersion, SignatureMemo, Signer, SigningIdentity};
use prost::Message;
use prost_types::Timestamp;
use proto::common::Envelope;
use proto::lifecycle as messages;
use proto::protos::{ApplicationPolicy, ProposalResponse, SignedProposal, application_policy};
use runtime::{Engine, Executor};

use super::people::{Org, random};
use super::{Answer, contract};
use crate::{Config, Endorser, JoinHook, Parts};

pub(super) const NOW_S: i64 = 1_800_000_000;
pub(super) const CHANNEL: &str = "trade";
/// A channel on which one organisation alone may define a chaincode.
pub(super) const LOOSE: &str = "loose";
pub(super) const ORGS: [&str; 2] = ["Org1MSP", "Org2MSP"];

/// The network.
pub(super) struct Network {
    pub(super) orgs: Vec<Org>,
    pub(super) peers: Vec<Peer>,
    pub(super) folder: tempfile::TempDir,
    nonces: AtomicU64,
}

/// One organisation's peer.
pub(super) struct Peer {
    pub(super) endorser: Endorser,
    parts: Parts,
    pub(super) channels: Channels,
    pub(super) node: NodeStore,
    pub(super) clock_s: Arc<AtomicI64>,
    pub(super) memo: Arc<SignatureMemo>,
    pub(super) executor: Arc<Executor>,
    /// Channels that `cscc` asked the host to join.
    pub(super) asked: Arc<Mutex<Vec<Block>>>,
    folder: PathBuf,
    msp_id: String,
}

impl Peer {
    pub(super) async fn start(
        folder: &Path,
        msp: &Path,
        local: Msp,
        config: Config,
        waiting_max: usize,
    ) -> Self {
        let msp_id = local.id().to_owned();
        let signer = Arc::new(SigningIdentity::from_folder(msp, &msp_id).unwrap());
        let memo = Arc::new(SignatureMemo::new(1_000));
        let identity = NodeIdentity {
            msp_id: MspId::parse(&msp_id).unwrap(),
            certificate_hash: [7; 32],
        };
        let node = NodeStore::open(folder, &identity, &ledger::Config::default())
            .await
            .unwrap();
        let settings = runtime::Config {
            threads: 1,
            waiting_max,
            ..runtime::Config::default()
        };
        let engine = Engine::new(settings, &mut random(1)).unwrap();
        let executor = Arc::new(Executor::start(&engine).unwrap());
        let clock_s = Arc::new(AtomicI64::new(NOW_S));
        let (clock, channels) = (Arc::clone(&clock_s), Channels::default());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let parts = Parts {
            signer,
            local_msps: Arc::new(MspManager::new(vec![local], Arc::clone(&memo)).unwrap()),
            channels: channels.clone(),
            node: node.clone(),
            engine,
            executor: Arc::clone(&executor),
            clock: Arc::new(move || at(clock.load(Ordering::Relaxed))),
            join: join_hook(Arc::clone(&asked)),
        };
        Self {
            endorser: Endorser::new(config, parts.clone()),
            parts,
            channels,
            node,
            clock_s,
            memo,
            executor,
            asked,
            folder: folder.to_owned(),
            msp_id,
        }
    }

    /// Joins the channel that begins with a block.
    pub(super) async fn join(&self, genesis: &Block, channel: &str) -> Channel {
        let id = ChannelId::parse(channel).unwrap();
        let place = self.folder.join("channels").join(channel);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        let config = ledger::Config::default();
        let ledger = PeerLedger::create(&place, &id, genesis, config)
            .await
            .unwrap();
        let opening = committer::Opening {
            genesis: Some(genesis.clone()),
            memo: Arc::clone(&self.memo),
            msp_id: self.msp_id.clone(),
            waiters_max: 10,
        };
        let (config, metrics) = (committer::Config::default(), committer::Metrics::default());
        let channel = committer::open_channel(ledger, opening, &config, &metrics);
        let channel = channel.await.unwrap();
        assert!(self.channels.insert(channel.clone()));
        channel
    }

    /// Another endorser over the same parts.
    pub(super) fn configured(&self, config: Config) -> Endorser {
        Endorser::new(config, self.parts.clone())
    }

    pub(super) fn channel(&self, id: &str) -> Channel {
        self.channels.get(id).unwrap()
    }
}

/// Refuses the second time.
fn join_hook(asked: Arc<Mutex<Vec<Block>>>) -> JoinHook {
    Arc::new(move |block| {
        let mut asked = asked.lock().unwrap();
        asked.push(block);
        let answer = match asked.len() {
            1 => Ok(()),
            _ => Err(Refused::new(
                ErrorCode::NodeUnavailable,
                "the host cannot join now",
            )),
        };
        Box::pin(async move { answer })
    })
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

impl Network {
    pub(super) async fn start() -> Self {
        Self::with(Config::default(), 256).await
    }

    pub(super) async fn with(config: Config, waiting_max: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let orgs: Vec<Org> = (1..)
            .zip(ORGS)
            .map(|(number, msp_id)| Org::make(folder.path(), number, msp_id))
            .collect();
        let mut peers = Vec::new();
        for (number, org) in orgs.iter().enumerate() {
            let place = folder.path().join(format!("peer{number}"));
            let local = Msp::new(&org.msp, MspVersion::V3_0).unwrap();
            peers.push(Peer::start(&place, &org.peer, local, config.clone(), waiting_max).await);
        }
        let network = Self {
            orgs,
            peers,
            folder,
            nonces: AtomicU64::new(1),
        };
        network.join(CHANNEL).await;
        network
    }

    /// Makes a channel of both organisations and joins both peers to it.
    pub(super) async fn join(&self, channel: &str) {
        let genesis = self.genesis(channel);
        for peer in &self.peers {
            peer.join(&genesis, channel).await;
        }
    }

    pub(super) fn genesis(&self, channel: &str) -> Block {
        self.genesis_of(channel, &self.orgs.iter().collect::<Vec<_>>())
    }

    /// The genesis block of a channel of any organisations.
    pub(super) fn genesis_of(&self, channel: &str, orgs: &[&Org]) -> Block {
        let orderer = Org::make(self.folder.path().join(channel).as_path(), 9, "OrdererMSP");
        let tls = Bytes::from(orderer.authority.tls().certificate().to_pem());
        let consenter = ConsenterDescription {
            host: "localhost".to_owned(),
            port: 7_050,
            client_tls_cert: tls.clone(),
            server_tls_cert: tls,
        };
        let endpoints = vec!["localhost:7050".to_owned()];
        let orderer = OrganizationDescription::orderer("OrdererMSP", orderer.msp, endpoints);
        let orgs = orgs.iter().map(|org| {
            OrganizationDescription::application(&org.msp_id, org.msp.clone(), Vec::new()).unwrap()
        });
        let mut description = ChannelDescription::new(
            ChannelId::parse(channel).unwrap(),
            vec![consenter],
            vec![orderer.unwrap()],
            orgs.collect(),
        );
        if channel == LOOSE {
            let any = PolicyRule::any("Endorsement");
            let policies = &mut description.application.policies;
            policies.insert("LifecycleEndorsement".to_owned(), any);
        }
        let seed = GenesisSeed {
            timestamp: at(NOW_S),
            nonce: [3; 24],
        };
        description.genesis_block(&seed).unwrap()
    }

    pub(super) fn sender(&self, who: &SigningIdentity) -> Sender {
        let mut nonce = [0; 24];
        let number = self.nonces.fetch_add(1, Ordering::Relaxed);
        nonce[..8].copy_from_slice(&number.to_le_bytes());
        Sender {
            creator: who.identity().clone(),
            nonce,
            timestamp: at(NOW_S),
        }
    }

    pub(super) fn propose(&self, who: &SigningIdentity, invocation: Invocation) -> SignedProposal {
        let (_, proposal_bytes) = self.sender(who).propose(invocation);
        sign(who, proposal_bytes)
    }

    /// Calls a chaincode on one peer.
    pub(super) async fn call(
        &self,
        peer: usize,
        who: &SigningIdentity,
        invocation: Invocation,
    ) -> Answer {
        let proposal = self.propose(who, invocation);
        self.peers[peer].endorser.process(proposal).await
    }

    /// Endorses on some peers and commits on both; the code, or the first answer that is no endorsement.
    pub(super) async fn submit(
        &self,
        peers: &[usize],
        who: &SigningIdentity,
        invocation: Invocation,
    ) -> Result<TxValidationCode, String> {
        let channel = invocation.channel_id.clone();
        let signed = self.propose(who, invocation);
        let mut responses = Vec::new();
        for peer in peers {
            let answer = self.peers[*peer].endorser.process(signed.clone()).await;
            let endorsed = answer
                .as_ref()
                .is_ok_and(|it| it.get_ref().endorsement.is_some());
            if !endorsed {
                return Err(super::show(&answer));
            }
            responses.push(answer.unwrap().into_inner());
        }
        let proposal = Proposal::parse(&signed).unwrap();
        Ok(self
            .commit_endorsed(&channel, who, &proposal, &responses)
            .await)
    }

    /// Commits an endorsed proposal on both peers.
    pub(super) async fn commit_endorsed(
        &self,
        channel: &str,
        who: &SigningIdentity,
        proposal: &Proposal,
        responses: &[ProposalResponse],
    ) -> TxValidationCode {
        let payload = assemble(proposal, responses).unwrap();
        let envelope = Envelope {
            signature: who.sign(&payload).unwrap(),
            payload,
        };
        self.commit(channel, vec![envelope.encode_to_vec().into()])
            .await
    }

    /// Commits a block on both peers, with the code of its first transaction.
    pub(super) async fn commit(&self, channel: &str, data: Vec<Bytes>) -> TxValidationCode {
        let mut codes = Vec::new();
        for peer in &self.peers {
            let channel = peer.channel(channel);
            let info = channel.ledger().info().unwrap();
            let block = Block::new(info.height, info.last_hash, data.clone());
            let verified = committer::verify(block, &channel.bundle(), 1);
            let metrics = committer::Metrics::default();
            let committed = committer::commit(&channel, verified, &metrics)
                .await
                .unwrap();
            codes.push(committed.verdicts[0].code);
        }
        assert_eq!(codes[0], codes[1]);
        codes[0]
    }

    /// Installs the test contract on a peer; the package's id.
    pub(super) async fn install(&self, peer: usize) -> String {
        let package = lifecycle::Package::build("cc_1", &contract::component()).unwrap();
        let args = messages::InstallChaincodeArgs {
            chaincode_install_package: package.bytes.clone(),
        };
        let invocation = lifecycle_call("", "InstallChaincode", &args);
        let answer = self.call(peer, &self.orgs[peer].admin, invocation).await;
        let response = answer.unwrap().into_inner().response.unwrap();
        assert_eq!(response.status, 200, "{}", response.message);
        let result = messages::InstallChaincodeResult::decode(response.payload).unwrap();
        assert_eq!(result.package_id, package.package_id);
        result.package_id
    }

    /// Approves a definition for an organisation, with the package if one is given.
    pub(super) async fn approve(
        &self,
        org: usize,
        channel: &str,
        definition: &messages::CommitChaincodeDefinitionArgs,
        package_id: Option<&str>,
    ) {
        use messages::chaincode_source::{Local, Type, Unavailable};
        let source = package_id.map_or(Type::Unavailable(Unavailable {}), |package_id| {
            Type::LocalPackage(Local {
                package_id: package_id.to_owned(),
            })
        });
        let definition = definition.clone();
        let args = messages::ApproveChaincodeDefinitionForMyOrgArgs {
            sequence: definition.sequence,
            name: definition.name,
            version: definition.version,
            endorsement_plugin: definition.endorsement_plugin,
            validation_plugin: definition.validation_plugin,
            validation_parameter: definition.validation_parameter,
            collections: definition.collections,
            init_required: definition.init_required,
            source: Some(messages::ChaincodeSource {
                r#type: Some(source),
            }),
        };
        let invocation = lifecycle_call(channel, "ApproveChaincodeDefinitionForMyOrg", &args);
        let code = self.submit(&[org], &self.orgs[org].admin, invocation).await;
        assert_eq!(code, Ok(TxValidationCode::Valid));
    }

    /// Commits a definition that the organisations of these peers have approved.
    pub(super) async fn define(
        &self,
        peers: &[usize],
        channel: &str,
        definition: &messages::CommitChaincodeDefinitionArgs,
    ) {
        let invocation = lifecycle_call(channel, "CommitChaincodeDefinition", definition);
        let code = self.submit(peers, &self.orgs[0].admin, invocation).await;
        assert_eq!(code, Ok(TxValidationCode::Valid));
    }

    /// Has a chaincode with the test contract on both peers, to be endorsed by either.
    pub(super) async fn deploy(
        &self,
        channel: &str,
        definition: &messages::CommitChaincodeDefinitionArgs,
    ) {
        for peer in [0, 1] {
            let installed = self.peers[peer].node.packages().unwrap();
            let package_id = match installed.first() {
                Some(package) => package.package_id.clone(),
                None => self.install(peer).await,
            };
            self.approve(peer, channel, definition, Some(&package_id))
                .await;
        }
        self.define(&[0, 1], channel, definition).await;
    }

    /// A network with one chaincode `cc` on its channel.
    pub(super) async fn with_chaincode() -> Self {
        let network = Self::start().await;
        network.deploy(CHANNEL, &definition("cc")).await;
        network
    }

    pub(super) fn user(&self) -> &SigningIdentity {
        &self.orgs[0].user
    }
}

pub(super) fn sign(who: &SigningIdentity, proposal_bytes: Bytes) -> SignedProposal {
    SignedProposal {
        signature: who.sign(&proposal_bytes).unwrap(),
        proposal_bytes,
    }
}

/// A chaincode that any peer of either organisation may endorse.
pub(super) fn definition(name: &str) -> messages::CommitChaincodeDefinitionArgs {
    let policy = msp::policy::dsl::parse("OR('Org1MSP.peer','Org2MSP.peer')").unwrap();
    let policy = ApplicationPolicy {
        r#type: Some(application_policy::Type::SignaturePolicy(policy)),
    };
    messages::CommitChaincodeDefinitionArgs {
        sequence: 1,
        name: name.to_owned(),
        version: "1.0".to_owned(),
        validation_parameter: policy.encode_to_vec().into(),
        ..messages::CommitChaincodeDefinitionArgs::default()
    }
}

/// A call of a chaincode on the first channel.
pub(super) fn invoke(chaincode: &str, args: &[&str]) -> Invocation {
    Invocation {
        channel_id: CHANNEL.to_owned(),
        chaincode: chaincode.to_owned(),
        args: args
            .iter()
            .map(|arg| Bytes::copy_from_slice(arg.as_bytes()))
            .collect(),
        ..Invocation::default()
    }
}

pub(super) fn with_transient(mut invocation: Invocation, value: &str) -> Invocation {
    invocation.transient =
        BTreeMap::from([("v".to_owned(), Bytes::copy_from_slice(value.as_bytes()))]);
    invocation
}

pub(super) fn lifecycle_call(channel: &str, function: &str, args: &impl Message) -> Invocation {
    Invocation {
        channel_id: channel.to_owned(),
        chaincode: "_lifecycle".to_owned(),
        args: vec![
            Bytes::copy_from_slice(function.as_bytes()),
            args.encode_to_vec().into(),
        ],
        ..Invocation::default()
    }
}
