//! Where a node listens.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The listener for gRPC and HTTP, one port for both.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenConfig {
    /// Address and port; port 0 takes a free one.
    pub(crate) address: SocketAddr,
    /// Certificate and key in PEM. Without it the node speaks plain text, on loopback only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<TlsConfig>,
}

/// A node's TLS material.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsConfig {
    /// PEM file: the node's certificate, then those between it and a root.
    pub(crate) certificate: PathBuf,
    /// PEM file: the key of the certificate.
    pub(crate) key: PathBuf,
    /// PEM files: who may issue certificates of clients. Empty: clients need none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) client_roots: Vec<PathBuf>,
}

impl ListenConfig {
    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(tls) = &mut self.tls {
            let files = [&mut tls.certificate, &mut tls.key]
                .into_iter()
                .chain(&mut tls.client_roots);
            super::resolve_all(folder, files);
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.tls.is_none() && !self.address.ip().is_loopback() {
            return Err(format!(
                "listen.tls is missing: without TLS a node listens on loopback only, not on {}",
                self.address
            ));
        }
        Ok(())
    }
}

/// The operations listener has neither TLS nor authentication.
pub(super) fn check_operations(address: Option<SocketAddr>) -> Result<(), String> {
    match address {
        Some(address) if !address.ip().is_loopback() => Err(format!(
            "operations_address must be on loopback, not {address}: it serves health and metrics in plain text"
        )),
        _ => Ok(()),
    }
}
