//! A gateway request's proposal, opened once.

use std::sync::Arc;
use std::time::Duration;

use ::channel::Bundle;
use joined::{Channel, Channels};
use model::{ErrorCode, Proposal};
use proto::protos::SignedProposal;
use tonic::Status;

use crate::failure::invalid;

/// A proposal whose parts a gateway needs to know.
pub(crate) struct Proposed {
    pub(crate) proposal: Proposal,
    pub(crate) signed: SignedProposal,
    pub(crate) channel_id: String,
}

impl Proposed {
    /// Opens what a client sent; `missing` is what it is told if that is nothing.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with Fabric's texts.
    pub(crate) fn open(signed: Option<SignedProposal>, missing: &str) -> Result<Self, Status> {
        let unpack = |code, why: &dyn std::fmt::Display| {
            invalid(
                code,
                format!("failed to unpack transaction proposal: {why}"),
            )
        };
        let signed = signed
            .filter(|signed| !signed.proposal_bytes.is_empty())
            .ok_or_else(|| invalid(ErrorCode::RequestInvalid, missing))?;
        let proposal =
            Proposal::parse(&signed).map_err(|error| match std::error::Error::source(&error) {
                Some(source) => unpack(error.code(), &format!("{error}: {source}")),
                None => unpack(error.code(), &error),
            })?;
        let channel_id = proposal.channel_header.message.channel_id.clone();
        if channel_id.is_empty() {
            return Err(unpack(
                ErrorCode::ProposalMalformed,
                &"no channel id provided",
            ));
        }
        Ok(Self {
            proposal,
            signed,
            channel_id,
        })
    }

    /// The chaincode it is for.
    pub(crate) fn chaincode(&self) -> &str {
        &self.proposal.chaincode
    }

    pub(crate) fn has_transient(&self) -> bool {
        !self.proposal.transient.is_empty()
    }
}

/// A channel with the configuration that one call goes by.
pub(crate) struct Place {
    pub(crate) channel: Channel,
    pub(crate) bundle: Arc<Bundle>,
}

/// How long this peer may take to commit what another one has committed already.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(2);

impl Place {
    /// Waits until this peer has the channel at `height` blocks; gives up silently.
    pub(crate) async fn catch_up(&self, height: u64) {
        let mut reached = self.channel.ledger().watch_height();
        let reached = reached.wait_for(|reached| *reached >= height);
        let _ = tokio::time::timeout(CATCH_UP_TIMEOUT, reached).await;
    }

    pub(crate) fn find(channels: &Channels, id: &str) -> Option<Self> {
        let channel = channels.get(id)?;
        let bundle = channel.bundle();
        Some(Self { channel, bundle })
    }
}
