//! A channel recorded from a real Fabric network: its proposals, put to peers of ours that hold its state, give the bytes
//! that Fabric's peers signed.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use model::{Block, TxId};
use msp::{Msp, MspVersion, Signer as _, SigningIdentity};
use prost::Message as _;
use proto::common::{ChannelHeader, Envelope, Header, Payload, SignatureHeader};
use proto::lifecycle::{ApproveChaincodeDefinitionForMyOrgArgs, chaincode_source};
use proto::protos::{
    ChaincodeActionPayload, ChaincodeInvocationSpec, ChaincodeProposalPayload, Endorsement,
    Proposal, SignedProposal, Transaction,
};
pub(super) use recordings::channel as vectors;

use super::contract;
use super::network::{Peer, sign};
use crate::Config;

const LAST: u64 = 35;

/// The recorded organisations' peers, with the recorded keys.
struct Recording {
    folder: PathBuf,
    peers: Vec<Peer>,
    clients: Vec<SigningIdentity>,
    _data: tempfile::TempDir,
}

/// A recorded transaction taken apart.
struct Recorded {
    header: Header,
    proposal_payload: ChaincodeProposalPayload,
    args: Vec<Bytes>,
    response_payload: Bytes,
    endorsements: Vec<Endorsement>,
}

impl Recorded {
    fn parse(entry: &Bytes) -> Self {
        let envelope = Envelope::decode(entry.clone()).unwrap();
        let payload = Payload::decode(envelope.payload).unwrap();
        let transaction = Transaction::decode(payload.data).unwrap();
        let action =
            ChaincodeActionPayload::decode(transaction.actions[0].payload.clone()).unwrap();
        let proposal_payload =
            ChaincodeProposalPayload::decode(action.chaincode_proposal_payload).unwrap();
        let spec = ChaincodeInvocationSpec::decode(proposal_payload.input.clone()).unwrap();
        let endorsed = action.action.unwrap();
        Self {
            header: payload.header.unwrap(),
            proposal_payload,
            args: spec.chaincode_spec.unwrap().input.unwrap().args,
            response_payload: endorsed.proposal_response_payload,
            endorsements: endorsed.endorsements,
        }
    }

    fn channel_header(&self) -> ChannelHeader {
        ChannelHeader::decode(self.header.channel_header.clone()).unwrap()
    }

    fn is(&self, function: &str) -> bool {
        self.args[0] == function
    }
}

impl Recording {
    async fn open() -> Option<Self> {
        let folder = vectors()?;
        let data = tempfile::tempdir().unwrap();
        let genesis = read(&folder.join("genesis.block"));
        let (mut peers, mut clients) = (Vec::new(), Vec::new());
        for number in [1, 2] {
            let msp_id = format!("Org{number}MSP");
            let org = folder.join(format!("crypto/peerOrganizations/org{number}.test"));
            let config = msp::folder::load_msp_config(&org.join("msp"), &msp_id).unwrap();
            let local = Msp::new(&config, MspVersion::V3_0).unwrap();
            let place = data.path().join(&msp_id);
            let msp = org.join(format!("peers/peer0.org{number}.test/msp"));
            let peer = Peer::start(&place, &msp, local, Config::default(), 256).await;
            peer.join(&genesis, "ch1").await;
            peers.push(peer);
            for user in ["Admin", "User1"] {
                let msp = org.join(format!("users/{user}@org{number}.test/msp"));
                clients.push(SigningIdentity::from_folder(&msp, &msp_id).unwrap());
            }
        }
        let recording = Self {
            folder,
            peers,
            clients,
            _data: data,
        };
        recording.install();
        Some(recording)
    }

    fn block(&self, number: u64) -> Block {
        read(&self.folder.join(format!("orderer/{number}.block")))
    }

    /// Stores our port of the recorded contract under the package ids that the recorded approvals name.
    fn install(&self) {
        for (block, peer) in [(1, 0), (2, 1)] {
            let approval = Recorded::parse(&self.block(block).data[0]);
            let args = ApproveChaincodeDefinitionForMyOrgArgs::decode(approval.args[1].clone());
            let source = args.unwrap().source.unwrap().r#type.unwrap();
            let chaincode_source::Type::LocalPackage(package) = source else {
                panic!("the approval names no package");
            };
            let bytes = lifecycle::Package::build("vec", &contract::component())
                .unwrap()
                .bytes;
            let node = &self.peers[peer].node;
            node.install(&package.package_id, "vec", &bytes, 0).unwrap();
        }
    }

