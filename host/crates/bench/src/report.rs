//! What a run came to: everything that is needed to understand and to repeat it.

mod table;

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::record::Record;
use crate::watch::Costs;
use crate::{Config, Machine, Mode, Stage};

/// A run's result. Times are in milliseconds or seconds as their names say.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was asked for.
    pub settings: Settings,
    /// Where.
    pub machine: Machine,
    /// How long the window was open, in seconds.
    pub window_s: f64,
    /// Calls that ended well in the window: VALID transactions, or answers.
    pub done: u64,
    /// The same per second.
    pub done_per_s: f64,
    /// How long they took, from when they were meant to begin.
    pub latency_ms: Latency,
    /// The same by request, for transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages_ms: Option<Stages>,
    /// Calls that failed in the window, by request and code.
    pub failures: Vec<FailureCount>,
    /// The blocks of the window's transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Blocks>,
    /// What the watched processes took.
    pub processes: Vec<ProcessUse>,
    /// Their processor time together, in seconds for each 1,000 calls that ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_s_per_1000: Option<f64>,
    /// What the generator took.
    pub generator: ProcessUse,
    /// What the watched folders grew.
    pub folders: Vec<FolderUse>,
    /// Seconds in which the machine's processors worked in the window, for whomever.
    pub machine_busy_s: f64,
    /// Seconds that the hypervisor gave to others.
    pub machine_stolen_s: f64,
    /// Calls of the open loop that began later than meant, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_ms: Option<Latency>,
    /// Calls of the open loop that were meant to begin in the window and had no client free until its end.
    pub not_begun: u64,
}

/// What was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Version of the generator.
    pub version: &'static str,
    /// `host:port` of the gateway.
    pub address: String,
    /// Whether the connections are by TLS.
    pub is_tls: bool,
    /// The channel.
    pub channel: String,
    /// The chaincode.
    pub chaincode: String,
    /// Function and arguments, as they were given.
    pub args: Vec<String>,
    /// `submit` or `evaluate`.
    pub mode: &'static str,
    /// The organisations that were asked for.
    pub organizations: Vec<String>,
    /// How many identities signed.
    pub identities: usize,
    /// Connections.
    pub connections: usize,
    /// Clients.
    pub clients: usize,
    /// Calls a second, for the open loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_per_s: Option<f64>,
    /// The most calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_max: Option<u64>,
    /// Seconds before the window.
    pub warm_up_s: f64,
    /// Seconds that the window was to be open.
    pub duration_s: f64,
    /// Seconds that a request may take.
    pub timeout_s: f64,
}

/// A distribution of times, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Latency {
    /// How many there were.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// Half took no longer.
    pub p50: f64,
    /// 95 of 100 took no longer.
    pub p95: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// A transaction's time by request.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Stages {
    /// Endorse.
    pub endorse: Latency,
    /// Submit.
    pub submit: Latency,
    /// CommitStatus.
    pub commit: Latency,
}

/// Failures of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct FailureCount {
    /// The request.
    pub stage: Stage,
    /// Weft's code, else gRPC's; of an invalid transaction its validation code.
    pub code: String,
    /// How many.
    pub count: u64,
    /// What the gateway said the first time.
    pub example: String,
}

/// Blocks in which transactions of the window are. Other clients' transactions in them are not seen.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Blocks {
    /// How many.
    pub count: u64,
    /// Transactions of this run in each, on average, valid or not.
    pub transactions_per_block: f64,
}

/// What a process took in the window.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ProcessUse {
    /// What it was called.
    pub name: String,
    /// Its id.
    pub pid: u32,
    /// Seconds of processor time.
    pub cpu_s: f64,
    /// The most memory of its own that it had when looked at, once a second.
    pub rss_anon_bytes_max: u64,
}

/// What a folder took on the disk. Databases grow in steps; over a short window the difference says little.
#[derive(Clone, Debug, Serialize)]
pub struct FolderUse {
    /// What it was called.
    pub name: String,
    /// At the window's beginning.
    pub bytes_before: u64,
    /// At its end.
    pub bytes_after: u64,
}

impl Settings {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            address: config.endpoint.address.clone(),
            is_tls: !config.endpoint.tls_roots_pem.is_empty(),
            channel: config.channel_id.clone(),
            chaincode: config.call.chaincode.clone(),
            args: config.call.args.iter().map(ToString::to_string).collect(),
            mode: match config.call.mode {
                Mode::Submit => "submit",
                Mode::Evaluate => "evaluate",
            },
            organizations: config.call.organizations.clone(),
            identities: config.identities.len(),
            connections: config.connections.min(config.load.clients),
            clients: config.load.clients,
            rate_per_s: config.load.rate_per_s,
            calls_max: config.load.calls_max,
            warm_up_s: config.warm_up.as_secs_f64(),
            duration_s: config.duration.as_secs_f64(),
            timeout_s: config.call.timeout.as_secs_f64(),
        }
    }
}

impl Report {
    pub(crate) fn new(
        settings: Settings,
        machine: Machine,
        record: &Record,
        window: Duration,
        costs: Costs,
        not_begun: u64,
    ) -> Self {
        let window_s = window.as_secs_f64();
        let cpu_s: f64 = costs.processes.iter().map(|process| process.cpu_s).sum();
        let is_watched = !costs.processes.is_empty() && record.done > 0;
        let is_submit = settings.mode == "submit";
        Self {
            window_s,
            done: record.done,
            done_per_s: ratio(record.done as f64, window_s),
            latency_ms: latency(&record.total),
            stages_ms: is_submit.then(|| Stages {
                endorse: latency(&record.endorsing),
                submit: latency(&record.submitting),
                commit: latency(&record.committing),
            }),
            failures: failures(record),
            blocks: is_submit.then(|| Blocks {
                count: record.blocks.len() as u64,
                transactions_per_block: ratio(record.in_blocks as f64, record.blocks.len() as f64),
            }),
            cpu_s_per_1000: is_watched.then(|| ratio(cpu_s * 1_000.0, record.done as f64)),
            processes: costs.processes,
            generator: costs.generator,
            folders: costs.folders,
            machine_busy_s: costs.machine_busy_s,
            machine_stolen_s: costs.machine_stolen_s,
            late_ms: settings.rate_per_s.map(|_| latency(&record.late)),
            not_begun,
            settings,
            machine,
        }
    }

    /// Failed calls in the window.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.iter().map(|failure| failure.count).sum()
    }
}

fn failures(record: &Record) -> Vec<FailureCount> {
    let all = record.failures.iter();
    let of_kind = all.map(|((stage, code), failures)| FailureCount {
        stage: *stage,
        code: code.clone(),
        count: failures.count,
        example: failures.example.clone(),
    });
    of_kind.collect()
}

fn latency(histogram: &Histogram<u64>) -> Latency {
    let ms = |us: u64| Duration::from_micros(us).as_secs_f64() * 1_000.0;
    if histogram.is_empty() {
        return Latency::default();
    }
    Latency {
        count: histogram.len(),
        mean: histogram.mean() / 1_000.0,
        p50: ms(histogram.value_at_quantile(0.50)),
        p95: ms(histogram.value_at_quantile(0.95)),
        p99: ms(histogram.value_at_quantile(0.99)),
        max: ms(histogram.max()),
    }
}

/// The quotient; 0 where there is nothing to divide by.
fn ratio(dividend: f64, divisor: f64) -> f64 {
    if divisor > 0.0 {
        dividend / divisor
    } else {
        0.0
    }
}
