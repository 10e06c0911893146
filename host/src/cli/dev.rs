//! `weft dev`: a network for development.

use std::path::PathBuf;
use std::time::Instant;

use model::ChannelId;
use tokio_util::sync::CancellationToken;

use super::{output, signals};
use crate::clock;
use crate::dev::{self, Network, Ports, Wish};

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
        };
        let network = Network::ensure(&wish, clock::SOURCES)?;
        let running = dev::start(&network, stop.clone()).await?;
        describe(&network, &args.dir)?;
        output::line(&format!("ready in {:.2} s", began.elapsed().as_secs_f64()))?;
        anyhow::Ok(running.ended().await?)
    };
    signals::until_stopped(&stop, work).await?
}

/// Where things are, and what to do next.
fn describe(network: &Network, dir: &std::path::Path) -> anyhow::Result<()> {
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
    let profile = profiles.join("org1-admin.yaml");
    output::line(&format!(
        "profiles in {}: org1-admin, org1-user, org2-admin, org2-user",
        profiles.display()
    ))?;
    output::line("go on in another terminal:")?;
    for command in [
        "chaincode package PROJECT --label LABEL".to_owned(),
        format!(
            "--profile {} chaincode install LABEL.tar.gz",
            profile.display()
        ),
        format!("--profile {} block newest", profile.display()),
    ] {
        output::line(&format!("  weft {command}"))?;
    }
    Ok(())
}
