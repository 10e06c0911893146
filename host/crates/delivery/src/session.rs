//! One stream: requests in, blocks and statuses out, in Fabric's order of checks (common/deliver/deliver.go).

use std::sync::Arc;

use channel::Bundle;
use futures::{Stream, StreamExt};
use model::{Block, ErrorCode};
use proto::{
    common::{self, Envelope, Status},
    orderer::{SeekInfo, seek_info::SeekErrorResponse},
};
use services::with_code;
use tokio::select;
use tracing::{debug, error};

use crate::{
    Access, BlockSource, ClientTls, Deliver, Metrics, Output,
    access::Permission,
    queue::{Closed, Item, Writer},
    refusal::Refusal,
    request::Request,
    seek::{Plan, resolve},
};

/// Why serving a request ended before all was sent.
enum End {
    /// Tell the subscriber.
    Refused(Refusal),
    /// Nobody is there to be told.
    Gone,
    /// The node stops.
    Stopping,
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
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
            let refused = match self.serve(envelope).await {
                Ok(()) => None,
                Err(End::Refused(refusal)) => Some(refusal),
                Err(End::Gone) => break Ok(()),
                Err(End::Stopping) => break Err(stopping()),
            };
            let status = refused.as_ref().map_or(Status::Success, |why| why.status);
            let sent = self.send((self.output.status)(status), None, 0).await;
            match refused {
                Some(refusal) => break Err(refusal.end()),
                None if sent.is_err() => break Ok(()),
                None => {}
            }
        };
        self.writer.end(end);
    }

    async fn serve(&self, envelope: Envelope) -> Result<(), End> {
        Metrics::count(&self.metrics().requests);
        let served = self.answer(envelope).await;
        if let Err(End::Refused(refusal)) = &served {
            let status = refusal.status.as_str_name();
            debug!(status, reason = refusal.reason, "deliver request refused");
        }
        served
    }

    async fn answer(&self, envelope: Envelope) -> Result<(), End> {
        let now_s = self.deliver.now_s();
        let request = Request::parse(
            envelope,
            &self.client,
            now_s,
            self.deliver.config().time_window_s,
        )?;
        let source = self.deliver.source(&request.channel_id).ok_or_else(|| {
            let reason = "there is no such channel";
            Refusal::new(Status::NotFound, ErrorCode::ChannelNotFound, reason)
        })?;
        let seek = request.seek()?;
        let strict = seek.error_response() != SeekErrorResponse::BestEffort;
        if strict && source.failed.is_cancelled() {
            return Err(channel_stopped().into());
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
    fn check_permission(&mut self) -> Result<(), Refusal> {
        let bundle = current(&self.source);
        let now_s = self.session.deliver.now_s();
        self.permission.check(&bundle, now_s)
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
            return Err(no_block(number).into());
        }
        self.wait_for(number).await?;
        match (self.source.read)(number).await {
            Ok(Some(block)) => Ok(block),
            // Blocks below the first one held (a peer made from a snapshot) are not there.
            Ok(None) => Err(no_block(number).into()),
            Err(source) => {
                error!(channel = %self.source.channel, block = number, %source, "cannot read a block to deliver");
                let (status, code) = (Status::InternalServerError, ErrorCode::NodeBroken);
                Err(Refusal::new(status, code, "a block cannot be read").into())
            }
        }
    }

    async fn wait_for(&mut self, number: u64) -> Result<(), End> {
        let failed = self.source.failed.clone();
        select! {
            biased;
            () = failed.cancelled(), if self.strict => Err(channel_stopped().into()),
            grown = self.source.height.wait_for(|height| *height > number) => match grown {
                Ok(_) => Ok(()),
                // The ledger is closed; with it goes whatever would have made the block.
                Err(_) => Err(channel_stopped().into()),
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

fn no_block(number: u64) -> Refusal {
    let reason = format!("block {number} is not here");
    Refusal::new(Status::NotFound, ErrorCode::BlockNotFound, reason)
}

fn channel_stopped() -> Refusal {
    let (status, code) = (Status::ServiceUnavailable, ErrorCode::ChannelStopped);
    Refusal::new(status, code, "the channel has stopped on this node")
}

fn stopping() -> tonic::Status {
    let status = tonic::Status::unavailable("the node is stopping");
    with_code(status, ErrorCode::NodeUnavailable.name())
}
