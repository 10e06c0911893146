//! What is found out of transactions by the state before the block, and before serial validation: duplicates, endorsements.

use std::collections::HashMap;

use ::channel::Bundle;
use ledger::{Snapshot, TxLocation};
use model::{Block, TxId, TxValidationCode};

use crate::Error;
use crate::cause::{self, Refused};
use crate::endorsement::Endorsements;
use crate::verify::VerifiedTx;

/// What endorsement policies and the search for duplicates say, before MVCC.
pub(crate) type Judged = Result<(), Box<Refused>>;

/// Judges a block's transactions in order, on the state before it.
///
/// # Errors
/// The state could not be read.
pub(crate) fn judge(
    snapshot: &Snapshot,
    bundle: &Bundle,
    block: &Block,
    txs: &[VerifiedTx],
) -> Result<Vec<Judged>, Error> {
    let mut endorsements = Endorsements::new(snapshot, bundle);
    let mut seen: HashMap<&TxId, u64> = HashMap::new();
    let mut all = Vec::with_capacity(txs.len());
    for (index, tx) in (0_u64..).zip(txs) {
        let judged = match tx {
            VerifiedTx::Invalid(refused) => Err(refused.clone()),
            VerifiedTx::Config(_) => Ok(()),
            VerifiedTx::Endorsed(tx) => match (snapshot.tx(tx.tx_id.as_str())?, &tx.content) {
                (Some(first), _) => Err(Refused::duplicate(first)),
                (None, Err(refused)) => Err(refused.clone()),
                // Among equals of one block the first that is valid up to here wins, even if it then fails MVCC.
                (None, Ok(content)) => endorsements
                    .judge(index, content)?
                    .and_then(|()| first_of_block(&mut seen, block.number, index, &tx.tx_id)),
            },
        };
        all.push(judged);
    }
    for (judged, entry) in all.iter_mut().zip(&block.data) {
        if let Err(refused) = judged {
            cause::add_uncounted(refused, entry, bundle);
        }
    }
    Ok(all)
}

/// Whether no transaction before has this id in this block; notes it.
fn first_of_block<'t>(
    seen: &mut HashMap<&'t TxId, u64>,
    block: u64,
    index: u64,
    tx_id: &'t TxId,
) -> Judged {
    match seen.get(tx_id) {
        None => {
            seen.insert(tx_id, index);
            Ok(())
        }
        // Its code is not known yet; it is entered when the causes are kept.
        Some(first) => Err(Refused::duplicate(TxLocation {
            block,
            tx: *first,
            code: TxValidationCode::Valid,
        })),
    }
}
