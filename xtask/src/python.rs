//! Schemathesis, which tests the REST API against its own document, in a Python environment below `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cargo;

/// Where it is installed, below the repository's root.
const FOLDER: &str = "target/schemathesis";
/// What it needs, each package by version and hash.
const REQUIREMENTS: &str = "tests/schema/requirements.txt";

/// Finds or installs schemathesis; gives its program, or `None`, after saying so, where that cannot be.
///
/// # Errors
/// With `CI=true` it must be there, so that no run is green without it.
pub(crate) fn ensure_schemathesis() -> Result<Option<PathBuf>> {
    match install(&cargo::root()?) {
        Ok(program) => Ok(Some(program)),
        Err(error) if is_ci() => Err(error),
        Err(error) => {
            println!(
                "SKIPPED: the REST API is not tested against its document: no schemathesis: {error:#}"
            );
            Ok(None)
        }
    }
}

/// Whether what is missing must fail the run.
fn is_ci() -> bool {
    std::env::vars_os().any(|(name, value)| name == "CI" && value == "true")
}

fn install(root: &Path) -> Result<PathBuf> {
    let folder = root.join(FOLDER);
    let program = folder.join("bin/schemathesis");
    let requirements = root.join(REQUIREMENTS);
    let wanted = std::fs::read(&requirements).context("tests/schema has no requirements.txt")?;
    let stamp = folder.join(".weft-requirements");
    if program.is_file() && std::fs::read(&stamp).is_ok_and(|seen| seen == wanted) {
        return Ok(program);
    }
    println!("installing schemathesis into {}", folder.display());
    make_environment(&folder)?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--requirement",
    ];
    let python = folder.join("bin/python");
    cargo::run(Command::new(python).args(install).arg(&requirements))?;
    std::fs::write(&stamp, wanted).context("cannot note what was installed")?;
    Ok(program)
}

/// Makes an environment of Python's own; where Debian has left out what that needs, installs it.
fn make_environment(folder: &Path) -> Result<()> {
    let make = || {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(folder);
        cargo::run(&mut command)
    };
    if make().is_ok() {
        return Ok(());
    }
    let install = [
        "install",
        "--yes",
        "--no-install-recommends",
        "python3-venv",
    ];
    cargo::run(Command::new("apt-get").args(["update", "--quiet"]))
        .and_then(|()| cargo::run(Command::new("apt-get").args(install)))
        .context("python3 with its module venv is needed")?;
    make()
}
