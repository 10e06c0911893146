//! What people see: a line a step with its time; on a terminal with colour and, while it runs, a moving sign.

use std::future::Future;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::Result;

const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_TIME: Duration = Duration::from_millis(80);
const INDENT: &str = "             ";

/// Stdout.
pub(crate) struct Screen {
    is_terminal: bool,
    has_colour: bool,
}

impl Screen {
    /// Colour and movement only where stdout is a terminal; no colour where `NO_COLOR` is set to anything.
    pub(crate) fn of_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            is_terminal,
            has_colour: is_terminal && !refused,
        }
    }

    /// Does a step and prints its line when it has ended.
    ///
    /// # Errors
    /// Those of the step.
    pub(crate) async fn step<T>(
        &self,
        title: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut line = Line {
            is_open: self.is_terminal,
        };
        tokio::pin!(work);
        let mut frames = tokio::time::interval(FRAME_TIME);
        let mut shown = 0;
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                _ = frames.tick(), if self.is_terminal => {
                    self.paint(FRAMES.get(shown % FRAMES.len()).unwrap_or(&"-"), title, begun.elapsed());
                    shown += 1;
                }
            }
        };
        line.close();
        self.ended(title, done.is_ok(), begun.elapsed());
        done
    }

    /// As [`Screen::step`], for work that paints its own progress.
    ///
    /// # Errors
    /// Those of the step.
    pub(crate) async fn long_step<T>(
        &self,
        title: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let done = work.await;
        self.ended(title, done.is_ok(), begun.elapsed());
        done
    }

    /// A line that belongs to the step above.
    pub(crate) fn note(&self, text: &str) {
        println!("{INDENT}{}", self.coloured("2", text));
    }

    /// Lines that belong to the step above.
    pub(crate) fn plain(&self, text: &str) {
        for line in text.lines() {
            println!("{INDENT}{line}");
        }
    }

    /// The last line.
    pub(crate) fn total(&self, title: &str, time: Duration) {
        println!(
            "{:8.2} s   {}",
            time.as_secs_f64(),
            self.coloured("1;32", title)
        );
    }

    fn paint(&self, sign: &str, title: &str, time: Duration) {
        print!(
            "\r\x1b[2K{:8.2} s {} {title}",
            time.as_secs_f64(),
            self.coloured("36", sign)
        );
        let _ = std::io::stdout().flush();
    }

    fn ended(&self, title: &str, is_good: bool, time: Duration) {
        let sign = if is_good {
            self.coloured("32", "✓")
        } else {
            self.coloured("31", "✗")
        };
        println!("{:8.2} s {sign} {title}", time.as_secs_f64());
    }

    fn coloured(&self, code: &str, text: &str) -> String {
        if self.has_colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The line of a step that runs; it is wiped when the step ends or is given up.
struct Line {
    is_open: bool,
}

impl Line {
    fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            print!("\r\x1b[2K");
            let _ = std::io::stdout().flush();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.close();
    }
}
