//! One broadcast stream: messages in, an answer for each, in order.
//!
//! Messages are read ahead of their answers. Each is checked, several at a time; then, in the order they came, they take
//! their places in their channels' queues; then, in the same order, they are answered, each when it is durable. After a
//! refusal nothing more is taken in, and the stream ends with that answer.

use std::{sync::Arc, time::Instant};

use futures::{Stream, StreamExt, future, stream};
use model::{Envelope, ErrorCode, Payload};
use proto::{common, orderer::BroadcastResponse};
use services::end_with_code;
use tokio::{sync::oneshot, task::spawn_blocking};
use tonic::Status;
use tracing::{debug, error};

use crate::{
    admission::{Admitted, unreadable},
    filter,
    intake::{Intake, Outcome, stopped, unknown_outcome},
    node::Node,
    refusal::{Refusal, success},
    registry::Channel,
};

/// Messages up to this size are checked on the thread that received them.
const CHECKED_HERE_BYTES_MAX: usize = 64 * 1024;

/// A message that passed, and the queue it goes to.
type Checked = Result<(Intake, Admitted), Refusal>;

/// The answers to `messages`. After a refusal the stream ends with a status of code OK, whose metadata, in the call's trailer,
/// names our code.
pub(crate) fn answers<S>(
    node: Arc<Node>,
    messages: S,
) -> impl Stream<Item = Result<BroadcastResponse, Status>> + Send + use<S>
where
    S: Stream<Item = Result<common::Envelope, Status>> + Send + 'static,
{
    let config = node.config();
    let (checks_max, ahead_max) = (
        config.stream_checks_max.max(1),
        config.stream_messages_max.max(1),
    );
    let stopping = node.stopping().clone().cancelled_owned();
    let checker = Arc::clone(&node);
    let outcomes = messages
        .take_until(stopping)
        // A client that went away ends its stream.
        .scan((), |(), message| future::ready(message.ok()))
        .map(move |message| check(Arc::clone(&checker), message.into()))
        .buffered(checks_max)
        // Once one is refused at the door, nothing behind it gets in.
        .scan(true, |open, checked| {
            let entered = open.then(|| enter(checked));
            *open = matches!(entered, Some(Ok(_)));
            future::ready(entered)
        })
        .map(outcome)
        .buffered(ahead_max);
    until_refused(outcomes).flat_map(move |outcome| {
        let refused = outcome.as_ref().err();
        let end = refused.map(|refusal| Err(end_with_code(refusal.code.name())));
        let answer = Ok(answer(&node, outcome));
        stream::iter([answer].into_iter().chain(end))
    })
}

/// Checks one message: here if it is a matter of some 100 µs, which is about what two changes of threads cost; else on a thread
/// for long work.
async fn check(node: Arc<Node>, envelope: Envelope) -> Checked {
    let started = Instant::now();
    let checked = if envelope.payload.len() <= CHECKED_HERE_BYTES_MAX {
        check_now(&node, envelope)
    } else {
        let checking = Arc::clone(&node);
        let checked = spawn_blocking(move || check_now(&checking, envelope)).await;
        checked.unwrap_or_else(|error| {
            error!(%error, "checking a message failed");
            Err(Refusal::unavailable("the message could not be checked"))
        })
    };
    node.metrics().checked(started.elapsed());
    checked
}

fn check_now(node: &Node, envelope: Envelope) -> Checked {
    let payload = Payload::parse(&envelope.payload).map_err(|error| unreadable(&error))?;
    let channel = find(node, &payload)?;
    filter::classify(&payload)?;
    let bundle = channel.bundle();
    let admitted = node.admission().admit(&bundle, envelope)?;
    Ok((channel.intake, admitted))
}

fn find(node: &Node, payload: &Payload) -> Result<Channel, Refusal> {
    let channel_id = &payload.channel_header.message.channel_id;
    let channel = node.channel(channel_id);
    let channel = channel.ok_or_else(|| {
        Refusal::bad("channel does not exist").because(ErrorCode::ChannelNotFound)
    })?;
    match channel.has_failed() {
        true => Err(stopped()),
        false => Ok(channel),
    }
}

fn enter(checked: Checked) -> Result<oneshot::Receiver<Outcome>, Refusal> {
    let (intake, admitted) = checked?;
    intake.submit(admitted)
}

async fn outcome(entered: Result<oneshot::Receiver<Outcome>, Refusal>) -> Outcome {
    match entered {
        Ok(outcome) => outcome.await.unwrap_or_else(|_| Err(unknown_outcome())),
        Err(refusal) => Err(refusal),
    }
}

/// The outcomes up to the first refusal, that one included.
fn until_refused(
    outcomes: impl Stream<Item = Outcome> + Send,
) -> impl Stream<Item = Outcome> + Send {
    let state = Some(Box::pin(outcomes));
    stream::unfold(state, |state| async move {
        let mut outcomes = state?;
        let outcome = outcomes.next().await?;
        let rest = outcome.is_ok().then_some(outcomes);
        Some((outcome, rest))
    })
}

fn answer(node: &Node, outcome: Outcome) -> BroadcastResponse {
    let response = match outcome {
        Ok(()) => success(),
        Err(refusal) => {
            debug!(
                status = refusal.status.as_str_name(),
                code = %refusal.code,
                info = refusal.info,
                "message refused"
            );
            refusal.response()
        }
    };
    node.metrics().answered(response.status());
    response
}
