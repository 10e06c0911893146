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
    /// Whether processes of this machine may speak plain HTTP to the same port, although others need TLS. Default: no.
    #[serde(default)]
    pub(crate) plain_http_on_loopback: bool,
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
    /// Whether every client must show a certificate of `client_roots`, or may.
    #[serde(default)]
    pub(crate) client_certificates: ClientCertificates,
}

/// What is asked of clients where there are `client_roots`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClientCertificates {
    /// A client without a certificate is not served.
    #[default]
    Required,
    /// A client may show one, as REST callers do who have no token. Requests for blocks are not bound to it.
    Optional,
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
        let tls = self.tls.as_ref();
        let optional = |tls: &TlsConfig| tls.client_certificates == ClientCertificates::Optional;
        if tls.is_some_and(|tls| optional(tls) && tls.client_roots.is_empty()) {
            return Err(
                "listen.tls.client_roots is missing: no certificate of a client would be trusted"
                    .to_owned(),
            );
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
