//! Cargo, called from cargo: the build of the workspace and the list of its test binaries.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use toolchain::{Environment, Target};

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
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .context("xtask/ has no parent folder")
}

/// The cargo that runs this tool, without what that cargo told this tool about itself: build scripts that ask for such
/// variables would run again each time they change.
pub(crate) fn cargo() -> Result<Command> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()?);
    for (name, _) in std::env::vars_os() {
        let told = [
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_MANIFEST_",
            "CARGO_PKG_",
        ];
        if name
            .to_str()
            .is_some_and(|name| told.iter().any(|prefix| name.starts_with(prefix)))
        {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// Runs a command to its end; its output goes where ours goes.
///
/// # Errors
/// It could not be started, or it ended with another code than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command
        .status()
        .with_context(|| format!("cannot start {shown}"))?;
    ensure!(status.success(), "{shown} failed: {status}");
    Ok(())
}

/// What a build made.
pub(crate) struct Built {
    /// The `weft` binary.
    pub(crate) weft: PathBuf,
    /// Every test binary; empty if none was asked for.
    pub(crate) tests: Vec<TestBinary>,
}

impl Built {
    /// Where compiled contracts lie: below the folder of the build, where the tests look for them too.
    pub(crate) fn contracts_folder(&self) -> Result<PathBuf> {
        let target = self
            .weft
            .parent()
            .and_then(Path::parent)
            .context("the build has no folder")?;
        Ok(target.join("contracts"))
    }
}

/// Builds the workspace's binaries.
///
/// # Errors
/// They do not build; cargo's own words went to stderr.
pub(crate) fn build_binaries() -> Result<Built> {
    build(&["--workspace", "--bins"])
}

/// Builds the workspace's binaries and every test.
///
/// # Errors
/// They do not build; cargo's own words went to stderr.
pub(crate) fn build_tests() -> Result<Built> {
    // One build for binaries and tests: asked apart, cargo would resolve features twice and compile much twice.
    let built = build(&["--workspace", "--bins", "--tests"])?;
    ensure!(!built.tests.is_empty(), "cargo named no test binary");
    Ok(built)
}

/// Builds `weft` as it is published.
///
/// # Errors
/// It does not build; cargo's own words went to stderr.
pub(crate) fn build_release() -> Result<Built> {
    build(&["--release", "--package", "weft", "--bins"])
}

/// Builds one of the benchmarks, and gives its executable.
///
/// `weft` is named too, so that what both import is compiled once, with the features it has in `weft`.
///
/// # Errors
/// It does not build; cargo's own words went to stderr.
pub(crate) fn build_benchmark(name: &str) -> Result<PathBuf> {
    let packages = ["--package", "weft", "--package", "bench"];
    let printed = messages(&[&["bench"], &packages[..], &["--bench", name, "--no-run"]].concat())?;
    let messages = printed
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executable = |message: &Value| {
        let is_it = message.pointer("/target/name")?.as_str()? == name;
        let path = message.pointer("/executable")?.as_str()?;
        is_it.then(|| PathBuf::from(path))
    };
    let found = messages
        .filter_map(|message| executable(&message))
        .next_back();
    found.with_context(|| format!("cargo named no benchmark '{name}'"))
}

/// Builds the fuzzer that libFuzzer guides, with these variables in cargo's environment, and gives its executable.
///
/// # Errors
/// It does not build; cargo's own words went to stderr.
pub(crate) fn build_guided(environment: &[(&str, &OsStr)]) -> Result<PathBuf> {
    let arguments = [
        "build",
        "--package",
        "fuzz-targets",
        "--bin",
        "guided",
        "--features",
        "guided",
    ];
    let printed = messages_with(&arguments, environment)?;
    let executable = |line: &str| {
        let message = serde_json::from_str::<Value>(line).ok()?;
        let is_it = message.pointer("/target/name")?.as_str()? == "guided";
        let path = message.pointer("/executable")?.as_str()?;
        is_it.then(|| PathBuf::from(path))
    };
    let found = printed.lines().filter_map(executable).next_back();
    found.context("cargo named no binary 'guided'")
}

/// Runs cargo and gives what it prints for programs.
fn messages(arguments: &[&str]) -> Result<String> {
    messages_with(arguments, &[])
}

fn messages_with(arguments: &[&str], environment: &[(&str, &OsStr)]) -> Result<String> {
    let output = cargo()?
        .args(arguments)
        .envs(environment.iter().copied())
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "it does not build");
    String::from_utf8(output.stdout).context("cargo printed no UTF-8")
}

