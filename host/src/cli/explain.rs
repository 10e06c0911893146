//! `weft explain`: what an error code or a validation code means, and what to do about it.

use std::collections::BTreeSet;

use clap_complete::{ArgValueCandidates, CompletionCandidate};
use model::{ErrorCode, TxValidationCode, codes};
use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use super::{Global, table};

/// What to explain.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// An error code such as `endorse.mismatch`, a validation code such as `MVCC_READ_CONFLICT` or its number, or `list`.
    #[arg(value_name = "CODE", add = ArgValueCandidates::new(candidates))]
    code: String,
}

/// An error code.
#[derive(Serialize)]
struct Error {
    code: &'static str,
    meaning: &'static str,
    cause: &'static str,
    action: &'static str,
    http_status: u16,
    exit_code: u8,
}

/// A validation code of a transaction.
#[derive(Serialize)]
struct Validation {
    validation_code: &'static str,
    number: u8,
    meaning: &'static str,
    action: &'static str,
    /// Why no transaction that is committed here gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    never: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
}

/// Explains.
pub(super) fn run(args: &ExplainArgs, global: &Global) -> anyhow::Result<()> {
    let wanted = args.code.as_str();
    if wanted == "list" {
        let all: Vec<Error> = ErrorCode::ALL.iter().copied().map(Error::new).collect();
        global.output().value(&all, |all| {
            let rows = all
                .iter()
                .map(|error| [error.code.to_owned(), error.meaning.to_owned()]);
            table::columns(["code", "meaning"], rows)
        })?;
        return Ok(());
    }
    let name = wanted.strip_prefix("error[").unwrap_or(wanted);
    let name = name.trim_end_matches([']', ':']);
    if let Ok(code) = name.to_ascii_lowercase().parse::<ErrorCode>() {
        return Ok(global.output().value(&Error::new(code), Error::text)?);
    }
    if let Some(code) = validation_code(name) {
        return Ok(global
            .output()
            .value(&Validation::new(code), Validation::text)?);
    }
    let near = near(name);
    let failure = Failure::new(ErrorCode::UsageWrong, format!("there is no code '{name}'"));
    Err(match near.is_empty() {
        true => failure.hint("`weft explain list` shows all codes"),
        false => failure.hint(format!("did you mean {}?", near.join(" or "))),
    }
    .into())
}

impl Error {
    fn new(code: ErrorCode) -> Self {
        let explanation = code.explanation();
        Self {
            code: explanation.name,
            meaning: explanation.meaning,
            cause: explanation.cause,
            action: explanation.action,
            http_status: explanation.http_status,
            exit_code: Exit::of(code).number(),
        }
    }

    fn text(&self) -> String {
        table::fields([
            ("code", self.code.to_owned()),
            ("meaning", self.meaning.to_owned()),
            ("cause", self.cause.to_owned()),
            ("action", self.action.to_owned()),
            ("HTTP status", self.http_status.to_string()),
            ("exit code", self.exit_code.to_string()),
        ])
    }
}

impl Validation {
    fn new(code: TxValidationCode) -> Self {
        Self {
            validation_code: codes::name(code),
            number: codes::to_byte(code),
            meaning: codes::words(code),
            action: codes::meaning(code).advice,
            never: codes::meaning(code).never,
            error_code: error_code(code).map(ErrorCode::name),
        }
    }

    fn text(&self) -> String {
        let mut fields = vec![
            (
                "validation code",
                format!("{} ({})", self.validation_code, self.number),
            ),
            ("meaning", self.meaning.to_owned()),
            ("action", self.action.to_owned()),
        ];
        if let Some(why) = self.never {
            fields.push(("never given", why.to_owned()));
        }
        if let Some(code) = self.error_code {
            fields.push((
                "told as",
                format!("error[{code}]: see `weft explain {code}`"),
            ));
        }
        table::fields(fields)
    }
}

/// The error code that a transaction of this validation code is told with; none for a valid one.
pub(super) fn error_code(code: TxValidationCode) -> Option<ErrorCode> {
    match code {
        TxValidationCode::Valid => None,
        TxValidationCode::MvccReadConflict => Some(ErrorCode::CommitConflict),
        TxValidationCode::PhantomReadConflict => Some(ErrorCode::CommitPhantom),
        _ => Some(ErrorCode::CommitInvalid),
    }
}

