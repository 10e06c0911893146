//! A channel recorded from a real Fabric network, committed here from the orderer's blocks: the same codes and the same
//! commit hashes, block for block, as Fabric's own peer gave them.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test: a panic is its way to fail"
)]

use std::path::PathBuf;
use std::sync::Arc;

use committer::{Config, Error, Metrics, Opening, commit_block, open_channel};
use joined::Channel;
use ledger::PeerLedger;
use model::{Block, ChannelId};
use msp::SignatureMemo;
use recordings::channel as vectors;

struct Recording {
    folder: PathBuf,
    channel: Channel,
    config: Config,
    metrics: Metrics,
    _data: tempfile::TempDir,
}

impl Recording {
    async fn open() -> Option<Self> {
        let folder = vectors()?;
        let data = tempfile::tempdir().unwrap();
        let genesis = read(&folder.join("genesis.block"));
        let id = ChannelId::parse("ch1").unwrap();
        let place = data.path().join("ch1");
        let ledger = PeerLedger::create(&place, &id, &genesis, ledger::Config::default())
            .await
            .unwrap();
        let opening = Opening {
            genesis: Some(genesis),
            memo: Arc::new(SignatureMemo::new(1_000)),
            msp_id: "Org1MSP".to_owned(),
            waiters_max: 10,
        };
        let (config, metrics) = (Config::default(), Metrics::default());
        let channel = open_channel(ledger, opening, &config, &metrics)
            .await
            .unwrap();
        Some(Self {
            folder,
            channel,
            config,
            metrics,
            _data: data,
        })
    }

    fn ordered(&self, number: u64) -> Block {
        read(&self.folder.join(format!("orderer/{number}.block")))
    }

    fn judged(&self, number: u64) -> Block {
        read(&self.folder.join(format!("peer/{number}.block")))
    }

    async fn commit(&self, block: Block) -> Result<(), Error> {
        commit_block(&self.channel, block, &self.config, &self.metrics)
            .await
            .map(drop)
    }
}

fn read(path: &std::path::Path) -> Block {
    Block::decode(std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn every_code_and_commit_hash_is_the_one_that_fabric_gave() {
    let Some(recording) = Recording::open().await else {
        return;
    };
    for number in 1..36 {
        recording.commit(recording.ordered(number)).await.unwrap();
        let ours = recording.channel.ledger().block(number).unwrap().unwrap();
        let theirs = recording.judged(number);
        assert_eq!(
            ours.transactions_filter(),
            theirs.transactions_filter(),
            "codes of block {number}"
        );
        assert_eq!(
            ours.commit_hash().unwrap(),
            theirs.commit_hash().unwrap(),
            "commit hash of block {number}"
        );
        assert_eq!(ours.encode(), theirs.encode(), "bytes of block {number}");
    }
    let counted = recording.metrics.read();
    assert_eq!(counted.blocks, 36);
    assert_eq!(counted.txs.get("MVCC_READ_CONFLICT"), Some(&3));
    assert_eq!(counted.txs.get("ENDORSEMENT_POLICY_FAILURE"), Some(&1));
}

#[tokio::test]
async fn blocks_that_do_not_follow_the_chain_are_refused_and_change_nothing() {
    let Some(recording) = Recording::open().await else {
        return;
    };
    recording.commit(recording.ordered(1)).await.unwrap();
    let refusals: [fn(&mut Block); 5] = [
        |block| block.number = 3,
        |block| block.previous_hash = bytes::Bytes::from_static(&[7; 32]),
        |block| block.data_hash = bytes::Bytes::from_static(&[7; 32]),
        |block| block.data.push(block.data[0].clone()),
        |block| block.metadata[0] = bytes::Bytes::new(),
    ];
    for change in refusals {
        let mut block = recording.ordered(2);
        change(&mut block);
        let refused = recording.commit(block).await.unwrap_err();
        assert!(refused.is_refusal(), "{refused}");
        assert_eq!(recording.channel.ledger().height(), 2);
    }
    recording.commit(recording.ordered(2)).await.unwrap();
}

#[tokio::test]
async fn a_rebuilt_ledger_is_the_same_ledger() {
    let Some(recording) = Recording::open().await else {
        return;
    };
    for number in 1..36 {
        recording.commit(recording.ordered(number)).await.unwrap();
    }
    let ledger = recording.channel.ledger();
    let (before, hash) = (
        ledger.info().unwrap(),
        ledger.snapshot().unwrap().state_hash().unwrap(),
    );
    ledger.rebuild().await.unwrap();
    assert_eq!(ledger.height(), 0);
    let opening = Opening {
        genesis: None,
        memo: Arc::new(SignatureMemo::new(1_000)),
        msp_id: "Org1MSP".to_owned(),
        waiters_max: 10,
    };
    let again = open_channel(
        ledger.clone(),
        opening,
        &recording.config,
        &recording.metrics,
    )
    .await
    .unwrap();
    assert_eq!(again.ledger().info().unwrap(), before);
    assert_eq!(
        again.ledger().snapshot().unwrap().state_hash().unwrap(),
        hash
    );
}
