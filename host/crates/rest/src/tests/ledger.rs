//! Blocks as a committer leaves them, without signatures that anybody checks.

use std::path::Path;
use std::sync::Arc;

use ::channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use ::channel::{Bundle, ChannelDescription};
use bytes::Bytes;
use decoded::Cause;
use joined::Channel;
use ledger::{CauseRow, CommitInput, HistoryRow, PeerLedger, TxRow};
use model::client::{Invocation, Sender, assemble};
use model::{Block, ChannelId, Envelope, Proposal, TxValidationCode, Version};
use msp::SignatureMemo;
use prost::Message;
use proto::lifecycle::{StateData, StateMetadata, state_data};
use proto::protos::{
    ChaincodeAction, ChaincodeEvent, ChaincodeId, Endorsement, ProposalResponse,
    ProposalResponsePayload, Response, SignedProposal,
};
use rwset::{BlockTx, Simulator, TxRwSet, Update, UpdateBatch};

use super::people::Org;
use super::{CHANNEL, now};

/// A transaction.
#[derive(Clone, Copy)]
pub(crate) struct Tx<'a> {
    pub(crate) chaincode: &'a str,
    /// Keys with their new values; none deletes.
    pub(crate) writes: &'a [(&'a str, Option<&'a str>)],
    /// Name and payload.
    pub(crate) event: Option<(&'a str, &'a str)>,
    pub(crate) code: TxValidationCode,
    /// Why it is not valid, if that is kept.
    pub(crate) cause: Option<&'a Cause>,
}

impl Default for Tx<'_> {
    fn default() -> Self {
        Self {
            chaincode: "basic",
            writes: &[],
            event: None,
            code: TxValidationCode::Valid,
            cause: None,
        }
    }
}

/// The genesis block of a channel of one organisation.
pub(super) fn genesis(org: &Org, orderer: &Org) -> Block {
    let tls = Bytes::from(orderer.authority.tls().certificate().to_pem());
    let consenter = ConsenterDescription {
        host: "localhost".to_owned(),
        port: 7_050,
        client_tls_cert: tls.clone(),
        server_tls_cert: tls,
    };
    let endpoints = vec!["localhost:7050".to_owned()];
    let orderer =
        OrganizationDescription::orderer(&orderer.msp_id, orderer.msp.clone(), endpoints).unwrap();
    let member =
        OrganizationDescription::application(&org.msp_id, org.msp.clone(), Vec::new()).unwrap();
    let id = ChannelId::parse(CHANNEL).unwrap();
    let description = ChannelDescription::new(id, vec![consenter], vec![orderer], vec![member]);
    let seed = GenesisSeed {
        timestamp: now(),
        nonce: [3; 24],
    };
    description.genesis_block(&seed).unwrap()
}

/// An empty ledger of the channel that begins with a block.
pub(super) async fn join(folder: &Path, genesis: &Block) -> Channel {
    let bundle = Bundle::from_block(genesis, &Arc::new(SignatureMemo::new(100))).unwrap();
    let id = bundle.channel_id().clone();
    let ledger = PeerLedger::create(folder, &id, genesis, ledger::Config::default());
    Channel::new(ledger.await.unwrap(), Arc::new(bundle), "Org1MSP", 10)
}

/// Makes blocks of a channel.
pub(super) struct Chain {
    channel: Channel,
    commit_hash: Bytes,
    transactions: u64,
}

/// A transaction, simulated.
struct Simulated {
    tx_id: String,
    entry: Bytes,
    set: TxRwSet,
}

