//! `cargo xtask test`: builds what the tests need, runs every one of them, says which were slowest.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{self, TestBinary};
use crate::node;
use crate::python;
use crate::slowest::Slowest;

/// Contracts that users read, with tests of their own.
const EXAMPLES: &str = "examples-chaincode";
/// Contracts that only the system tests use.
const TEST_CONTRACTS: &str = "tests/contracts";

/// Seconds of mutated inputs for each of tests/fuzz's targets.
const FUZZ_SECONDS: &str = "WEFT_FUZZ_SECONDS";

/// Runs all tests, or those whose names contain one of `filters`.
///
/// # Errors
/// Something does not build, or a test failed; the output above says which.
pub(crate) fn run(filters: &[&str]) -> Result<()> {
    let begun = Instant::now();
    let target = cargo::wasm_target()?;
    let programs = Programs::ensure()?;
    let built = cargo::build_tests()?;
    let contracts_folder = built.contracts_folder()?;
    for contract in cargo::crates_in(EXAMPLES)?
        .iter()
        .chain(&cargo::crates_in(TEST_CONTRACTS)?)
    {
        println!("contract {}", contract.display());
        cargo::build_contract(&target, contract, &contracts_folder)?;
    }
    let build_time = begun.elapsed();
    let mut slowest = Slowest::default();
    let mut failed = Vec::new();
    for binary in &built.tests {
        if !run_binary(binary, filters, &programs, &mut slowest)? {
            failed.push(binary.name.clone());
        }
    }
    if filters.is_empty() {
        run_doc_tests(&mut failed)?;
        run_contract_tests(&contracts_folder, &mut failed)?;
    }
    print!("{}", slowest.table(10));
    let run_time = begun.elapsed().saturating_sub(build_time);
    println!(
        "built in {:.0} s, ran in {:.0} s",
        build_time.as_secs_f64(),
        run_time.as_secs_f64()
    );
    ensure!(failed.is_empty(), "tests failed in: {}", failed.join(", "));
    Ok(())
}

/// What tests run beside Weft.
struct Programs {
    node: node::Node,
    schemathesis: Option<PathBuf>,
}

impl Programs {
    /// Finds or installs them.
    fn ensure() -> Result<Self> {
        let node = node::ensure()?;
        node::install_interop(&node)?;
        Ok(Self {
            node,
            schemathesis: python::ensure_schemathesis()?,
        })
    }
}

fn run_binary(
    binary: &TestBinary,
    filters: &[&str],
    programs: &Programs,
    slowest: &mut Slowest,
) -> Result<bool> {
    let mut output = Output::new(format!("--- {}", binary.name), !filters.is_empty());
    let mut child = Command::new(&binary.path)
        .args(filters)
        // The harness of a stable toolchain tells times only when asked in this way.
        .args(["-Zunstable-options", "--report-time"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("WEFT_NODE", &programs.node.program)
        .envs(fuzz_seconds())
        .envs(
            programs
                .schemathesis
                .iter()
                .map(|program| ("WEFT_SCHEMATHESIS", program)),
        )
        .env("CARGO_MANIFEST_DIR", &binary.folder)
        .current_dir(&binary.folder)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", binary.path.display()))?;
    let mut stdout = BufReader::new(child.stdout.take().context("the child has no stdout")?);
    let mut line = Vec::new();
    while stdout
        .read_until(b'\n', &mut line)
        .context("cannot read a test's output")?
        > 0
    {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\n');
        output.print(text);
        slowest.note(&binary.name, text);
        line.clear();
    }
    let status = child.wait().context("cannot wait for a test binary")?;
    if !status.success() {
        output.release();
    }
    Ok(status.success())
}

/// How long each fuzz target gets, unless the caller says.
fn fuzz_seconds() -> Option<(&'static str, &'static str)> {
    std::env::var_os(FUZZ_SECONDS)
        .is_none()
        .then_some((FUZZ_SECONDS, "20"))
}

/// What a test binary prints. Where only some tests are asked for, binaries that run none of them are not shown.
struct Output {
    held: Option<Vec<String>>,
}

impl Output {
    fn new(title: String, is_filtered: bool) -> Self {
        let mut output = Self {
            held: Some(vec![title]),
        };
        if !is_filtered {
            output.release();
        }
        output
    }

    fn print(&mut self, line: &str) {
        if line.starts_with("test ") && !line.starts_with("test result: ") {
            self.release();
        }
        match &mut self.held {
            Some(held) => held.push(line.to_owned()),
            None => println!("{line}"),
        }
    }

    fn release(&mut self) {
        for line in self.held.take().into_iter().flatten() {
            println!("{line}");
        }
    }
}

fn run_doc_tests(failed: &mut Vec<String>) -> Result<()> {
    println!("--- doc tests");
    if !cargo::cargo()?
        .args(["test", "--workspace", "--doc"])
        .status()?
        .success()
    {
        failed.push("doc tests".to_owned());
    }
    Ok(())
}

/// The example contracts' own tests: native, in workspaces of their own, as a user's would be.
fn run_contract_tests(contracts_folder: &Path, failed: &mut Vec<String>) -> Result<()> {
    let root = cargo::root()?;
    for contract in cargo::crates_in(EXAMPLES)? {
        println!("--- {}", contract.display());
        let status = cargo::cargo()?
            .args(["test", "--locked", "--target-dir"])
            .arg(contracts_folder.join("tests"))
            .current_dir(root.join(&contract))
            .status()?;
        if !status.success() {
            failed.push(contract.display().to_string());
        }
    }
    Ok(())
}
