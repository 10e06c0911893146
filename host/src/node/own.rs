//! Who a node is, and its data folder, which must be its own.

use std::path::Path;

use ledger::{NodeIdentity, NodeStore};
use model::MspId;
use model::hash::sha256;
use msp::{Signer as _, SigningIdentity};

use super::NodeError;

/// Opens the data folder of the node whose MSP folder this is; makes it if there is none.
///
/// # Errors
/// [`NodeError::Msp`], [`NodeError::MspId`], [`NodeError::Ledger`]: one of the two folders cannot be used.
pub(super) async fn open(
    folder: &Path,
    msp_folder: &Path,
    msp_id: &str,
) -> Result<(SigningIdentity, NodeStore), NodeError> {
    let signer = SigningIdentity::from_folder(msp_folder, msp_id)?;
    let identity = NodeIdentity {
        msp_id: MspId::parse(signer.msp_id())?,
        certificate_hash: sha256(signer.certificate().der()),
    };
    let store = NodeStore::open(folder, &identity, &ledger::Config::default()).await?;
    Ok((signer, store))
}
