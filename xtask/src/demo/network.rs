//! The network of the demonstration: `weft dev` as a process of its own, in a folder of its own.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::ended;

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The nodes drain for 10 s at most.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(5);
/// Lines of the log that are shown when something failed.
const TAIL_LINES: usize = 20;

/// A running network. Dropping it ends the process and removes the folder, unless it is to be kept.
pub(crate) struct Network {
    folder: PathBuf,
    process: Option<Child>,
    is_kept: bool,
}

impl Network {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// It ended, or was not ready in time; the error holds what it wrote last.
    pub(crate) async fn start(weft: &Path) -> Result<Self> {
        let mut network = Self {
            folder: new_folder()?,
            process: None,
            is_kept: false,
        };
        // A file, not a pipe: a network that is kept goes on writing when we are gone.
        let log = File::create(network.log()).context("cannot make a log file")?;
        let mut command = Command::new(weft);
        command
            .args(["--log", "info", "dev", "--ports", "free", "--dir"])
            .arg(&network.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A Ctrl-C at the terminal is for us: we end the network in order, once.
            .process_group(0);
        network.process = Some(
            command
                .spawn()
                .with_context(|| format!("cannot start {}", weft.display()))?,
        );
        network.wait_until_ready().await?;
        Ok(network)
    }

    /// Where everything of it lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The last lines of what it wrote.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines
            .get(lines.len().saturating_sub(TAIL_LINES)..)
            .unwrap_or_default()
            .join("\n")
    }

    /// Ends the process and removes the folder.
    ///
    /// # Errors
    /// The process did not end by itself, or not with 0.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let process = self
            .process
            .as_mut()
            .context("the network is not running")?;
        send("TERM", process.id());
        let begun = Instant::now();
        let status = loop {
            match process.try_wait()? {
                Some(status) => break status,
                None if begun.elapsed() < STOP_TIMEOUT => tokio::time::sleep(PAUSE).await,
                None => bail!(
                    "the network did not end within {} s",
                    STOP_TIMEOUT.as_secs()
                ),
            }
        };
        self.process = None;
        ensure!(
            status.success(),
            "the network ended with {}:\n{}",
            ended(status),
            self.log_tail()
        );
        fs::remove_dir_all(&self.folder).context("cannot remove the network's folder")
    }

    /// Lets it go on after us, and says how to use and how to end it.
    pub(crate) fn keep(&mut self, weft: &Path, chaincode: &str) -> String {
        self.is_kept = true;
        let id = self.process.as_ref().map_or(0, Child::id);
        let (weft, folder) = (weft.display(), self.folder.display());
        format!(
            "\nThe network goes on as process {id}; its folder is {folder}\n\
             use it     {weft} --profile {folder}/profiles/org1-user.yaml evaluate {chaincode} GetAllAssets\n\
             its log    {folder}/{LOG}\n\
             end it     kill {id}\n\
             again      {weft} dev --dir {folder}\n\
             remove it  rm -r {folder}"
        )
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            if log.lines().any(|line| line.starts_with("ready in ")) {
                return Ok(());
            }
            let process = self
                .process
                .as_mut()
                .context("the network is not running")?;
            if let Some(status) = process.try_wait()? {
                self.process = None;
                bail!(
                    "the network ended with {}:\n{}",
                    ended(status),
                    self.log_tail()
                );
            }
            ensure!(
                begun.elapsed() < START_TIMEOUT,
                "the network is not ready after {} s:\n{}",
                START_TIMEOUT.as_secs(),
                self.log_tail()
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join(LOG)
    }
}

const LOG: &str = "weft-dev.log";

impl Drop for Network {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Some(process) = &mut self.process {
            send("TERM", process.id());
            let begun = Instant::now();
            while begun.elapsed() < STOP_TIMEOUT && matches!(process.try_wait(), Ok(None)) {
                std::thread::sleep(PAUSE);
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new folder in the system's folder for temporary files, for us only: there will be keys in it.
fn new_folder() -> Result<PathBuf> {
    let parent = std::env::temp_dir();
    for attempt in 0..1_000 {
        let folder = parent.join(format!("weft-demo-{}-{attempt}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot make {}", folder.display()));
            }
        }
    }
    bail!("{} is full of folders weft-demo-*", parent.display())
}

/// The shell's own `kill`: the standard library has no other signal than SIGKILL.
fn send(signal: &str, process: u32) {
    let _ = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {process}")])
        .stderr(Stdio::null())
        .status();
}
