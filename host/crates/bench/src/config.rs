use std::sync::Arc;
use std::time::Duration;

use msp::SigningIdentity;
use prost_types::Timestamp;
use services::Endpoint;

use crate::{Error, Template};

/// More clients than this are a mistake; each is a task with an open call.
const CLIENTS_MAX: usize = 100_000;
/// More connections than this measure the making of connections.
const CONNECTIONS_MAX: usize = 1_000;
/// Calls a second that one thread could at most begin.
const RATE_PER_S_MAX: f64 = 1_000_000.0;
/// Fewer are not a load.
const RATE_PER_S_MIN: f64 = 0.001;

/// The clock and the randomness of the generator.
#[derive(Clone, Copy)]
pub struct Sources {
    /// The time now.
    pub now: fn() -> Timestamp,
    /// Fills a buffer with randomness fit for nonces.
    pub fill_random: fn(&mut [u8]),
}

/// A run: where, what, how much, and what is looked at meanwhile.
pub struct Config {
    /// The gateway.
    pub endpoint: Endpoint,
    /// Connections that the clients share.
    pub connections: usize,
    /// In whose names calls are made; clients take them in turn.
    pub identities: Vec<Arc<SigningIdentity>>,
    /// The channel.
    pub channel_id: String,
    /// What is called.
    pub call: Call,
    /// How much of it.
    pub load: Load,
    /// How long the load runs before anything is counted.
    pub warm_up: Duration,
    /// How long is counted: the window.
    pub duration: Duration,
    /// Whose costs are counted.
    pub watch: Watch,
}

/// A call of a chaincode.
#[derive(Clone, Debug)]
pub struct Call {
    /// The chaincode's name.
    pub chaincode: String,
    /// Function name and arguments.
    pub args: Vec<Template>,
    /// The organisations whose peers are asked; empty: the gateway chooses.
    pub organizations: Vec<String>,
    /// Whether it is committed.
    pub mode: Mode,
    /// How long each of a call's requests may take.
    pub timeout: Duration,
}

/// What a call comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Endorsed, ordered, and waited for until it is in a block.
    Submit,
    /// Answered by one peer; nothing is written.
    Evaluate,
}

/// How much is asked.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Calls under way at once: all the time in the closed loop, at most in the open one.
    pub clients: usize,
    /// Calls a second that are meant to begin, for the open loop; `None` for the closed one.
    pub rate_per_s: Option<f64>,
    /// Ends the run after so many calls, warm-up and the first trial included.
    pub calls_max: Option<u64>,
}

/// Processes and folders whose costs are counted, on this machine.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Process ids, with names.
    pub processes: Vec<Watched<u32>>,
    /// Folders of ledgers, with names.
    pub folders: Vec<Watched<std::path::PathBuf>>,
}

/// Something that is looked at, and what it is called in the report.
#[derive(Clone, Debug)]
pub struct Watched<T> {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: T,
}

impl Config {
    /// Refuses what cannot be run.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |reason: &str| Err(Error::Config(reason.to_owned()));
        let load = &self.load;
        if load.clients == 0 || load.clients > CLIENTS_MAX {
            return wrong("the number of clients is not between 1 and 100,000");
        }
        if self.connections == 0 || self.connections > CONNECTIONS_MAX {
            return wrong("the number of connections is not between 1 and 1,000");
        }
        if load
            .rate_per_s
            .is_some_and(|rate| !(RATE_PER_S_MIN..=RATE_PER_S_MAX).contains(&rate))
        {
            return wrong("the rate is not between 0.001 and 1,000,000 a second");
        }
        if load.calls_max == Some(0) {
            return wrong("a run has at least one call");
        }
        if self.duration.is_zero() {
            return wrong("the duration is zero");
        }
        if self.identities.is_empty() {
            return wrong("there is no identity to sign with");
        }
        if self.call.args.is_empty() {
            return wrong("there is no function to call");
        }
        Ok(())
    }
}
