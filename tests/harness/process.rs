//! One process of a network, with its log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

const START_TIMEOUT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);
/// Bytes from the end of a log that are shown after a failure.
const TAIL_BYTES: usize = 6_000;

/// A running process; it is killed when this is dropped.
///
/// It stays in the process group of the tests, so that Ctrl-C at a terminal ends it too.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command whose stdout and stderr go to a new file.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file =
            File::create_new(log).with_context(|| format!("cannot make {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_path_buf(),
        })
    }

    /// Waits for a line of its output that starts so.
    ///
    /// # Errors
    /// It ended, or the line has not come after a minute; the error holds the end of its log.
    pub fn wait_for_line(&mut self, start: &str) -> Result<()> {
        let begun = Instant::now();
        while !self.log().lines().any(|line| line.starts_with(start)) {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended: {status}\n{}", self.name, self.log_tail());
            }
            ensure!(
                begun.elapsed() < START_TIMEOUT,
                "{} is not ready\n{}",
                self.name,
                self.log_tail()
            );
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// The system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Sends SIGTERM or another signal, by its name without `SIG`.
    ///
    /// # Errors
    /// There is no shell to do it: the standard library knows no signal but SIGKILL.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {}", self.child.id())])
            .status()?;
        ensure!(sent.success(), "cannot send SIG{signal} to {}", self.name);
        Ok(())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It has not ended when `patience` is over; the error holds the end of its log.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(
                begun.elapsed() < patience,
                "{} did not end:\n{}",
                self.name,
                self.log_tail()
            );
            std::thread::sleep(PAUSE);
        }
    }

    /// The number that the system knows it by.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The memory it has for itself, in KiB: what is not backed by a file.
    ///
    /// # Errors
    /// It has ended, or the system does not tell.
    pub fn memory_kib(&self) -> Result<u64> {
        self.status("RssAnon")
    }

    /// The most memory it ever had, in KiB, with the pages of its program.
    ///
    /// # Errors
    /// As [`Process::memory_kib`].
    pub fn memory_peak_kib(&self) -> Result<u64> {
        self.status("VmHWM")
    }

    fn status(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok())
            .with_context(|| format!("the system does not tell {name}"))
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// All it wrote so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The end of what it wrote.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let from = log.ceil_char_boundary(log.len().saturating_sub(TAIL_BYTES));
        format!(
            "--- {} wrote last:\n{}",
            self.name,
            log.get(from..).unwrap_or_default()
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
        if std::thread::panicking() {
            eprintln!("{}", self.log_tail());
        }
    }
}
