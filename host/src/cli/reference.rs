//! docs/cli-reference.md: every command, as the program itself describes it. A test keeps the file.

use clap::{Command, CommandFactory as _};
use expect_test::expect_file;

use super::Cli;

const WIDTH: usize = 100;

const OPENING: &str = "# Every command of `weft`\n\n\
    Written by a test from the command line itself; `UPDATE_EXPECT=1 cargo test -p weft` writes it again. How contexts,\n\
    output, exit codes and the rest work stands in [cli.md](cli.md).\n";

#[test]
fn the_reference_is_what_the_program_says() {
    let mut root = Cli::command()
        .term_width(WIDTH)
        .disable_help_subcommand(true);
    root.build();
    let mut text = OPENING.to_owned();
    write(&root, 2, &mut text);
    expect_file!["../../../docs/cli-reference.md"].assert_eq(&text);
}

/// A section for the command, then those of the commands below it. Options that all have stand once, at the top.
fn write(command: &Command, level: usize, text: &mut String) {
    let mut shown = command.clone().term_width(WIDTH);
    if level > 2 {
        shown = shown.mut_args(|argument| match argument.is_global_set() {
            true => argument.hide(true),
            false => argument,
        });
    }
    let name = command.get_bin_name().unwrap_or("weft");
    let help = shown.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!(
        "\n{} {name}\n\n```text\n{}\n```\n",
        "#".repeat(level.min(4)),
        lines.join("\n").trim_end()
    ));
    for below in command.get_subcommands() {
        write(below, level + 1, text);
    }
}
