//! A stream's place among those that may be open: kept while its reader reads.
//!
//! A reader that stops reading and leaves its connection open would keep its place for ever; a few hundred of them would
//! keep everybody else out.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// A stream that gives its place back when it is dropped, and when nobody has asked it for anything for too long.
pub(super) struct Leased<S> {
    stream: S,
    asked: Arc<Notify>,
    /// Cancelled when the place was given back while the stream was still there.
    given_back: CancellationToken,
    place: Place,
    _open: DropGuard,
}

/// Who takes the permit out gives the place back.
type Place = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

fn give_back(place: &Place) {
    drop(place.lock().unwrap_or_else(PoisonError::into_inner).take());
}

impl<S> Leased<S> {
    /// Keeps `permit` for the stream, under a task that watches it. A reader that reads asks at least as often as comments
    /// keep its connection alive, so `patience` is longer than that.
    pub(super) fn new(
        stream: S,
        permit: OwnedSemaphorePermit,
        patience: Duration,
        tasks: &TaskTracker,
    ) -> Self {
        let (asked, given_back) = (Arc::new(Notify::new()), CancellationToken::new());
        let closed = CancellationToken::new();
        let place = Arc::new(Mutex::new(Some(permit)));
        let (watched, told) = (Arc::clone(&place), given_back.clone());
        let idle = idle(Arc::clone(&asked), patience);
        let open = closed.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = open.cancelled() => {}
                () = idle => {
                    told.cancel();
                    give_back(&watched);
                }
            }
        });
        Self {
            stream,
            asked,
            given_back,
            place,
            _open: closed.drop_guard(),
        }
    }
}

/// Waits until the stream was not asked for too long.
async fn idle(asked: Arc<Notify>, patience: Duration) {
    while tokio::time::timeout(patience, asked.notified())
        .await
        .is_ok()
    {}
}

impl<S> Drop for Leased<S> {
    fn drop(&mut self) {
        give_back(&self.place);
    }
}

impl<S: Stream + Unpin> Stream for Leased<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.given_back.is_cancelled() {
            return Poll::Ready(None);
        }
        self.asked.notify_one();
        Pin::new(&mut self.stream).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures::{StreamExt as _, stream};
    use tokio::sync::Semaphore;
    use tokio_util::task::TaskTracker;

    use super::Leased;

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_stream_that_nobody_reads_gives_its_place_back_and_ends() {
        let (places, tasks) = (Arc::new(Semaphore::new(1)), TaskTracker::new());
        let permit = Arc::clone(&places).try_acquire_owned().unwrap();
        let short = Duration::from_millis(1);
        let mut leased = Leased::new(stream::repeat(1), permit, short, &tasks);
        let _given_back = places.acquire().await.unwrap();
        assert_eq!(leased.next().await, None);
    }

    #[tokio::test]
    async fn a_stream_that_is_dropped_gives_its_place_back() {
        let (places, tasks) = (Arc::new(Semaphore::new(1)), TaskTracker::new());
        let permit = Arc::clone(&places).try_acquire_owned().unwrap();
        let mut leased = Leased::new(stream::repeat(1), permit, LONG, &tasks);
        assert_eq!(leased.next().await, Some(1));
        assert_eq!(places.available_permits(), 0);
        drop(leased);
        assert_eq!(places.available_permits(), 1);
    }
}
