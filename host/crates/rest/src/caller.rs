//! The caller of a request: which credential it has shown, and by which identity it acts.

use axum::extract::FromRequestParts;
use axum::http::request::Parts as RequestParts;
use model::ErrorCode;

use crate::WalletIdentity;
use crate::api::Api;
use crate::problem::Problem;

/// The header that names one of the credential's identities.
pub(crate) const IDENTITY_HEADER: &str = "weft-identity";

/// The caller of a request; the credential layer has let it in.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The credential's name.
    pub(crate) credential: String,
    /// Names of the wallet identities that it may act by.
    pub(crate) identities: Vec<String>,
    /// The one that it acts by.
    pub(crate) chosen: Option<WalletIdentity>,
}

impl Caller {
    /// The identity that the node signs with for this caller.
    ///
    /// # Errors
    /// `auth.identity`: the credential has none.
    pub(crate) fn identity(&self) -> Result<&WalletIdentity, Problem> {
        self.chosen.as_ref().ok_or_else(|| {
            let text = format!(
                "the credential '{}' allows no identity of this node's wallet",
                self.credential
            );
            Problem::new(ErrorCode::AuthIdentity, text)
        })
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut RequestParts, _api: &Api) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Problem::new(
                ErrorCode::AuthMissing,
                "the request shows neither a token nor a client certificate",
            )
        })
    }
}
