//! Processor time of this process, by what its threads are for.
//!
//! A commit is the work of several threads: the committer decides on one of tokio's, the caller encodes the block and binds
//! values, SQLite runs on a thread that sqlx keeps for the connection, and another copies the write-ahead log into the file. So
//! `getrusage` would tell only the sum, and a thread's own clock only its share. `/proc/self/task/*/schedstat` has each
//! thread's time in nanoseconds, kernel included, and `comm` its name. What the kernel does on threads of its own (writing
//! pages back, the file system's journal) is in none of them.

use std::fs;
use std::ops::Sub;
use std::time::Duration;

/// Time used so far, or between two moments.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// The thread that commits and reads: in this program the first one.
    pub(crate) caller: Duration,
    /// tokio's threads: deciding, and waking others.
    pub(crate) deciders: Duration,
    /// The thread on which SQLite writes.
    pub(crate) writer: Duration,
    /// The thread that copies the write-ahead log.
    pub(crate) checkpointer: Duration,
}

impl Cpu {
    /// Reads the times. Sleeps for a moment first: a thread's number is brought up to date when it is switched away.
    pub(crate) fn read() -> Self {
        std::thread::sleep(Duration::from_millis(1));
        let mut cpu = Self::default();
        for task in fs::read_dir("/proc/self/task").unwrap() {
            let task = task.unwrap();
            let read = |name| fs::read_to_string(task.path().join(name));
            let (Ok(name), Ok(times)) = (read("comm"), read("schedstat")) else {
                continue; // the thread has ended
            };
            let used = times.split(' ').next().unwrap().parse().unwrap();
            let used = Duration::from_nanos(used);
            let is_first = task.file_name().to_str() == Some(&std::process::id().to_string());
            // Names have 15 characters at most.
            match name.trim_end() {
                _ if is_first => cpu.caller += used,
                "ledger-writer" => cpu.writer += used,
                "ledger-checkpoi" => cpu.checkpointer += used,
                "tokio-rt-worker" => cpu.deciders += used,
                _ => {}
            }
        }
        cpu
    }

    /// Reads the times as soon as no log is being copied any more.
    pub(crate) fn read_at_rest() -> Self {
        let mut before = Self::read();
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let now = Self::read();
            if now.checkpointer == before.checkpointer {
                return now;
            }
            before = now;
        }
    }
}

impl Sub for Cpu {
    type Output = Self;

    /// A thread that was idle may have ended in between, so no difference is below nothing.
    fn sub(self, before: Self) -> Self {
        Self {
            caller: self.caller.saturating_sub(before.caller),
            deciders: self.deciders.saturating_sub(before.deciders),
            writer: self.writer.saturating_sub(before.writer),
            checkpointer: self.checkpointer.saturating_sub(before.checkpointer),
        }
    }
}

/// What the calling thread took for something.
pub(crate) fn of(work: impl FnOnce()) -> Duration {
    let before = Cpu::read();
    work();
    (Cpu::read() - before).caller
}
