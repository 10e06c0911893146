//! What is printed: results on stdout, everything else on stderr.
//!
//! Text of others, such as a chaincode's message or a key, must not steer a terminal. In JSON and YAML it is escaped as
//! they allow; elsewhere as Rust writes it.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::yaml;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Columns and lines, for people.
    #[default]
    Table,
    /// JSON; what comes one by one is a line each.
    Json,
    /// YAML; what comes one by one is a document each.
    Yaml,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Colour {
    /// On terminals, unless the variable NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How this process prints.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Output {
    /// How results are printed.
    pub(super) format: Format,
    /// Whether results are coloured.
    pub(super) coloured: bool,
    /// Whether what is said beside them is.
    pub(super) notes_coloured: bool,
    /// Whether only results and failures are printed.
    pub(super) quiet: bool,
}

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(120);
/// What takes less is not worth a line.
const PATIENCE: Duration = Duration::from_millis(400);
const FACES: [char; 4] = ['|', '/', '-', '\\'];

impl Output {
    /// Prints one value: as JSON, as YAML, or as `shown` makes text of it, in which nothing steers a terminal.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub(super) fn value<T: Serialize>(
        &self,
        value: &T,
        shown: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Table => raw_line(&self.headed(shown(value).trim_end())),
            Format::Json => json(value),
            Format::Yaml => raw_line(yaml::text(value)?.trim_end()),
        }
    }

    /// Prints one of several values that come one by one.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub(super) fn item<T: Serialize>(
        &self,
        value: &T,
        shown: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Table => raw_line(shown(value).trim_end()),
            Format::Json => json_line(value),
            Format::Yaml => raw_line(&format!("---\n{}", yaml::text(value)?.trim_end())),
        }
    }

    /// Prints a line on stderr, unless only results are wanted.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            note(text);
        }
    }

    /// Waits for work that may take long and, on a terminal, says so meanwhile.
    pub(super) async fn during<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        if self.quiet || !io::stderr().is_terminal() {
            return work.await;
        }
        tokio::pin!(work);
        let begun = Instant::now();
        for face in FACES.iter().cycle() {
            tokio::select! {
                biased;
                done = &mut work => {
                    if begun.elapsed() > PATIENCE {
                        rewrite("");
                    }
                    return done;
                }
                () = tokio::time::sleep(TURN) => {}
            }
            if begun.elapsed() > PATIENCE {
                let seconds = begun.elapsed().as_secs();
                rewrite(&format!("{face} {} ({seconds} s)", one_line(what)));
            }
        }
        work.await
    }

    /// The first line of a table in bold.
    fn headed(&self, text: &str) -> String {
        let is_table = self.coloured && text.lines().nth(1).is_some();
        match text.split_once('\n') {
            Some((head, rest)) if is_table && head.chars().all(is_of_a_head) => {
                format!("\u{1b}[1m{head}\u{1b}[0m\n{rest}")
            }
            _ => text.to_owned(),
        }
    }
}

/// Column heads are in capitals, and nothing else is.
fn is_of_a_head(letter: char) -> bool {
    letter.is_ascii_uppercase() || letter == ' '
}

/// Writes over the line that the cursor stands on.
fn rewrite(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "\r{text}\u{1b}[K");
    let _ = err.flush();
}

/// Prints a line on stdout.
///
/// # Errors
/// Stdout cannot be written.
pub(super) fn line(text: &str) -> io::Result<()> {
    raw_line(&harmless(text))
}

/// Prints a line on stderr; a stderr that is closed is no failure.
pub(super) fn note(text: &str) {
    raw_note(&harmless(text));
}

/// Prints a line on stderr in which nothing is escaped: for text that is harmless already and has colours of ours.
pub(super) fn raw_note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a value on stdout as JSON over several lines.
///
/// # Errors
/// Stdout cannot be written.
fn json(value: &impl Serialize) -> io::Result<()> {
    raw_line(&harmless_json(&serde_json::to_string_pretty(value)?))
}

/// Prints a value on stdout as one line of JSON.
///
/// # Errors
/// Stdout cannot be written.
fn json_line(value: &impl Serialize) -> io::Result<()> {
    raw_line(&harmless_json(&serde_json::to_string(value)?))
}

/// Prints a chaincode's answer: text with a newline after it, anything else as it is. On a terminal no byte steers it.
///
/// # Errors
/// Stdout cannot be written.
pub(super) fn payload(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match std::str::from_utf8(bytes) {
        Ok("") => {}
        Ok(text) if out.is_terminal() => writeln!(out, "{}", harmless(text))?,
        Ok(text) => writeln!(out, "{text}")?,
        Err(_) if out.is_terminal() => writeln!(out, "{}", hex::encode(bytes))?,
        Err(_) => out.write_all(bytes)?,
    }
    out.flush()
}

/// Writes bytes to stdout as they are.
///
/// # Errors
/// Stdout cannot be written.
pub(super) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn raw_line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// The text with every character escaped that a terminal could act on, but for line breaks and tabs.
pub(super) fn harmless(text: &str) -> String {
    escaped(text, |letter| {
        letter != '\n' && letter != '\t' && steers(letter)
    })
}

/// The text with line breaks and tabs escaped too: nothing of others begins a line.
pub(super) fn one_line(text: &str) -> String {
    escaped(text, steers)
}

fn escaped(text: &str, wrong: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if wrong(letter) {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}

/// JSON with every such character escaped that JSON leaves alone. They stand in strings only, where `\u` is understood.
pub(super) fn harmless_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter != '\n' && steers(letter) {
            let _ = write!(out, "\\u{:04x}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Control characters, and those that change the direction in which text is shown.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{Output, harmless, harmless_json, one_line};

    #[test]
    fn no_character_that_steers_a_terminal_is_printed() {
        let text = "a\u{1b}[2J\u{9b}1m\u{202e}\r\nb\tü";
        assert_eq!(harmless(text), "a\\u{1b}[2J\\u{9b}1m\\u{202e}\\u{d}\nb\tü");
        assert_eq!(
            one_line(text),
            "a\\u{1b}[2J\\u{9b}1m\\u{202e}\\u{d}\\u{a}b\\u{9}ü"
        );
    }

    #[test]
    fn json_is_escaped_so_that_it_reads_back_the_same() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{2066}\n ü \u{10ffff} \"";
        let json = harmless_json(&serde_json::to_string_pretty(&[text]).unwrap());
        assert!(!json.contains(['\u{7f}', '\u{9b}', '\u{2066}']), "{json}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [text]);
    }

    #[test]
    fn only_the_head_of_a_table_is_bold_and_only_in_colour() {
        let coloured = Output {
            coloured: true,
            ..Output::default()
        };
        let table = "NAME  VERSION\nbasic 1";
        assert_eq!(
            coloured.headed(table),
            "\u{1b}[1mNAME  VERSION\u{1b}[0m\nbasic 1"
        );
        assert_eq!(Output::default().headed(table), table);
        assert_eq!(
            coloured.headed("name: x\nversion: 1"),
            "name: x\nversion: 1"
        );
        assert_eq!(coloured.headed("NAME"), "NAME");
    }
}
