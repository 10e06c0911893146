//! `cargo xtask bench`: the standard table, on a network of one process a node with TLS, and what the nodes did meanwhile.
//!
//! Everything is built for release. Each run has a network of its own, made by `weft dev` and then run from its files, in
//! the folder of the build: the folder for temporary files may be memory, where a sync costs nothing.

mod counters;
mod growth;
mod instructions;
mod nodes;
mod table;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::cargo;
use counters::Counters;
use nodes::Nodes;
use table::Outcome;

/// The contract's folder, relative to the root.
const CONTRACT: &str = "examples-chaincode/asset-transfer";
/// Its name on the channel.
const CHAINCODE: &str = "basic";
/// Assets that are there to be read.
const ASSETS: &str = "1000";
/// The profile in whose name calls are made.
const PROFILE: &str = "org1-user";

pub(crate) const USAGE: &str = "bench [--quick] [--case TEXT] [--runs N] [--duration-s N] [--warm-up-s N] [--json FILE] | bench --instructions | bench --growth [--quick] [--json FILE]";

/// A row of the standard table.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    clients: &'static str,
    is_submit: bool,
}

const CASES: [Case; 6] = [
    Case::of("CreateAsset, lone", "1", true),
    Case::of("CreateAsset, 16 clients", "16", true),
    Case::of("CreateAsset, 64 clients", "64", true),
    Case::of("CreateAsset, 256 clients", "256", true),
    Case::of("ReadAsset, 16 clients", "16", false),
    Case::of("ReadAsset, 64 clients", "64", false),
];

impl Case {
    const fn of(name: &'static str, clients: &'static str, is_submit: bool) -> Self {
        Self {
            name,
            clients,
            is_submit,
        }
    }

    /// What of the call is asked of `weft bench`.
    fn arguments(&self) -> Vec<&'static str> {
        let create = [
            "--function",
            "CreateAsset",
            "--arg",
            "asset{n}",
            "--arg",
            "blue",
            "--arg",
            "5",
            "--arg",
            "Tomoko",
            "--arg",
            "300",
        ];
        let read = [
            "--evaluate",
            "--function",
            "ReadAsset",
            "--arg",
            "read{number:1000}",
        ];
        let call = if self.is_submit {
            &create[..]
        } else {
            &read[..]
        };
        [call, &["--clients", self.clients]].concat()
    }
}

/// How long and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    runs: u32,
    duration_s: String,
    warm_up_s: String,
    json: Option<PathBuf>,
    /// Only the cases whose name holds this.
    case: String,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self {
            runs: 3,
            duration_s: "20".to_owned(),
            warm_up_s: "5".to_owned(),
            json: None,
            case: String::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if *word == "--quick" {
                options.runs = 1;
                options.duration_s = "5".to_owned();
                options.warm_up_s = "2".to_owned();
                continue;
            }
            let value = words
                .next()
                .with_context(|| format!("{word} needs a value\nusage: cargo xtask {USAGE}"))?;
            match *word {
                "--runs" => options.runs = value.parse().context("--runs needs a number")?,
                "--duration-s" => options.duration_s = (*value).to_owned(),
                "--warm-up-s" => options.warm_up_s = (*value).to_owned(),
                "--case" => (*value).clone_into(&mut options.case),
                "--json" => options.json = Some(PathBuf::from(value)),
                _ => bail!("{word} is no option\nusage: cargo xtask {USAGE}"),
            }
        }
        ensure!(options.runs > 0, "--runs needs at least 1");
        ensure!(
            !options.cases().is_empty(),
            "no case's name holds '{}'",
            options.case
        );
        Ok(options)
    }

    fn cases(&self) -> Vec<Case> {
        let wanted = |case: &&Case| case.name.contains(&self.case);
        CASES.iter().filter(wanted).copied().collect()
    }
}

