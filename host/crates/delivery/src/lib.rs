//! Streams of blocks: what `orderer.AtomicBroadcast/Deliver` and `protos.Deliver` have in common.
//!
//! A subscriber sends signed requests, each with a start and a stop; it gets blocks, in order, and a status after the
//! last one. Order of checks, positions and statuses are those of Fabric's common/deliver. What waits for a subscriber is
//! bounded; one that does not read is closed with gRPC's ABORTED and the number of the block to resume from.
//!
//! What this crate does not know: where blocks come from (a [`BlockSource`] is handles and a function), what is in them
//! beyond what a filtered block shows, gRPC beyond `tonic::Status`, and what time it is.
//!
//! ```
//! use std::sync::Arc;
//! use delivery::{Access, BlockSource, ClientTls, Config, Deliver, Output};
//! use futures::Stream;
//! use proto::{common::Envelope, orderer::DeliverResponse};
//! use tokio_util::{sync::CancellationToken, task::TaskTracker};
//!
//! fn serve(
//!     find: impl Fn(&str) -> Option<BlockSource> + Send + Sync + 'static,
//!     requests: impl Stream<Item = Result<Envelope, tonic::Status>> + Send + Unpin + 'static,
//! ) -> Result<impl Stream<Item = Result<DeliverResponse, tonic::Status>>, tonic::Status> {
//!     let clock = Arc::new(|| 1_700_000_000);
//!     let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
//!     let deliver = Deliver::new(Config::default(), Arc::new(find), clock, tasks, stopping);
//!     let access = Access::Policy("/Channel/Readers");
//!     deliver.stream(requests, ClientTls::NotMutual, access, Output::orderer_blocks())
//! }
//! ```

mod access;
mod config;
mod filtered;
mod metrics;
mod output;
mod queue;
mod refusal;
mod request;
mod seek;
mod session;
mod source;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures::Stream;
use model::ErrorCode;
use proto::common::Envelope;
use services::with_code;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use access::Access;
pub use config::Config;
pub use metrics::Metrics;
pub use output::{MapBlock, Output};
pub use request::ClientTls;
pub use source::{BlockSource, ReadBlock, SourceError, Sources};

/// Gives the time in seconds since 1970 UTC.
pub type Clock = dyn Fn() -> i64 + Send + Sync;

/// Serves streams; one for each service and node. Cheap to clone.
#[derive(Clone)]
pub struct Deliver(Arc<Inner>);

struct Inner {
    config: Config,
    sources: Arc<Sources>,
    clock: Arc<Clock>,
    tasks: TaskTracker,
    stopping: CancellationToken,
    metrics: Metrics,
    /// A permit for each stream that may still be opened.
    slots: Arc<Semaphore>,
}

impl Deliver {
    /// A server of the channels that `sources` finds. Each stream has a task under `tasks`; `stopping` ends them all
    /// with UNAVAILABLE.
    pub fn new(
        config: Config,
        sources: Arc<Sources>,
        clock: Arc<Clock>,
        tasks: TaskTracker,
        stopping: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            config,
            sources,
            clock,
            tasks,
            stopping,
            metrics: Metrics::default(),
            slots: Arc::new(Semaphore::new(config.streams_max)),
        }))
    }

    /// Serves the requests of one client; what comes out is the response stream of the call.
    ///
    /// After a status that is not SUCCESS the stream ends with a [`tonic::Status`] of code OK whose metadata names our code: in a
    /// call's response stream that is its trailer.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED: as many streams as [`Config::streams_max`] are open.
    pub fn stream<R, S>(
        &self,
        requests: S,
        client: ClientTls,
        access: Access,
        output: Output<R>,
    ) -> Result<impl Stream<Item = Result<R, tonic::Status>> + Send + use<R, S>, tonic::Status>
    where
        R: Send + 'static,
        S: Stream<Item = Result<Envelope, tonic::Status>> + Send + Unpin + 'static,
    {
        let config = self.config();
        let metrics = self.metrics();
        let slot = Arc::clone(&self.0.slots).try_acquire_owned().map_err(|_| {
            let text = format!("{} deliver streams are open already", config.streams_max);
            let status = tonic::Status::resource_exhausted(text);
            with_code(status, ErrorCode::EventsSlow.name())
        })?;
        let (writer, reader) = queue::queue(
            config.queue_blocks_max,
            config.queue_bytes_max,
            config.reader_patience,
        );
        Metrics::count(&metrics.streams_opened);
        let session = session::Session {
            deliver: self.clone(),
            client,
            access,
            output,
            writer,
        };
        let deliver = self.clone();
        self.0.tasks.spawn(async move {
            session.run(requests).await;
            Metrics::count(&deliver.metrics().streams_closed);
            drop(slot);
        });
        Ok(reader.into_stream())
    }

    /// The counters.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn now_s(&self) -> i64 {
        (self.0.clock)()
    }

    pub(crate) fn source(&self, channel_id: &str) -> Option<BlockSource> {
        (self.0.sources)(channel_id)
    }

    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }
}
