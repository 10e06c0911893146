//! Runs a program and says clearly how it failed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::{Environment, Error};

/// Bytes of a failed program's output that an error carries: the end is what tells.
const OUTPUT_BYTES_MAX: usize = 16 * 1024;

/// A program with the caller's environment as it was given, and no input.
pub(crate) fn program(path: impl AsRef<OsStr>, environment: &Environment) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .envs(environment.as_given())
        .stdin(Stdio::null());
    command
}

/// A cargo that does as it is told here and not as variables around us say; `rustc` is the compiler it uses.
pub(crate) fn cargo(path: &Path, rustc: &Path, environment: &Environment) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .envs(environment.without_steering())
        .env("RUSTC", rustc)
        .stdin(Stdio::null());
    command
}

/// Runs to the end and gives standard output.
///
/// # Errors
/// [`Error::Start`] and [`Error::Failed`].
pub(crate) fn run(command: &mut Command) -> Result<String, Error> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let mut said = text(&output.stderr);
    said.push_str(&text(&output.stdout));
    Err(Error::Failed {
        command: line(command),
        output: end_of(&said).to_owned(),
    })
}

/// Runs to the end and gives what it wrote, whatever its status.
///
/// # Errors
/// [`Error::Start`].
pub(crate) fn output(command: &mut Command) -> Result<Output, Error> {
    command.output().map_err(|source| Error::Start {
        command: line(command),
        source,
    })
}

/// Output as text; what is no UTF-8 is shown as replacement characters.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

fn end_of(text: &str) -> &str {
    let start = text.len().saturating_sub(OUTPUT_BYTES_MAX);
    let start = (start..text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len());
    text.get(start..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_program_is_named_with_its_arguments_and_its_last_words() {
        let environment = Environment::new(std::env::vars_os());
        let error = run(program("/bin/sh", &environment).args(["-c", "echo lost >&2; exit 3"]))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`/bin/sh -c echo lost >&2; exit 3` failed:\nlost"
        );
    }

    #[test]
    fn a_program_that_does_not_exist_cannot_be_started() {
        let error = run(&mut program("/no/such/program", &Environment::default())).unwrap_err();
        assert!(matches!(error, Error::Start { .. }), "{error}");
    }

    #[test]
    fn long_output_keeps_its_end_at_a_character_boundary() {
        let long = "ä".repeat(OUTPUT_BYTES_MAX);
        let kept = end_of(&long);
        assert!(kept.len() <= OUTPUT_BYTES_MAX && kept.len() > OUTPUT_BYTES_MAX - 2);
        assert_eq!(end_of("short"), "short");
    }
}
