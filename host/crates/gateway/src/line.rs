//! A stream to an orderer that transactions share; a large one has a line to itself.
//!
//! An orderer answers the messages of a stream in their order, and ends the stream after the first that it refuses. So a line
//! opens another stream then, and sends again what was behind the refused one: what a stream in order ends without having
//! answered, it has not taken. When a stream breaks, nobody can say what became of the messages on it, and all are told so.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::{StreamExt as _, future};
use model::ErrorCode;
use proto::common::{Envelope, Status as OrdererStatus};
use proto::orderer::BroadcastResponse;
use services::MESSAGE_SIZE_BYTES_MAX;
use services::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use crate::submit::trailing_code;
use crate::taking::Taking;

/// Transactions on one stream that wait for their answers, at most; more wait in front of it.
const IN_FLIGHT_MAX: usize = 256;

/// What an orderer said, and the code of a refusal.
pub(crate) type Said = (BroadcastResponse, Option<ErrorCode>);

/// Where the tasks of lines run, and when they are to end: then what is on its way is still answered.
#[derive(Clone)]
pub(crate) struct Lifetime {
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// The way to one orderer; cheap to clone. Its task ends when the last clone is dropped and all is answered.
#[derive(Clone)]
pub(crate) struct Line {
    messages: mpsc::Sender<Message>,
    /// Somebody has waited in vain: who comes now takes another line.
    retired: CancellationToken,
}

struct Message {
    envelope: Envelope,
    taking: Arc<Taking>,
    answer: oneshot::Sender<Result<Said, Status>>,
}

impl Line {
    /// A line that ends with the peer, whoever holds it.
    pub(crate) fn shared(connection: Channel, lifetime: &Lifetime) -> Self {
        Self::open(connection, lifetime, lifetime.stop.clone())
    }

    /// A line for one caller, who may finish while the peer ends.
    pub(crate) fn own(connection: Channel, lifetime: &Lifetime) -> Self {
        Self::open(connection, lifetime, CancellationToken::new())
    }

    fn open(connection: Channel, lifetime: &Lifetime, stop: CancellationToken) -> Self {
        let (messages, queue) = mpsc::channel(IN_FLIGHT_MAX);
        lifetime.tasks.spawn(run(connection, queue, stop));
        Self {
            messages,
            retired: CancellationToken::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.retired.is_cancelled() && !self.messages.is_closed()
    }

    /// Sends a transaction and waits for the answer. If the caller gives up, the line is used for nothing more.
    ///
    /// # Errors
    /// The stream or the connection broke.
    pub(crate) async fn send(
        &self,
        envelope: Envelope,
        taking: Arc<Taking>,
    ) -> Result<Said, Status> {
        let gone = || Status::unavailable("the stream to the orderer has ended");
        let (answer, answered) = oneshot::channel();
        let message = Message {
            envelope,
            taking,
            answer,
        };
        let given_up = self.retired.clone().drop_guard();
        self.messages.send(message).await.map_err(|_| gone())?;
        let said = answered.await.unwrap_or_else(|_| Err(gone()));
        DropGuard::disarm(given_up);
        said
    }
}

/// Opens streams, one after the other, as long as somebody sends.
async fn run(connection: Channel, mut queue: mpsc::Receiver<Message>, stop: CancellationToken) {
    let mut client =
        AtomicBroadcastClient::new(connection).max_encoding_message_size(MESSAGE_SIZE_BYTES_MAX);
    let mut again = VecDeque::new();
    while !stop.is_cancelled() {
        if again.is_empty() {
            let first = tokio::select! {
                first = queue.recv() => first,
                () = stop.cancelled() => None,
            };
            let Some(first) = first else {
                return;
            };
            again.push_back(first);
        }
        let (open, requests) = Open::new(again);
        again = open.serve(requests, &mut client, &mut queue, &stop).await;
    }
}

/// Returns when all who sent these have given up.
async fn nobody_waits(sent: &mut VecDeque<Message>) {
    for message in sent {
        message.answer.closed().await;
    }
}

type Request = (Envelope, Arc<Taking>);

/// One stream.
struct Open {
    /// Sent and not answered, in order; those that were withdrawn before a connection took them are still among them.
    sent: VecDeque<Message>,
    to_orderer: mpsc::Sender<Request>,
    has_answered: bool,
}

impl Open {
    fn new(first: VecDeque<Message>) -> (Self, mpsc::Receiver<Request>) {
        let (to_orderer, requests) = mpsc::channel(IN_FLIGHT_MAX);
        let mut open = Self {
            sent: VecDeque::new(),
            to_orderer,
            has_answered: false,
        };
        for message in first {
            // Not handed on by the stream before, or never sent.
            message.taking.put_back();
            open.send(message);
        }
        (open, requests)
    }

