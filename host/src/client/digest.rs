//! A peer's own digest of the channel's ledger.

use std::time::Duration;

use bytes::Bytes;
use msp::Signer as _;
use prost::Message;
use proto::weft::{DigestRequest, DigestResponse, SignedRequest};

use super::connection::within;
use super::{Client, ClientError};

/// The whole state is read for it.
const DIGEST_PATIENCE: Duration = Duration::from_secs(600);

impl Client {
    /// Asks the peer for the digest of its ledger.
    ///
    /// # Errors
    /// [`ClientError::Call`], [`ClientError::Sign`].
    pub(crate) async fn digest(&self) -> Result<DigestResponse, ClientError> {
        let request = DigestRequest {
            channel_id: self.channel_id.clone(),
            identity: self.signer.identity().clone(),
        };
        let request = Bytes::from(request.encode_to_vec());
        let signature = self.sign(&request)?;
        let request = within(DIGEST_PATIENCE, SignedRequest { request, signature });
        let answer = self.inspect().digest(request).await;
        Ok(answer
            .map_err(self.failed("asking for the digest"))?
            .into_inner())
    }
}
