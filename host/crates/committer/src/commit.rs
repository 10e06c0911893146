//! Step 15: a block against the state of the block before it, in order, and all its effects in one database transaction.

use std::sync::Arc;
use std::time::Instant;

use ::channel::{Bundle, update};
use bytes::Bytes;
use joined::Channel;
use ledger::{CommitInput, TxRow};
use model::{Block, TxId, TxValidationCode};
use proto::FromWire;
use proto::common::ConfigEnvelope;
use rwset::{BlockTx, TxRwSet, UpdateBatch, Verdict, validate_block};
use tracing::info;

use crate::judge::{Judged, judge};
use crate::verify::{VerifiedBlock, VerifiedTx};
use crate::{Error, Metrics, cause, effects, private};

/// Key of the channel's configuration in namespace "".
const CONFIG_KEY: &str = "CHANNEL_CONFIG_ENV_BYTES";

/// A block that is durable on this peer, with the codes it got.
pub struct CommittedBlock {
    /// The block with this peer's filter and commit hash.
    pub number: u64,
    /// One for each transaction, with its cause where there is one to tell.
    pub verdicts: Vec<Verdict>,
    /// The commit hash; empty for block 0.
    pub commit_hash: Bytes,
}

/// A block's codes and effects, not yet durable.
struct Decided {
    verdicts: Vec<Verdict>,
    input: CommitInput,
    next_config: Option<Bundle>,
    tx_ids: Vec<(TxId, TxValidationCode)>,
}

/// Validates what is left to validate, makes the block durable with all its effects, and tells those who wait.
///
/// # Errors
/// [`Error::Config`], [`Error::State`], [`Error::Ledger`]: the channel must stop.
pub async fn commit(
    channel: &Channel,
    verified: VerifiedBlock,
    metrics: &Metrics,
) -> Result<CommittedBlock, Error> {
    let begun = Instant::now();
    let deciding = channel.clone();
    let decided = tokio::task::spawn_blocking(move || decide(&deciding, verified))
        .await
        .map_err(|_| Error::Ended("validation"))??;
    let Decided {
        verdicts,
        input,
        next_config,
        tx_ids,
    } = decided;
    let (number, commit_hash) = (input.block.number, input.commit_hash.clone());
    let decided_at = Instant::now();
    channel.ledger().commit(input).await?;
    if let Some(bundle) = next_config {
        channel.set_bundle(Arc::new(bundle));
    }
    channel
        .waiters()
        .committed(number, tx_ids.iter().map(|(tx, code)| (tx, *code)));
    metrics.committed(&verdicts, decided_at - begun, decided_at.elapsed());
    let invalid = verdicts
        .iter()
        .filter(|verdict| verdict.code != TxValidationCode::Valid)
        .count();
    info!(
        msp_id = channel.msp_id(),
        channel = %channel.id(),
        block = number,
        txs = verdicts.len(),
        invalid,
        took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        "block committed"
    );
    Ok(CommittedBlock {
        number,
        verdicts,
        commit_hash,
    })
}

fn decide(channel: &Channel, verified: VerifiedBlock) -> Result<Decided, Error> {
    let VerifiedBlock { block, txs } = verified;
    let bundle = channel.bundle();
    let ledger = channel.ledger();
    let info = ledger.info()?;
    let snapshot = ledger.snapshot()?;
    let judged = judge(&snapshot, &bundle, &block, &txs)?;
    let code = |judged: &Judged| {
        judged
            .as_ref()
            .map_or_else(|refused| refused.code, |()| TxValidationCode::Valid)
    };
    let codes: Vec<TxValidationCode> = judged.iter().map(code).collect();
    let block_txs: Vec<BlockTx<'_>> = txs
        .iter()
        .zip(&codes)
        .map(|(tx, code)| block_tx(tx, *code))
        .collect();
    let (mut verdicts, updates) = validate_block(&snapshot, block.number, &block_txs)?;
    for (verdict, code) in verdicts.iter_mut().zip(&codes) {
        if *code != TxValidationCode::Valid {
            *verdict = Verdict {
                code: *code,
                cause: None,
            };
        }
    }
    let next_config = next_config(&bundle, &block, &txs, &verdicts)?;
    let (block, commit_hash) = finish_block(block, &verdicts, &updates, &info.commit_hash);
    let valid: Vec<(u64, &TxRwSet)> = valid_rwsets(&txs, &verdicts).collect();
    let mut input = CommitInput::new(block, commit_hash);
    input.is_config = input.block.number == 0 || next_config.is_some();
    input.txs = effects::tx_rows(&input.block, &verdicts);
    input.history = effects::history(&valid);
    input.causes = cause::rows(input.block.number, &judged, &verdicts);
    input.config_history = effects::config_history(&snapshot, &updates)?;
    input.expiry = effects::expiry(&snapshot, input.block.number, &updates)?;
    // While a ledger is rebuilt, what came beside the blocks is kept with them.
    let stored = if info.height < info.stored {
        ledger.private_sets(input.block.number)?
    } else {
        Vec::new()
    };
    private::gather(
        channel,
        &snapshot,
        &valid_ids(&txs, &verdicts),
        &updates,
        stored,
        &mut input,
    )?;
    input.updates = updates;
    let tx_ids = all_ids(&input.txs);
    Ok(Decided {
        verdicts,
        input,
        next_config,
        tx_ids,
    })
}