    /// There is room for as many as may be in flight. A stream that has ended takes nothing, and is seen to have ended soon.
    fn send(&mut self, message: Message) {
        if message.answer.is_closed() {
            return; // nobody waits for it any more
        }
        let request = (message.envelope.clone(), Arc::clone(&message.taking));
        let _ = self.to_orderer.try_send(request);
        self.sent.push_back(message);
    }

    /// Serves until the stream ends, or nobody waits for what is on it; gives what is to be sent again.
    async fn serve(
        mut self,
        requests: mpsc::Receiver<Request>,
        client: &mut AtomicBroadcastClient<Channel>,
        queue: &mut mpsc::Receiver<Message>,
        stop: &CancellationToken,
    ) -> VecDeque<Message> {
        // Polled only once there is a connection.
        let requests = ReceiverStream::new(requests)
            .filter_map(|(envelope, taking)| future::ready(taking.take().then_some(envelope)));
        let opened = tokio::select! {
            opened = client.broadcast(requests) => opened,
            () = nobody_waits(&mut self.sent) => return VecDeque::new(),
        };
        let mut answers = match opened {
            Ok(answers) => answers.into_inner(),
            Err(status) => {
                // Who waits behind would only find the same, one after the other.
                while let Ok(message) = queue.try_recv() {
                    self.sent.push_back(message);
                }
                return self.fail(&status);
            }
        };
        let mut more = true;
        while more || !self.sent.is_empty() {
            tokio::select! {
                message = queue.recv(), if more && self.sent.len() < IN_FLIGHT_MAX => match message {
                    Some(message) => self.send(message),
                    None => more = false,
                },
                () = stop.cancelled(), if more => more = false,
                () = nobody_waits(&mut self.sent), if !self.sent.is_empty() => return VecDeque::new(),
                answer = answers.message() => match answer {
                    Ok(Some(response)) => if !self.answer(response, &mut answers).await {
                        return self.sent;
                    },
                    Ok(None) if self.has_answered => return self.sent,
                    Ok(None) => {
                        let text = "the orderer ended the stream without an answer";
                        return self.fail(&Status::unavailable(text));
                    }
                    Err(status) => return self.fail(&status),
                },
            }
        }
        self.sent
    }

    /// Hands an answer on; false if the stream ends with it.
    async fn answer(
        &mut self,
        response: BroadcastResponse,
        answers: &mut Streaming<BroadcastResponse>,
    ) -> bool {
        self.has_answered = true;
        let accepted = response.status() == OrdererStatus::Success;
        let code = match accepted {
            true => None,
            false => trailing_code(answers).await,
        };
        while let Some(message) = self.sent.pop_front() {
            if !message.taking.is_withdrawn() {
                let _ = message.answer.send(Ok((response, code)));
                return accepted;
            }
        }
        false // one answer too many, for nobody
    }

    /// Tells all that the stream broke.
    fn fail(self, status: &Status) -> VecDeque<Message> {
        for message in self.sent {
            let _ = message.answer.send(Err(status.clone()));
        }
        VecDeque::new()
    }
}
