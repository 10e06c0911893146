//! `weft block` and `weft tx`: what is in the ledger.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;
use bytes::Bytes;
use model::Block;

use super::{Global, output};

/// Which block to show.
#[derive(Debug, clap::Args)]
pub(super) struct BlockArgs {
    /// The block's number, or `newest`.
    #[arg(default_value = "newest", value_name = "NUMBER")]
    number: BlockNumber,
    /// Write the encoded `common.Block` to this file instead.
    #[arg(long, value_name = "FILE")]
    raw: Option<PathBuf>,
}

/// Which transaction to show.
#[derive(Debug, clap::Args)]
pub(super) struct TxArgs {
    /// The transaction's id.
    tx_id: String,
    /// Write the encoded `protos.ProcessedTransaction` to this file instead.
    #[arg(long, value_name = "FILE")]
    raw: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug)]
enum BlockNumber {
    Newest,
    Number(u64),
}

impl FromStr for BlockNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "newest" => Ok(Self::Newest),
            _ => text
                .parse()
                .map(Self::Number)
                .map_err(|_| "it is neither a number nor `newest`"),
        }
    }
}

/// Prints a block.
pub(super) async fn block(args: BlockArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let number = match args.number {
        BlockNumber::Newest => None,
        BlockNumber::Number(number) => Some(number),
    };
    let bytes = client.block(number).await?;
    if let Some(path) = args.raw {
        return write(&path, &bytes);
    }
    output::json(&decoded::Block::new(&Block::decode(bytes)?))?;
    Ok(())
}

/// Prints a transaction and where it is.
pub(super) async fn tx(args: TxArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    if let Some(path) = args.raw {
        return write(&path, &client.transaction(&args.tx_id).await?);
    }
    let block = Block::decode(client.block_of(&args.tx_id).await?)?;
    let located = decoded::Located::new(&args.tx_id, &block);
    output::json(&located.context("the peer's block does not hold the transaction")?)?;
    Ok(())
}

fn write(path: &Path, bytes: &Bytes) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
