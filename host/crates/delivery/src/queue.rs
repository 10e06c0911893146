//! What waits for one subscriber: bounded in items and bytes, and emptied when its reader stands still.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{Stream, stream};
use model::ErrorCode;
use services::with_code;
use tokio::{sync::Notify, time::timeout};
use tonic::Status;

/// Something for the subscriber.
pub(crate) struct Item<R> {
    pub(crate) response: R,
    /// The block it is about; `None` for a status.
    pub(crate) block: Option<u64>,
    /// What it counts for.
    pub(crate) bytes: usize,
}

/// Nobody reads any more: the subscriber went away, or was closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It went away.
    Gone,
    /// It did not read for longer than there is patience.
    Lagging,
}

struct State<R> {
    items: VecDeque<Item<R>>,
    bytes: usize,
    /// Set once the writer is done: how the stream ends after the items.
    end: Option<Result<(), Status>>,
    reader_gone: bool,
}

struct Shared<R> {
    state: Mutex<State<R>>,
    /// Wakes the reader: there is an item, or the end.
    filled: Notify,
    /// Wakes the writer: there is room, or the reader is gone.
    drained: Notify,
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        // Nothing panics while it holds the lock, and a half-changed queue cannot be seen.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing end. Dropping it ends the stream.
pub(crate) struct Writer<R> {
    shared: Arc<Shared<R>>,
    items_max: usize,
    bytes_max: usize,
    patience: Duration,
}

/// The reading end.
pub(crate) struct Reader<R>(Arc<Shared<R>>);

/// A queue of at most `items_max` items and `bytes_max` bytes; a single larger item waits alone. A writer waits
/// `patience` for room.
pub(crate) fn queue<R>(
    items_max: usize,
    bytes_max: usize,
    patience: Duration,
) -> (Writer<R>, Reader<R>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            items: VecDeque::new(),
            bytes: 0,
            end: None,
            reader_gone: false,
        }),
        filled: Notify::new(),
        drained: Notify::new(),
    });
    let reader = Reader(Arc::clone(&shared));
    let writer = Writer {
        shared,
        items_max: items_max.max(1),
        bytes_max,
        patience,
    };
    (writer, reader)
}

impl<R> Writer<R> {
    /// Adds an item, waiting for room.
    ///
    /// If the reader takes nothing for as long as the patience lasts, everything that waits is dropped and the stream
    /// ends with a status that names the block to go on from.
    ///
    /// # Errors
    /// [`Closed`]: the reader is gone or was closed; stop producing.
    pub(crate) async fn push(&self, item: Item<R>) -> Result<(), Closed> {
        let mut item = Some(item);
        loop {
            let drained = self.shared.drained.notified();
            if self.try_push(&mut item)? {
                return Ok(());
            }
            if timeout(self.patience, drained).await.is_err() {
                return match self.try_push(&mut item)? {
                    true => Ok(()),
                    false => self.abandon(item),
                };
            }
        }
    }

    /// Whether the item found room.
    fn try_push(&self, item: &mut Option<Item<R>>) -> Result<bool, Closed> {
        let mut state = self.shared.lock();
        if state.reader_gone {
            return Err(Closed::Gone);
        }
        let bytes = item.as_ref().map_or(0, |item| item.bytes);
        let fits = state.items.len() < self.items_max
            && state.bytes.saturating_add(bytes) <= self.bytes_max;
        if !fits && !state.items.is_empty() {
            return Ok(false);
        }
        state.bytes = state.bytes.saturating_add(bytes);
        state.items.extend(item.take());
        self.shared.filled.notify_one();
        Ok(true)
    }

    fn abandon(&self, unsent: Option<Item<R>>) -> Result<(), Closed> {
        let mut state = self.shared.lock();
        let waiting = std::mem::take(&mut state.items);
        state.bytes = 0;
        let resume = waiting.iter().chain(&unsent).find_map(|item| item.block);
        let text = match resume {
            Some(number) => format!("the subscriber does not read; resume from block {number}"),
            None => "the subscriber does not read".to_owned(),
        };
        let status = with_code(Status::aborted(text), ErrorCode::EventsSlow.name());
        state.end = Some(Err(status));
        self.shared.filled.notify_one();
        Err(Closed::Lagging)
    }