fn build(wanted: &[&str]) -> Result<Built> {
    let printed = messages(&[&["build"], wanted].concat())?;
    let (mut weft, mut tests) = (None, Vec::new());
    for line in printed.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        weft = weft.or_else(|| weft_binary(&message));
        tests.extend(test_binary(&message)?);
    }
    Ok(Built {
        weft: weft.context("cargo named no binary 'weft'")?,
        tests,
    })
}

fn weft_binary(message: &Value) -> Option<PathBuf> {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
    let is_test = message.pointer("/profile/test").and_then(Value::as_bool)?;
    let path = text("/executable")?;
    (!is_test && text("/target/name")? == "weft").then(|| PathBuf::from(path))
}

fn test_binary(message: &Value) -> Result<Option<TestBinary>> {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
    let is_test = message.pointer("/profile/test").and_then(Value::as_bool) == Some(true);
    let (Some("compiler-artifact"), true, Some(path)) =
        (text("/reason"), is_test, text("/executable"))
    else {
        return Ok(None);
    };
    let manifest = Path::new(text("/manifest_path").context("an artifact without a manifest")?);
    let folder = manifest
        .parent()
        .context("a manifest without a folder")?
        .to_path_buf();
    let package = folder
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default()
        .to_owned();
    let target = text("/target/name").unwrap_or_default();
    let name = if target == package {
        package
    } else {
        format!("{package}::{target}")
    };
    Ok(Some(TestBinary {
        name,
        path: PathBuf::from(path),
        folder,
    }))
}

/// The crates right below a folder of the repository, relative to the root.
///
/// # Errors
/// There is no such folder, or no crate in it.
pub(crate) fn crates_in(folder: &str) -> Result<Vec<PathBuf>> {
    let root = root()?;
    let folder = root.join(folder);
    let mut found = Vec::new();
    for entry in
        std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            found.push(path.strip_prefix(&root)?.to_path_buf());
        }
    }
    found.sort();
    ensure!(!found.is_empty(), "no crate in {}", folder.display());
    Ok(found)
}

/// Makes sure that contracts can be compiled on this machine.
///
/// # Errors
/// They cannot; the text says what to run.
pub(crate) fn wasm_target() -> Result<Target> {
    let environment = Environment::new(std::env::vars_os());
    Ok(Target::ensure(&environment, &mut |line| {
        println!("{line}")
    })?)
}

/// Compiles a contract, given relative to the root, and gives the path of its module.
///
/// Each has a folder of its own in `folder`: paths in the module are written relative to the contract, so that what is
/// compiled for one is no use for another, and in one folder each build would undo the other's.
///
/// # Errors
/// It does not compile; the error carries what the compiler says.
pub(crate) fn build_contract(target: &Target, contract: &Path, folder: &Path) -> Result<PathBuf> {
    let name = contract
        .file_name()
        .with_context(|| format!("{} has no name", contract.display()))?;
    Ok(target.build(
        &root()?.join(contract),
        Some(&folder.join(name)),
        &mut |warnings| eprintln!("{warnings}"),
    )?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{test_binary, weft_binary};

    fn artifact(target: &str, is_test: bool, executable: Option<&str>) -> Value {
        json!({
            "reason": "compiler-artifact", "manifest_path": "/w/host/Cargo.toml", "target": {"name": target},
            "profile": {"test": is_test}, "executable": executable,
        })
    }

    #[test]
    fn the_binary_is_told_from_its_own_unit_tests() {
        let (binary, tests) = (
            artifact("weft", false, Some("/t/weft")),
            artifact("weft", true, Some("/t/weft-1")),
        );
        assert_eq!(weft_binary(&binary).unwrap().to_str(), Some("/t/weft"));
        assert_eq!(weft_binary(&tests), None);
        assert!(test_binary(&binary).unwrap().is_none());
        let found = test_binary(&tests).unwrap().unwrap();
        assert_eq!(
            (found.name.as_str(), found.folder.to_str()),
            ("host::weft", Some("/w/host"))
        );
    }

    #[test]
    fn what_is_not_run_is_no_test() {
        assert!(
            test_binary(&artifact("weft", true, None))
                .unwrap()
                .is_none()
        );
        assert!(
            test_binary(&json!({"reason": "build-finished", "success": true}))
                .unwrap()
                .is_none()
        );
    }
}
