//! Which ledgers are meant: a peer's, or one in a folder.

use std::path::PathBuf;

use crate::cli::global::Global;
use crate::config::{self, PeerConfig};
use crate::node::{self, OwnLedgers};

/// Where ledgers are.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct PlaceArgs {
    /// The configuration of the stopped peer whose ledgers are meant, YAML; of --channel, or of all channels it has joined.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of one ledger, such as `weft ledger replay --data` makes.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl PlaceArgs {
    /// The folders, and the peer's hold on them.
    pub(super) async fn find(self, global: &Global) -> anyhow::Result<OwnLedgers> {
        let Some(file) = self.config else {
            return Ok(OwnLedgers::in_folder(self.data.unwrap_or_default()));
        };
        let config: PeerConfig = config::load(&file)?;
        let channel = global.channel.as_ref().map(|id| id.as_str());
        Ok(node::own_ledgers(&config, channel).await?)
    }
}
