//! The build of the guided fuzzer: our crates with counters on their branches.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::cargo;

/// Set where cargo calls this program in the compiler's place.
const ASKED: &str = "WEFT_XTASK_COVERAGE";

/// Counters on branches and what comparisons compared, as libFuzzer reads them; optimised, and still with every check.
const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Copt-level=2",
    "-Cdebug-assertions=yes",
    "-Ccodegen-units=1",
];

/// What runs while building is linked without libFuzzer.
const BUILD_TIME: [&str; 2] = ["build_script_build", "proc-macro"];

/// Builds the fuzzer and gives its executable.
///
/// # Errors
/// It does not build; cargo's own words went to stderr.
pub(super) fn build() -> Result<PathBuf> {
    let this = std::env::current_exe().context("this program has no path")?;
    cargo::build_guided(&[
        ("RUSTC_WORKSPACE_WRAPPER", this.as_os_str()),
        (ASKED, OsStr::new("1")),
        ("CARGO_INCREMENTAL", OsStr::new("0")),
    ])
}

/// If cargo calls this program in the compiler's place: becomes the compiler, with our flags. `None` if it does not.
pub(crate) fn as_compiler(arguments: &[String]) -> Option<ExitCode> {
    std::env::var_os(ASKED)?;
    let (rustc, rest) = arguments.split_first()?;
    let is_build_time = rest.iter().any(|word| BUILD_TIME.contains(&word.as_str()));
    let is_question = !rest.iter().any(|word| word == "--crate-name");
    let mut command = Command::new(rustc);
    command.args(rest);
    if !is_build_time && !is_question {
        command.args(FLAGS);
    }
    let error = command.exec();
    eprintln!("error: cannot start {rustc}: {error}");
    Some(ExitCode::FAILURE)
}

/// Finds a C++ compiler, or installs Debian's.
///
/// # Errors
/// There is none, and none can be installed.
pub(super) fn ensure_cpp() -> Result<()> {
    let is_there = || Command::new("c++").arg("--version").output().is_ok();
    if is_there() {
        return Ok(());
    }
    println!("libFuzzer is compiled here, and there is no C++ compiler: installing Debian's");
    let install = ["install", "--yes", "--no-install-recommends", "g++"];
    cargo::run(Command::new("apt-get").args(["update", "--quiet"]))
        .and_then(|()| cargo::run(Command::new("apt-get").args(install)))
        .context("a C++ compiler named c++ is needed: install g++ or clang")
}
