//! The command line: what can be asked, and who answers it.
//!
//! Commands for nodes run here; all others are clients of a peer and know the network only through its services.

mod blocks;
mod chaincode;
mod dev;
mod digest;
mod events;
mod failure;
mod ledger;
mod nodes;
mod output;
mod signals;
mod transact;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::client::{Client, Profile};
use crate::clock;
use crate::{config, telemetry};

/// What nodes log if nothing else is asked for. The Raft engine tells its own story at `info`, dozens of lines a start.
const NODE_LOG: &str = "info,openraft=warn";
/// What all other commands log.
const COMMAND_LOG: &str = "warn";

/// Heading of the options that all commands have.
const GLOBAL: &str = "Options of all commands";

/// A permissioned ledger that speaks Hyperledger Fabric's protocol and runs WebAssembly chaincode.
#[derive(Debug, Parser)]
#[command(name = "weft", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// Profile file: in whose name to speak, and to which peer.
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    profile: Option<PathBuf>,
    /// What to log to stderr, such as `info` or `warn,committer=debug` [default: info for nodes, else warn].
    #[arg(long, global = true, value_name = "FILTER", help_heading = GLOBAL)]
    log: Option<String>,
    /// Log JSON lines; so it does anyway where stderr is no terminal.
    #[arg(long, global = true, help_heading = GLOBAL)]
    log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a peer until SIGTERM or Ctrl-C.
    Peer(nodes::NodeArgs),
    /// Run an orderer until SIGTERM or Ctrl-C.
    Orderer(nodes::NodeArgs),
    /// Make a network for development, once, and run it: an orderer and a peer for each of two organisations.
    Dev(dev::DevArgs),
    /// Package, install, approve, commit and list chaincode.
    #[command(subcommand)]
    Chaincode(chaincode::ChaincodeCommand),
    /// Call a chaincode and commit what it writes.
    Submit(transact::SubmitArgs),
    /// Call a chaincode and show its answer; nothing is written.
    Evaluate(transact::EvaluateArgs),
    /// Show a block, decoded.
    Block(blocks::BlockArgs),
    /// Show a transaction, decoded.
    Tx(blocks::TxArgs),
    /// Follow a chaincode's events, one JSON line each.
    Events(events::EventsArgs),
    /// Show the digest of the peer's ledger, to compare peers by.
    Digest(digest::DigestArgs),
    /// Work on the ledger of a peer that is stopped.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
}

impl Command {
    fn runs_nodes(&self) -> bool {
        matches!(
            self,
            Self::Peer(_) | Self::Orderer(_) | Self::Dev(_) | Self::Ledger(_)
        )
    }
}

impl Global {
    /// The client that the profile describes, and the profile.
    fn client(&self) -> anyhow::Result<(Client, Profile)> {
        let path = self.profile.as_deref().ok_or_else(|| {
            failure::Hinted::new("this command needs a profile")
                .hint("--profile FILE; `weft dev` makes some in DIR/profiles")
        })?;
        let profile: Profile = config::load(path)?;
        let client = Client::new(&profile, clock::SOURCES)?;
        Ok((client, profile))
    }
}

/// Does what the command line asks: 0 when it was done, 1 when it failed, 2 when it cannot be understood.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if failure::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&failure::text(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let nodes = cli.command.runs_nodes();
    let default = if nodes { NODE_LOG } else { COMMAND_LOG };
    let filter = cli.global.log.as_deref().unwrap_or(default);
    telemetry::start(filter, cli.global.log_json)?;
    let mut builder = if nodes {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(dispatch(cli))
}

async fn dispatch(cli: Cli) -> anyhow::Result<()> {
    let global = cli.global;
    match cli.command {
        Command::Peer(args) => nodes::peer(args).await,
        Command::Orderer(args) => nodes::orderer(args).await,
        Command::Dev(args) => dev::run(args).await,
        Command::Chaincode(command) => chaincode::run(command, &global).await,
        Command::Submit(args) => transact::submit(args, &global).await,
        Command::Evaluate(args) => transact::evaluate(args, &global).await,
        Command::Block(args) => blocks::block(args, &global).await,
        Command::Tx(args) => blocks::tx(args, &global).await,
        Command::Events(args) => events::run(args, &global).await,
        Command::Digest(args) => digest::run(args, &global).await,
        Command::Ledger(command) => ledger::run(command).await,
    }
}

#[cfg(test)]
mod tests;