/// Measures and prints.
///
/// # Errors
/// Something does not build or start, a call failed before its load, or somebody interrupted. No process and no folder is
/// left behind.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    if let ["--instructions", rest @ ..] = words {
        return instructions::run(rest);
    }
    if let ["--growth", rest @ ..] = words {
        return growth::run(rest);
    }
    let options = Options::parse(words)?;
    let target = cargo::wasm_target()?;
    let built = cargo::build_release()?;
    let module = cargo::build_contract(&target, Path::new(CONTRACT), &built.contracts_folder()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            done = measure(&built.weft, &module, &options) => done,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("asked to end"),
        }
    })
}

async fn measure(weft: &Path, module: &Path, options: &Options) -> Result<()> {
    let parent = weft.parent().context("the build has no folder")?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for number in 1..=options.runs {
        eprintln!("run {number} of {}: making a network", options.runs);
        let mut nodes = Nodes::start(weft, module, CHAINCODE, parent).await?;
        create_assets_to_read(weft, &nodes).await?;
        for case in options.cases() {
            eprintln!("run {number} of {}: {}", options.runs, case.name);
            outcomes.push(one(weft, &nodes, case, options).await?);
        }
        nodes.stop().await?;
    }
    print!("{}", table::markdown(&options.cases(), &outcomes));
    if let Some(path) = &options.json {
        let all: Vec<Value> = outcomes.iter().map(Outcome::json).collect();
        let text = serde_json::to_vec_pretty(&json!({ "runs": all }))?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

async fn create_assets_to_read(weft: &Path, nodes: &Nodes) -> Result<()> {
    let create = [
        "--function",
        "CreateAsset",
        "--arg",
        "read{index}",
        "--arg",
        "blue",
        "--arg",
        "5",
        "--arg",
        "Tomoko",
        "--arg",
        "300",
        "--clients",
        "64",
        "--calls",
        ASSETS,
        "--warm-up-s",
        "0",
        "--duration-s",
        "600",
    ];
    let report = bench(weft, nodes, &create).await?;
    let failures = report
        .pointer("/failures")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    ensure!(
        failures == 0,
        "assets to read could not be created: {report}"
    );
    Ok(())
}

async fn one(weft: &Path, nodes: &Nodes, case: Case, options: &Options) -> Result<Outcome> {
    let mut arguments = case.arguments();
    arguments.extend([
        "--warm-up-s",
        &options.warm_up_s,
        "--duration-s",
        &options.duration_s,
    ]);
    let watched = nodes.watched();
    arguments.extend(watched.iter().map(String::as_str));
    let before = Counters::read(nodes).await?;
    let report = bench(weft, nodes, &arguments).await?;
    let after = Counters::read(nodes).await?;
    Ok(Outcome {
        case: case.name,
        report,
        counted: after.since(&before, case.is_submit),
    })
}

/// Runs the generator as a process of its own and gives its report.
async fn bench(weft: &Path, nodes: &Nodes, arguments: &[&str]) -> Result<Value> {
    let output = Command::new(weft)
        .arg("--profile")
        .arg(nodes.profile(PROFILE))
        .args(["bench", "--chaincode", CHAINCODE, "--output", "json"])
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot start the generator")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the generator failed:\n{said}\n{}",
        nodes.log_tail()
    );
    serde_json::from_slice(&output.stdout).context("the generator printed no JSON")
}

#[cfg(test)]
mod tests {
    use super::{CASES, Options};

    #[test]
    fn options_are_read_and_others_refused() {
        let quick = Options::parse(&["--quick", "--json", "f"]).unwrap();
        assert_eq!((quick.runs, quick.duration_s.as_str()), (1, "5"));
        let options = Options::parse(&["--runs", "5", "--duration-s", "60"]).unwrap();
        assert_eq!(
            (options.runs, options.duration_s.as_str(), options.json),
            (5, "60", None)
        );
        for wrong in [
            &["--runs"][..],
            &["--runs", "0"],
            &["--runs", "x"],
            &["--fast", "1"],
        ] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_standard_table_has_the_cases_of_the_published_comparison() {
        let names = CASES.map(|case| case.name);
        assert_eq!(names.len(), 6);
        assert!(
            names
                .iter()
                .filter(|name| name.starts_with("ReadAsset"))
                .count()
                == 2
        );
    }
}
