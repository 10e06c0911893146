//! What became of a transaction, and why: the cause that the committer kept, with what this peer's ledger adds to it.

use decoded::{Cause, Explanation, Repeated, reason};
use joined::Channel;
use ledger::{Snapshot, TxLocation};
use model::{ErrorCode, Version, codes};

use crate::Error;
use crate::resolve::Resolver;

/// Later transactions of one id that are told.
const REPEATED_MAX: usize = 16;

/// The transaction that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The first one of an id: it decides.
    Id(String),
    /// The one at a place; some have no id.
    Place(Version),
}

/// Explains a transaction that this peer has committed. Blocks the thread.
///
/// # Errors
/// `transaction.not_found`; [`Error::Ledger`].
pub fn explain(channel: &Channel, which: &Which) -> Result<Explanation, Error> {
    let snapshot = channel.ledger().snapshot()?;
    let (at, repeated) = match which {
        Which::Place(version) => (*version, Vec::new()),
        Which::Id(tx_id) => first_and_others(&snapshot, tx_id)?,
    };
    let block = channel.ledger().block(at.block)?.ok_or_else(unknown)?;
    let mut cause = kept(&snapshot, at)?;
    if let Some(cause) = &mut cause {
        Resolver::new(channel, &snapshot, &block, at).resolve(cause)?;
    }
    let mut explanation = Explanation::new(&block, at.tx, cause).ok_or_else(unknown)?;
    for location in repeated {
        let at = place(location);
        explanation.repeated.push(Repeated {
            block: at.block,
            tx: at.tx,
            code: codes::name(location.code).to_owned(),
            reason: reason(location.code, kept(&snapshot, at)?.as_ref()),
        });
    }
    Ok(explanation)
}

fn first_and_others(snapshot: &Snapshot, tx_id: &str) -> Result<(Version, Vec<TxLocation>), Error> {
    let mut all = snapshot.txs(tx_id, REPEATED_MAX + 1)?;
    if all.is_empty() {
        return Err(unknown());
    }
    let others = all.split_off(1);
    let first = all.first().copied().ok_or_else(unknown)?;
    Ok((place(first), others))
}

fn kept(snapshot: &Snapshot, at: Version) -> Result<Option<Cause>, Error> {
    let bytes = snapshot.cause(at.block, at.tx)?;
    Ok(bytes.and_then(|bytes| Cause::from_bytes(&bytes)))
}

fn place(location: TxLocation) -> Version {
    Version {
        block: location.block,
        tx: location.tx,
    }
}

fn unknown() -> Error {
    Error::refused(
        ErrorCode::TransactionNotFound,
        "the ledger of this peer holds no such transaction",
    )
}
