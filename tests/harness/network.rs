//! A network in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::genesis;
use crate::profile::{self, Profile};
use crate::{Artifacts, Client, Http, Process, Random, Weft};

/// The nodes drain for ten seconds at most.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a peer may be behind another one.
const CATCH_UP: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);

/// A node of [`Network::split`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// The orderer.
    Orderer,
    /// Org1's peer.
    Peer1,
    /// Org2's peer.
    Peer2,
}

impl Node {
    /// All of them, in the order to start them.
    pub const ALL: [Self; 3] = [Self::Orderer, Self::Peer1, Self::Peer2];

    /// The name of its configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Orderer => "orderer",
            Self::Peer1 => "peer0.org1",
            Self::Peer2 => "peer0.org2",
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Orderer => "orderer",
            Self::Peer1 | Self::Peer2 => "peer",
        }
    }
}

/// A network; what runs is killed, and its folder removed, when this is dropped.
pub struct Network {
    // Dropped before the folder, as fields are in their order.
    dev: Option<Process>,
    nodes: BTreeMap<Node, Process>,
    artifacts: Artifacts,
    channels: Vec<String>,
    /// What `weft dev` printed when it made the network; later runs know the hash alone.
    token: String,
    logs: u32,
    folder: TempDir,
}

impl Network {
    /// All nodes in one process, with these channels; the first one is that of the profiles.
    ///
    /// # Errors
    /// It does not become ready; the error holds its log.
    pub fn dev(channels: &[&str]) -> Result<Self> {
        let mut network = Self {
            dev: None,
            nodes: BTreeMap::new(),
            artifacts: Artifacts::find()?,
            channels: channels.iter().map(|&channel| channel.to_owned()).collect(),
            token: String::new(),
            logs: 0,
            folder: tempfile::Builder::new().prefix("weft-test-").tempdir()?,
        };
        network.start_dev()?;
        if let [first, others @ ..] = channels
            && !others.is_empty()
        {
            network.stop_dev()?;
            for other in others {
                genesis::add_channel(network.dir(), first, other)?;
            }
            network.start_dev()?;
        }
        Ok(network)
    }

    /// A process for each node, from the configurations that `weft dev` writes.
    ///
    /// # Errors
    /// A node does not become ready; the error holds its log.
    pub fn split(channels: &[&str]) -> Result<Self> {
        let mut network = Self::dev(channels)?;
        network.stop_dev()?;
        for node in Node::ALL {
            network.start(node)?;
        }
        Ok(network)
    }

    /// Starts `weft dev` in the network's folder, again or for the first time.
    ///
    /// # Errors
    /// It does not become ready; the error holds its log.
    pub fn start_dev(&mut self) -> Result<()> {
        let mut command = Command::new(&self.artifacts.weft);
        command
            .args(["dev", "--ports", "free", "--dir"])
            .arg(self.dir());
        if let Some(channel) = self.channels.first() {
            command.args(["--channel", channel]);
        }
        let log = self.new_log("dev")?;
        let dev = self.dev.insert(Process::start("weft dev", command, &log)?);
        dev.wait_for_line("ready in ")?;
        if let Some(token) = token_in(&dev.log()) {
            self.token = token;
        }
        Ok(())
    }

    /// Ends `weft dev` by SIGTERM.
    ///
    /// # Errors
    /// It ends late, or not with 0.
    pub fn stop_dev(&mut self) -> Result<()> {
        let mut dev = self.dev.take().context("weft dev is not running")?;
        stop(&mut dev)
    }

    /// Starts a node, again or for the first time, and waits until it listens.
    ///
    /// # Errors
    /// It does not become ready; the error holds its log.
    pub fn start(&mut self, node: Node) -> Result<()> {
        let mut process = self.spawn(node)?;
        process.wait_for_line("listening on ")?;
        self.nodes.insert(node, process);
        Ok(())
    }

