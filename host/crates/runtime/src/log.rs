//! The lines that contracts write for the peer's operator.

use crate::world;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each step.
    Trace,
    /// For the contract's author.
    Debug,
    /// Worth a line in production.
    Info,
    /// Bad but handled.
    Warning,
    /// A person should look.
    Error,
}

impl Level {
    /// Reads a level as the world numbers it; what it does not know is an error.
    pub(crate) fn of(number: u32) -> Self {
        match number {
            0 => Self::Trace,
            1 => Self::Debug,
            2 => Self::Info,
            3 => Self::Warning,
            _ => Self::Error,
        }
    }
}

/// One line of one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Who wrote it.
    pub chaincode: String,
    /// How much it matters.
    pub level: Level,
    /// The text: cut to the world's limit, control characters escaped.
    pub text: String,
}

/// The lines of one transaction, at most as many as the world allows.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
}

impl Log {
    /// Adds a line; drops it if there are too many.
    pub(crate) fn write(&mut self, chaincode: &str, level: Level, text: &str) {
        if self.lines.len() < world::LOG_LINES_MAX {
            let text = escaped(cut(text, world::LOG_LINE_BYTES_MAX));
            self.lines.push(LogLine {
                chaincode: chaincode.to_owned(),
                level,
                text,
            });
        }
    }

    pub(crate) fn into_lines(self) -> Vec<LogLine> {
        self.lines
    }
}

/// Cuts a text to at most so many bytes, at a character's boundary.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max))
        .unwrap_or(text)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_a_character_and_escaped() {
        let mut log = Log::default();
        log.write(
            "cc",
            Level::Info,
            &format!("\u{1b}[0m{}", "ä".repeat(world::LOG_LINE_BYTES_MAX)),
        );
        let lines = log.into_lines();
        assert!(lines[0].text.starts_with("\\u{1b}[0mää"));
        assert!(lines[0].text.len() <= world::LOG_LINE_BYTES_MAX + 8);
    }

    #[test]
    fn lines_beyond_the_limit_are_dropped() {
        let mut log = Log::default();
        for _ in 0..world::LOG_LINES_MAX + 10 {
            log.write("cc", Level::Info, "x");
        }
        assert_eq!(log.into_lines().len(), world::LOG_LINES_MAX);
    }
}
