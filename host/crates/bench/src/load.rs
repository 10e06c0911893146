use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use services::MESSAGE_SIZE_BYTES_MAX;
use services::gateway::gateway_client::GatewayClient;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::caller::{Caller, Done, Failed, Shared};
use crate::record::{Record, Timing};
use crate::report::{Report, Settings};
use crate::watch::{Costs, MEMORY_INTERVAL, Watching};
use crate::{Config, Error, Machine, Sources, template};

/// Random characters that tell runs apart: 48 bits.
const RUN_CHARS: usize = 8;
/// A client whose call was refused does not ask again at once: a gateway that is down would be asked a million times.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Makes one trial call, then puts the load on for the warm-up and the window, and says what came of it.
///
/// Calls that are under way at the end of the window are waited for, each request as long as its timeout.
///
/// # Errors
/// [`Error::Config`] before anything is done; [`Error::Trial`] if the one call that is made first fails; the others if
/// something on this side stops the run.
pub async fn run(config: Config, sources: Sources) -> Result<Report, Error> {
    config.check()?;
    let machine = Machine::read();
    let settings = Settings::of(&config);
    let mut callers = callers(&config, sources)?;
    if let Some(caller) = callers.first_mut() {
        trial(caller).await?;
    }
    let run = Arc::new(Run::new(&config)?);
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(work(caller, Arc::clone(&run)));
    }
    let costs = watch_window(&config, &run, &mut tasks).await?;
    let window = Instant::now().min(run.closes) - run.opens;
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(Error::Died)??;
    }
    let record = run.record.lock().unwrap_or_else(PoisonError::into_inner);
    let missed = run.meant_inside(window).saturating_sub(record.begun);
    Ok(Report::new(
        settings, machine, &record, window, costs, missed,
    ))
}

/// A caller for each client, with the connections and identities dealt out in turn.
fn callers(config: &Config, sources: Sources) -> Result<Vec<Caller>, Error> {
    let shared = Arc::new(Shared {
        channel_id: config.channel_id.clone(),
        call: config.call.clone(),
        run: template::random(RUN_CHARS, sources.fill_random),
        sources,
    });
    let connections = config.connections.min(config.load.clients);
    let mut gateways = Vec::with_capacity(connections);
    for _ in 0..connections {
        let connection = config.endpoint.connect_lazy()?;
        gateways
            .push(GatewayClient::new(connection).max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX));
    }
    let dealt = gateways
        .iter()
        .cycle()
        .zip(config.identities.iter().cycle());
    let caller = |(client, (gateway, signer)): (usize, (&GatewayClient<_>, &Arc<_>))| Caller {
        shared: Arc::clone(&shared),
        gateway: gateway.clone(),
        signer: Arc::clone(signer),
        client,
    };
    Ok((0..config.load.clients).zip(dealt).map(caller).collect())
}

async fn trial(caller: &mut Caller) -> Result<(), Error> {
    caller
        .call(0)
        .await?
        .map(|_| ())
        .map_err(|failed| Error::Trial {
            stage: failed.stage,
            code: failed.code,
            message: failed.message,
            status: failed.status,
        })
}

/// Waits for the window, looks at the costs while it is open, and closes it: at its time, or when there is no more to do.
async fn watch_window(
    config: &Config,
    run: &Run,
    tasks: &mut JoinSet<Result<(), Error>>,
) -> Result<Costs, Error> {
    if all_ended(tasks, run.opens).await? {
        return Err(Error::EndedInWarmUp);
    }
    let mut watching = Watching::begin(&config.watch)?;
    loop {
        let next = (Instant::now() + MEMORY_INTERVAL).min(run.closes);
        if all_ended(tasks, next).await? || next == run.closes {
            return watching.end();
        }
        watching.look_at_memory()?;
    }
}

/// Waits until `until`, or until all clients have ended: then it is true.
async fn all_ended(tasks: &mut JoinSet<Result<(), Error>>, until: Instant) -> Result<bool, Error> {
    while let Ok(ended) = timeout_at(until, tasks.join_next()).await {
        match ended {
            None => return Ok(true),
            Some(ended) => ended.map_err(Error::Died)??,
        }
    }
    Ok(false)
}

/// The plan of a run, and what was seen.
struct Run {
    began: Instant,
    opens: Instant,
    closes: Instant,
    /// Time between two calls of the open loop, in nanoseconds.
    interval_ns: Option<u64>,
    calls_max: u64,
    /// Number of the next call; 0 was the trial.
    next: AtomicU64,
    record: Mutex<Record>,
}

impl Run {
    fn new(config: &Config) -> Result<Self, Error> {
        let began = Instant::now();
        let opens = began + config.warm_up;
        Ok(Self {
            began,
            opens,
            closes: opens + config.duration,
            interval_ns: config
                .load
                .rate_per_s
                .map(|rate| nanos(Duration::from_secs_f64(1.0 / rate))),
            calls_max: config.load.calls_max.unwrap_or(u64::MAX),
            next: AtomicU64::new(1),
            record: Mutex::new(Record::new()?),
        })
    }

    /// The number of the next call and when it is meant to begin; `None` when no more are to begin.
    fn take(&self) -> Option<(u64, Instant)> {
        let now = Instant::now();
        if now >= self.closes {
            return None;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        if index >= self.calls_max {
            return None;
        }
        let meant = match self.interval_ns {
            None => now,
            Some(interval) => self.began + Duration::from_nanos(interval.saturating_mul(index - 1)),
        };
        (meant < self.closes).then_some((index, meant))
    }

    /// How many calls of the open loop were meant to begin in the window; 0 in the closed one.
    fn meant_inside(&self, window: Duration) -> u64 {
        let Some(interval) = self.interval_ns else {
            return 0;
        };
        let before = |time: Instant| nanos(time - self.began).div_ceil(interval.max(1));
        let closed = self.opens + window;
        let limit = self.calls_max.saturating_sub(1);
        before(closed).min(limit).saturating_sub(before(self.opens))
    }

    fn add(&self, meant: Instant, began: Instant, outcome: &Result<Done, Failed>) {
        let now = Instant::now();
        let inside = |time: Instant| time >= self.opens && time < self.closes;
        let timing = Timing {
            total: now - meant,
            late: began - meant,
            is_meant_inside: inside(meant),
            is_ended_inside: inside(now),
        };
        self.record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(timing, outcome);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

async fn work(mut caller: Caller, run: Arc<Run>) -> Result<(), Error> {
    while let Some((index, meant)) = run.take() {
        if meant > Instant::now() {
            sleep_until(meant).await;
        }
        let began = Instant::now();
        let outcome = caller.call(index).await?;
        run.add(meant, began, &outcome);
        let is_refused = matches!(&outcome, Err(failed) if failed.block.is_none());
        if is_refused {
            sleep(PAUSE_AFTER_FAILURE).await;
        }
    }
    Ok(())
}
