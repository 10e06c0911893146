//! Follows a channel for one reader: reads a block only when what was before it has been taken, so a slow reader holds up
//! nobody and fills nothing.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::Event;
use decoded::{ChaincodeEvent, FilteredBlock};
use joined::Channel;
use ledger::PeerLedger;
use model::{Block, ErrorCode};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::position::Position;
use crate::problem::Problem;
use crate::reading;

/// How long readers wait before they connect again.
const RETRY: Duration = Duration::from_secs(1);
/// After so many blocks without an event the reader is told how far the stream is.
const QUIET_BLOCKS_MAX: u64 = 256;

/// What a stream tells.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// Whole blocks.
    Blocks,
    /// Blocks without contents.
    Filtered,
    /// The events of this chaincode.
    Chaincode(String),
}

/// Asks whether the reader may (still) read.
pub(super) type Allowed = Box<dyn Fn() -> Result<(), Problem> + Send + Sync>;

/// Where one reader stands.
pub(super) struct Follow {
    channel: Channel,
    height: watch::Receiver<u64>,
    what: What,
    position: Position,
    /// Told next; of one block at most.
    ready: VecDeque<Event>,
    /// Blocks since the reader was told anything.
    quiet: u64,
    allowed: Allowed,
    stop: CancellationToken,
    ended: bool,
}

/// Why there is no next block.
enum End {
    /// The node stops: readers connect again.
    Stopping,
    /// The reader is told why.
    Told(Box<Problem>),
}

impl From<Problem> for End {
    fn from(problem: Problem) -> Self {
        Self::Told(Box::new(problem))
    }
}

impl Follow {
    pub(super) fn new(
        channel: Channel,
        what: What,
        position: Position,
        allowed: Allowed,
        stop: CancellationToken,
    ) -> Self {
        let height = channel.ledger().watch_height();
        let hello = Event::default().comment("weft").retry(RETRY);
        Self {
            channel,
            height,
            what,
            position,
            ready: VecDeque::from([at(hello, position)]),
            quiet: 0,
            allowed,
            stop,
            ended: false,
        }
    }

    /// The next event.
    pub(super) async fn step(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            if self.ended {
                return None;
            }
            match self.advance().await {
                Ok(()) => {}
                Err(End::Stopping) => return None,
                Err(End::Told(problem)) => {
                    self.ended = true;
                    self.ready.push_back(told(&problem));
                }
            }
        }
    }

    /// Waits for the next block and takes out of it what the reader is to be told.
    async fn advance(&mut self) -> Result<(), End> {
        self.wait().await?;
        (self.allowed)()?;
        let Position { next, told } = self.position;
        let what = self.what.clone();
        let look = move |ledger: &PeerLedger| {
            let block = ledger.block(next)?;
            Ok(block.map(|block| events(&what, &block, told)))
        };
        let found = reading::read(&self.channel, look).await?;
        self.ready = found.ok_or_else(|| {
            let text = format!("block {next} is not on this peer");
            Problem::new(ErrorCode::BlockNotFound, text)
        })?;
        self.position = Position::before(next.saturating_add(1));
        self.quiet += 1;
        if !self.ready.is_empty() {
            self.quiet = 0;
        } else if self.quiet >= QUIET_BLOCKS_MAX {
            self.quiet = 0;
            self.ready.push_back(at(Event::default(), self.position));
        }
        Ok(())
    }

    async fn wait(&mut self) -> Result<(), End> {
        let next = self.position.next;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(End::Stopping),
            grown = self.height.wait_for(|height| *height > next) => match grown {
                Ok(_) => Ok(()),
                Err(_) => Err(End::Stopping),
            },
            () = self.channel.failed().cancelled() => Err(reading::stopped().into()),
        }
    }
}

/// What a block has to tell, but for what has been told of it.
fn events(what: &What, block: &Block, told: Option<u64>) -> VecDeque<Event> {
    let whole = Position::before(block.number.saturating_add(1));
    match what {
        What::Blocks => VecDeque::from([event("block", whole, &decoded::Block::new(block))]),
        What::Filtered => {
            VecDeque::from([event("filtered_block", whole, &FilteredBlock::new(block))])
        }
        What::Chaincode(name) => ChaincodeEvent::of_block(block)
            .filter(|(place, event)| {
                event.chaincode == *name && told.is_none_or(|told| *place > told)
            })
            .map(|(place, found)| {
                let position = Position {
                    next: block.number,
                    told: Some(place),
                };
                event("chaincode_event", position, &found)
            })
            .collect(),
    }
}

fn event(name: &str, position: Position, data: &impl Serialize) -> Event {
    // Our own shapes of strings and numbers always become JSON.
    let data = serde_json::to_string(data).unwrap_or_default();
    at(Event::default().event(name), position).data(data)
}

/// With the id that leads a reader behind it.
fn at(event: Event, position: Position) -> Event {
    match position.id() {
        Some(id) => event.id(id),
        None => event,
    }
}

/// The last event of a stream that cannot go on. It has no id: whoever connects again goes on behind the one before.
fn told(problem: &Problem) -> Event {
    let data = serde_json::to_string(problem.document()).unwrap_or_default();
    Event::default().event("problem").data(data)
}
