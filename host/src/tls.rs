//! TLS of the listener: rustls with ring, TLS 1.2 and 1.3, ALPN for gRPC and HTTP/1.1.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::ErrorCode;
use model::hash::{Digest, sha256};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::config::{ClientCertificates, ListenConfig, TlsConfig};
use crate::server::Transport;

/// Why the listener's TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file is missing or holds no PEM of the right sort.
    #[error("cannot read {what} from {path}", path = path.display())]
    Read {
        /// Certificate, key or client root.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What was found.
        #[source]
        source: pem::Error,
    },
    /// Certificate and key do not go together, or are of a sort that is not supported.
    #[error("certificate and key of the listener cannot be used")]
    Unusable(#[source] rustls::Error),
    /// The roots for clients' certificates are not usable.
    #[error("the roots for client certificates cannot be used: {0}")]
    ClientRoots(String),
}

impl TlsError {
    /// The code by which users know it.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Read {
                source: pem::Error::Io(_),
                ..
            } => ErrorCode::FileUnusable,
            Self::Read { .. } | Self::Unusable(_) | Self::ClientRoots(_) => {
                ErrorCode::ConfigInvalid
            }
        }
    }
}

/// How clients may speak to a listener that is configured so.
///
/// # Errors
/// [`TlsError`], naming the file.
pub(crate) fn transport(listen: &ListenConfig) -> Result<Transport, TlsError> {
    Ok(match &listen.tls {
        None => Transport::Plain,
        Some(tls) if listen.plain_http_on_loopback => Transport::TlsOrLoopback(server_config(tls)?),
        Some(tls) => Transport::Tls(server_config(tls)?),
    })
}

fn server_config(tls: &TlsConfig) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?;
    let builder = if tls.client_roots.is_empty() {
        builder.with_no_client_auth()
    } else {
        let roots = Arc::new(client_roots(&tls.client_roots)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
        let verifier = match tls.client_certificates {
            ClientCertificates::Required => verifier,
            ClientCertificates::Optional => verifier.allow_unauthenticated(),
        };
        let verifier = verifier
            .build()
            .map_err(|error| TlsError::ClientRoots(error.to_string()))?;
        builder.with_client_cert_verifier(verifier)
    };
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|source| TlsError::Read {
        what: "a private key",
        path: tls.key.clone(),
        source,
    })?;
    let mut config = builder
        .with_single_cert(certificates(&tls.certificate)?, key)
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// SHA-256 of the certificate that a node shows, in DER: requests for blocks name it.
///
/// # Errors
/// [`TlsError::Read`]
pub(crate) fn certificate_hash(tls: &TlsConfig) -> Result<Digest, TlsError> {
    let own = certificates(&tls.certificate)?;
    Ok(own.first().map(|der| sha256(der)).unwrap_or_default())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |source| TlsError::Read {
        what: "a certificate",
        path: path.to_path_buf(),
        source,
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(wrong)?
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    if found.is_empty() {
        return Err(wrong(pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn client_roots(paths: &[PathBuf]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for path in paths {
        for certificate in certificates(path)? {
            roots
                .add(certificate)
                .map_err(|error| TlsError::ClientRoots(format!("{}: {error}", path.display())))?;
        }
    }
    Ok(roots)
}