    /// The recorded proposal, signed anew by its creator: signatures of proposals are in no block.
    fn proposal(&self, recorded: &Recorded) -> SignedProposal {
        let signature_header = recorded.header.signature_header.clone();
        let creator = SignatureHeader::decode(signature_header).unwrap().creator;
        let client = self
            .clients
            .iter()
            .find(|client| *client.identity() == creator);
        let mut payload = recorded.proposal_payload.clone();
        if recorded.is("pput") {
            let secret = Bytes::from_static(b"secret");
            payload.transient_map = [("v".to_owned(), secret)].into();
        }
        let proposal = Proposal {
            header: recorded.header.encode_to_vec().into(),
            payload: payload.encode_to_vec().into(),
            extension: Bytes::new(),
        };
        sign(client.unwrap(), proposal.encode_to_vec().into())
    }

    /// Has every endorser of a recorded transaction endorse it again.
    async fn endorse(&self, number: u64, recorded: &Recorded) {
        let header = recorded.channel_header();
        let words: Vec<_> = recorded
            .args
            .iter()
            .take(3)
            .map(|arg| String::from_utf8_lossy(&arg[..arg.len().min(24)]).into_owned())
            .collect();
        for endorsement in &recorded.endorsements {
            let endorser = proto::msp::SerializedIdentity::decode(endorsement.endorser.clone());
            let peer = usize::from(endorser.unwrap().mspid == "Org2MSP");
            let peer = &self.peers[peer];
            peer.clock_s
                .store(header.timestamp.unwrap().seconds, Ordering::Relaxed);
            let answer = peer.endorser.process(self.proposal(recorded)).await;
            let answer =
                answer.unwrap_or_else(|status| panic!("block {number} {words:?}: {status}"));
            let answer = answer.into_inner();
            let ours = answer.endorsement.clone();
            let ours =
                ours.unwrap_or_else(|| panic!("block {number} {words:?}: {:?}", answer.response));
            assert_eq!(
                answer.payload, recorded.response_payload,
                "block {number} {words:?}"
            );
            assert_eq!(ours.endorser, endorsement.endorser, "block {number}");
        }
    }

    async fn commit(&self, block: &Block) {
        let (config, metrics) = (committer::Config::default(), committer::Metrics::default());
        for peer in &self.peers {
            let channel = peer.channel("ch1");
            committer::commit_block(&channel, block.clone(), &config, &metrics)
                .await
                .unwrap();
        }
    }
}

fn read(path: &std::path::Path) -> Block {
    Block::decode(std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_proposal_is_endorsed_with_the_bytes_that_fabrics_peers_signed() {
    let Some(recording) = Recording::open().await else {
        return;
    };
    let mut endorsed = 0;
    for number in 1..=LAST {
        let block = recording.block(number);
        for entry in &block.data {
            recording.endorse(number, &Recorded::parse(entry)).await;
            endorsed += 1;
        }
        recording.commit(&block).await;
    }
    assert_eq!(endorsed, 38);
    // Private values came from our own endorsements' transient sets.
    let ledger = recording.peers[0].channel("ch1").ledger().clone();
    assert_eq!(ledger.height(), LAST + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_transaction_that_is_committed_is_a_duplicate() {
    let Some(recording) = Recording::open().await else {
        return;
    };
    let block = recording.block(1);
    let recorded = Recorded::parse(&block.data[0]);
    recording.commit(&block).await;
    let peer = &recording.peers[0];
    let header = recorded.channel_header();
    peer.clock_s
        .store(header.timestamp.unwrap().seconds, Ordering::Relaxed);
    let refused = peer
        .endorser
        .process(recording.proposal(&recorded))
        .await
        .unwrap_err();
    let signature_header = SignatureHeader::decode(recorded.header.signature_header.clone());
    let SignatureHeader { creator, nonce } = signature_header.unwrap();
    let tx_id = TxId::compute(&nonce, &creator);
    let creator = hex::encode(creator);
    let expected = format!("duplicate transaction found [{tx_id}]. Creator [{creator}]");
    assert_eq!(
        (refused.code(), refused.message()),
        (tonic::Code::Unknown, expected.as_str())
    );
}
