//! One stream: requests in, blocks and statuses out, in Fabric's order of checks (common/deliver/deliver.go).

use std::sync::Arc;

use channel::Bundle;
use futures::{Stream, StreamExt};
use model::Block;
use proto::{
    common::{self, Envelope, Status},
    orderer::{SeekInfo, seek_info::SeekErrorResponse},
};
use tokio::select;
use tracing::{debug, error};

use crate::{
    Access, BlockSource, ClientTls, Deliver, Metrics, Output,
    access::Permission,
    queue::{Closed, Item, Writer},
    request::Request,
    seek::{Plan, resolve},
};

/// How serving one request ended.
enum End {
    /// Tell the subscriber; after SUCCESS the next request is read.
    Status(Status),
    /// Nobody is there to be told.
    Gone,
    /// The node stops.
    Stopping,
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Gone
    }
}

/// What a stream needs, over all its requests.
pub(crate) struct Session<R> {
    pub(crate) deliver: Deliver,
    pub(crate) client: ClientTls,
    pub(crate) access: Access,
    pub(crate) output: Output<R>,
    pub(crate) writer: Writer<R>,
}

impl<R> Session<R> {
    /// Serves requests until one ends with another status than SUCCESS, the client sends no more, or the node stops.
    pub(crate) async fn run<S>(self, mut requests: S)
    where
        S: Stream<Item = Result<Envelope, tonic::Status>> + Unpin,
    {
        let end = loop {
            let request = select! {
                request = requests.next() => request,
                () = self.writer.reader_gone() => break Ok(()),
                () = self.deliver.stopping().cancelled() => break Err(stopping()),
            };
            let Some(Ok(envelope)) = request else {
                break Ok(());
            };
            match self.serve(envelope).await {
                End::Gone => break Ok(()),
                End::Stopping => break Err(stopping()),
                End::Status(status) => {
                    let sent = self.send((self.output.status)(status), None, 0).await;
                    if sent.is_err() || status != Status::Success {
                        break Ok(());
                    }
                }
            }
        };
        self.writer.end(end);
    }

    async fn serve(&self, envelope: Envelope) -> End {
        Metrics::count(&self.metrics().requests);
        match self.answer(envelope).await {
            Ok(()) => End::Status(Status::Success),
            Err(end) => end,
        }
    }

    async fn answer(&self, envelope: Envelope) -> Result<(), End> {
        let now_s = self.deliver.now_s();
        let request = Request::parse(
            envelope,
            &self.client,
            now_s,
            self.deliver.config().time_window_s,
        )
        .map_err(|reason| {
            debug!(reason, "deliver request refused");
            Status::BadRequest
        })?;
        let Some(source) = self.deliver.source(&request.channel_id) else {
            debug!("deliver request names an unknown channel");
            return Err(Status::NotFound.into());
        };
        let seek = request.seek()?;
        let strict = seek.error_response() != SeekErrorResponse::BestEffort;
        if strict && source.failed.is_cancelled() {
            return Err(Status::ServiceUnavailable.into());
        }
        let bundle = current(&source);
        let permission = Permission::new(self.access, request.signed, &bundle);
        let mut stream = BlockStream {
            session: self,
            source,
            permission,
            strict,
        };
        stream.check_permission()?;
        stream.send_all(&seek).await
    }

    async fn send(&self, response: R, block: Option<u64>, bytes: usize) -> Result<(), Closed> {
        let item = Item {
            response,
            block,
            bytes,
        };
        self.writer.push(item).await
    }

    fn metrics(&self) -> &Metrics {
        self.deliver.metrics()
    }
}

/// One request being served.
struct BlockStream<'a, R> {
    session: &'a Session<R>,
    source: BlockSource,
    permission: Permission,
    /// End with SERVICE_UNAVAILABLE when the channel fails.
    strict: bool,
}

impl<R> BlockStream<'_, R> {
    fn check_permission(&mut self) -> Result<(), Status> {
        let bundle = current(&self.source);
        let now_s = self.session.deliver.now_s();
        self.permission.check(&bundle, now_s).map_err(|reason| {
            debug!(channel = %self.source.channel, reason, "deliver request forbidden");
            Status::Forbidden
        })
    }

    async fn send_all(&mut self, seek: &SeekInfo) -> Result<(), End> {
        let height = *self.source.height.borrow();
        let plan = resolve(seek, height)?;
        let mut number = plan.start;
        loop {
            let block = self.block(number, plan).await?;
            self.check_permission()?;
            self.send(block, number, plan).await?;
            if number == plan.stop {
                return Ok(());
            }
            number = number.saturating_add(1);
        }
    }

    /// Block `number`, waited for if the plan says so.
    async fn block(&mut self, number: u64, plan: Plan) -> Result<Block, End> {
        if plan.fail_if_not_ready && number >= *self.source.height.borrow() {
            return Err(Status::NotFound.into());
        }
        self.wait_for(number).await?;
        match (self.source.read)(number).await {
            Ok(Some(block)) => Ok(block),
            // Blocks below the first one held (a peer made from a snapshot) are not there.
            Ok(None) => Err(Status::NotFound.into()),
            Err(source) => {
                error!(channel = %self.source.channel, block = number, %source, "cannot read a block to deliver");
                Err(Status::InternalServerError.into())
            }
        }
    }

    async fn wait_for(&mut self, number: u64) -> Result<(), End> {
        let failed = self.source.failed.clone();
        select! {
            biased;
            () = failed.cancelled(), if self.strict => Err(Status::ServiceUnavailable.into()),
            grown = self.source.height.wait_for(|height| *height > number) => match grown {
                Ok(_) => Ok(()),
                // The ledger is closed; with it goes whatever would have made the block.
                Err(_) => Err(Status::ServiceUnavailable.into()),
            },
            () = self.session.writer.reader_gone() => Err(End::Gone),
            () = self.session.deliver.stopping().cancelled() => Err(End::Stopping),
        }
    }

    async fn send(&self, block: Block, number: u64, plan: Plan) -> Result<(), Closed> {
        let without_data = plan.header_only && !channel::is_config_block(&block);
        let mut block = block.to_proto();
        if without_data {
            block.data = None;
        }
        let bytes = size_of_block(&block);
        let output = &self.session.output;
        let response = (output.block)(&self.source.channel, block).unwrap_or_else(output.status);
        let sent = self.session.send(response, Some(number), bytes).await;
        let metrics = self.session.metrics();
        match sent {
            Ok(()) => Metrics::count(&metrics.blocks_sent),
            Err(Closed::Lagging) => Metrics::count(&metrics.lagging_closed),
            Err(Closed::Gone) => {}
        }
        sent
    }
}

fn current(source: &BlockSource) -> Arc<Bundle> {
    Arc::clone(&source.bundle.borrow())
}

/// What a block takes in memory, near enough.
fn size_of_block(block: &common::Block) -> usize {
    let data = block.data.iter().flat_map(|data| &data.data);
    let metadata = block
        .metadata
        .iter()
        .flat_map(|metadata| &metadata.metadata);
    data.chain(metadata).map(|bytes| bytes.len()).sum()
}

fn stopping() -> tonic::Status {
    tonic::Status::unavailable("the node is stopping")
}
