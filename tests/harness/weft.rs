//! The `weft` command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The command line with a profile.
#[derive(Clone, Debug)]
pub struct Weft {
    pub(crate) program: PathBuf,
    pub(crate) profile: PathBuf,
    pub(crate) folder: PathBuf,
}

/// What a command did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// What it printed, without the end of the last line.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Weft {
    /// The profile's file.
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// Takes another profile.
    pub fn set_profile(&mut self, profile: PathBuf) {
        self.profile = profile;
    }

    /// The command, ready to be started; for those who wish to wait for it themselves.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--profile")
            .arg(&self.profile)
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, whatever that is.
    ///
    /// # Errors
    /// It cannot be started, or printed something that is not UTF-8.
    pub fn run(&self, arguments: &[&str]) -> Result<Ran> {
        let output = self
            .command(arguments)
            .output()
            .context("cannot start weft")?;
        Ok(Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout)?.trim_end().to_owned(),
            stderr: String::from_utf8_lossy(&output.stderr)
                .trim_end()
                .to_owned(),
        })
    }

    /// Runs a command; gives its exit code and the error code that it printed, if there is one.
    ///
    /// # Errors
    /// As [`Weft::run`].
    pub fn code(&self, arguments: &[&str]) -> Result<(i32, String)> {
        let ran = self.run(arguments)?;
        let code = ran.stderr.lines().find_map(|line| {
            let (code, _) = line.strip_prefix("error[")?.split_once(']')?;
            Some(code.to_owned())
        });
        Ok((ran.code, code.unwrap_or_default()))
    }

    /// Runs a command that must succeed; gives what it printed.
    ///
    /// # Errors
    /// It failed; the error holds what it said.
    pub fn ok(&self, arguments: &[&str]) -> Result<String> {
        let ran = self.run(arguments)?;
        ensure!(
            ran.code == 0,
            "weft {}: code {}\n{}\n{}",
            arguments.join(" "),
            ran.code,
            ran.stdout,
            ran.stderr
        );
        Ok(ran.stdout)
    }

    /// Runs a command that must succeed and print JSON.
    ///
    /// # Errors
    /// It failed, or printed something else.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        // What a contract answers is printed as it is; asked for as JSON, it would be a string within JSON.
        let is_answer = arguments.first() == Some(&"evaluate");
        let form: &[&str] = if is_answer {
            &[]
        } else {
            &["--output", "json"]
        };
        let printed = self.ok(&[arguments, form].concat())?;
        serde_json::from_str(&printed)
            .with_context(|| format!("weft {}: no JSON: {printed}", arguments.join(" ")))
    }

    /// Runs a command that must be refused, or must find somebody unavailable; gives what it said.
    ///
    /// # Errors
    /// It ended in another way.
    pub fn fails(&self, arguments: &[&str]) -> Result<String> {
        let ran = self.run(arguments)?;
        ensure!(
            matches!(ran.code, 1 | 3),
            "weft {}: code {}\n{}\n{}",
            arguments.join(" "),
            ran.code,
            ran.stdout,
            ran.stderr
        );
        Ok(ran.stderr)
    }
}
