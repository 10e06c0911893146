//! `cargo xtask fuzz`: the fuzz targets of tests/fuzz, guided by coverage, two at a time.
//!
//! The compiler is the stable one: its LLVM can count branches when asked by flags, and libFuzzer's sources come with the
//! crate libfuzzer-sys, so that all it needs is a C++ compiler. Only our own crates are compiled again for it.

mod compiler;
mod finding;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::cargo;
pub(crate) use compiler::as_compiler;

pub(crate) const USAGE: &str = "fuzz [--minutes N] [--target NAME]";
/// The targets' modules, one a file.
const TARGETS: &str = "tests/fuzz/src/targets";
/// What every run begins with.
const COMMITTED: &str = "tests/fuzz/corpus";
/// Processes at a time.
const PROCESSES: u32 = 2;
const MINUTES: u32 = 10;
/// Longer inputs find nothing that shorter ones do not, and take longer.
const INPUT_BYTES_MAX: u32 = 32 * 1024;
/// As in tests/fuzz/src/session.rs.
const INPUT_SECONDS_MAX: u32 = 60;
/// A process that holds more has found something.
const PROCESS_MIB_MAX: u32 = 4 * 1024;

/// Shares the minutes among the targets, and runs them.
///
/// # Errors
/// Wrong options, no C++ compiler, it does not build, or something was found: the text says where it lies.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let wanted = Wanted::parse(options)?;
    compiler::ensure_cpp()?;
    let program = compiler::build()?;
    let folders = Folders::of(&program)?;
    let targets = wanted.targets()?;
    let processes = PROCESSES.min(u32::try_from(targets.len())?);
    let share =
        Duration::from_secs(60) * wanted.minutes * processes / u32::try_from(targets.len())?;
    println!(
        "{} targets, {processes} at a time, {} s each",
        targets.len(),
        share.as_secs()
    );
    let (waiting, found) = (Mutex::new(VecDeque::from(targets)), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..processes {
            scope.spawn(|| {
                while let Some(target) = next(&waiting) {
                    let done = fuzz(&program, &folders, &target, share);
                    if let Err(error) = done {
                        println!("{target}: {error:#}");
                        found
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(target);
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(
        found.is_empty(),
        "something was found by: {}",
        found.join(", ")
    );
    Ok(())
}

/// What the command line asks for.
struct Wanted {
    minutes: u32,
    target: Option<String>,
}

impl Wanted {
    fn parse(options: &[&str]) -> Result<Self> {
        let mut wanted = Self {
            minutes: MINUTES,
            target: None,
        };
        let mut rest = options;
        while let [option, value, after @ ..] = rest {
            match *option {
                "--minutes" => {
                    wanted.minutes = value.parse().context("--minutes takes a number")?
                }
                "--target" => wanted.target = Some((*value).to_owned()),
                _ => bail!("usage: cargo xtask {USAGE}"),
            }
            rest = after;
        }
        ensure!(rest.is_empty(), "usage: cargo xtask {USAGE}");
        Ok(wanted)
    }

    /// The names of the targets to run, sorted.
    fn targets(&self) -> Result<Vec<String>> {
        let folder = cargo::root()?.join(TARGETS);
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {TARGETS}"))? {
            let path = entry?.path();
            if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        let all = names.join(", ");
        names.retain(|name| self.target.as_ref().is_none_or(|wanted| wanted == name));
        ensure!(
            !names.is_empty(),
            "there is no such target; there are {all}"
        );
        Ok(names)
    }
}

/// Where runs leave what they make.
struct Folders {
    corpus: PathBuf,
    found: PathBuf,
}

impl Folders {
    /// In the folder of the build, beside `debug/`.
    fn of(program: &Path) -> Result<Self> {
        let target = program
            .ancestors()
            .nth(2)
            .context("the build has no folder")?;
        Ok(Self {
            corpus: target.join("fuzz-corpus"),
            found: target.join("fuzz-found"),
        })
    }
}

fn next(waiting: &Mutex<VecDeque<String>>) -> Option<String> {
    waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
}

/// Runs one target.
///
/// # Errors
/// It found something, or could not be run.
fn fuzz(program: &Path, folders: &Folders, target: &str, time: Duration) -> Result<()> {
    let corpus = folders.corpus.join(target);
    let seeds = folders.corpus.join(format!("{target}.seeds"));
    let found = folders.found.join(target);
    for folder in [&corpus, &seeds, &found] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let log = folders.corpus.join(format!("{target}.log"));
    let mut command = Command::new(program);
    command
        .env("WEFT_FUZZ_TARGET", target)
        .env("WEFT_FUZZ_SEEDS", &seeds)
        .arg(format!("-max_total_time={}", time.as_secs()))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={PROCESS_MIB_MAX}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        // The first folder is the one that is written.
        .args([&corpus, &seeds])
        .stdout(File::create(&log).context("cannot write a log")?)
        .stderr(
            File::options()
                .append(true)
                .open(&log)
                .context("cannot write a log")?,
        );
    let committed = cargo::root()?.join(COMMITTED).join(target);
    if committed.is_dir() {
        command.arg(committed);
    }
    let status = command.status().context("cannot start the fuzzer")?;
    let output = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if status.success() {
        println!("{target}: {}", finding::last_figures(&output));
        return Ok(());
    }
    bail!("{}", finding::describe(program, target, &output, &log))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_target_may_be_given() {
        let parse = |options: &[&str]| Wanted::parse(options).map(|it| (it.minutes, it.target));
        assert_eq!(parse(&[]).unwrap(), (10, None));
        let block = Some("block".to_owned());
        assert_eq!(
            parse(&["--target", "block", "--minutes", "3"]).unwrap(),
            (3, block)
        );
        assert!(parse(&["--minutes"]).is_err());
        assert!(parse(&["--minutes", "x"]).is_err());
        assert!(parse(&["--seconds", "3"]).is_err());
    }

    #[test]
    fn the_targets_are_the_files_of_their_folder() {
        let wanted = |target: Option<&str>| Wanted {
            minutes: 1,
            target: target.map(str::to_owned),
        };
        assert!(
            wanted(None)
                .targets()
                .unwrap()
                .contains(&"block".to_owned())
        );
        assert_eq!(wanted(Some("block")).targets().unwrap(), ["block"]);
        assert!(wanted(Some("nothing")).targets().is_err());
    }
}
