//! Node.js for the interop tests: the machine's if it is new enough, else the one that npm's package `node` brings.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::cargo;

/// The official Fabric client needs at least this.
const MAJOR_MIN: u32 = 22;
const MINOR_MIN: u32 = 12;
/// What npm is asked for where the machine's Node.js is older.
const NPM_NODE: &str = "node@22";

/// A Node.js that is new enough.
pub(crate) struct Node {
    /// Its executable.
    pub(crate) program: PathBuf,
}

/// Finds or installs Node.js.
///
/// # Errors
/// The machine has no Node.js with npm at all, or npm could not bring a newer one.
pub(crate) fn ensure() -> Result<Node> {
    if version_is_enough(Path::new("node"))? {
        return Ok(Node {
            program: PathBuf::from("node"),
        });
    }
    let folder = cargo::root()?.join("target/node");
    let program = folder.join("node_modules/node/bin/node");
    if !program.is_file() {
        println!(
            "this machine's Node.js is older than {MAJOR_MIN}.{MINOR_MIN}: installing {NPM_NODE} into {}",
            folder.display()
        );
        std::fs::create_dir_all(&folder)?;
        let install = [
            "install",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--loglevel=error",
            "--prefix",
        ];
        cargo::run(Command::new("npm").args(install).arg(&folder).arg(NPM_NODE))?;
    }
    ensure!(
        version_is_enough(&program)?,
        "{} is not Node.js {MAJOR_MIN}.{MINOR_MIN} or newer",
        program.display()
    );
    Ok(Node { program })
}

fn version_is_enough(program: &Path) -> Result<bool> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .with_context(|| format!("cannot run {}: install Node.js with npm", program.display()))?;
    Ok(is_enough(&String::from_utf8_lossy(&output.stdout)))
}

fn is_enough(version: &str) -> bool {
    let mut numbers = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(|n| n.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    (major, minor) >= (MAJOR_MIN, MINOR_MIN)
}

/// Installs what tests/interop needs from the npm registry, as its lock file says, once per lock file.
pub(crate) fn install_interop(node: &Node) -> Result<()> {
    let folder = cargo::root()?.join("tests/interop");
    let lock = std::fs::read(folder.join("package-lock.json"))
        .context("tests/interop has no package-lock.json")?;
    let stamp = folder.join("node_modules/.weft-lock");
    if std::fs::read(&stamp).is_ok_and(|seen| seen == lock) {
        return Ok(());
    }
    let install = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    let mut command = Command::new("npm");
    if let Some(bin) = node.program.parent().filter(|p| !p.as_os_str().is_empty()) {
        // Its install scripts and engine checks should see the Node.js that will run the tests.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(bin.to_path_buf()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(paths)?);
    }
    cargo::run(command.args(install).current_dir(&folder))?;
    std::fs::write(&stamp, lock).context("cannot note what was installed")
}

#[cfg(test)]
mod tests {
    use super::is_enough;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(is_enough("v22.12.0"));
        assert!(is_enough("v24.0.1"));
        assert!(!is_enough("v22.9.0"));
        assert!(!is_enough("v20.20.2"));
        assert!(!is_enough(""));
    }
}
