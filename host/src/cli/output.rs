//! What is printed: results on stdout, everything else on stderr.
//!
//! Text of others, such as a chaincode's message or a key, must not steer a terminal. In JSON it is escaped as JSON
//! allows; elsewhere as Rust writes it.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

/// Prints a line on stdout.
///
/// # Errors
/// Stdout cannot be written.
pub(super) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", harmless(text))?;
    out.flush()
}

/// Prints a line on stderr; a stderr that is closed is no failure.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// Prints a value on stdout as JSON over several lines.
///
/// # Errors
/// Stdout cannot be written.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    raw_line(&harmless_json(&serde_json::to_string_pretty(value)?))
}

/// Prints a value on stdout as one line of JSON.
///
/// # Errors
/// Stdout cannot be written.
pub(super) fn json_line(value: &impl Serialize) -> io::Result<()> {
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

fn raw_line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// The text with every character escaped that a terminal could act on, but for line breaks and tabs.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(letter),
            letter if steers(letter) => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

/// JSON with every such character escaped that JSON leaves alone. They stand in strings only, where `\u` is understood.
fn harmless_json(json: &str) -> String {
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
    use super::{harmless, harmless_json};

    #[test]
    fn no_character_that_steers_a_terminal_is_printed() {
        assert_eq!(
            harmless("a\u{1b}[2J\u{9b}1m\u{202e}\r\nb\tü"),
            "a\\u{1b}[2J\\u{9b}1m\\u{202e}\\u{d}\nb\tü"
        );
    }

    #[test]
    fn json_is_escaped_so_that_it_reads_back_the_same() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{2066}\n ü \u{10ffff} \"";
        let json = harmless_json(&serde_json::to_string_pretty(&[text]).unwrap());
        assert!(!json.contains(['\u{7f}', '\u{9b}', '\u{2066}']), "{json}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [text]);
    }
}
