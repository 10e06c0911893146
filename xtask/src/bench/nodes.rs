//! A network with a process for each node.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::{Child, Command};

use super::counters;

/// Names of the nodes' files and folders, in the order of their start, and the commands that run them.
const NODES: [(&str, &str); 3] = [
    ("orderer", "orderer"),
    ("peer0.org1", "peer"),
    ("peer0.org2", "peer"),
];
const READY_TIMEOUT: Duration = Duration::from_secs(120);
/// The nodes drain for 10 s at most.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(20);
/// Characters of a log that are shown when something failed.
const TAIL_LINES: usize = 20;

/// Running nodes. Dropping it kills them and removes the folder.
pub(crate) struct Nodes {
    folder: PathBuf,
    running: Vec<Running>,
}

struct Running {
    name: &'static str,
    process: Child,
    operations: SocketAddr,
}

impl Nodes {
    /// Makes a network with the contract deployed, and starts its nodes.
    ///
    /// # Errors
    /// A process ended or was not ready in time; the error holds what it wrote last.
    pub(crate) async fn start(
        weft: &Path,
        module: &Path,
        name: &str,
        parent: &Path,
    ) -> Result<Self> {
        let mut nodes = Self {
            folder: new_folder(parent)?,
            running: Vec::new(),
        };
        nodes.make(weft, module, name).await?;
        for (node, command) in NODES {
            nodes.start_one(weft, node, command).await?;
        }
        Ok(nodes)
    }

    /// `weft dev` makes the network, deploys the contract, and is told to stop.
    async fn make(&self, weft: &Path, module: &Path, name: &str) -> Result<()> {
        let log = File::create(self.log("dev"))?;
        let mut deployed = module.as_os_str().to_owned();
        deployed.push(format!("={name}"));
        let mut process = Command::new(weft)
            .args(["dev", "--ports", "free", "--dir"])
            .arg(self.network())
            .arg("--chaincode")
            .arg(deployed)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start weft dev")?;
        let is_ready = |text: &str| text.lines().any(|line| line.starts_with("ready in "));
        let begun = Instant::now();
        while !is_ready(&fs::read_to_string(self.log("dev")).unwrap_or_default()) {
            self.check(&mut process, begun)?;
            tokio::time::sleep(PAUSE).await;
        }
        stop(&mut process).await
    }

    async fn start_one(&mut self, weft: &Path, node: &'static str, command: &str) -> Result<()> {
        let config = self.network().join(format!("nodes/{node}.yaml"));
        let operations = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut file = OpenOptions::new().append(true).open(&config)?;
        writeln!(file, "operations_address: '{operations}'")?;
        let log = File::create(self.log(node))?;
        let process = Command::new(weft)
            .arg(command)
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {node}"))?;
        let mut running = Running {
            name: node,
            process,
            operations,
        };
        let begun = Instant::now();
        while counters::get(operations, "/healthz").await.is_err() {
            self.check(&mut running.process, begun)?;
            tokio::time::sleep(PAUSE).await;
        }
        self.running.push(running);
        Ok(())
    }

    /// Fails when a process ended, or when it is time to give up.
    fn check(&self, process: &mut Child, begun: Instant) -> Result<()> {
        if let Some(status) = process.try_wait()? {
            bail!("a node ended ({status}):\n{}", self.log_tail());
        }
        ensure!(
            begun.elapsed() < READY_TIMEOUT,
            "a node is not ready:\n{}",
            self.log_tail()
        );
        Ok(())
    }

    /// Stops the nodes and removes the folder.
    ///
    /// # Errors
    /// One did not stop by itself.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        for mut running in self.running.drain(..).rev() {
            stop(&mut running.process)
                .await
                .with_context(|| running.name)?;
        }
        fs::remove_dir_all(&self.folder).context("cannot remove the network's folder")
    }

    /// Where each node tells its counters.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        self.running
            .iter()
            .map(|running| (running.name, running.operations))
    }

    /// The options of `weft bench` that name the processes and the folders of their ledgers.
    pub(crate) fn watched(&self) -> Vec<String> {
        let options = self.running.iter().flat_map(|running| {
            let name = running.name;
            let data = self.network().join("data").join(name);
            let pid = running.process.id().unwrap_or_default();
            [
                "--pid".to_owned(),
                format!("{name}={pid}"),
                "--data".to_owned(),
                format!("{name}={}", data.display()),
            ]
        });
        options.collect()
    }

    /// A profile's file.
    pub(crate) fn profile(&self, name: &str) -> PathBuf {
        self.network().join(format!("profiles/{name}.yaml"))
    }

    /// The last lines that each process wrote.
    pub(crate) fn log_tail(&self) -> String {
        let mut text = String::new();
        for name in ["dev"].into_iter().chain(NODES.map(|(node, _)| node)) {
            let log = fs::read_to_string(self.log(name)).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines
                .get(lines.len().saturating_sub(TAIL_LINES)..)
                .unwrap_or_default();
            text.push_str(&format!("{name}:\n{}\n", tail.join("\n")));
        }
        text
    }

    fn network(&self) -> PathBuf {
        self.folder.join("network")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for running in &mut self.running {
            let _ = running.process.start_kill();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Tells a process to stop and waits for its end. The shell's own `kill`: the standard library has SIGKILL only.
async fn stop(process: &mut Child) -> Result<()> {
    let Some(id) = process.id() else {
        return Ok(());
    };
    let mut kill = Command::new("sh");
    kill.args(["-c", &format!("kill -TERM {id}")])
        .stderr(Stdio::null())
        .status()
        .await?;
    let status = tokio::time::timeout(STOP_TIMEOUT, process.wait())
        .await
        .context("it does not stop")??;
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

/// A new folder for us only: there will be keys in it.
fn new_folder(parent: &Path) -> Result<PathBuf> {
    for attempt in 0..1_000 {
        let folder = parent.join(format!("bench-{}-{attempt}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot make {}", folder.display()));
            }
        }
    }
    bail!("{} is full of folders bench-*", parent.display())
}
