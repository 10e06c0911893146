//! The door of a channel: what was admitted waits here for its block.

use std::sync::Arc;

use model::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::{admission::Admitted, metrics::Metrics, refusal::Refusal};

/// What a client waits for: its message is durable, or why not.
pub(crate) type Outcome = Result<(), Refusal>;

/// An admitted message and whom to tell. Dropping it unanswered tells the client that nothing is known.
pub(crate) struct Submission {
    pub(crate) admitted: Admitted,
    /// How often it was put back because the configuration changed under it.
    pub(crate) attempts: u32,
    answer: oneshot::Sender<Outcome>,
    _room: Room,
}

impl Submission {
    /// Tells the client; one that is gone does not matter.
    pub(crate) fn answer(self, outcome: Outcome) {
        let _ = self.answer.send(outcome);
    }
}

/// The place a message takes in the queue's bounds, given back when it is answered.
struct Room {
    _kib: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.metrics.dequeued();
    }
}

/// The sending side of a channel's queue; cheap to clone.
#[derive(Clone)]
pub(crate) struct Intake {
    queue: mpsc::Sender<Submission>,
    kib: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// A queue of at most `messages_max` messages of together `kib_max` KiB. The bound on the size holds until the answer.
pub(crate) fn intake(
    messages_max: usize,
    kib_max: usize,
    metrics: Arc<Metrics>,
) -> (Intake, mpsc::Receiver<Submission>) {
    let (queue, submissions) = mpsc::channel(messages_max.max(1));
    let intake = Intake {
        queue,
        kib: Arc::new(Semaphore::new(kib_max.min(Semaphore::MAX_PERMITS))),
        metrics,
    };
    (intake, submissions)
}

impl Intake {
    /// Takes a place in the queue now or not at all. The order of calls is the order in the chain.
    ///
    /// # Errors
    /// SERVICE_UNAVAILABLE: the queue is full, or the channel has stopped.
    pub(crate) fn submit(&self, admitted: Admitted) -> Result<oneshot::Receiver<Outcome>, Refusal> {
        let full = || {
            Refusal::unavailable("the queue of this channel is full, try again later")
                .because(ErrorCode::OrderQueueFull)
        };
        let kib = u32::try_from(admitted.size_bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let kib = Arc::clone(&self.kib).try_acquire_many_owned(kib.max(1));
        let kib = kib.map_err(|_| full())?;
        self.metrics.queued();
        let room = Room {
            _kib: kib,
            metrics: Arc::clone(&self.metrics),
        };
        let (answer, outcome) = oneshot::channel();
        let submission = Submission {
            admitted,
            attempts: 0,
            answer,
            _room: room,
        };
        match self.queue.try_send(submission) {
            Ok(()) => Ok(outcome),
            Err(mpsc::error::TrySendError::Full(_)) => Err(full()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(stopped()),
        }
    }
}

/// The answer while a channel is stopped.
pub(crate) fn stopped() -> Refusal {
    Refusal::unavailable("this orderer has stopped serving the channel")
}

/// The answer to a message that may or may not be ordered: look for its transaction before sending it again.
pub(crate) fn unknown_outcome() -> Refusal {
    Refusal::unavailable("this orderer stopped before it knew whether the message was ordered")
        .because(ErrorCode::OrderUnknown)
}
