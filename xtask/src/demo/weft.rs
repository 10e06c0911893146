//! The `weft` command line, called as a newcomer would.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::{Child, Command};

use super::ended;

/// Profiles that `weft dev` writes.
pub(crate) const ORG1_ADMIN: &str = "org1-admin";
pub(crate) const ORG1_USER: &str = "org1-user";
pub(crate) const ORG2_ADMIN: &str = "org2-admin";
pub(crate) const ORG2_USER: &str = "org2-user";

const TIMEOUT: Duration = Duration::from_secs(60);

/// The program and the network it is for.
pub(crate) struct Weft {
    program: PathBuf,
    folder: PathBuf,
}

impl Weft {
    /// For the network in `folder`.
    pub(crate) fn new(program: &Path, folder: &Path) -> Self {
        Self {
            program: program.to_path_buf(),
            folder: folder.to_path_buf(),
        }
    }

    /// The network's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a command and gives what it printed, without the end of the last line.
    ///
    /// # Errors
    /// It failed; the error holds what it said.
    pub(crate) async fn line(&self, profile: &str, arguments: &[&str]) -> Result<String> {
        self.finish(self.start(profile, arguments)?).await
    }

    /// Runs a command that prints JSON.
    ///
    /// # Errors
    /// It failed, or what it printed is not JSON.
    pub(crate) async fn json(&self, profile: &str, arguments: &[&str]) -> Result<Value> {
        // What a contract answers is printed as it is; asked for as JSON, it would be a string within JSON.
        let is_answer = arguments.first() == Some(&"evaluate");
        let form: &[&str] = if is_answer {
            &[]
        } else {
            &["--output", "json"]
        };
        let asked = [arguments, form].concat();
        let line = self.line(profile, &asked).await?;
        serde_json::from_str(&line)
            .with_context(|| format!("weft {} printed no JSON: {line}", arguments.join(" ")))
    }

    /// Starts a command; it is killed when it is dropped.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(&self, profile: &str, arguments: &[&str]) -> Result<Running> {
        let child = Command::new(&self.program)
            .arg("--profile")
            .arg(self.folder.join(format!("profiles/{profile}.yaml")))
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        Ok(Running {
            child,
            shown: format!("weft {}", arguments.join(" ")),
        })
    }

    /// Waits for a command's end and gives what it printed, without the end of the last line.
    ///
    /// # Errors
    /// It failed or took too long; the error holds what it said.
    pub(crate) async fn finish(&self, running: Running) -> Result<String> {
        let Running { child, shown } = running;
        let output: Output = tokio::time::timeout(TIMEOUT, child.wait_with_output())
            .await
            .with_context(|| format!("{shown}: no end after {} s", TIMEOUT.as_secs()))??;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{shown}: {}\n{}",
            ended(output.status),
            said.trim_end()
        );
        let printed = String::from_utf8(output.stdout)
            .with_context(|| format!("{shown} printed no UTF-8"))?;
        Ok(printed.trim_end().to_owned())
    }
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    shown: String,
}
