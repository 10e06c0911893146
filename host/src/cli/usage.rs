//! A command line that cannot be understood is told like any other failure.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _};

use super::Cli;
use super::exit::Exit;
use super::failure::Problem;
use super::output;

/// Reads the command line; what is to be said otherwise is said already.
pub(super) fn parse(args: Vec<OsString>) -> Result<Cli, Exit> {
    let colour = match value_of(&args, &["--color"]).as_deref() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    let is_json = value_of(&args, &["--output", "-o"]).as_deref() == Some("json");
    let command = Cli::command().color(colour);
    let cli = command
        .try_get_matches_from(args)
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches));
    cli.map_err(|error| {
        if !error.use_stderr() {
            let _ = error.print();
            return Exit::Done;
        }
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            let _ = error.print();
        } else {
            output::raw_note(&said(&error.render().to_string(), is_json));
        }
        Exit::Usage
    })
}

/// The parser's words, in which stands what was typed: no part of it may steer a terminal.
fn said(text: &str, is_json: bool) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text).trim_end();
    let (what, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let problem = Problem::usage(what);
    if is_json {
        return problem.json();
    }
    format!("{}\n\n{}", problem.headline(), output::harmless(rest))
}

/// What stands behind an option, before the line is understood as a whole.
fn value_of(args: &[OsString], names: &[&str]) -> Option<String> {
    let mut words = args.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        if word == "--" {
            return None;
        }
        if names.contains(&word) {
            return words.next().map(str::to_owned);
        }
        if let Some((name, value)) = word.split_once('=')
            && names.contains(&name)
        {
            return Some(value.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{said, value_of};
    use crate::cli::Cli;
    use clap::Parser as _;
    use expect_test::{Expect, expect};

    fn check(line: &[&str], is_json: bool, expected: Expect) {
        let error = Cli::try_parse_from(line).unwrap_err();
        expected.assert_eq(&said(&error.render().to_string(), is_json));
    }

    #[test]
    fn what_is_wrong_stands_first_and_steers_no_terminal() {
        check(
            &["weft", "blok\u{1b}[2J"],
            false,
            expect![[r#"
            error[usage.wrong]: unrecognized subcommand 'blok'

              tip: some similar subcommands exist: 'blocks', 'block'

            Usage: weft [OPTIONS] <COMMAND>

            For more information, try '--help'."#]],
        );
        check(
            &["weft", "block", "\u{9b}last"],
            false,
            expect![[r#"
            error[usage.wrong]: invalid value '\u{9b}last' for '[NUMBER]': it is neither a number nor `newest`

            For more information, try '--help'."#]],
        );
    }

    #[test]
    fn a_program_is_told_as_a_problem_document() {
        check(
            &["weft", "block", "last"],
            true,
            expect![[r#"
            {
              "type": "/docs/errors/usage.wrong",
              "title": "The command cannot be understood.",
              "status": 400,
              "detail": "invalid value 'last' for '[NUMBER]': it is neither a number nor `newest`",
              "code": "usage.wrong",
              "hint": "See `weft help` or the command's --help."
            }"#]],
        );
    }

    #[test]
    fn options_are_found_before_the_line_is_understood() {
        let line = |words: &[&str]| words.iter().map(Into::into).collect::<Vec<_>>();
        let found = |words: &[&str]| value_of(&line(words), &["--output", "-o"]);
        assert_eq!(found(&["weft", "-o", "json"]).as_deref(), Some("json"));
        assert_eq!(
            found(&["weft", "--output=yaml", "x"]).as_deref(),
            Some("yaml")
        );
        assert_eq!(found(&["weft", "submit", "--", "--output", "json"]), None);
    }
}