fn block_tx(tx: &VerifiedTx, code: TxValidationCode) -> BlockTx<'_> {
    match tx {
        VerifiedTx::Config(envelope) if code == TxValidationCode::Valid => BlockTx::Config {
            key: CONFIG_KEY,
            value: envelope.clone(),
        },
        VerifiedTx::Endorsed(tx) if code == TxValidationCode::Valid => match &tx.content {
            Ok(content) => BlockTx::Endorser(&content.rwset),
            Err(_) => BlockTx::Invalid,
        },
        _ => BlockTx::Invalid,
    }
}

/// The configuration that a block puts in force, checked against the present one.
///
/// It must be alone in its block: orderers make no other, the transactions beside it would be judged by the one or the
/// other configuration, and the channel is opened again by that block.
fn next_config(
    bundle: &Bundle,
    block: &Block,
    txs: &[VerifiedTx],
    verdicts: &[Verdict],
) -> Result<Option<Bundle>, Error> {
    if block.number == 0 {
        return Ok(None); // the configuration that everything else is compared with
    }
    let mut valid = txs
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| verdict.code == TxValidationCode::Valid);
    let config = valid.find_map(|(tx, _)| match tx {
        VerifiedTx::Config(envelope) => Some(envelope),
        _ => None,
    });
    let Some(envelope) = config else {
        return Ok(None);
    };
    let refused = |reason: &str| Error::Refused {
        number: block.number,
        reason: reason.to_owned(),
    };
    if txs.len() > 1 {
        return Err(refused("its configuration is not alone in it"));
    }
    let envelope = ConfigEnvelope::from_wire(envelope.clone())
        .map_err(|_| refused("its configuration does not decode"))?;
    let checked = update::check(bundle, &envelope);
    checked.map(Some).map_err(|source| Error::Config {
        number: block.number,
        source,
    })
}

/// The block as this peer stores it: with its filter and, after block 0, its commit hash.
fn finish_block(
    mut block: Block,
    verdicts: &[Verdict],
    updates: &UpdateBatch,
    previous: &[u8],
) -> (Block, Bytes) {
    let codes: Vec<TxValidationCode> = verdicts.iter().map(|verdict| verdict.code).collect();
    block.set_transactions_filter(&codes);
    if block.number == 0 {
        return (block, Bytes::new());
    }
    let hash = Bytes::copy_from_slice(&updates.commit_hash(block.transactions_filter(), previous));
    block.set_commit_hash(&hash);
    (block, hash)
}

fn tx_id(tx: &VerifiedTx) -> Option<&TxId> {
    match tx {
        VerifiedTx::Endorsed(tx) => Some(&tx.tx_id),
        _ => None,
    }
}

/// What those are told who wait for a transaction: its id is the one it states, as in the ledger's index, so that one that
/// is malformed ends for them too.
fn all_ids(txs: &[TxRow]) -> Vec<(TxId, TxValidationCode)> {
    let id = |row: &TxRow| Some((TxId::parse(&row.tx_id).ok()?, row.code));
    txs.iter().filter_map(id).collect()
}

/// Indexes and read-write sets of the valid endorsed transactions.
fn valid_rwsets<'t>(
    txs: &'t [VerifiedTx],
    verdicts: &'t [Verdict],
) -> impl Iterator<Item = (u64, &'t TxRwSet)> + 't {
    (0_u64..)
        .zip(txs)
        .zip(verdicts)
        .filter_map(|((index, tx), verdict)| match tx {
            VerifiedTx::Endorsed(tx) if verdict.code == TxValidationCode::Valid => tx
                .content
                .as_ref()
                .ok()
                .map(|content| (index, &content.rwset)),
            _ => None,
        })
}

fn valid_ids<'t>(txs: &'t [VerifiedTx], verdicts: &'t [Verdict]) -> Vec<private::ValidTx<'t>> {
    let valid = valid_rwsets(txs, verdicts);
    let with_id = valid.filter_map(|(index, rwset)| {
        let tx = usize::try_from(index)
            .ok()
            .and_then(|index| txs.get(index))?;
        tx_id(tx).map(|id| private::ValidTx { index, id, rwset })
    });
    with_id.collect()
}
