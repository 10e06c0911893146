//! Connections to other nodes: one way to open them, with the limits that all nodes share.

use std::time::Duration;

use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

/// Largest gRPC message that a node sends or takes, in bytes: Fabric's own limit.
pub const MESSAGE_SIZE_BYTES_MAX: usize = 100 * 1024 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Fabric's servers answer pings that come more often than each 60 s with GOAWAY.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Flow-control windows in bytes: a block of 2 MB should not wait for window updates.
const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// Why no connection can be made from what was given.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The address is not `host:port`.
    #[error("'{address}' is not an address of the form host:port")]
    Address {
        /// The address as given.
        address: String,
    },
    /// The certificates or the key are not usable.
    #[error("cannot use the TLS material for '{address}'")]
    Tls {
        /// The address it was meant for.
        address: String,
        /// What the TLS library found.
        #[source]
        source: tonic::transport::Error,
    },
}

/// Where a node listens and how it is trusted.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// `host:port`; an IPv6 host stands in brackets.
    pub address: String,
    /// PEM certificates one of which has issued the server's; empty: plain text, for loopback only.
    pub tls_roots_pem: Vec<u8>,
    /// Name that the server's certificate must carry, where it is not the host of `address`.
    pub tls_name: Option<String>,
    /// PEM certificate and key that this side shows, for servers that ask for them.
    pub client_pem: Option<(Vec<u8>, Vec<u8>)>,
}

impl Endpoint {
    /// A connection that is opened at its first use and again whenever it was lost.
    ///
    /// # Errors
    /// [`DialError`] when the endpoint can never be reached as described. A server that is down is no error here: the
    /// first call tells.
    pub fn connect_lazy(&self) -> Result<Channel, DialError> {
        let scheme = if self.tls_roots_pem.is_empty() {
            "http"
        } else {
            "https"
        };
        let wrong_address = || DialError::Address {
            address: self.address.clone(),
        };
        if !self.address.contains(':') || self.address.contains('/') {
            return Err(wrong_address());
        }
        let mut endpoint =
            tonic::transport::Endpoint::from_shared(format!("{scheme}://{}", self.address))
                .map_err(|_| wrong_address())?
                .connect_timeout(CONNECT_TIMEOUT)
                .tcp_nodelay(true)
                .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
                .keep_alive_timeout(KEEPALIVE_TIMEOUT)
                .initial_stream_window_size(STREAM_WINDOW_BYTES)
                .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        if !self.tls_roots_pem.is_empty() {
            let source = |source| DialError::Tls {
                address: self.address.clone(),
                source,
            };
            endpoint = endpoint.tls_config(self.tls()).map_err(source)?;
        }
        Ok(endpoint.connect_lazy())
    }

    fn tls(&self) -> ClientTlsConfig {
        let mut tls =
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&self.tls_roots_pem));
        if let Some(name) = &self.tls_name {
            tls = tls.domain_name(name.clone());
        }
        if let Some((certificate, key)) = &self.client_pem {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        tls
    }
}

#[cfg(test)]
mod tests {
    use super::{DialError, Endpoint};

    #[test]
    fn an_address_without_a_port_or_with_a_path_is_refused() {
        for address in ["localhost", "localhost:1/x", "", "a b:1"] {
            let endpoint = Endpoint {
                address: address.to_owned(),
                ..Endpoint::default()
            };
            assert!(
                matches!(endpoint.connect_lazy(), Err(DialError::Address { .. })),
                "{address}"
            );
        }
    }

    #[test]
    fn roots_that_are_no_certificates_are_refused() {
        let pem = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_vec();
        let endpoint = Endpoint {
            address: "localhost:1".to_owned(),
            tls_roots_pem: pem,
            ..Endpoint::default()
        };
        assert!(matches!(
            endpoint.connect_lazy(),
            Err(DialError::Tls { .. })
        ));
    }
}
