//! `weft chaincode`: a chaincode's way from source to a definition that is in force.

mod collections;
mod define;
mod install;
mod list;
mod package;

use std::path::PathBuf;

use bytes::Bytes;
use clap::Subcommand;
use prost::Message;

use super::Global;
use crate::client::{Client, ClientError};

const LIFECYCLE: &str = "_lifecycle";

/// What to do with a chaincode.
#[derive(Debug, Subcommand)]
pub(super) enum ChaincodeCommand {
    /// Make a package: from a cargo project, a core module or a component.
    Package(package::PackageArgs),
    /// Install a package on the profile's peer; needs an admin.
    Install(install::InstallArgs),
    /// Approve a definition for the profile's organisation; needs an admin.
    Approve(define::ApproveArgs),
    /// Commit a definition that enough organisations have approved; needs an admin.
    Commit(define::CommitArgs),
    /// List definitions in force, or what is installed on the peer.
    List(list::ListArgs),
}

/// Does it.
pub(super) async fn run(command: ChaincodeCommand, global: &Global) -> anyhow::Result<()> {
    match command {
        ChaincodeCommand::Package(args) => package::run(args),
        ChaincodeCommand::Install(args) => install::run(args, global).await,
        ChaincodeCommand::Approve(args) => define::approve(args, global).await,
        ChaincodeCommand::Commit(args) => define::commit(args, global).await,
        ChaincodeCommand::List(args) => list::run(args, global).await,
    }
}

/// Asks `_lifecycle` on the profile's peer; on the channel, or without one for what is the peer's alone.
async fn ask<A: Message>(
    client: &Client,
    channel_id: &str,
    function: &str,
    argument: &A,
) -> Result<Bytes, ClientError> {
    client
        .ask_peer(
            channel_id,
            LIFECYCLE,
            function,
            &[argument.encode_to_vec().into()],
        )
        .await
}

fn decode<M: Message + Default>(function: &'static str, answer: Bytes) -> Result<M, ClientError> {
    M::decode(answer).map_err(|error| ClientError::answer(function, error))
}

fn read(path: &PathBuf) -> anyhow::Result<Vec<u8>> {
    anyhow::Context::with_context(std::fs::read(path), || {
        format!("cannot read {}", path.display())
    })
}
