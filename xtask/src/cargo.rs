//! Cargo, called from cargo: the build of the workspace and the list of its test binaries.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// One compiled test binary.
pub(crate) struct TestBinary {
    /// `crate::target`, for people.
    pub(crate) name: String,
    /// The executable.
    pub(crate) path: PathBuf,
    /// Where cargo would run it: the folder of its package.
    pub(crate) folder: PathBuf,
}

/// The repository's root.
pub(crate) fn root() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).context("xtask/ has no parent folder")
}

/// The cargo that runs this tool.
pub(crate) fn cargo() -> Result<Command> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()?);
    Ok(command)
}

/// Runs a command to its end; its output goes where ours goes.
///
/// # Errors
/// It could not be started, or it ended with another code than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    ensure!(status.success(), "{shown} failed: {status}");
    Ok(())
}

/// Builds every test of the workspace and the `weft` binary, and says what came out.
pub(crate) fn build_tests() -> Result<Vec<TestBinary>> {
    // One build for binaries and tests: asked apart, cargo would resolve features twice and compile much twice.
    run(cargo()?.args(["build", "--workspace", "--bins"]))?;
    let output = cargo()?
        .args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "the tests do not build");
    let mut binaries = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        if let Some(binary) = test_binary(&message)? {
            binaries.push(binary);
        }
    }
    if binaries.is_empty() {
        bail!("cargo named no test binary");
    }
    Ok(binaries)
}

fn test_binary(message: &Value) -> Result<Option<TestBinary>> {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
    let is_test = message.pointer("/profile/test").and_then(Value::as_bool) == Some(true);
    let (Some("compiler-artifact"), true, Some(path)) = (text("/reason"), is_test, text("/executable")) else {
        return Ok(None);
    };
    let manifest = Path::new(text("/manifest_path").context("an artifact without a manifest")?);
    let folder = manifest.parent().context("a manifest without a folder")?.to_path_buf();
    let package = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
    let target = text("/target/name").unwrap_or_default();
    let name = if target == package { package } else { format!("{package}::{target}") };
    Ok(Some(TestBinary { name, path: PathBuf::from(path), folder }))
}

/// The example contracts, as folders relative to the root.
pub(crate) fn contracts() -> Result<Vec<PathBuf>> {
    let folder = root()?.join("examples-chaincode");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            found.push(path.strip_prefix(root()?)?.to_path_buf());
        }
    }
    found.sort();
    ensure!(!found.is_empty(), "no contract in {}", folder.display());
    Ok(found)
}
