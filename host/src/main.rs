//! The `weft` binary: nodes of the network, a network for development, and a client of both.

mod cli;
mod client;
mod clock;
mod config;
mod deploy;
mod dev;
mod node;
mod server;
mod telemetry;
mod tls;
mod token;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
