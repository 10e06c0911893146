//! The command line: what can be asked, and who answers it.
//!
//! Commands for nodes run here; all others are clients of a peer and know the network only through its services.

mod bench;
mod blocks;
mod chaincode;
mod channels;
mod complete;
mod completion;
mod context;
mod dev;
mod digest;
mod doctor;
mod events;
mod exit;
mod explain;
mod failure;
mod file;
mod global;
mod ledger;
mod nodes;
mod output;
#[cfg(test)]
mod reference;
mod sign;
mod signals;
mod state;
mod table;
mod token;
mod transact;
mod tx;
mod usage;
mod yaml;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::telemetry;
use exit::Exit;
use failure::Problem;
use global::Global;
use output::{Format, Output};

/// What nodes log if nothing else is asked for. The Raft engine tells its own story at `info`, dozens of lines a start.
const NODE_LOG: &str = "info,openraft=warn";
/// What all other commands log.
const COMMAND_LOG: &str = "warn";

/// A permissioned ledger that speaks Hyperledger Fabric's protocol and runs WebAssembly chaincode.
#[derive(Debug, Parser)]
#[command(name = "weft", version, arg_required_else_help = true, after_help = exit::help())]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a peer until SIGTERM or Ctrl-C.
    Peer(nodes::NodeArgs),
    /// Run an orderer until SIGTERM or Ctrl-C.
    Orderer(nodes::NodeArgs),
    /// Make a network for development, once, and run it: an orderer and a peer for each of two organisations.
    Dev(dev::DevArgs),
    /// Keep profiles by name, and choose whose name commands speak in.
    #[command(subcommand)]
    Context(context::ContextCommand),
    /// Package, install, approve, commit, deploy and list chaincode.
    #[command(subcommand)]
    Chaincode(chaincode::ChaincodeCommand),
    /// Call a chaincode and commit what it writes.
    Submit(transact::SubmitArgs),
    /// Call a chaincode and show its answer; nothing is written.
    Evaluate(transact::EvaluateArgs),
    /// Show the present values of a chaincode's keys, and their history.
    #[command(subcommand)]
    State(state::StateCommand),
    /// Show a block, decoded.
    Block(blocks::BlockArgs),
    /// List blocks, or follow them.
    Blocks(blocks::BlocksArgs),
    /// Show a transaction, decoded, or what became of it.
    Tx(tx::TxArgs),
    /// Follow a chaincode's events, or blocks.
    Events(events::EventsArgs),
    /// Show the peer's channels, or have it join one.
    #[command(subcommand)]
    Channel(channels::ChannelCommand),
    /// Show the peer: its version, its channels, and as whom it is spoken to.
    Node,
    /// Show the digest of the peer's ledger, to compare peers by.
    Digest(digest::DigestArgs),
    /// Sign bytes with the profile's identity, for calls that REST prepares.
    Sign(sign::SignArgs),
    /// Make tokens for callers of REST.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Replay, verify, rebuild and print ledgers while no peer has them open.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Put load on a gateway, Weft's or Fabric's, and show how much it does, how fast, and at what cost.
    Bench(Box<bench::BenchArgs>),
    /// Look for what stands in the way: identity, peer, TLS, clock, compiler, disk, ports.
    Doctor(doctor::DoctorArgs),
    /// Explain an error code or a validation code.
    Explain(explain::ExplainArgs),
    /// Print the script by which a shell completes commands and names.
    Completion(completion::CompletionArgs),
    /// Print the manual's page, or write those of all commands.
    Man(completion::ManArgs),
}

impl Command {
    /// Whether there is work for several threads at once.
    fn runs_nodes(&self) -> bool {
        matches!(
            self,
            Self::Peer(_) | Self::Orderer(_) | Self::Dev(_) | Self::Ledger(_)
        )
    }

    fn log(&self) -> &'static str {
        match self {
            Self::Ledger(command) if !command.tells_by_log() => COMMAND_LOG,
            command if command.runs_nodes() => NODE_LOG,
            _ => COMMAND_LOG,
        }
    }
}

/// Does what the command line asks; the exit codes are those of [`Exit`].
pub(crate) fn main() -> ExitCode {
    completion::answer_shell();
    let cli = match usage::parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let output = cli.global.output();
    match run(cli) {
        Ok(()) => Exit::Done.into(),
        Err(error) if failure::is_closed_pipe(&error) => Exit::Done.into(),
        Err(error) => tell(&Problem::of(&error), &output).into(),
    }
}

/// Tells a failure on stderr: people in words, programs as a problem document.
fn tell(problem: &Problem, output: &Output) -> Exit {
    match output.format {
        Format::Json => output::raw_note(&problem.json()),
        Format::Table | Format::Yaml => output::raw_note(&problem.text(output.notes_coloured)),
    }
    problem.exit()
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let nodes = cli.command.runs_nodes();
    let filter = cli.global.log.as_deref().unwrap_or(cli.command.log());
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
        Command::Context(command) => context::run(command, &global),
        Command::Chaincode(command) => chaincode::run(command, &global).await,
        Command::Submit(args) => transact::submit(args, &global).await,
        Command::Evaluate(args) => transact::evaluate(args, &global).await,
        Command::State(command) => state::run(command, &global).await,
        Command::Block(args) => blocks::block(args, &global).await,
        Command::Blocks(args) => blocks::blocks(args, &global).await,
        Command::Tx(args) => tx::run(args, &global).await,
        Command::Events(args) => events::run(args, &global).await,
        Command::Channel(command) => channels::run(command, &global).await,
        Command::Node => channels::node(&global).await,
        Command::Digest(args) => digest::run(args, &global).await,
        Command::Sign(args) => sign::run(&args, &global),
        Command::Token(command) => token::run(command),
        Command::Ledger(command) => ledger::run(command, &global).await,
        Command::Bench(args) => bench::run(*args, &global).await,
        Command::Doctor(args) => doctor::run(args, &global).await,
        Command::Explain(args) => explain::run(&args, &global),
        Command::Completion(args) => completion::script(&args),
        Command::Man(args) => completion::man(&args, &global),
    }
}

#[cfg(test)]
mod tests;
