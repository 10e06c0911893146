//! `protos.Endorser`, and how its errors look to clients.

use proto::protos::{ProposalResponse, Response, SignedProposal};
use services::{MIN_HEIGHT_METADATA, protos::endorser_server};
use tonic::{Request, Status};
use tracing::{error, warn};

use crate::{Endorser, Error};

#[tonic::async_trait]
impl endorser_server::Endorser for Endorser {
    async fn process_proposal(
        &self,
        request: Request<SignedProposal>,
    ) -> Result<tonic::Response<ProposalResponse>, Status> {
        let height_min = request.metadata().get(MIN_HEIGHT_METADATA);
        let height_min = height_min.and_then(|height| height.to_str().ok()?.parse().ok());
        self.process_from(request.into_inner(), height_min.unwrap_or(0))
            .await
    }
}

/// What the client gets. Causes inside this peer go to the log, not to the client.
pub(crate) fn answer(
    done: Result<ProposalResponse, Error>,
) -> Result<tonic::Response<ProposalResponse>, Status> {
    let failure = match done {
        Ok(response) => return Ok(tonic::Response::new(response)),
        Err(failure) => failure,
    };
    let message = failure.to_string();
    match failure {
        Error::Failed(message) => Ok(tonic::Response::new(ProposalResponse {
            response: Some(Response {
                status: 500,
                message,
                ..Response::default()
            }),
            ..ProposalResponse::default()
        })),
        Error::Refused(_) | Error::TooMany(_) => Err(Status::unknown(message)),
        Error::Busy(_) => Err(Status::resource_exhausted(message)),
        Error::Unavailable(cause) => {
            warn!(cause = %chain(cause.as_ref()), "a proposal could not be simulated");
            Err(Status::unavailable(message))
        }
        Error::Broken(cause) => {
            error!(cause = %chain(cause.as_ref()), "the endorser has failed");
            Err(Status::internal(message))
        }
    }
}

/// An error with all its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
