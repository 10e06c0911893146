//! `gateway.Gateway` on the wire: limits, deadlines, and the calls themselves.

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use model::ErrorCode;
use proto::gateway::{
    ChaincodeEventsResponse, CommitStatusResponse, EndorseRequest, EndorseResponse,
    EvaluateRequest, EvaluateResponse, SignedChaincodeEventsRequest, SignedCommitStatusRequest,
    SubmitRequest, SubmitResponse,
};
use services::gateway::gateway_server;
use tokio::sync::OwnedSemaphorePermit;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::Gateway;
use crate::endorse::Progress;
use crate::failure::coded;

type Events = Pin<Box<dyn Stream<Item = Result<ChaincodeEventsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl gateway_server::Gateway for Gateway {
    type ChaincodeEventsStream = Events;

    async fn evaluate(
        &self,
        request: Request<EvaluateRequest>,
    ) -> Result<Response<EvaluateResponse>, Status> {
        let (_permit, patience) = (self.permit()?, patience(request.metadata()));
        let done = Self::evaluate(self, request.into_inner());
        within(
            patience,
            ErrorCode::EndorseUnavailable,
            || "evaluate timeout expired",
            done,
        )
        .await
        .map(Response::new)
    }

    async fn endorse(
        &self,
        request: Request<EndorseRequest>,
    ) -> Result<Response<EndorseResponse>, Status> {
        let (_permit, patience) = (self.permit()?, patience(request.metadata()));
        let progress = Progress::default();
        let done = Self::endorse(self, request.into_inner(), &progress);
        within(
            patience,
            ErrorCode::EndorseUnavailable,
            || progress.expired(),
            done,
        )
        .await
        .map(Response::new)
    }

    async fn submit(
        &self,
        request: Request<SubmitRequest>,
    ) -> Result<Response<SubmitResponse>, Status> {
        let (_permit, patience) = (self.permit()?, patience(request.metadata()));
        let done = Self::submit(self, request.into_inner());
        within(
            patience,
            ErrorCode::OrderUnknown,
            || "submit timeout expired while broadcasting to ordering service",
            done,
        )
        .await
        .map(Response::new)
    }

    async fn commit_status(
        &self,
        request: Request<SignedCommitStatusRequest>,
    ) -> Result<Response<CommitStatusResponse>, Status> {
        let (_permit, patience) = (self.permit()?, patience(request.metadata()));
        let done = Self::commit_status(self, request.into_inner());
        within(
            patience,
            ErrorCode::CommitUnknown,
            || "timeout expired while waiting for the commit",
            done,
        )
        .await
        .map(Response::new)
    }

    async fn chaincode_events(
        &self,
        request: Request<SignedChaincodeEventsRequest>,
    ) -> Result<Response<Events>, Status> {
        let permit = self.permit()?;
        let events = Self::chaincode_events(self, request.into_inner()).await?;
        // The permit lives as long as the stream does.
        let held = futures::StreamExt::map(events, move |event| {
            let _permit = &permit;
            event
        });
        Ok(Response::new(Box::pin(held)))
    }
}

impl Gateway {
    fn permit(&self) -> Result<OwnedSemaphorePermit, Status> {
        self.inner.calls.clone().try_acquire_owned().map_err(|_| {
            let limit = self.inner.config.calls_max;
            // Fabric's limiter answers UNKNOWN; its clients expect that.
            let status = Status::unknown(format!(
                "too many requests for /gateway.Gateway, exceeding concurrency limit ({limit})"
            ));
            coded(ErrorCode::NodeBusy, status)
        })
    }
}

/// How long the caller waits, as gRPC's `grpc-timeout` header tells.
fn patience(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number.saturating_mul(3_600))),
        "M" => Some(Duration::from_secs(number.saturating_mul(60))),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

async fn within<T>(
    patience: Option<Duration>,
    code: ErrorCode,
    expired: impl FnOnce() -> &'static str,
    call: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match patience {
        None => call.await,
        Some(patience) => tokio::time::timeout(patience, call)
            .await
            .unwrap_or_else(|_| Err(coded(code, Status::deadline_exceeded(expired())))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::metadata::MetadataMap;

    use super::patience;

    #[test]
    fn the_callers_patience_is_read_in_every_unit() {
        let read = |text: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("grpc-timeout", text.parse().unwrap());
            patience(&metadata)
        };
        assert_eq!(read("2S"), Some(Duration::from_secs(2)));
        assert_eq!(read("1500m"), Some(Duration::from_millis(1_500)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("x"), None);
        assert_eq!(read("99999999999999999999S"), None);
        assert_eq!(patience(&MetadataMap::new()), None);
    }
}
