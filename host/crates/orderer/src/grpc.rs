//! `orderer.AtomicBroadcast` over tonic.

use std::{pin::Pin, sync::Arc};

use delivery::{Access, ClientTls, Output};
use futures::Stream;
use model::ErrorCode;
use proto::{
    common::Envelope,
    orderer::{BroadcastResponse, DeliverResponse},
};
use services::orderer::atomic_broadcast_server::AtomicBroadcast;
use services::with_code;
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Request, Response, Status, Streaming};

use crate::{Metrics, broadcast::answers, node::Node};

/// The policy that guards the orderer's blocks.
const READERS: Access = Access::Policy("/Channel/Readers");

type Responses<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service; mount it with `AtomicBroadcastServer::new`.
///
/// With mutual TLS, whoever serves puts a [`ClientTls`] into each request's extensions; without one, requests are taken
/// to be bound to no certificate.
#[derive(Clone)]
pub struct AtomicBroadcastService {
    node: Arc<Node>,
}

impl AtomicBroadcastService {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// The answers to a stream of messages, as the service gives them.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED: too many broadcast streams are open.
    pub fn broadcast_stream<S>(
        &self,
        messages: S,
    ) -> Result<impl Stream<Item = Result<BroadcastResponse, Status>> + Send + use<S>, Status>
    where
        S: Stream<Item = Result<Envelope, Status>> + Send + 'static,
    {
        let slots = Arc::clone(self.node.broadcast_slots());
        let slot = slots.try_acquire_owned().map_err(|_| {
            let status = Status::resource_exhausted("too many broadcast streams are open already");
            with_code(status, ErrorCode::NodeBusy.name())
        })?;
        let open = OpenStream::new(slot, Arc::clone(self.node.metrics()));
        let answers = answers(Arc::clone(&self.node), messages);
        Ok(futures::StreamExt::map(answers, move |answer| {
            let _ = &open;
            answer
        }))
    }

    /// Blocks for a stream of seek requests, as the service gives them.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED: too many deliver streams are open.
    pub fn deliver_stream<S>(
        &self,
        requests: S,
        client: ClientTls,
    ) -> Result<impl Stream<Item = Result<DeliverResponse, Status>> + Send + use<S>, Status>
    where
        S: Stream<Item = Result<Envelope, Status>> + Send + Unpin + 'static,
    {
        let deliver = self.node.deliver();
        deliver.stream(requests, client, READERS, Output::orderer_blocks())
    }
}

/// Counts a broadcast stream while it lives.
struct OpenStream {
    _slot: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl OpenStream {
    fn new(slot: OwnedSemaphorePermit, metrics: Arc<Metrics>) -> Self {
        metrics.stream_opened();
        Self {
            _slot: slot,
            metrics,
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.metrics.stream_closed();
    }
}

#[tonic::async_trait]
impl AtomicBroadcast for AtomicBroadcastService {
    type BroadcastStream = Responses<BroadcastResponse>;
    type DeliverStream = Responses<DeliverResponse>;

    async fn broadcast(
        &self,
        request: Request<Streaming<Envelope>>,
    ) -> Result<Response<Self::BroadcastStream>, Status> {
        let answers = self.broadcast_stream(request.into_inner())?;
        Ok(Response::new(Box::pin(answers)))
    }

    async fn deliver(
        &self,
        request: Request<Streaming<Envelope>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let client = request.extensions().get::<ClientTls>().cloned();
        let client = client.unwrap_or(ClientTls::NotMutual);
        let blocks = self.deliver_stream(request.into_inner(), client)?;
        Ok(Response::new(Box::pin(blocks)))
    }
}
