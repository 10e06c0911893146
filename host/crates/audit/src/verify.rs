//! A stored ledger against its own blocks.

use std::path::Path;

use bytes::Bytes;
use ledger::{PeerLedger, RowDifference};

use crate::{Difference, Error, Replay};

/// Rows of one table that are told; a ledger that is wrong all over need not be listed whole.
const ROWS_MAX: usize = 20;

/// What was found in a ledger.
#[derive(Debug, Default)]
pub struct Verified {
    /// Blocks that were replayed.
    pub blocks: u64,
    /// Why the replay ended before the last block: the block's number and what is wrong with it. The tables were not compared then.
    pub stopped: Option<(u64, Error)>,
    /// Codes and commit hashes that are stored otherwise.
    pub differences: Vec<Difference>,
    /// Rows that are stored otherwise, at most twenty of each table.
    pub rows: Vec<RowDifference>,
    /// Private values that do not fit their public hashes: namespace, collection, key.
    pub private: Vec<[Bytes; 3]>,
}

impl Verified {
    /// Whether all that is stored follows from the blocks.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.stopped.is_none()
            && self.differences.is_empty()
            && self.rows.is_empty()
            && self.private.is_empty()
    }
}

/// Replays the blocks of the ledger in `folder`, whose peer is stopped, into the empty folder `scratch`, and compares all that is
/// stored with what follows from them. Nothing in the ledger is changed. `report` hears of each block.
///
/// Block 0 is what all else is measured by: compare its hash with the one that the channel's members know.
///
/// # Errors
/// The ledger cannot be opened, or the scratch folder cannot be written. What is wrong with the ledger is no error.
pub async fn verify(
    folder: &Path,
    scratch: &Path,
    report: &mut dyn FnMut(u64, u64),
) -> Result<Verified, Error> {
    let stored = PeerLedger::open(folder, crate::replay::offline()).await?;
    let mut verified = Verified::default();
    if let Some(replay) = replay(&stored, scratch, report, &mut verified).await? {
        if verified.stopped.is_none() {
            verified.rows = stored.differences(replay.ledger(), ROWS_MAX)?;
            verified.private = stored.misplaced_private_values()?;
        }
        replay.close().await?;
    }
    stored.close().await?;
    Ok(verified)
}

/// Replays block after block until the last or the first that is refused.
async fn replay(
    stored: &PeerLedger,
    scratch: &Path,
    report: &mut dyn FnMut(u64, u64),
    verified: &mut Verified,
) -> Result<Option<Replay>, Error> {
    let height = stored.height();
    let mut replay: Option<Replay> = None;
    for number in 0..height {
        let replayed = match (block(stored, number), replay.as_mut()) {
            (Ok(block), Some(replay)) => replay.commit(block).await,
            (Ok(genesis), None) => match Replay::begin(scratch, genesis).await {
                Ok((begun, replayed)) => {
                    replay = Some(begun);
                    Ok(replayed)
                }
                Err(error) => Err(error),
            },
            (Err(error), _) => Err(error),
        };
        match replayed {
            Ok(replayed) => verified.differences.extend(replayed.differences),
            Err(error) if is_about_the_block(&error) => {
                verified.stopped = Some((number, error));
                break;
            }
            Err(error) => return Err(error),
        }
        verified.blocks = number + 1;
        report(number + 1, height);
    }
    Ok(replay)
}

fn is_about_the_block(error: &Error) -> bool {
    error.is_refusal() || matches!(error, Error::Ledger(ledger::Error::Damaged { .. }))
}

fn block(ledger: &PeerLedger, number: u64) -> Result<model::Block, Error> {
    ledger.block(number)?.ok_or(Error::Gap { number })
}
