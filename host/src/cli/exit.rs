//! What the process's exit code says: one list, for the code, `weft help` and docs/cli.md.

use std::fmt::Write as _;
use std::process::ExitCode;

use model::ErrorCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
    /// The command line makes no sense.
    Usage,
    /// It may succeed later.
    TryAgain,
    /// The transaction is in a block, without effect.
    Invalid,
    /// Nobody knows yet.
    Unknown,
    /// Something is broken.
    Broken,
}

impl Exit {
    /// All, in the order of their numbers.
    pub(super) const ALL: [Self; 7] = [
        Self::Done,
        Self::Refused,
        Self::Usage,
        Self::TryAgain,
        Self::Invalid,
        Self::Unknown,
        Self::Broken,
    ];

    /// What a failure of this code ends the process with.
    pub(super) fn of(code: ErrorCode) -> Self {
        let fits = |exit: &Self| exit.number() == code.exit_code();
        Self::ALL.into_iter().find(fits).unwrap_or(Self::Broken)
    }

    /// The number itself.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::TryAgain => 3,
            Self::Invalid => 4,
            Self::Unknown => 5,
            Self::Broken => 6,
        }
    }

    /// What it means for a script.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused: the same command fails again until something changes",
            Self::Usage => "the command line cannot be understood",
            Self::TryAgain => "not available at the moment: try again",
            Self::Invalid => "the transaction is in a block, but without effect",
            Self::Unknown => "the outcome is not known: ask (`weft tx status`) before trying again",
            Self::Broken => "something is broken: look at the log",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// The end of `weft help`.
pub(super) fn help() -> String {
    let mut text = "Exit codes:\n".to_owned();
    for exit in Exit::ALL {
        let _ = writeln!(text, "  {}  {}", exit.number(), exit.words());
    }
    text.push_str("\nFailures are printed as `error[CODE]: …`; `weft explain CODE` says more.");
    text
}

#[cfg(test)]
mod tests {
    use super::Exit;
    use expect_test::expect;
    use model::ErrorCode;

    #[test]
    fn each_exit_code_has_its_place_in_the_list() {
        for (number, exit) in (0u8..).zip(Exit::ALL) {
            assert_eq!(exit.number(), number);
        }
    }

    #[test]
    fn the_page_about_the_command_line_lists_them() {
        let page = include_str!("../../../docs/cli.md");
        for exit in Exit::ALL {
            let row = format!("\n| {} | {} |\n", exit.number(), exit.words());
            assert!(page.contains(&row), "{row}");
        }
    }

    #[test]
    fn every_error_code_ends_the_process_with_a_code_that_says_what_to_do() {
        let mut text = String::new();
        for exit in Exit::ALL {
            let codes = ErrorCode::ALL
                .iter()
                .filter(|code| Exit::of(**code) == exit);
            let names: Vec<&str> = codes.map(|code| code.name()).collect();
            if exit != Exit::Refused {
                text.push_str(&format!("{}: {}\n", exit.number(), names.join(" ")));
            }
        }
        expect![[r#"
            0: 
            2: usage.wrong
            3: request.timeout channel.stopped chaincode.timeout package.compile endorse.failed endorse.unavailable order.unavailable order.queue_full events.slow node.busy node.unavailable client.connection client.tls client.answer
            4: commit.conflict commit.phantom commit.invalid
            5: order.unknown commit.unknown
            6: ledger.differs node.broken internal.error
        "#]].assert_eq(&text);
    }
}
