//! `weft ledger verify`: a stored ledger against its own blocks.

use std::path::PathBuf;

use anyhow::Context as _;
use audit::Verified;
use decoded::Text;
use model::ErrorCode;
use serde::Serialize;

use super::place::PlaceArgs;
use crate::cli::failure::Failure;
use crate::cli::global::Global;
use crate::cli::output::Output;

/// Blocks between two words on how far it is.
const BLOCKS_A_NOTE: u64 = 1_000;

/// What to check.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct VerifyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Make the ledger to compare with in a new folder inside this one; it needs as much room as the ledger itself [default: the system's folder for such].
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    ledger: String,
    blocks: u64,
    good: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<u64>,
    differences: Vec<String>,
    misplaced_private_values: Vec<PrivateKey>,
}

#[derive(Serialize)]
struct PrivateKey {
    namespace: Text,
    collection: Text,
    key: Text,
}

/// Checks and prints.
pub(super) async fn run(args: VerifyArgs, global: &Global) -> anyhow::Result<()> {
    let output = global.output();
    let ledgers = args.place.find(global).await?;
    let mut bad = Vec::new();
    for (name, folder) in ledgers.iter() {
        let scratch = match &args.scratch {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        };
        let scratch = scratch.context("cannot make a folder to replay in")?;
        let mut told = |done, height| tell(&output, name, done, height);
        let verified = audit::verify(folder, &scratch.path().join("ledger"), &mut told).await?;
        let report = Report::new(name, &verified);
        output.item(&report, Report::text)?;
        if !report.good {
            bad.push(name.to_owned());
        }
    }
    if bad.is_empty() {
        return Ok(());
    }
    let what = format!(
        "the ledger of {} does not follow from its blocks",
        bad.join(" and of ")
    );
    Err(Failure::new(ErrorCode::LedgerDiffers, what).into())
}

fn tell(output: &Output, name: &str, done: u64, height: u64) {
    if done.is_multiple_of(BLOCKS_A_NOTE) && done < height {
        output.note(&format!("{name}: {done} of {height} blocks"));
    }
}

impl Report {
    fn new(ledger: &str, verified: &Verified) -> Self {
        let refused = verified.stopped.iter().map(|(_, error)| chain(error));
        let verdicts = verified.differences.iter().map(ToString::to_string);
        let rows = verified.rows.iter();
        let rows = rows.map(|row| row.in_words("stored", "replayed"));
        let private = verified.private.iter().cloned();
        Self {
            ledger: ledger.to_owned(),
            blocks: verified.blocks,
            good: verified.is_good(),
            stopped_at: verified.stopped.as_ref().map(|(number, _)| *number),
            differences: refused.chain(verdicts).chain(rows).collect(),
            misplaced_private_values: private
                .map(|[namespace, collection, key]| PrivateKey {
                    namespace: Text(namespace),
                    collection: Text(collection),
                    key: Text(key),
                })
                .collect(),
        }
    }

    fn text(&self) -> String {
        let Self { ledger, blocks, .. } = self;
        let verdict = match (self.good, self.stopped_at) {
            (true, _) => "good: everything stored follows from them",
            (false, None) => "NOT GOOD: what is stored differs from what follows from them",
            (false, Some(_)) => {
                "NOT GOOD: the next one cannot be judged, so the tables were not compared"
            }
        };
        let mut text = format!("{ledger}: {blocks} blocks replayed, {verdict}");
        for difference in &self.differences {
            text.push_str("\n  ");
            text.push_str(&crate::cli::output::one_line(difference));
        }
        for PrivateKey {
            namespace,
            collection,
            key,
        } in &self.misplaced_private_values
        {
            let [namespace, collection, key] =
                [namespace, collection, key].map(|part| String::from_utf8_lossy(&part.0));
            let words = format!(
                "private value {namespace}/{collection}/{key:?} does not fit its public hash"
            );
            text.push_str("\n  ");
            text.push_str(&crate::cli::output::one_line(&words));
        }
        text
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        text.push_str(": ");
        text.push_str(&found.to_string());
        cause = found.source();
    }
    text
}
