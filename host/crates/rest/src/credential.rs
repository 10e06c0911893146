//! Who a caller can be: credentials, and the identities that the node signs with for them.

use std::fmt;
use std::sync::Arc;

use model::Digest;
use msp::SigningIdentity;

/// What lets a caller in, and as whom it may act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The operator's name for it, shown to the caller and in logs.
    pub name: String,
    /// How the caller proves that it has it.
    pub kind: CredentialKind,
    /// Names of wallet identities that it may act by; the first is the default. None: only calls that it signs itself.
    pub identities: Vec<String>,
    /// When it ends, in unix seconds.
    pub expires_at: Option<i64>,
}

/// How a caller proves that it has a credential. Neither holds anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A bearer token with this SHA-256.
    Token(Digest),
    /// A TLS client certificate with this SHA-256 of its DER.
    Certificate(Digest),
}

/// An identity in the node's wallet.
#[derive(Clone)]
pub struct WalletIdentity {
    /// Its name in the wallet.
    pub name: String,
    /// Signs by it.
    pub signer: Arc<SigningIdentity>,
}

impl fmt::Debug for WalletIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("WalletIdentity");
        shown.field("name", &self.name).finish_non_exhaustive()
    }
}
