//! Blocks committed again, into a ledger of their own.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::channel::Bundle;
use bytes::Bytes;
use committer::{Config, Metrics, Opening, commit_block, open_channel};
use joined::Channel;
use ledger::PeerLedger;
use model::hash::Digest;
use model::{Block, ChannelId, TxValidationCode};
use msp::SignatureMemo;

use crate::difference::Stated;
use crate::{Difference, Error};

/// Signatures remembered while blocks are judged.
const MEMO_ENTRIES: usize = 50_000;

/// A ledger that grows block by block, each judged in the ordinary way: hashes, orderers' signatures, all of a transaction's
/// rules, all effects in one database transaction.
pub struct Replay {
    channel: Channel,
    config: Config,
    metrics: Metrics,
}

/// A block and what became of it.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Its number.
    pub number: u64,
    /// Its header's hash.
    pub hash: Digest,
    /// A code for each transaction.
    pub codes: Vec<TxValidationCode>,
    /// The commit hash; empty for block 0.
    pub commit_hash: Bytes,
    /// How long it took, from its checks to its being durable.
    pub took: Duration,
    /// How many things the block's metadata stated: its codes, its commit hash.
    pub stated: usize,
    /// Which of them are otherwise here.
    pub differences: Vec<Difference>,
}

impl Replay {
    /// Makes a ledger in `folder`, which must be empty or not there, and commits the genesis block.
    ///
    /// # Errors
    /// [`Error::Genesis`]: the block begins no chain; nothing was written. [`Error::Occupied`], [`Error::Files`]: the folder.
    /// [`Error::Block`], [`Error::Ledger`].
    pub async fn begin(folder: &Path, genesis: Block) -> Result<(Self, Replayed), Error> {
        let refused = |reason: String| Error::Genesis { reason };
        check_genesis(&genesis).map_err(refused)?;
        let name = genesis
            .channel_id()
            .map_err(|error| refused(error.to_string()))?;
        let name = ChannelId::parse(&name).map_err(|error| refused(error.to_string()))?;
        let memo = Arc::new(SignatureMemo::new(MEMO_ENTRIES));
        Bundle::from_block(&genesis, &memo).map_err(|error| refused(error.to_string()))?;
        check_empty(folder)?;
        let begun = Instant::now();
        let mut genesis = genesis;
        let stated = Stated::take(&mut genesis);
        let hash = genesis.header_hash();
        let ledger = PeerLedger::create(folder, &name, &genesis, offline()).await?;
        let (config, metrics) = (Config::default(), Metrics::default());
        let opening = Opening {
            genesis: Some(genesis),
            memo,
            // Nobody's: what members alone may hold is not in blocks.
            msp_id: String::new(),
            waiters_max: 1,
        };
        let channel = open_channel(ledger, opening, &config, &metrics).await?;
        let codes = vec![TxValidationCode::Valid];
        let replayed = Replayed {
            number: 0,
            hash,
            stated: stated.parts(),
            differences: stated.differences(&codes, &Bytes::new()),
            codes,
            commit_hash: Bytes::new(),
            took: begun.elapsed(),
        };
        let replay = Self {
            channel,
            config,
            metrics,
        };
        Ok((replay, replayed))
    }

    /// Commits the next block and compares the verdict with the one that the block states.
    ///
    /// # Errors
    /// [`Error::Block`]: it is not the next block of this chain, not what the orderers signed, or carries a configuration that may
    /// not follow; nothing was written. [`Error::Ledger`].
    pub async fn commit(&mut self, mut block: Block) -> Result<Replayed, Error> {
        let begun = Instant::now();
        let stated = Stated::take(&mut block);
        let hash = block.header_hash();
        let committed = commit_block(&self.channel, block, &self.config, &self.metrics).await?;
        let verdicts = committed.verdicts.iter();
        let codes: Vec<_> = verdicts.map(|verdict| verdict.code).collect();
        Ok(Replayed {
            number: committed.number,
            hash,
            stated: stated.parts(),
            differences: stated.differences(&codes, &committed.commit_hash),
            codes,
            commit_hash: committed.commit_hash,
            took: begun.elapsed(),
        })
    }

    /// The ledger so far.
    #[must_use]
    pub fn ledger(&self) -> &PeerLedger {
        self.channel.ledger()
    }

    /// Closes the ledger.
    ///
    /// # Errors
    /// [`Error::Ledger`]
    pub async fn close(self) -> Result<(), Error> {
        Ok(self.channel.ledger().close().await?)
    }
}

/// A ledger's settings where nobody waits: a snapshot may be walked through for as long as that takes.
pub(crate) fn offline() -> ledger::Config {
    ledger::Config {
        snapshot_age_max: Duration::MAX,
        ..ledger::Config::default()
    }
}

fn check_genesis(block: &Block) -> Result<(), String> {
    if block.number != 0 {
        return Err(format!("it is block {}", block.number));
    }
    if !block.previous_hash.is_empty() {
        return Err("it names a block before it".to_owned());
    }
    if !block.is_config() {
        return Err("it is no configuration block".to_owned());
    }
    block.check_structure().map_err(|error| error.to_string())
}

fn check_empty(folder: &Path) -> Result<(), Error> {
    match std::fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::Occupied {
            path: folder.to_owned(),
        }),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::Files {
            what: "look into",
            path: folder.to_owned(),
            source,
        }),
    }
}
