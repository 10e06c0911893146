//! `weft channel` and `weft node`: what the peer has joined, and how far it is.

use std::sync::Arc;

use channel::Bundle;
use clap::Subcommand;
use decoded::{ChannelConfig, Hex};
use msp::SignatureMemo;
use serde::Serialize;

use super::global::Global;
use super::{blocks, file, table};
use crate::client::{Client, ClientError};

/// What to do with channels.
#[derive(Debug, Subcommand)]
pub(super) enum ChannelCommand {
    /// List the channels that the peer has joined; needs a member of its organisation.
    List,
    /// Show how far the channel's chain is on the peer.
    Info,
    /// Show the channel's configuration: organisations, orderers, limits of blocks.
    Config(ConfigArgs),
    /// Let the peer join a channel; needs an admin.
    Join(JoinArgs),
}

/// How to show the configuration.
#[derive(Debug, clap::Args)]
pub(super) struct ConfigArgs {
    /// Write the encoded configuration block to this file instead; `-` is stdout.
    #[arg(long, value_name = "FILE")]
    raw: Option<file::Path>,
}

/// What to join.
#[derive(Debug, clap::Args)]
pub(super) struct JoinArgs {
    /// The channel's genesis block; `-` is stdin.
    file: file::Path,
}

#[derive(Serialize)]
struct Info {
    channel: String,
    height: u64,
    last_block_hash: Hex,
    previous_block_hash: Hex,
}

#[derive(Serialize)]
struct Node {
    address: String,
    msp_id: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    channels: Vec<Info>,
}

/// Does it.
pub(super) async fn run(command: ChannelCommand, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let output = global.output();
    match command {
        ChannelCommand::List => output.value(&client.channels().await?, |channels| {
            table::columns(["channel"], channels.iter().map(|one| [one.clone()]))
        })?,
        ChannelCommand::Info => {
            output.value(&Info::new(&client, client.channel_id()).await?, Info::text)?
        }
        ChannelCommand::Config(args) => config(&client, args, global).await?,
        ChannelCommand::Join(args) => {
            let genesis = args.file.read()?;
            output
                .during("the peer joins the channel", client.join(genesis.into()))
                .await?;
            output.note("the peer has joined the channel");
        }
    }
    Ok(())
}

/// Shows what the peer says of itself.
pub(super) async fn node(global: &Global) -> anyhow::Result<()> {
    let (client, profile) = global.client()?;
    let version = client.clock().await.ok().map(|clock| clock.version);
    let mut channels = Vec::new();
    for id in client.channels().await? {
        channels.push(Info::new(&client, &id).await?);
    }
    let node = Node {
        address: profile.peer.address,
        msp_id: profile.msp_id,
        subject: client.identity().certificate().subject(),
        version,
        channels,
    };
    global.output().value(&node, |node| {
        let fields = table::fields([
            ("address", node.address.clone()),
            (
                "version",
                node.version.clone().unwrap_or_else(|| "-".to_owned()),
            ),
            ("as", format!("{} {}", node.msp_id, node.subject)),
            ("channels", node.channels.len().to_string()),
        ]);
        let rows = node.channels.iter();
        let rows = rows.map(|one| [one.channel.clone(), one.height.to_string()]);
        format!(
            "{fields}\n\n{}",
            table::columns(["channel", "height"], rows)
        )
    })?;
    Ok(())
}

async fn config(client: &Client, args: ConfigArgs, global: &Global) -> anyhow::Result<()> {
    let block = client.config_block().await?;
    if let Some(file) = args.raw {
        return file.write(&block);
    }
    let memo = Arc::new(SignatureMemo::new(1));
    let bundle = Bundle::from_block(&blocks::decode(block)?, &memo)
        .map_err(|error| ClientError::answer("GetConfigBlock", error))?;
    let config = ChannelConfig::of(&bundle);
    global.output().value(&config, table::tree)?;
    Ok(())
}

impl Info {
    async fn new(client: &Client, channel_id: &str) -> Result<Self, ClientError> {
        let chain = client.chain_of(channel_id).await?;
        Ok(Self {
            channel: channel_id.to_owned(),
            height: chain.height,
            last_block_hash: Hex(chain.current_block_hash),
            previous_block_hash: Hex(chain.previous_block_hash),
        })
    }

    fn text(&self) -> String {
        table::fields([
            ("channel", self.channel.clone()),
            ("height", self.height.to_string()),
            ("last block", hex::encode(&self.last_block_hash.0)),
            ("block before", hex::encode(&self.previous_block_hash.0)),
        ])
    }
}
