//! The `rest` section of a peer's configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::name::check_name;

/// Longest time that a submission may wait for its commit, in milliseconds.
const COMMIT_WAIT_MS_MAX: u64 = 600_000;

/// The REST API: who may call it, and in whose name. Without credentials it serves what needs none, and refuses the rest.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RestConfig {
    /// The file of credentials. Read at start and whenever it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials: Option<PathBuf>,
    /// Identities that the peer may sign with for callers whose credential names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) wallet: Vec<WalletConfig>,
    /// How long a submission waits for its commit before it is answered 202, in milliseconds.
    pub(crate) commit_wait_ms: u64,
    /// Bytes of one JSON body.
    pub(crate) body_bytes_max: usize,
    /// How long a body may take to arrive, in milliseconds.
    pub(crate) body_timeout_ms: u64,
    /// Event streams open at once.
    pub(crate) event_streams_max: usize,
}

/// An identity of the wallet.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WalletConfig {
    /// The name by which credentials and requests call it.
    pub(crate) name: String,
    /// Its MSP folder, with `signcerts` and `keystore`.
    pub(crate) msp_folder: PathBuf,
    /// Its organisation's MSP id. Default: the peer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) msp_id: Option<String>,
}

impl Default for RestConfig {
    fn default() -> Self {
        Self {
            credentials: None,
            wallet: Vec::new(),
            commit_wait_ms: 30_000,
            body_bytes_max: 16 * 1024 * 1024,
            body_timeout_ms: 30_000,
            event_streams_max: 256,
        }
    }
}

impl RestConfig {
    pub(super) fn resolve(&mut self, folder: &Path) {
        let folders = self.wallet.iter_mut().map(|entry| &mut entry.msp_folder);
        super::resolve_all(folder, folders.chain(&mut self.credentials));
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for WalletConfig { name, msp_id, .. } in &self.wallet {
            check_name(name).map_err(|wrong| format!("rest.wallet: {wrong}"))?;
            if !names.insert(name) {
                return Err(format!("rest.wallet: there are two identities '{name}'"));
            }
            if let Some(msp_id) = msp_id {
                model::MspId::parse(msp_id)
                    .map_err(|error| format!("rest.wallet: msp_id of '{name}': {error}"))?;
            }
        }
        if self.commit_wait_ms > COMMIT_WAIT_MS_MAX {
            return Err(format!(
                "rest.commit_wait_ms must be at most {COMMIT_WAIT_MS_MAX}"
            ));
        }
        let zero = [
            ("body_bytes_max", self.body_bytes_max == 0),
            ("body_timeout_ms", self.body_timeout_ms == 0),
            ("event_streams_max", self.event_streams_max == 0),
        ];
        match zero.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((key, _)) => Err(format!("rest.{key} must be at least 1")),
            None => Ok(()),
        }
    }
}
