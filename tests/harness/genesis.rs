//! A further channel for a network that `weft dev` made with one.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use model::hash::sha256;
use prost::Message as _;
use proto::common::{Block, ChannelHeader, Envelope, Payload};

/// Writes the genesis block of channel `other`, which has the organisations and rules of `channel`, and names it in the
/// configuration of each node. They join it when they start next.
pub(crate) fn add_channel(folder: &Path, channel: &str, other: &str) -> Result<()> {
    let place = |channel: &str| folder.join(format!("channels/{channel}.block"));
    let block =
        fs::read(place(channel)).with_context(|| format!("no genesis block of {channel}"))?;
    fs::write(
        place(other),
        renamed(Block::decode(block.as_slice())?, other)?.encode_to_vec(),
    )?;
    for entry in fs::read_dir(folder.join("nodes"))? {
        let path = entry?.path();
        let mut config: serde_yaml_ng::Value =
            serde_yaml_ng::from_str(&fs::read_to_string(&path)?)?;
        // Files of credentials lie there, too.
        let Some(blocks) = config.get_mut("genesis_blocks") else {
            continue;
        };
        blocks
            .as_sequence_mut()
            .context("genesis_blocks is no list")?
            .push(format!("../channels/{other}.block").into());
        let mut file = OpenOptions::new().write(true).truncate(true).open(&path)?;
        file.write_all(serde_yaml_ng::to_string(&config)?.as_bytes())?;
    }
    Ok(())
}

/// A channel's configuration does not hold the channel's name: only the header of its transaction does.
fn renamed(mut block: Block, channel: &str) -> Result<Block> {
    let data = block.data.as_mut().context("a block has data")?;
    let entry = data
        .data
        .first_mut()
        .context("a genesis block has one entry")?;
    let mut envelope = Envelope::decode(entry.clone())?;
    let mut payload = Payload::decode(envelope.payload)?;
    let header = payload.header.as_mut().context("a payload has a header")?;
    let mut channel_header = ChannelHeader::decode(header.channel_header.clone())?;
    channel.clone_into(&mut channel_header.channel_id);
    header.channel_header = channel_header.encode_to_vec().into();
    envelope.payload = payload.encode_to_vec().into();
    *entry = envelope.encode_to_vec().into();
    let data_hash = Bytes::copy_from_slice(&sha256(entry));
    block
        .header
        .as_mut()
        .context("a block has a header")?
        .data_hash = data_hash;
    Ok(block)
}
