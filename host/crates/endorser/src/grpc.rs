//! `protos.Endorser`, and how its errors look to clients.

use model::{ErrorCode, Refused};
use proto::protos::{ProposalResponse, Response, SignedProposal};
use services::{MIN_HEIGHT_METADATA, protos::endorser_server, put_code, with_code};
use tonic::{Request, Status};
use tracing::{error, warn};

use crate::endorser::Answered;
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
    done: Result<Answered, Error>,
) -> Result<tonic::Response<ProposalResponse>, Status> {
    match done {
        Ok(Answered { response, code }) => Ok(with_metadata(response, code)),
        Err(Error::Failed(Refused { code, text })) => {
            let response = ProposalResponse {
                response: Some(Response {
                    status: 500,
                    message: text,
                    ..Response::default()
                }),
                ..ProposalResponse::default()
            };
            Ok(with_metadata(response, Some(code)))
        }
        Err(failure) => {
            let code = failure.code().name();
            Err(with_code(status(failure), code))
        }
    }
}

fn with_metadata(
    response: ProposalResponse,
    code: Option<ErrorCode>,
) -> tonic::Response<ProposalResponse> {
    let mut answer = tonic::Response::new(response);
    if let Some(code) = code {
        put_code(answer.metadata_mut(), code.name());
    }
    answer
}

fn status(failure: Error) -> Status {
    let message = failure.to_string();
    match failure {
        Error::Refused(_) | Error::Failed(_) | Error::TooMany(_) => Status::unknown(message),
        Error::Busy(_) => Status::resource_exhausted(message),
        Error::Unavailable(cause) => {
            warn!(cause = %chain(cause.as_ref()), "a proposal could not be simulated");
            Status::unavailable(message)
        }
        Error::Broken(cause) => {
            error!(cause = %chain(cause.as_ref()), "the endorser has failed");
            Status::internal(message)
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
