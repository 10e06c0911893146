//! `weft doctor`: what stands in the way of working, looked at piece by piece, each with what to do about it.

mod machine;
mod peer;

use std::path::PathBuf;

use model::ErrorCode;
use serde::Serialize;

use super::failure::{Failure, Problem};
use super::global::Global;
use super::output::one_line;

/// Where to look.
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// A network of `weft dev`: whether its ports are free or its own, and whether its disk has room.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Good.
    Ok,
    /// Works, but not for long or not for everything.
    Warn,
    /// Does not work.
    Fail,
}

/// What one check found.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip)]
    failure: Option<ErrorCode>,
}

impl Check {
    fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: State::Ok,
            found: found.into(),
            code: None,
            hint: None,
            failure: None,
        }
    }

    fn warn(name: impl Into<String>, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            state: State::Warn,
            hint: Some(hint.into()),
            ..Self::ok(name, found)
        }
    }

    fn fail(name: impl Into<String>, code: ErrorCode, found: impl Into<String>) -> Self {
        Self {
            state: State::Fail,
            code: Some(code.name()),
            hint: Some(code.explanation().action.to_owned()),
            failure: Some(code),
            ..Self::ok(name, found)
        }
    }

    /// One that failed as a command would.
    fn failed(name: impl Into<String>, error: impl Into<anyhow::Error>) -> Self {
        let problem = Problem::of(&error.into());
        Self {
            hint: Some(problem.hint()),
            ..Self::fail(name, problem.code(), problem.detail())
        }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    fn text(&self) -> String {
        let state = match self.state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        let line = format!(
            "{state}  {}: {}",
            one_line(&self.name),
            one_line(&self.found)
        );
        match &self.hint {
            Some(hint) => format!("{line}\n      hint: {}", one_line(hint)),
            None => line,
        }
    }
}

/// Looks at everything, prints what it found, and fails if anything does not work.
pub(super) async fn run(args: DoctorArgs, global: &Global) -> anyhow::Result<()> {
    let output = global.output();
    let looking = async {
        let mut checks = peer::checks(global).await;
        checks.extend(machine::checks(args.dir.as_deref()).await);
        checks
    };
    let checks = output.during("looking", looking).await;
    output.value(&checks, |checks| {
        let lines: Vec<String> = checks.iter().map(Check::text).collect();
        lines.join("\n")
    })?;
    verdict(&checks)
}

fn verdict(checks: &[Check]) -> anyhow::Result<()> {
    let mut failures = checks.iter().filter_map(|check| check.failure);
    let Some(first) = failures.next() else {
        return Ok(());
    };
    let count = 1 + failures.count();
    let what = format!("{count} of {} checks failed", checks.len());
    Err(Failure::new(first, what)
        .hint("begin with the first one: others may follow from it")
        .into())
}

#[cfg(test)]
mod tests {
    use super::{Check, verdict};
    use crate::cli::failure::Problem;
    use expect_test::expect;
    use model::ErrorCode;

    #[test]
    fn each_check_says_what_it_found_and_what_to_do() {
        let checks = [
            Check::ok("peer", "answers"),
            Check::warn("certificate", "ends in 3 days", "enroll again"),
            Check::fail(
                "address",
                ErrorCode::ClientConnection,
                "a\u{1b}[2J\nok  fake: x",
            ),
        ];
        let lines = checks
            .iter()
            .map(Check::text)
            .collect::<Vec<_>>()
            .join("\n");
        expect![[r#"
            ok    peer: answers
            warn  certificate: ends in 3 days
                  hint: enroll again
            FAIL  address: a\u{1b}[2J\u{a}ok  fake: x
                  hint: Check the address and that the node runs; `weft doctor` tries each one."#]]
        .assert_eq(&lines);
        let failure = Problem::of(&verdict(&checks).unwrap_err());
        assert_eq!(failure.exit().number(), 3);
        assert!(verdict(&checks[..2]).is_ok());
    }
}
