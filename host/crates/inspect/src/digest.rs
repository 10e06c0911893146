//! `weft.v1.Inspect`: what this node itself computes of a channel's ledger, to compare nodes by.

use ::channel::{Access, Resource};
use joined::{Channel, Channels};
use msp::policy::SignedData;
use prost::Message as _;
use proto::weft::{DigestRequest, DigestResponse, SignedRequest};
use services::weft::inspect_server;
use tonic::{Request, Response, Status};
use tracing::warn;

/// Serves the digest of a peer's ledgers.
pub struct Inspect {
    channels: Channels,
}

impl Inspect {
    /// Serves these channels.
    #[must_use]
    pub fn new(channels: Channels) -> Self {
        Self { channels }
    }

    fn authorize(&self, signed: SignedRequest) -> Result<Channel, Status> {
        let request = DigestRequest::decode(signed.request.clone())
            .map_err(|_| Status::invalid_argument("the digest request does not decode"))?;
        let id = &request.channel_id;
        let channel = self
            .channels
            .get(id)
            .ok_or_else(|| Status::not_found(format!("this peer has not joined channel {id}")))?;
        let bundle = channel.bundle();
        let Access::Channel(path) = bundle.access(Resource::QsccGetChainInfo) else {
            return Err(Status::permission_denied(
                "chain information is not for clients of this channel",
            ));
        };
        let data = SignedData {
            data: signed.request,
            identity: request.identity,
            signature: signed.signature,
        };
        bundle
            .policies()
            .evaluate_signed(path, &[data])
            .map_err(|error| {
                Status::permission_denied(format!("access denied for {path}: {error}"))
            })?;
        Ok(channel)
    }
}

#[tonic::async_trait]
impl inspect_server::Inspect for Inspect {
    async fn digest(
        &self,
        request: Request<SignedRequest>,
    ) -> Result<Response<DigestResponse>, Status> {
        let channel = self.authorize(request.into_inner())?;
        // Reads the whole state: not for an async thread.
        let digest = tokio::task::spawn_blocking(move || digest(&channel)).await;
        let failed = |error: &dyn std::error::Error| {
            warn!(%error, "no digest of the ledger");
            Status::unavailable("the peer cannot read its ledger at the moment")
        };
        let digest = digest
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))?;
        Ok(Response::new(digest))
    }
}

/// Block and commit hash are those of the last block that the state's snapshot shows.
fn digest(channel: &Channel) -> Result<DigestResponse, ledger::Error> {
    let snapshot = channel.ledger().snapshot()?;
    let (state, height) = (
        snapshot.state_hash()?,
        rwset::StateReader::height(&snapshot),
    );
    let last = height
        .checked_sub(1)
        .map(|number| channel.ledger().block(number))
        .transpose()?
        .flatten();
    let (block_hash, commit_hash) = match last {
        Some(block) => (
            block.header_hash().to_vec(),
            block.commit_hash().unwrap_or_default(),
        ),
        None => (Vec::new(), bytes::Bytes::new()),
    };
    Ok(DigestResponse {
        height,
        block_hash: block_hash.into(),
        commit_hash,
        state_sha256: state.to_vec().into(),
    })
}