fn validation_codes() -> impl Iterator<Item = TxValidationCode> {
    (0..=u8::MAX).filter_map(codes::from_byte)
}

fn validation_code(name: &str) -> Option<TxValidationCode> {
    if let Ok(number) = name.parse::<u8>() {
        return codes::from_byte(number);
    }
    let wanted = name.to_ascii_uppercase().replace('-', "_");
    validation_codes().find(|code| codes::name(*code) == wanted)
}

/// Names that look like this one: with a part of it, or few letters away.
fn near(name: &str) -> Vec<&'static str> {
    let wanted = name.to_ascii_lowercase();
    let errors = ErrorCode::ALL.iter().map(|code| code.name());
    let all = errors.chain(validation_codes().map(codes::name));
    let mut found: Vec<(usize, &str)> = all
        .filter_map(|known| {
            let lower = known.to_ascii_lowercase();
            let away = distance(&wanted, &lower);
            let is_part = wanted.len() > 2 && lower.contains(&wanted);
            (is_part || away <= wanted.len() / 3).then_some((away, known))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, known)| known).take(3).collect()
}

/// The number of letters to put in, take out or change to come from one word to the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        let mut left = line + 1;
        for ((above_left, above), known) in row.iter().zip(row.iter().skip(1)).zip(&other) {
            let changed = above_left + usize::from(letter != *known);
            left = changed.min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn candidates() -> Vec<CompletionCandidate> {
    let errors = ErrorCode::ALL
        .iter()
        .map(|code| (code.name(), code.explanation().meaning));
    let of_transactions = validation_codes().map(|code| (codes::name(code), codes::words(code)));
    let all: BTreeSet<_> = errors.chain(of_transactions).collect();
    let candidate =
        |(name, help): (&str, &'static str)| CompletionCandidate::new(name).help(Some(help.into()));
    all.into_iter().map(candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::{Error, Validation, distance, near, validation_code};
    use expect_test::expect;
    use model::{ErrorCode, TxValidationCode};

    #[test]
    fn a_code_is_explained_with_what_to_do() {
        expect![[r#"
            code         endorse.mismatch
            meaning      Endorsers came to different results, so that there is nothing to order.
            cause        Peers run different packages of the chaincode, or one lags behind.
            action       Compare the differences in the details; install the same package on all peers.
            HTTP status  422
            exit code    1"#]].assert_eq(&Error::new(ErrorCode::EndorseMismatch).text());
        let code = TxValidationCode::MvccReadConflict;
        expect![[r#"
            validation code  MVCC_READ_CONFLICT (11)
            meaning          A key that the transaction read was changed by another transaction before this one was committed.
            action           Submit the call again as a new transaction: it will read the present state.
            told as          error[commit.conflict]: see `weft explain commit.conflict`"#]].assert_eq(&Validation::new(code).text());
        let never = TxValidationCode::NilTxaction;
        expect![[r#"
            validation code  NIL_TXACTION (16)
            meaning          The transaction has no action.
            action           Nothing: no block of a network of today has it.
            never given      a transaction without an action is INVALID_ENDORSER_TRANSACTION
            told as          error[commit.invalid]: see `weft explain commit.invalid`"#]]
        .assert_eq(&Validation::new(never).text());
    }

    #[test]
    fn validation_codes_are_found_by_name_and_number() {
        for name in ["MVCC_READ_CONFLICT", "mvcc-read-conflict", "11"] {
            assert_eq!(
                validation_code(name),
                Some(TxValidationCode::MvccReadConflict),
                "{name}"
            );
        }
        assert_eq!(validation_code("200"), None);
    }

    #[test]
    fn a_mistyped_code_leads_to_near_ones() {
        expect![[r#"["endorse.mismatch"] ["MVCC_READ_CONFLICT"] ["order.queue_full"] []"#]]
            .assert_eq(&format!(
                "{:?} {:?} {:?} {:?}",
                near("endorse.missmatch"),
                near("MVCC"),
                near("queue"),
                near("xyzzy")
            ));
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
