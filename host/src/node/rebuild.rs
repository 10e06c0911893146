//! `weft ledger rebuild`: a peer's ledgers made anew from their blocks, by the ordinary way.

use std::sync::Arc;

use committer::{Config, Metrics, Opening, open_channel};
use ledger::PeerLedger;
use msp::SignatureMemo;

use super::{NodeError, own};
use crate::config::PeerConfig;

/// Signatures remembered while blocks are committed again.
const MEMO_ENTRIES: usize = 50_000;

/// Makes the ledgers of a stopped peer anew, one channel or all; `report` hears of each with its height.
///
/// # Errors
/// [`NodeError`]; what was begun is finished at the peer's next start.
pub(crate) async fn rebuild(
    config: PeerConfig,
    channel: Option<&str>,
    report: &mut dyn FnMut(&str, u64),
) -> Result<(), NodeError> {
    let (_, store) = own::open(&config.folder, &config.msp_folder, &config.msp_id).await?;
    let joined = store.channels()?;
    let wanted: Vec<_> = joined
        .iter()
        .filter(|joined| channel.is_none_or(|name| joined.channel.as_str() == name))
        .collect();
    if let Some(name) = channel.filter(|_| wanted.is_empty()) {
        return Err(NodeError::NotJoined(name.to_owned()));
    }
    let memo = Arc::new(SignatureMemo::new(MEMO_ENTRIES));
    for joined in wanted {
        let id = joined.channel.as_str();
        let ledger = PeerLedger::open(
            &store.channel_folder(&joined.channel),
            ledger::Config::default(),
        )
        .await?;
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