    /// Ends the stream after what waits.
    pub(crate) fn end(self, end: Result<(), Status>) {
        self.shared.lock().end.get_or_insert(end);
    }

    /// Waits until the reader is gone.
    pub(crate) async fn reader_gone(&self) {
        loop {
            let drained = self.shared.drained.notified();
            if self.shared.lock().reader_gone {
                return;
            }
            drained.await;
        }
    }
}

impl<R> Drop for Writer<R> {
    fn drop(&mut self) {
        self.shared.lock().end.get_or_insert(Ok(()));
        self.shared.filled.notify_one();
    }
}

impl<R> Reader<R> {
    /// The items as a stream that ends as the writer said.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<R, Status>> {
        stream::unfold(self, |reader| async move {
            let next = reader.next().await?;
            Some((next, reader))
        })
    }

    async fn next(&self) -> Option<Result<R, Status>> {
        loop {
            let filled = self.0.filled.notified();
            {
                let mut state = self.0.lock();
                if let Some(item) = state.items.pop_front() {
                    state.bytes = state.bytes.saturating_sub(item.bytes);
                    self.0.drained.notify_one();
                    return Some(Ok(item.response));
                }
                match state.end.take() {
                    None => {}
                    Some(Ok(())) => return None,
                    Some(Err(status)) => {
                        state.end = Some(Ok(()));
                        return Some(Err(status));
                    }
                }
            }
            filled.await;
        }
    }
}

impl<R> Drop for Reader<R> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.reader_gone = true;
        state.items.clear();
        self.0.drained.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    fn block(number: u64, bytes: usize) -> Item<u64> {
        Item {
            response: number,
            block: Some(number),
            bytes,
        }
    }

    fn small() -> (Writer<u64>, Reader<u64>) {
        queue(2, 100, Duration::from_secs(30))
    }

    #[tokio::test(start_paused = true)]
    async fn items_come_out_in_order_and_the_stream_ends_as_said() {
        let (writer, reader) = small();
        writer.push(block(1, 10)).await.unwrap();
        writer.push(block(2, 10)).await.unwrap();
        writer.end(Err(Status::unavailable("stopping")));
        let got: Vec<_> = reader.into_stream().collect().await;
        assert!(matches!(&got[..], [Ok(1), Ok(2), Err(status)] if status.message() == "stopping"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stands_still_is_closed_with_the_block_to_resume_from() {
        let (writer, reader) = small();
        let mut stream = Box::pin(reader.into_stream());
        for number in 1..=2 {
            writer.push(block(number, 10)).await.unwrap();
        }
        assert_eq!(stream.next().await.unwrap().unwrap(), 1);
        writer.push(block(3, 10)).await.unwrap();
        assert_eq!(writer.push(block(4, 10)).await, Err(Closed::Lagging));
        let status = stream.next().await.unwrap().unwrap_err();
        assert_eq!(status.code(), tonic::Code::Aborted);
        assert_eq!(
            status.message(),
            "the subscriber does not read; resume from block 2"
        );
        assert!(stream.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_that_reads_at_all_is_kept() {
        let (writer, reader) = small();
        let slow = async {
            let mut got = Vec::new();
            let mut stream = Box::pin(reader.into_stream());
            while let Some(item) = stream.next().await {
                got.push(item.unwrap());
                tokio::time::sleep(Duration::from_secs(29)).await;
            }
            got
        };
        let write = async {
            for number in 0..10 {
                writer.push(block(number, 60)).await.unwrap();
            }
            writer.end(Ok(()));
        };
        let (got, ()) = tokio::join!(slow, write);
        assert_eq!(got, (0..10).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_bounded_but_a_single_large_item_waits_alone() {
        let (writer, reader) = small();
        writer.push(block(1, 1_000)).await.unwrap();
        assert!(!writer.try_push(&mut Some(block(2, 1))).unwrap());
        let mut stream = Box::pin(reader.into_stream());
        assert_eq!(stream.next().await.unwrap().unwrap(), 1);
        assert!(writer.try_push(&mut Some(block(2, 60))).unwrap());
        assert!(!writer.try_push(&mut Some(block(3, 60))).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_notices_that_its_reader_is_gone() {
        let (writer, reader) = small();
        drop(reader);
        writer.reader_gone().await;
        assert_eq!(writer.push(block(1, 1)).await, Err(Closed::Gone));
    }
}
