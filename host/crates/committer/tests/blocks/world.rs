//! A channel on a peer of Org1: its genesis block, its definitions, the next block and what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use channel::ChannelDescription;
use channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use committer::{Config, Error, Metrics, Opening, commit_block, open_channel};
use joined::Channel;
use ledger::PeerLedger;
use model::block::{BlockSignature, signed_bytes};
use model::{Block, ChannelId, TxValidationCode, codes};
use msp::{SignatureMemo, Signer as _, SigningIdentity};
use prost_types::Timestamp;
use proto::common::{LastConfig, OrdererBlockMetadata, SignatureHeader};

use crate::people::{Org, People, people};
use crate::set::{Definition, Set, reference, set};
use crate::tx::{Tx, encoded};

pub(crate) const CHANNEL: &str = "trade";

/// The channel as one peer has it.
pub(crate) struct World {
    pub(crate) people: &'static People,
    pub(crate) genesis: Block,
    pub(crate) channel: Channel,
    config: Config,
    metrics: Metrics,
    nonces: AtomicU64,
    _data: tempfile::TempDir,
}

/// What a refused block must leave as it was.
#[derive(Debug, PartialEq)]
pub(crate) struct Standing {
    info: ledger::Info,
    state_hash: model::Digest,
    last_block: Bytes,
}

impl World {
    /// A channel with the definitions of [`definitions`] in block 1.
    pub(crate) async fn new() -> Self {
        let world = Self::bare(CHANNEL, |_| ()).await;
        world.define(&definitions()).await;
        world
    }

    /// A channel of that name with its genesis block and nothing else.
    pub(crate) async fn bare(name: &str, change: impl FnOnce(&mut ChannelDescription)) -> Self {
        let mut description = description(name);
        change(&mut description);
        let seed = GenesisSeed {
            timestamp: Timestamp::default(),
            nonce: [3; 24],
        };
        Self::join(description.genesis_block(&seed).unwrap(), Config::default()).await
    }

    /// Another peer of the channel that begins with this block.
    pub(crate) async fn join(genesis: Block, config: Config) -> Self {
        let data = tempfile::tempdir().unwrap();
        let id = ChannelId::parse(&genesis.channel_id().unwrap()).unwrap();
        let place = data.path().join("ledger");
        let ledger = PeerLedger::create(&place, &id, &genesis, ledger::Config::default())
            .await
            .unwrap();
        let opening = opening(Some(genesis.clone()));
        let metrics = Metrics::default();
        let channel = open_channel(ledger, opening, &config, &metrics)
            .await
            .unwrap();
        Self {
            people: people(),
            genesis,
            channel,
            config,
            metrics,
            nonces: AtomicU64::new(0),
            _data: data,
        }
    }

    /// Commits a block with these definitions, each a transaction that two peers have endorsed.
    pub(crate) async fn define(&self, definitions: &[Definition]) {
        let entries = definitions.iter().map(|one| self.defining(one).entry());
        let codes = self.codes(entries.collect()).await;
        assert!(
            codes.iter().all(|code| *code == TxValidationCode::Valid),
            "{codes:?}"
        );
    }

    /// The transaction that commits a definition, with as many endorsements as `_lifecycle` asks for.
    pub(crate) fn defining(&self, definition: &Definition) -> Tx {
        self.tx().calling("_lifecycle").with(definition.written())
    }

    /// A valid transaction, another each time.
    pub(crate) fn tx(&self) -> Tx {
        let nonce = self.nonces.fetch_add(1, Ordering::Relaxed);
        Tx::new(self.channel.id().as_str(), nonce)
    }

