//! `protos.Deliver`: committed blocks for applications, whole or filtered.

use std::pin::Pin;
use std::sync::Arc;

use ::channel::Resource;
use delivery::{Access, BlockSource, ClientTls, Deliver, Output, SourceError};
use futures::Stream;
use joined::{Channel, Channels};
use model::ErrorCode;
use proto::common::Envelope;
use proto::protos::DeliverResponse;
use services::protos::deliver_server;
use services::with_code;
use tonic::{Request, Response, Status, Streaming};

/// A joined channel as a source of blocks.
#[must_use]
pub fn block_source(channel: &Channel) -> BlockSource {
    let ledger = channel.ledger().clone();
    let read = move |number| -> futures::future::BoxFuture<'static, _> {
        let ledger = ledger.clone();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || ledger.block(number)).await;
            read.map_err(SourceError::from)?.map_err(SourceError::from)
        })
    };
    BlockSource {
        channel: channel.id(),
        height: channel.ledger().watch_height(),
        bundle: channel.watch_bundle(),
        read: Arc::new(read),
        failed: channel.failed().clone(),
    }
}

/// Serves `protos.Deliver` over the channels a peer has joined.
pub struct DeliverService {
    deliver: Deliver,
}

type Responses = Pin<Box<dyn Stream<Item = Result<DeliverResponse, Status>> + Send>>;

impl DeliverService {
    /// A service over `deliver`, whose sources are those of [`DeliverService::sources`]. With mutual TLS, whoever serves
    /// puts a [`ClientTls`] into each request's extensions.
    #[must_use]
    pub fn new(deliver: Deliver) -> Self {
        Self { deliver }
    }

    /// Finds the joined channels for [`Deliver::new`].
    pub fn sources(channels: Channels) -> Arc<delivery::Sources> {
        Arc::new(move |id: &str| channels.get(id).as_ref().map(block_source))
    }

    fn serve(
        &self,
        request: Request<Streaming<Envelope>>,
        resource: Resource,
        output: Output<DeliverResponse>,
    ) -> Result<Response<Responses>, Status> {
        let client = request
            .extensions()
            .get::<ClientTls>()
            .cloned()
            .unwrap_or(ClientTls::NotMutual);
        let responses = self.deliver.stream(
            request.into_inner(),
            client,
            Access::Resource(resource),
            output,
        )?;
        Ok(Response::new(Box::pin(responses)))
    }
}

#[tonic::async_trait]
impl deliver_server::Deliver for DeliverService {
    type DeliverStream = Responses;
    type DeliverFilteredStream = Responses;
    type DeliverWithPrivateDataStream = Responses;

    async fn deliver(
        &self,
        request: Request<Streaming<Envelope>>,
    ) -> Result<Response<Responses>, Status> {
        self.serve(request, Resource::EventBlock, Output::peer_blocks())
    }

    async fn deliver_filtered(
        &self,
        request: Request<Streaming<Envelope>>,
    ) -> Result<Response<Responses>, Status> {
        self.serve(
            request,
            Resource::EventFilteredBlock,
            Output::filtered_blocks(),
        )
    }

    async fn deliver_with_private_data(
        &self,
        _request: Request<Streaming<Envelope>>,
    ) -> Result<Response<Responses>, Status> {
        let status =
            Status::unimplemented("this version delivers blocks without private data: use Deliver");
        Err(with_code(status, ErrorCode::NodeUnsupported.name()))
    }
}
