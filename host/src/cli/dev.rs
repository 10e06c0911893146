//! `weft dev`: a network for development.

use std::path::{Path, PathBuf};
use std::time::Instant;

use model::ChannelId;
use tokio_util::sync::CancellationToken;

use super::{output, signals};
use crate::client::{Client, Profile};
use crate::deploy::{self, Contract, Deployed};
use crate::dev::{self, Network, Ports, Wish};
use crate::{clock, config};

/// Which network to make or to run again.
#[derive(Debug, clap::Args)]
pub(super) struct DevArgs {
    /// The network's folder; if there is a network in it, that one runs again.
    #[arg(long, value_name = "DIR", default_value = "weft-dev")]
    dir: PathBuf,
    /// The channel of a new network [default: mychannel].
    #[arg(long, value_name = "ID", value_parser = channel_id)]
    channel: Option<ChannelId>,
    /// The ports of a new network [default: fixed].
    #[arg(long, value_enum)]
    ports: Option<Ports>,
    /// Give the REST API of an existing network another token, also while it runs; the one before is worth nothing then.
    #[arg(long)]
    new_token: bool,
    /// Deploy a contract on all peers once they run: a crate's folder, a `.wasm` file or a package. It is called NAME,
    /// else as its folder or its package's label. What is deployed already stays; other content becomes an upgrade.
    /// Repeatable.
    #[arg(long, value_name = "PATH[=NAME]")]
    chaincode: Vec<Contract>,
}

fn channel_id(text: &str) -> Result<ChannelId, String> {
    ChannelId::parse(text).map_err(|error| error.to_string())
}

/// Makes the network if it is not there and runs it until it is told to stop.
pub(super) async fn run(args: DevArgs) -> anyhow::Result<()> {
    let began = Instant::now();
    let stop = CancellationToken::new();
    let work = async {
        let wish = Wish {
            folder: args.dir.clone(),
            channel: args.channel,
            ports: args.ports,
            new_token: args.new_token,
        };
        let network = Network::ensure(&wish, clock::SOURCES)?;
        if !network.is_new() {
            // Before anything can go wrong: it is in force already, and shown once.
            show_token(&network)?;
        }
        let running = match dev::start(&network, stop.clone()).await {
            Err(failure) if args.new_token && failure.is_running() => {
                output::line("the network runs already, and takes the token up within a second")?;
                return Ok(());
            }
            started => started?,
        };
        let deployed = tokio::select! {
            deployed = deploy_all(&network, &args.chaincode) => deployed,
            () = stop.cancelled() => Ok(()),
        };
        if let Err(failure) = deployed {
            stop.cancel();
            running.ended().await?;
            return Err(failure);
        }
        describe(&network, &args.dir)?;
        output::line(&format!("ready in {:.2} s", began.elapsed().as_secs_f64()))?;
        anyhow::Ok(running.ended().await?)
    };
    signals::until_stopped(&stop, work).await?
}

/// Deploys the contracts, one after the other, and says what it comes to.
async fn deploy_all(network: &Network, contracts: &[Contract]) -> anyhow::Result<()> {
    if contracts.is_empty() {
        return Ok(());
    }
    let mut admins = Vec::new();
    for path in network.admin_profiles() {
        let profile: Profile = config::load(&path)?;
        admins.push(Client::new(&profile, clock::SOURCES)?);
    }
    for contract in contracts {
        let contract = contract.clone();
        // Compiling takes its time, and the nodes are at work on these threads.
        let packaged =
            tokio::task::spawn_blocking(move || contract.package(output::note)).await??;
        let deployed = deploy::deploy(&admins, &packaged, output::note).await?;
        let name = &packaged.name;
        output::line(&match deployed {
            Deployed::Unchanged => format!("chaincode {name} is as it was"),
            Deployed::Committed(1) => format!("chaincode {name} deployed"),
            Deployed::Committed(sequence) => {
                format!("chaincode {name} upgraded to sequence {sequence}")
            }
        })?;
    }
    Ok(())
}

/// Where things are, and what to do next.
fn describe(network: &Network, dir: &Path) -> anyhow::Result<()> {
    let state = if network.is_new() { "made" } else { "found" };
    output::line(&format!(
        "network {state} in {}",
        network.folder().display()
    ))?;
    for (node, address) in network.nodes() {
        output::line(&format!("  {node:<11} {address}"))?;
    }
    output::line(&format!("  channel     {}", network.channel()))?;
    let profiles = dir.join("profiles");
    output::line(&format!(
        "profiles in {}: org1-admin, org1-user, org2-admin, org2-user",
        profiles.display()
    ))?;
    match network.is_new() {
        true => show_token(network)?,
        false => output::line(&format!(
            "REST at {}; `weft dev --new-token` makes another token",
            network.rest_url()
        ))?,
    }
    output::line("go on in another terminal:")?;
    for command in [
        format!("weft context import {}", dir.display()),
        "weft chaincode list".to_owned(),
        "weft block newest".to_owned(),
    ] {
        output::line(&format!("  {command}"))?;
    }
    Ok(())
}

/// The token, if it was made just now, and a first request with it.
fn show_token(network: &Network) -> anyhow::Result<()> {
    let Some(token) = network.new_token() else {
        return Ok(());
    };
    output::line(&format!("token: {token}"))?;
    output::line("  it is shown this once, for both peers; they keep its hash. A first request:")?;
    output::line(&format!("  TOKEN={token}"))?;
    output::line(&format!(
        "  curl -H \"Authorization: Bearer $TOKEN\" {}/v1/node",
        network.rest_url()
    ))?;
    Ok(())
}