    /// A transaction that calls `basic`, does this, and is endorsed by these.
    pub(crate) fn does(&self, set: Set, endorsers: &[&'static SigningIdentity]) -> Bytes {
        self.tx().with(set).endorsed_by(endorsers).entry()
    }

    /// The next block over these entries, signed by the first orderer.
    pub(crate) fn block(&self, entries: Vec<Bytes>) -> Block {
        let info = self.channel.ledger().info().unwrap();
        let mut block = Block::new(info.height, info.last_hash, entries);
        sign(
            &mut block,
            info.last_config,
            &[&self.people.orderer1.orderer],
        );
        block
    }

    pub(crate) async fn commit(&self, block: Block) -> Result<(), Error> {
        commit_block(&self.channel, block, &self.config, &self.metrics)
            .await
            .map(drop)
    }

    /// Commits the next block over these entries, and gives what each of them got.
    pub(crate) async fn codes(&self, entries: Vec<Bytes>) -> Vec<TxValidationCode> {
        let block = self.block(entries);
        let number = block.number;
        self.commit(block).await.unwrap();
        codes_of(&self.channel.ledger().block(number).unwrap().unwrap())
    }

    /// What one transaction gets alone in its block.
    pub(crate) async fn code(&self, entry: Bytes) -> TxValidationCode {
        self.codes(vec![entry]).await[0]
    }

    /// Commits one transaction that must be valid.
    pub(crate) async fn done(&self, entry: Bytes) {
        assert_eq!(self.code(entry).await, TxValidationCode::Valid);
    }

    /// The channel as it is opened again, by what is stored.
    pub(crate) async fn opened_again(&self) -> Channel {
        let opening = opening(None);
        let ledger = self.channel.ledger().clone();
        open_channel(ledger, opening, &self.config, &self.metrics)
            .await
            .unwrap()
    }

    pub(crate) fn standing(&self) -> Standing {
        let ledger = self.channel.ledger();
        let info = ledger.info().unwrap();
        assert!(ledger.block_bytes(info.height).unwrap().is_none());
        Standing {
            state_hash: ledger.snapshot().unwrap().state_hash().unwrap(),
            last_block: ledger.block_bytes(info.height - 1).unwrap().unwrap(),
            info,
        }
    }
}

fn opening(genesis: Option<Block>) -> Opening {
    Opening {
        genesis,
        memo: Arc::new(SignatureMemo::new(10_000)),
        msp_id: "Org1MSP".to_owned(),
        waiters_max: 10,
    }
}

/// The codes in a stored block's filter.
pub(crate) fn codes_of(block: &Block) -> Vec<TxValidationCode> {
    let filter = block.transactions_filter().iter();
    filter
        .map(|byte| codes::from_byte(*byte).unwrap())
        .collect()
}

/// Signs a block as orderers do, in place of all signatures it has.
pub(crate) fn sign(block: &mut Block, last_config: u64, signers: &[&SigningIdentity]) {
    let value = OrdererBlockMetadata {
        last_config: Some(LastConfig { index: last_config }),
        consenter_metadata: Bytes::new(),
    };
    let value = encoded(&value);
    let signature = |signer: &&SigningIdentity| {
        let signature_header = encoded(&SignatureHeader {
            creator: signer.identity().clone(),
            nonce: Bytes::from_static(b"a nonce of the orderer's"),
        });
        let message = signed_bytes(&value, &signature_header, &block.header_bytes());
        BlockSignature {
            signature: signer.sign(&message).unwrap(),
            signature_header,
            identifier_header: Bytes::new(),
        }
    };
    let signatures = signers.iter().map(signature).collect();
    block.set_orderer_metadata(value.clone(), signatures);
    block.set_last_config_index(last_config);
}

/// What is defined on the channel of [`World::new`]:
///
/// | chaincode | who must endorse |
/// |---|---|
/// | `basic` | the peers of Org1 and Org2; its collection `own` the peer of Org3, its collection `plain` as the chaincode |
/// | `other` | the peer of Org3 |
/// | `twice` | two peers of Org1 |
/// | `greedy` | the peer of Org1 or Org2, and one more of Org2 |
/// | `byref` | as the channel says: the peers of two of the three organisations |
/// | `dangling` | as a policy says that the channel does not have |
/// | `garbled` | as bytes say that are no policy |
/// | `pluginless`, `policyless` | it cannot be validated |
pub(crate) fn definitions() -> Vec<Definition> {
    let mut basic = Definition::new("basic", "AND('Org1MSP.peer', 'Org2MSP.peer')");
    basic.collections = vec![("plain", None), ("own", Some("OR('Org3MSP.peer')"))];
    let by = |name, policy| Definition {
        policy,
        ..Definition::new(name, "OR('Org3MSP.peer')")
    };
    vec![
        basic,
        Definition::new("other", "OR('Org3MSP.peer')"),
        Definition::new("twice", "OutOf(2, 'Org1MSP.peer', 'Org1MSP.peer')"),
        Definition::new(
            "greedy",
            "AND(OR('Org1MSP.peer', 'Org2MSP.peer'), 'Org2MSP.peer')",
        ),
        by("byref", reference("/Channel/Application/Endorsement")),
        by("dangling", reference("/Channel/Application/Nobody")),
        by("garbled", Bytes::from_static(b"\xff")),
        by("policyless", Bytes::new()),
        Definition {
            plugin: "",
            ..Definition::new("pluginless", "OR('Org3MSP.peer')")
        },
    ]
}

/// The key `name` of `basic`, written.
pub(crate) fn put(name: &str) -> Set {
    set("basic").put(name, "v")
}

fn description(name: &str) -> ChannelDescription {
    let people = people();
    let certificate = people.orderer1.orderer.certificate().to_pem();
    let consenter = ConsenterDescription {
        host: "localhost".to_owned(),
        port: 7_050,
        client_tls_cert: certificate.clone().into(),
        server_tls_cert: certificate.into(),
    };
    let orderer = |org: &Org| {
        let endpoints = vec!["localhost:7050".to_owned()];
        OrganizationDescription::orderer(org.msp_id, org.msp.clone(), endpoints).unwrap()
    };
    let application = |org: &Org| {
        OrganizationDescription::application(org.msp_id, org.msp.clone(), Vec::new()).unwrap()
    };
    ChannelDescription::new(
        ChannelId::parse(name).unwrap(),
        vec![consenter],
        vec![orderer(&people.orderer1), orderer(&people.orderer2)],
        vec![
            application(&people.org1),
            application(&people.org2),
            application(&people.org3),
        ],
    )
}
