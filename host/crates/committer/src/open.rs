//! Opening a channel's ledger: its genesis block is committed, a rebuild that was cut short is finished, the configuration
//! in force is read.

use std::sync::Arc;

use ::channel::Bundle;
use joined::Channel;
use ledger::PeerLedger;
use model::Block;
use msp::SignatureMemo;

use crate::commit::{CommittedBlock, commit};
use crate::verify::verify;
use crate::{Config, Error, Metrics, accept};

/// What opening a channel needs beside its ledger.
pub struct Opening {
    /// The channel's block 0; needed only while the ledger is empty.
    pub genesis: Option<Block>,
    /// The node's memory of good signatures.
    pub memo: Arc<SignatureMemo>,
    /// The peer's organisation.
    pub msp_id: String,
    /// Callers that may wait for commits at once.
    pub waiters_max: usize,
}

/// Makes a ledger ready to follow its channel.
///
/// # Errors
/// - [`Error::Refused`]: the ledger is empty and no genesis block was given.
/// - [`Error::Config`]: the stored configuration cannot be used by this version.
/// - [`Error::Ledger`], [`Error::State`]: the disk.
pub async fn open_channel(
    ledger: PeerLedger,
    opening: Opening,
    config: &Config,
    metrics: &Metrics,
) -> Result<Channel, Error> {
    let bundle = Arc::new(first_bundle(&ledger, &opening)?);
    let channel = Channel::new(ledger, bundle, &opening.msp_id, opening.waiters_max);
    while let Some(block) = next_to_rebuild(&channel, opening.genesis.as_ref())? {
        commit_block(&channel, block, config, metrics).await?;
    }
    Ok(channel)
}

/// Commits the next block of a channel with all checks, from its arrival to its being durable.
///
/// # Errors
/// All of [`Error`]; after a refusal the channel is as it was.
pub async fn commit_block(
    channel: &Channel,
    block: Block,
    config: &Config,
    metrics: &Metrics,
) -> Result<CommittedBlock, Error> {
    let bundle = channel.bundle();
    let info = channel.ledger().info()?;
    if block.number > 0 {
        let previous = info.last_hash.as_ref().try_into().unwrap_or_default();
        accept::accept(&block, info.height, &previous, &bundle)?;
    }
    let threads = config.verify_threads;
    let verified = tokio::task::spawn_blocking(move || verify(block, &bundle, threads))
        .await
        .map_err(|_| Error::Ended("verification"))?;
    commit(channel, verified, metrics).await
}

fn next_to_rebuild(channel: &Channel, genesis: Option<&Block>) -> Result<Option<Block>, Error> {
    match channel.ledger().block_to_rebuild()? {
        Some(block) => Ok(Some(block)),
        None if channel.ledger().height() == 0 => Ok(genesis.cloned()),
        None => Ok(None),
    }
}

/// The configuration in force at the ledger's height; before block 0 is committed, block 0's own.
fn first_bundle(ledger: &PeerLedger, opening: &Opening) -> Result<Bundle, Error> {
    let info = ledger.info()?;
    let block = match (info.height, info.stored) {
        (0, 0) => opening.genesis.clone(),
        (0, _) => ledger.block_to_rebuild()?,
        _ => ledger.block(info.last_config)?,
    };
    let number = if info.height == 0 {
        0
    } else {
        info.last_config
    };
    let missing = || Error::Refused {
        number,
        reason: "the channel's configuration block is not there".to_owned(),
    };
    Bundle::from_block(&block.ok_or_else(missing)?, &opening.memo)
        .map_err(|source| Error::Config { number, source })
}