    /// Starts a node and kills it after that time, wherever it is by then.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn stumble(&mut self, node: Node, after: Duration) -> Result<()> {
        let mut process = self.spawn(node)?;
        std::thread::sleep(after);
        process.kill()
    }

    fn spawn(&mut self, node: Node) -> Result<Process> {
        let log = self.new_log(node.name())?;
        let mut command = Command::new(&self.artifacts.weft);
        command
            .args([node.command(), "--config"])
            .arg(self.config(node));
        Process::start(node.name(), command, &log)
    }

    /// Ends a node by SIGTERM.
    ///
    /// # Errors
    /// It is not running, ends late, or not with 0.
    pub fn stop(&mut self, node: Node) -> Result<()> {
        let mut process = self
            .nodes
            .remove(&node)
            .with_context(|| format!("{} is not running", node.name()))?;
        stop(&mut process)
    }

    /// Kills a node as `kill -9` does.
    ///
    /// # Errors
    /// It is not running, or had ended by itself before.
    pub fn kill(&mut self, node: Node) -> Result<()> {
        let mut process = self
            .nodes
            .remove(&node)
            .with_context(|| format!("{} is not running", node.name()))?;
        ensure!(
            !process.has_ended(),
            "{} ended by itself\n{}",
            node.name(),
            process.log_tail()
        );
        process.kill()
    }

    /// The process of a node.
    ///
    /// # Errors
    /// It is not running.
    pub fn process(&mut self, node: Node) -> Result<&mut Process> {
        self.nodes
            .get_mut(&node)
            .with_context(|| format!("{} is not running", node.name()))
    }

    /// The network's folder.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// A node's configuration file.
    pub fn config(&self, node: Node) -> PathBuf {
        self.dir().join(format!("nodes/{}.yaml", node.name()))
    }

    /// Changes a node's configuration; it holds when the node starts next.
    ///
    /// # Errors
    /// The file cannot be read or written, or `change` finds it other than it expects.
    pub fn configure(
        &self,
        node: Node,
        change: impl FnOnce(&mut serde_yaml_ng::Mapping) -> Result<()>,
    ) -> Result<()> {
        let path = self.config(node);
        let mut config = serde_yaml_ng::from_str(&fs::read_to_string(&path)?)?;
        change(&mut config)?;
        fs::write(&path, serde_yaml_ng::to_string(&config)?)?;
        Ok(())
    }

    /// A caller of a peer's REST API over plain HTTP, without credentials.
    ///
    /// # Errors
    /// The peer's profile cannot be read, or names no port.
    pub fn http(&self, node: Node) -> Result<Http> {
        let profile = match node {
            Node::Peer2 => profile::ORG2_USER,
            Node::Orderer | Node::Peer1 => profile::ORG1_USER,
        };
        let profile = Profile::read(&self.weft(profile).profile)?;
        let port = profile.peer.address.rsplit_once(':');
        let (_, port) = port.context("an address has a port")?;
        Ok(Http::new(&format!("127.0.0.1:{port}")))
    }

    /// The token that `weft dev` printed when it made the network; both peers know it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What was built for the tests.
    pub fn artifacts(&self) -> &Artifacts {
        &self.artifacts
    }

    /// The command line with one of the profiles.
    pub fn weft(&self, profile: &str) -> Weft {
        Weft {
            program: self.artifacts.weft.clone(),
            profile: self.dir().join(format!("profiles/{profile}.yaml")),
            folder: self.dir().to_path_buf(),
        }
    }

    /// The command line with one of the profiles, on another channel than theirs.
    ///
    /// # Errors
    /// The profile cannot be read, or the changed one not be written.
    pub fn weft_on(&self, profile: &str, channel: &str) -> Result<Weft> {
        let mut weft = self.weft(profile);
        let mut content: serde_yaml_ng::Value =
            serde_yaml_ng::from_str(&fs::read_to_string(&weft.profile)?)?;
        let channel_of = content
            .get_mut("channel")
            .context("a profile has a channel")?;
        *channel_of = channel.into();
        weft.profile = self
            .dir()
            .join(format!("profiles/{profile}.{channel}.yaml"));
        fs::write(&weft.profile, serde_yaml_ng::to_string(&content)?)?;
        Ok(weft)
    }

    /// A gRPC client with one of the profiles, on the first channel.
    ///
    /// # Errors
    /// The profile names files that are missing or wrong.
    pub fn client(&self, profile: &str, random: Random) -> Result<Client> {
        let channel = self.channels.first().context("a network has a channel")?;
        Client::new(
            &Profile::read(&self.weft(profile).profile)?,
            channel,
            random,
        )
    }

    /// Packages, installs, approves and commits a contract under a name on the first channel.
    ///
    /// # Errors
    /// A step failed.
    pub fn deploy(&self, contract: &str, name: &str) -> Result<()> {
        self.deploy_with(
            &self.weft(profile::ORG1_ADMIN),
            &self.weft(profile::ORG2_ADMIN),
            contract,
            name,
            &[],
        )
    }

    /// As [`Network::deploy`], by given administrators, with more arguments for the definition.
    ///
    /// # Errors
    /// A step failed.
    pub fn deploy_with(
        &self,
        org1: &Weft,
        org2: &Weft,
        contract: &str,
        name: &str,
        more: &[&str],
    ) -> Result<()> {
        let package = self.dir().join(format!("{name}.tar.gz"));
        let package = package.to_str().context("the folder's name is UTF-8")?;
        let module = self.artifacts.contract(contract)?;
        let module = module.to_str().context("the module's name is UTF-8")?;
        let id = org1.ok(&[
            "chaincode",
            "package",
            module,
            "--label",
            name,
            "--out",
            package,
        ])?;
        let definition = [
            &["--name", name, "--version", "1.0", "--sequence", "1"],
            more,
        ]
        .concat();
        for admin in [org1, org2] {
            if !admin
                .ok(&["chaincode", "list", "--installed"])?
                .contains(&id)
            {
                admin.ok(&["chaincode", "install", package])?;
            }
            admin.ok(&[
                &["chaincode", "approve"],
                &definition[..],
                &["--package-id", &id],
            ]
            .concat())?;
            in_step(org1, org2)?;
        }
        org1.ok(&[&["chaincode", "commit"], &definition[..]].concat())?;
        in_step(org1, org2)?;
        Ok(())
    }

    fn new_log(&mut self, name: &str) -> Result<PathBuf> {
        self.logs += 1;
        let folder = self.dir().join("logs");
        fs::create_dir_all(&folder)?;
        Ok(folder.join(format!("{name}.{}.log", self.logs)))
    }
}

/// Waits until two peers are at the same height: what one client saw committed at its peer, the other peer has then.
///
/// # Errors
/// A peer does not answer, or one stays behind.
pub fn in_step(one: &Weft, other: &Weft) -> Result<()> {
    let begun = Instant::now();
    loop {
        let height = |weft: &Weft| anyhow::Ok(weft.json(&["digest"])?.get("height").cloned());
        let (first, second) = (height(one)?, height(other)?);
        if first == second {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < CATCH_UP,
            "the peers stay at {first:?} and {second:?}"
        );
        std::thread::sleep(PAUSE);
    }
}

/// The first word that looks like a token.
fn token_in(log: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut words = log.split(|c| !is_part(c));
    words
        .find(|word| word.starts_with("weft_") && word.len() > 40)
        .map(str::to_owned)
}

fn stop(process: &mut Process) -> Result<()> {
    process.signal("TERM")?;
    let status = process.wait(STOP_TIMEOUT)?;
    ensure!(
        status.success(),
        "ended with {status}\n{}",
        process.log_tail()
    );
    Ok(())
}
