//! `weft chaincode`: a chaincode's way from source to a definition that is in force.

mod approved;
mod define;
mod deploy;
mod install;
mod list;
mod package;

use bytes::Bytes;
use clap::Subcommand;
use prost::Message;

use super::global::Global;
use crate::client::{Client, ClientError};

const LIFECYCLE: &str = "_lifecycle";

/// What to do with a chaincode.
#[derive(Debug, Subcommand)]
pub(super) enum ChaincodeCommand {
    /// Make a package: from a cargo project, a core module or a component.
    Package(package::PackageArgs),
    /// Package, install, approve and commit in one: as far as that is not done yet; needs admins.
    Deploy(deploy::DeployArgs),
    /// Install a package on the profile's peer; needs an admin.
    Install(install::InstallArgs),
    /// Approve a definition for the profile's organisation; needs an admin.
    Approve(define::ApproveArgs),
    /// Commit a definition that enough organisations have approved; needs an admin.
    Commit(define::CommitArgs),
    /// Show which organisations have approved exactly this definition.
    Readiness(define::ReadinessArgs),
    /// List definitions in force, or what is installed on the peer.
    List(list::ListArgs),
    /// Show a chaincode's definition and who has approved it.
    Show(list::ShowArgs),
    /// Show what the profile's organisation has approved.
    QueryApproved(approved::ApprovedArgs),
    /// Fetch a package that is installed on the peer; needs an admin.
    GetPackage(install::GetPackageArgs),
}

/// Does it.
pub(super) async fn run(command: ChaincodeCommand, global: &Global) -> anyhow::Result<()> {
    match command {
        ChaincodeCommand::Package(args) => package::run(args, global),
        ChaincodeCommand::Deploy(args) => deploy::run(args, global).await,
        ChaincodeCommand::Install(args) => install::run(args, global).await,
        ChaincodeCommand::Approve(args) => define::approve(args, global).await,
        ChaincodeCommand::Commit(args) => define::commit(args, global).await,
        ChaincodeCommand::Readiness(args) => define::readiness(args, global).await,
        ChaincodeCommand::List(args) => list::run(args, global).await,
        ChaincodeCommand::Show(args) => list::show(args, global).await,
        ChaincodeCommand::QueryApproved(args) => approved::run(args, global).await,
        ChaincodeCommand::GetPackage(args) => install::get_package(args, global).await,
    }
}

/// The names of the chaincodes that are defined on the channel.
pub(super) async fn names(client: &Client) -> anyhow::Result<Vec<String>> {
    list::names(client).await
}

/// The ids of the packages that are installed on the peer.
pub(super) async fn packages(client: &Client) -> anyhow::Result<Vec<String>> {
    list::packages(client).await
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
