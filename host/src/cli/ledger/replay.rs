//! `weft ledger replay`: a ledger made from files of blocks, each compared with what its file states.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use audit::{BlockFolder, Difference, Replay, Replayed, read_block};
use decoded::Hex;
use model::{ErrorCode, codes};
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::global::Global;
use crate::cli::table;

/// What to replay.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReplayArgs {
    /// The channel's genesis block, as given to a peer that joins.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// The folder of the blocks after it: files *.block, an encoded `common.Block` each, in the order of the numbers in their headers.
    #[arg(long, value_name = "DIR")]
    blocks: PathBuf,
    /// Keep the ledger in this folder, which must be empty or not there [default: it is thrown away].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Serialize)]
struct Shown<'a> {
    block: u64,
    hash: Hex,
    flags: Vec<u8>,
    commit_hash: Hex,
    took_ms: f64,
    differences: Vec<ShownDifference<'a>>,
}

#[derive(Serialize)]
struct ShownDifference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tx: Option<usize>,
    what: &'a str,
    stated: &'a str,
    found: &'a str,
    #[serde(skip)]
    words: String,
}

#[derive(Default, Serialize)]
struct Summary {
    blocks: u64,
    transactions: usize,
    codes: BTreeMap<&'static str, usize>,
    stated: usize,
    differences: usize,
    state_sha256: Hex,
}

/// Replays and prints.
pub(super) async fn run(args: ReplayArgs, global: &Global) -> anyhow::Result<()> {
    let scratch = match &args.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("cannot make a folder for the ledger")?),
    };
    let folder = match (&args.data, &scratch) {
        (Some(folder), _) => folder.clone(),
        (None, Some(folder)) => folder.path().join("ledger"),
        (None, None) => anyhow::bail!("no folder"),
    };
    let blocks = BlockFolder::open(&args.blocks)?;
    let genesis = blocks.genesis(read_block(&args.genesis)?)?;
    let (mut replay, first) = Replay::begin(&folder, genesis).await?;
    let mut summary = Summary::default();
    summary.add(&first, global)?;
    for number in 1..=blocks.last() {
        summary.add(&replay.commit(blocks.read(number)?).await?, global)?;
    }
    summary.state_sha256 = Hex(replay.ledger().snapshot()?.state_hash()?.to_vec().into());
    global.output().item(&summary, Summary::text)?;
    replay.close().await?;
    summary.verdict()
}

impl Summary {
    /// Counts a block and prints it.
    fn add(&mut self, replayed: &Replayed, global: &Global) -> anyhow::Result<()> {
        self.blocks += 1;
        self.transactions += replayed.codes.len();
        for code in &replayed.codes {
            *self.codes.entry(codes::name(*code)).or_default() += 1;
        }
        self.stated += replayed.stated;
        self.differences += replayed.differences.len();
        Ok(global.output().item(&Shown::new(replayed), Shown::text)?)
    }

    fn text(&self) -> String {
        let count = |(name, count): (&&str, &usize)| format!("{name} {count}");
        let counted: Vec<_> = self.codes.iter().map(count).collect();
        table::fields([
            ("blocks", self.blocks.to_string()),
            (
                "transactions",
                format!("{}: {}", self.transactions, counted.join(", ")),
            ),
            ("verdicts stated", self.stated.to_string()),
            ("differences", self.differences.to_string()),
            ("state sha256", hex::encode(&self.state_sha256.0)),
        ])
    }

    fn verdict(&self) -> anyhow::Result<()> {
        if self.differences == 0 {
            return Ok(());
        }
        let what = format!(
            "{} verdicts differ from what the files state",
            self.differences
        );
        let hint = "the first one matters most: later ones mostly follow from it";
        Err(Failure::new(ErrorCode::LedgerDiffers, what)
            .hint(hint)
            .into())
    }
}

impl<'a> Shown<'a> {
    fn new(replayed: &'a Replayed) -> Self {
        let shown = |difference: &'a Difference| ShownDifference {
            tx: difference.tx,
            what: difference.what,
            stated: &difference.stated,
            found: &difference.found,
            words: difference.to_string(),
        };
        Self {
            block: replayed.number,
            hash: Hex(replayed.hash.to_vec().into()),
            flags: replayed.codes.iter().copied().map(codes::to_byte).collect(),
            commit_hash: Hex(replayed.commit_hash.clone()),
            took_ms: (replayed.took.as_secs_f64() * 1e6).round() / 1e3,
            differences: replayed.differences.iter().map(shown).collect(),
        }
    }

    fn text(&self) -> String {
        let flags: Vec<_> = self.flags.iter().map(u8::to_string).collect();
        let commit_hash = match hex::encode(&self.commit_hash.0) {
            empty if empty.is_empty() => "-".to_owned(),
            hash => hash,
        };
        let (block, hash, flags) = (self.block, hex::encode(&self.hash.0), flags.join(","));
        let mut text = format!(
            "block {block}  hash {hash}  flags {flags}  commit hash {commit_hash}  {} ms",
            self.took_ms
        );
        for difference in &self.differences {
            text.push_str("\nDIFFERS  ");
            text.push_str(&difference.words);
        }
        text
    }
}
