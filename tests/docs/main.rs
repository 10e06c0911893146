//! The documents' commands, run as a reader would run them: one shell for a document, block after block, in a folder
//! that looks like the repository, with this build's `weft` on the path.
//!
//! What a block is, its info string says:
//!
//! - `sh`: commands; each must succeed.
//! - `sh background`: commands that go on, such as a network; the next block runs once they have printed `ready in `, or
//!   what the comment `<!-- until: … -->` before the block says. `<!-- Ctrl-C -->` ends all of them.
//! - `console`: lines after `$ ` are commands, the others are what they print: `…` stands for anything (alone on its line
//!   for any lines), `<hex>` and `<number>` for what they say, any other `<name>` for one word. A command whose output
//!   begins with `error` must fail, every other one must succeed.
//! - Other languages are not run. A block without a language is an error, so that no command hides in one.
//!
//! A word in a command that ends with `…`, such as `weft_…`, is what a reader would paste there: the last word printed so
//! far that begins so. A block after `<!-- not run: REASON -->` is not run; only builds of the repository itself may say so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's panic is its failure"
)]

mod document;
mod expected;
mod place;
mod session;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use document::{Block, Kind};
use place::Place;
use session::Session;

/// Only these may stand in a block that is not run: the tests cannot build what they are a part of.
const NOT_RUN: [&str; 3] = ["cargo xtask ", "cargo build ", "git clone "];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the repository")
}

/// Runs all that a document shows.
fn check(name: &str) {
    let text = fs::read_to_string(repository().join(name)).expect("the document is there");
    let blocks = document::blocks(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let place = Place::new(repository());
    let mut session = Session::start(&place);
    let (mut ran, mut passed_over) = (0, Vec::new());
    for block in &blocks {
        if let Some(reason) = &block.not_run {
            may_be_passed_over(name, block);
            passed_over.push(format!("{name}:{}: not run: {reason}", block.line));
            continue;
        }
        let done = match &block.kind {
            Kind::Other => continue,
            Kind::Commands => session.run(&block.text),
            Kind::Background { until } => session.start_background(&block.text, until),
            Kind::Interrupt => session.interrupt(),
            Kind::Dialogue => dialogue(&mut session, &block.text),
        };
        ran += 1;
        if let Err(failure) = done {
            panic!(
                "{name}:{}: {failure}\nthe block:\n{}",
                block.line, block.text
            );
        }
    }
    // Not println!, which the test harness swallows when a test passes.
    let mut stderr = std::io::stderr();
    for line in &passed_over {
        let _ = writeln!(stderr, "{line}");
    }
    let _ = writeln!(
        stderr,
        "{name}: {ran} blocks ran, {} did not",
        passed_over.len()
    );
    assert!(ran > 0, "{name} shows no command");
}

fn may_be_passed_over(name: &str, block: &Block) {
    for line in block.text.lines().map(str::trim) {
        let is_build = NOT_RUN.iter().any(|start| line.starts_with(start));
        assert!(
            is_build || line.is_empty() || line.starts_with('#'),
            "{name}:{}: this must be run: {line}",
            block.line
        );
    }
}

/// Runs each command of a dialogue and compares what it prints.
fn dialogue(session: &mut Session, text: &str) -> Result<(), String> {
    for turn in expected::turns(text) {
        let is_failure = turn
            .output
            .first()
            .is_some_and(|line| line.starts_with("error"));
        let (printed, succeeded) = session.run_whatever(&turn.command)?;
        if succeeded == is_failure {
            return Err(format!(
                "`{}` ended otherwise than shown:\n{printed}",
                turn.command
            ));
        }
        expected::compare(&turn.output, &printed)
            .map_err(|difference| format!("`{}`: {difference}", turn.command))?;
    }
    Ok(())
}

const RUN: [&str; 3] = ["README.md", "docs/rest.md", "docs/cli.md"];

#[test]
fn the_readme_works_as_it_stands() {
    check(RUN[0]);
}

#[test]
fn the_tour_of_rest_works_as_it_stands() {
    check(RUN[1]);
}

#[test]
fn the_page_about_the_command_line_works_as_it_stands() {
    check(RUN[2]);
}

#[test]
fn no_other_document_shows_a_command_that_nobody_runs() {
    for entry in fs::read_dir(repository().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("docs/{}", path.file_name().unwrap().to_string_lossy());
        if !path.is_file() || RUN.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let blocks = document::blocks(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for block in blocks {
            assert_eq!(
                block.kind,
                Kind::Other,
                "{name}:{}: nobody runs this",
                block.line
            );
        }
    }
}
