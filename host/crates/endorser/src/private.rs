//! Private write sets, kept until their transaction is committed.

use model::ErrorCode;
use prost::Message as _;
use proto::rwset::TxPvtReadWriteSet;

use crate::Error;
use crate::check::Joined;

/// Makes a private write set durable in the transient store: before the endorsement that promises it is signed.
///
/// # Errors
/// - [`Error::Failed`]: the transaction was endorsed here as often as may be.
/// - [`Error::Unavailable`], [`Error::Broken`]: the disk.
pub(crate) async fn keep(
    joined: &Joined,
    tx_id: &str,
    height: u64,
    private: &TxPvtReadWriteSet,
) -> Result<(), Error> {
    let bytes = private.encode_to_vec().into();
    let kept = joined
        .channel
        .ledger()
        .transient_put(tx_id, height, &bytes)
        .await;
    kept.map_err(|error| match error {
        limit @ ledger::Error::Limit { .. } => {
            Error::in_simulation(ErrorCode::ProposalReplayed, limit)
        }
        other => other.into(),
    })
}
