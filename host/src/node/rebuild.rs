//! The ledgers of a stopped peer, and how they are made anew from their blocks, by the ordinary way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use committer::{Config, Metrics, Opening, open_channel};
use ledger::{NodeStore, PeerLedger};
use msp::SignatureMemo;

use super::{NodeError, own};
use crate::config::PeerConfig;

/// Signatures remembered while blocks are committed again.
const MEMO_ENTRIES: usize = 50_000;

/// Ledgers that no running peer has open.
pub(crate) struct OwnLedgers {
    /// Channels and the folders of their ledgers.
    folders: Vec<(String, PathBuf)>,
    /// The peer's data folder is held as long as its ledgers are worked on.
    _store: Option<NodeStore>,
}

impl OwnLedgers {
    /// One ledger that is no peer's, called by its folder.
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self {
            folders: vec![(folder.display().to_string(), folder)],
            _store: None,
        }
    }

    /// The channels' names with the folders of their ledgers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Path)> {
        let folders = self.folders.iter();
        folders.map(|(name, folder)| (name.as_str(), folder.as_path()))
    }
}

/// The ledgers of a stopped peer, of one channel or of all that it has joined.
///
/// # Errors
/// [`NodeError`]: the peer runs, or has not joined the channel.
pub(crate) async fn own_ledgers(
    config: &PeerConfig,
    channel: Option<&str>,
) -> Result<OwnLedgers, NodeError> {
    let (_, store) = own::open(&config.folder, &config.msp_folder, &config.msp_id).await?;
    let joined = store.channels()?;
    let wanted = joined
        .iter()
        .filter(|joined| channel.is_none_or(|name| joined.channel.as_str() == name));
    let folders: Vec<_> = wanted
        .map(|joined| {
            let folder = store.channel_folder(&joined.channel);
            (joined.channel.to_string(), folder)
        })
        .collect();
    if let Some(name) = channel.filter(|_| folders.is_empty()) {
        return Err(NodeError::NotJoined(name.to_owned()));
    }
    Ok(OwnLedgers {
        folders,
        _store: Some(store),
    })
}

/// Makes the ledgers of a stopped peer anew, one channel or all; `report` hears of each with its height.
///
/// # Errors
/// [`NodeError`]; what was begun is finished at the peer's next start.
pub(crate) async fn rebuild(
    config: PeerConfig,
    channel: Option<&str>,
    report: &mut dyn FnMut(&str, u64),
) -> Result<(), NodeError> {
    let ledgers = own_ledgers(&config, channel).await?;
    let memo = Arc::new(SignatureMemo::new(MEMO_ENTRIES));
    for (id, folder) in ledgers.iter() {
        let ledger = PeerLedger::open(folder, ledger::Config::default()).await?;
        ledger.rebuild().await?;
        let opening = Opening {
            genesis: None,
            memo: Arc::clone(&memo),
            msp_id: config.msp_id.clone(),
            waiters_max: 1,
        };
        let rebuilt = open_channel(ledger, opening, &Config::default(), &Metrics::default()).await;
        let rebuilt = rebuilt.map_err(|source| NodeError::Committer {
            channel: id.to_owned(),
            source,
        })?;
        report(id, rebuilt.ledger().height());
        rebuilt.ledger().close().await?;
    }
    Ok(())
}