impl Chain {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            commit_hash: Bytes::new(),
            transactions: 0,
        }
    }

    pub(super) async fn commit_genesis(&mut self, mut block: Block) {
        block.set_transactions_filter(&[TxValidationCode::Valid]);
        let input = CommitInput {
            is_config: true,
            ..CommitInput::new(block, Bytes::new())
        };
        self.write(input).await;
    }

    /// Has a chaincode defined by a block without transactions, as the lifecycle would leave its records.
    pub(super) async fn define(&mut self, chaincode: &str) {
        let datatype = "ChaincodeDefinition".to_owned();
        let fields = [
            "Sequence",
            "EndorsementInfo",
            "ValidationInfo",
            "Collections",
        ];
        let fields = fields.map(str::to_owned).to_vec();
        let data = |data| Bytes::from(StateData { r#type: Some(data) }.encode_to_vec());
        let empty = || data(state_data::Type::Bytes(Bytes::new()));
        let values = [
            StateMetadata { datatype, fields }.encode_to_vec().into(),
            data(state_data::Type::Int64(1)),
            empty(),
            empty(),
            empty(),
        ];
        let mut updates = UpdateBatch::default();
        let version = Version {
            block: self.channel.ledger().height(),
            tx: 0,
        };
        for (key, value) in lifecycle::definition_keys(chaincode).iter().zip(values) {
            let update = Update {
                value: Some(value),
                ..Update::deletion(version)
            };
            updates.put("_lifecycle", key, update);
        }
        let block = self.block(Vec::new(), &[]);
        let input = CommitInput {
            updates,
            ..CommitInput::new(block, self.commit_hash.clone())
        };
        self.write(input).await;
    }

    pub(super) async fn commit(&mut self, txs: &[Tx<'_>]) -> u64 {
        let made: Vec<Simulated> = txs.iter().map(|tx| self.simulate(tx)).collect();
        let block_txs: Vec<BlockTx<'_>> = txs
            .iter()
            .zip(&made)
            .map(|(tx, made)| match tx.code {
                TxValidationCode::Valid => BlockTx::Endorser(&made.set),
                _ => BlockTx::Invalid,
            })
            .collect();
        let snapshot = self.channel.ledger().snapshot().unwrap();
        let number = self.channel.ledger().height();
        let (verdicts, updates) = rwset::validate_block(&snapshot, number, &block_txs).unwrap();
        let codes: Vec<TxValidationCode> = txs.iter().map(|tx| tx.code).collect();
        for (tx, verdict) in txs.iter().zip(&verdicts) {
            assert_eq!(
                tx.code == TxValidationCode::Valid,
                verdict.code == TxValidationCode::Valid
            );
        }
        let entries = made.iter().map(|made| made.entry.clone()).collect();
        let block = self.block(entries, &codes);
        let mut input = CommitInput {
            updates,
            ..CommitInput::new(block, self.commit_hash.clone())
        };
        for ((place, made), code) in (0..).zip(&made).zip(codes) {
            input.txs.push(TxRow {
                tx: place,
                tx_id: made.tx_id.clone(),
                code,
            });
            if code == TxValidationCode::Valid {
                input.history.extend(history(place, &made.set));
            }
        }
        for (place, tx) in (0..).zip(txs) {
            let kept = tx.cause.map(|cause| CauseRow {
                tx: place,
                bytes: cause.to_bytes().into(),
            });
            input.causes.extend(kept);
        }
        self.write(input).await;
        number
    }

    fn block(&mut self, entries: Vec<Bytes>, codes: &[TxValidationCode]) -> Block {
        let info = self.channel.ledger().info().unwrap();
        let mut block = Block::new(info.height, info.last_hash, entries);
        block.set_transactions_filter(codes);
        self.commit_hash = Bytes::copy_from_slice(&model::hash::sha256(&self.commit_hash));
        block.set_commit_hash(&self.commit_hash);
        block
    }

    async fn write(&self, input: CommitInput) {
        let number = input.block.number;
        let committed: Vec<_> = input
            .txs
            .iter()
            .map(|row| (model::TxId::parse(&row.tx_id).unwrap(), row.code))
            .collect();
        self.channel.ledger().commit(input).await.unwrap();
        let committed = committed.iter().map(|(tx_id, code)| (tx_id, *code));
        self.channel.waiters().committed(number, committed);
    }

    fn simulate(&mut self, tx: &Tx<'_>) -> Simulated {
        self.transactions += 1;
        let mut nonce = [0; 24];
        nonce[..8].copy_from_slice(&self.transactions.to_be_bytes());
        let sender = Sender {
            creator: Bytes::from_static(b"somebody"),
            nonce,
            timestamp: now(),
        };
        let tx_id = sender.tx_id().to_string();
        let snapshot = self.channel.ledger().snapshot().unwrap();
        let mut simulator = Simulator::new(Box::new(snapshot), &tx_id);
        for (key, value) in tx.writes {
            match value {
                Some(value) => {
                    let value = Bytes::copy_from_slice(value.as_bytes());
                    simulator.put_state(tx.chaincode, key, value).unwrap();
                }
                None => simulator.del_state(tx.chaincode, key).unwrap(),
            }
        }
        let results = simulator.finish().unwrap().results;
        Simulated {
            entry: entry(&sender, tx, &tx_id, results.clone()),
            set: TxRwSet::parse(&results).unwrap(),
            tx_id,
        }
    }
}

fn history(place: u64, set: &TxRwSet) -> impl Iterator<Item = HistoryRow> {
    set.namespaces().iter().flat_map(move |namespace| {
        namespace.writes().map(move |(key, _)| HistoryRow {
            tx: place,
            namespace: namespace.name().to_owned(),
            key: key.to_owned(),
        })
    })
}

/// An endorsed transaction, complete but for real signatures.
fn entry(sender: &Sender, tx: &Tx<'_>, tx_id: &str, results: Bytes) -> Bytes {
    let invocation = Invocation {
        channel_id: CHANNEL.to_owned(),
        chaincode: tx.chaincode.to_owned(),
        args: vec![Bytes::from_static(b"Do")],
        ..Invocation::default()
    };
    let (_, proposal_bytes) = sender.propose(invocation);
    let signed = SignedProposal {
        proposal_bytes,
        signature: Bytes::from_static(b"signature"),
    };
    let proposal = Proposal::parse(&signed).unwrap();
    let event = tx.event.map(|(name, payload)| ChaincodeEvent {
        chaincode_id: tx.chaincode.to_owned(),
        tx_id: tx_id.to_owned(),
        event_name: name.to_owned(),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    });
    let response = || Response {
        status: 200,
        ..Response::default()
    };
    let action = ChaincodeAction {
        response: Some(response()),
        results,
        events: event.map_or_else(Bytes::new, |event| event.encode_to_vec().into()),
        chaincode_id: Some(ChaincodeId {
            name: tx.chaincode.to_owned(),
            version: "1".to_owned(),
            ..ChaincodeId::default()
        }),
    };
    let payload = ProposalResponsePayload {
        proposal_hash: Bytes::copy_from_slice(&proposal.proposal_hash()),
        extension: action.encode_to_vec().into(),
    };
    let endorsed = ProposalResponse {
        response: Some(response()),
        payload: payload.encode_to_vec().into(),
        endorsement: Some(Endorsement::default()),
        ..ProposalResponse::default()
    };
    let payload = assemble(&proposal, &[endorsed]).unwrap();
    let signature = Bytes::from_static(b"signature");
    Envelope { payload, signature }.encode()
}
