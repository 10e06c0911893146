//! The digest of a ledger, to compare nodes by.

use joined::Channel;
use model::Digest;
use rwset::StateReader as _;

use crate::Error;

/// What a node has computed of a channel, at one height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerDigest {
    /// Number of blocks.
    pub height: u64,
    /// SHA-256 of the last block's header.
    pub block_hash: Vec<u8>,
    /// The last block's commit hash; empty while only the genesis block is there.
    pub commit_hash: Vec<u8>,
    /// SHA-256 over all public and hashed state.
    pub state_sha256: Digest,
}

/// Reads the whole state and hashes it; block and commit hash are those of the last block that the state's snapshot shows. Blocks the
/// thread for long.
///
/// # Errors
/// [`Error::Ledger`]
pub fn digest(channel: &Channel) -> Result<LedgerDigest, Error> {
    let snapshot = channel.ledger().snapshot()?;
    let (state_sha256, height) = (snapshot.state_hash()?, snapshot.height());
    let last = height
        .checked_sub(1)
        .map(|number| channel.ledger().block(number))
        .transpose()?
        .flatten();
    let hash = |block: &model::Block| block.header_hash().to_vec();
    let commit_hash = |block: &model::Block| block.commit_hash().unwrap_or_default().to_vec();
    Ok(LedgerDigest {
        height,
        block_hash: last.as_ref().map(hash).unwrap_or_default(),
        commit_hash: last.as_ref().map(commit_hash).unwrap_or_default(),
        state_sha256,
    })
}
