//! `weft completion` and `weft man`: for the shell, and for who reads manuals.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};
use clap_mangen::Man;

use super::global::Global;
use super::{Cli, output};

/// The variable by which the shell asks for completions; the scripts set it.
const VARIABLE: &str = "WEFT_COMPLETE";
const NAME: &str = "weft";

/// A shell that is helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// GNU Bash.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
}

/// Which shell to help.
#[derive(Debug, clap::Args)]
pub(super) struct CompletionArgs {
    /// The shell: `source <(weft completion bash)` in its start-up file.
    #[arg(value_enum)]
    shell: Shell,
}

/// Where to write the pages.
#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// Folder for the pages of all commands; else the page of weft itself goes to stdout.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Answers the shell if it is the shell that asks; it ends the process then.
pub(super) fn answer_shell() {
    CompleteEnv::with_factory(Cli::command)
        .var(VARIABLE)
        .bin(NAME)
        .complete();
}

/// Prints the script that has the shell ask.
pub(super) fn script(args: &CompletionArgs) -> anyhow::Result<()> {
    Ok(output::bytes(&script_of(args.shell)?)?)
}

fn script_of(shell: Shell) -> std::io::Result<Vec<u8>> {
    let shell: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    };
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, NAME, NAME, NAME, &mut script)?;
    Ok(script)
}

/// Writes the manual.
pub(super) fn man(args: &ManArgs, global: &Global) -> anyhow::Result<()> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.dir else {
        return Ok(output::bytes(&page(&command)?)?);
    };
    let write = || format!("cannot write to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(write)?;
    let count = pages(&command, folder).with_context(write)?;
    global
        .output()
        .note(&format!("{count} pages in {}", folder.display()));
    Ok(())
}

/// A page for the command and for each below it; gives their number.
fn pages(command: &Command, folder: &Path) -> std::io::Result<usize> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    std::fs::write(folder.join(format!("{name}.1")), page(command)?)?;
    let mut count = 1;
    for below in command.get_subcommands() {
        count += pages(below, folder)?;
    }
    Ok(count)
}

fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::{Shell, pages, script_of};
    use crate::cli::Cli;
    use clap::{Command, CommandFactory as _, ValueEnum as _};

    fn count(command: &Command) -> usize {
        1 + command.get_subcommands().map(count).sum::<usize>()
    }

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        let written = pages(&command, folder.path()).unwrap();
        assert_eq!(written, count(&command));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), written);
        let page = std::fs::read_to_string(folder.path().join("weft-chaincode-approve.1")).unwrap();
        assert!(page.contains("package\\-id"), "{page}");
    }

    #[test]
    fn the_script_of_each_shell_asks_this_program() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script_of(*shell).unwrap()).unwrap();
            assert!(script.contains("WEFT_COMPLETE"), "{shell:?}: {script}");
        }
    }
}
