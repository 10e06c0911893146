//! The thread that moves an engine's epoch on, so that a call cannot run past its deadline.
//!
//! Fuel is the meter; this is the back-stop for what fuel prices wrongly. It belongs to one engine and ends with it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::EngineWeak;

/// Time between two ticks of the epoch.
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// A running ticker; dropping it stops and joins its thread.
pub(crate) struct Ticker {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts ticking for an engine; the engine is not kept alive by it.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(crate) fn start(engine: EngineWeak) -> std::io::Result<Self> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let signal = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("weft-epoch".to_owned())
            .spawn(move || tick(&engine, &signal))?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }

    /// Gives the number of ticks that surely pass within a time.
    pub(crate) fn ticks(time: Duration) -> u64 {
        u64::try_from(time.as_millis() / TICK.as_millis())
            .unwrap_or(u64::MAX / 2)
            .saturating_add(1)
    }
}

fn tick(engine: &EngineWeak, (stop, changed): &(Mutex<bool>, Condvar)) {
    let mut stopped = stop.lock().unwrap_or_else(PoisonError::into_inner);
    while !*stopped {
        let Some(engine) = engine.upgrade() else {
            return;
        };
        engine.increment_epoch();
        drop(engine);
        (stopped, _) = changed
            .wait_timeout(stopped, TICK)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        let (stop, changed) = &*self.stop;
        *stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread runs no code that panics; if it did, there is nothing left to stop.
            let _ = thread.join();
        }
    }
}
