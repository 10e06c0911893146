//! The threads that run contracts.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::call::{self, Invocation, Outcome};
use crate::contract::Contract;
use crate::engine::Engine;
use crate::error::Error;
use crate::settings::{HOST_STACK_BYTES, WASM_STACK_BYTES};
use crate::trap::Trap;
use crate::world;

/// Bytes of a thread's native stack: contracts call one another on it.
const STACK_BYTES: usize = world::CALL_DEPTH_MAX * (WASM_STACK_BYTES + HOST_STACK_BYTES);

/// A fixed number of threads with a short queue. Dropping it refuses what waits and joins the threads.
///
/// Simulations run here and nowhere else, also those of the peer's own chaincodes: the number of threads is what keeps
/// the pool of instances from running out.
pub struct Executor {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What a job gets to work with: proof that it runs on one of the executor's threads.
pub struct Worker<'a> {
    engine: &'a Engine,
    deadline: Instant,
}

/// The queue is full: come again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{waiting} calls are waiting already")]
pub struct Busy {
    /// How many are waiting.
    pub waiting: usize,
}

/// Why a job that was accepted has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Its deadline passed before a thread was free.
    #[error("the deadline passed before a thread was free")]
    Expired,
    /// It panicked: a bug of this host. The thread goes on.
    #[error("the job failed inside this host")]
    Panicked,
    /// The executor was dropped.
    #[error("the peer is stopping")]
    Stopping,
}

/// The result of a job, when it is there.
pub struct Pending<T>(oneshot::Receiver<Result<T, Lost>>);

/// A job that tells whoever waits how it went; called with none if it is too late.
type Job = Box<dyn FnOnce(Option<&Engine>) + Send>;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    waiting_max: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Instant, Job)>,
    stopping: bool,
}

impl Executor {
    /// Starts the threads that the engine's settings ask for.
    ///
    /// # Errors
    /// [`Error::Thread`]: the system refuses a thread; those already started are stopped.
    pub fn start(engine: &Engine) -> Result<Self, Error> {
        let config = engine.config();
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            waiting_max: config.waiting_max,
        });
        let mut executor = Self {
            shared,
            threads: Vec::new(),
        };
        for number in 0..config.threads.max(1) {
            let (engine, shared) = (engine.clone(), Arc::clone(&executor.shared));
            let thread = std::thread::Builder::new()
                .name(format!("weft-contract-{number}"))
                .stack_size(STACK_BYTES)
                .spawn(move || shared.work(&engine))
                .map_err(Error::Thread)?;
            executor.threads.push(thread);
        }
        Ok(executor)
    }

    /// Queues a job, which begins before the deadline or never and should end by it.
    ///
    /// # Errors
    /// [`Busy`] if as many jobs wait as may.
    pub fn submit<T, F>(&self, deadline: Instant, job: F) -> Result<Pending<T>, Busy>
    where
        T: Send + 'static,
        F: FnOnce(&Worker<'_>) -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |engine| {
            let result = match engine {
                Some(engine) => {
                    let worker = Worker { engine, deadline };
                    let caught = std::panic::catch_unwind(AssertUnwindSafe(|| job(&worker)));
                    caught.map_err(|_| Lost::Panicked)
                }
                None => Err(Lost::Expired),
            };
            // Nobody waits any more if the client went away.
            let _ = sender.send(result);
        });
        self.shared.push(deadline, job)?;
        Ok(Pending(receiver))
    }

    /// How many jobs wait for a thread.
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        state.waiting.clear();
        drop(state);
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // Jobs are caught when they panic, so a thread ends only when it is told to.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, deadline: Instant, job: Job) -> Result<(), Busy> {
        let mut state = self.lock();
        if state.waiting.len() >= self.waiting_max {
            return Err(Busy {
                waiting: state.waiting.len(),
            });
        }
        state.waiting.push_back((deadline, job));
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    fn work(&self, engine: &Engine) {
        while let Some((deadline, job)) = self.take() {
            job((Instant::now() < deadline).then_some(engine));
        }
    }

    fn take(&self) -> Option<(Instant, Job)> {
        let mut state = self.lock();
        loop {
            if state.stopping {
                return None;
            }
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Worker<'_> {
    /// Runs a transaction until it ends, traps or meets the job's deadline.
    pub fn invoke(&self, invocation: Invocation) -> Outcome {
        call::invoke(self.engine.wasmtime(), invocation, self.deadline)
    }

    /// Asks a contract for its metadata: JSON in the shape of Fabric's contract API, not checked here.
    ///
    /// # Errors
    /// The trap with which the contract answered. One that cannot say its metadata should not be installed.
    pub fn metadata(&self, contract: &Contract) -> Result<String, Trap> {
        call::metadata(self.engine.wasmtime(), contract, self.deadline)
    }

    /// The engine, to load contracts with.
    pub fn engine(&self) -> &Engine {
        self.engine
    }

    /// When the job should be over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl<T> Pending<T> {
    /// Waits on this thread; not for use in asynchronous code.
    ///
    /// # Errors
    /// [`Lost`]: there will be no result.
    pub fn wait(self) -> Result<T, Lost> {
        self.0.blocking_recv().unwrap_or(Err(Lost::Stopping))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|result| result.unwrap_or(Err(Lost::Stopping)))
    }
}
