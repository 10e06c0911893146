//! How a failure is told: what, why, and what to do about it.

mod code;

use std::error::Error;
use std::fmt;
use std::io;

use model::ErrorCode;
use prost::Message as _;
use proto::gateway::ErrorDetail;
use proto::google;
use serde::Serialize;

use super::exit::Exit;
use super::output;
use crate::client::ClientError;
use code::code_of;

/// The most details of a refusal that are shown.
const DETAILS_MAX: usize = 50;
/// How gateways begin a detail that says where an endorser's result differs from the first one's.
const DIFFERENCE_PREFIX: &str = "compared with ";
const RED: &str = "\u{1b}[1;31m";
const CYAN: &str = "\u{1b}[1;36m";
const PLAIN: &str = "\u{1b}[0m";

/// A failure of a known code, with advice of its own.
#[derive(Debug)]
pub(super) struct Failure {
    what: String,
    /// Without one, the failure it stands around has one.
    code: Option<ErrorCode>,
    hints: Vec<String>,
    transaction: Transaction,
}

/// The transaction that a failure is about.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Transaction {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tx_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) validation_code: Option<&'static str>,
}

impl Failure {
    pub(super) fn new(code: ErrorCode, what: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::around(what)
        }
    }

    /// One that takes its code from the failure which it is put around.
    pub(super) fn around(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            code: None,
            hints: Vec::new(),
            transaction: Transaction::default(),
        }
    }

    /// What to do about it, in place of what is to be done in every case of the code.
    pub(super) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    pub(super) fn about(mut self, transaction: Transaction) -> Self {
        self.transaction = transaction;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl Error for Failure {}

/// Whether the reader of stdout went away, as `head` does: nothing failed then.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Everything that is told of a failure.
pub(super) struct Problem {
    code: ErrorCode,
    what: String,
    causes: Vec<String>,
    details: Vec<Detail>,
    hints: Vec<String>,
    transaction: Transaction,
}

/// One node's part in a failure.
#[derive(Serialize)]
struct Detail {
    address: String,
    msp_id: String,
    message: String,
}

/// The problem document of REST, as far as a command knows it.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    code: &'static str,
    hint: String,
    #[serde(flatten)]
    transaction: &'a Transaction,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [Detail],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<&'a str>,
}

impl Problem {
    /// What is to be told of an error.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        // Also finds one that was put around another failure, which the chain does not.
        let own = error.downcast_ref::<Failure>();
        let code = own.and_then(|own| own.code).or_else(|| code_of(error));
        let mut hints = own.map(|own| own.hints.clone()).unwrap_or_default();
        let (mut causes, mut details) = (causes(error), Vec::new());
        let mut transaction = own.map(|own| own.transaction.clone()).unwrap_or_default();
        let mut failed: Option<&ClientError> = error.downcast_ref();
        if let Some(ClientError::Sent { tx_id, failure }) = failed {
            transaction.tx_id = Some(tx_id.clone());
            failed = Some(failure);
        }
        if let Some(ClientError::Call {
            status, address, ..
        }) = failed
        {
            details = details_of(status);
            let bottom = bottom_of(status);
            if code_of(error) == Some(ErrorCode::ClientConnection) {
                hints.push(format!(
                    "is the peer at {address} running, and does the profile name it rightly? `weft doctor` looks"
                ));
            }
            causes.extend(bottom.filter(|bottom| !error.to_string().contains(bottom)));
        }
        Self {
            code: code.unwrap_or(ErrorCode::InternalError),
            what: error.to_string(),
            causes,
            details,
            hints,
            transaction,
        }
    }

    /// A command line that cannot be understood.
    pub(super) fn usage(what: &str) -> Self {
        Self {
            code: ErrorCode::UsageWrong,
            what: what.to_owned(),
            causes: Vec::new(),
            details: Vec::new(),
            hints: Vec::new(),
            transaction: Transaction::default(),
        }
    }

    /// Its code.
    pub(super) fn code(&self) -> ErrorCode {
        self.code
    }

    /// What happened, with its causes.
    pub(super) fn detail(&self) -> String {
        let all = std::iter::once(&self.what).chain(&self.causes);
        all.cloned().collect::<Vec<_>>().join(": ")
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> String {
        self.advice().collect::<Vec<_>>().join("; ")
    }

    /// What the process ends with.
    pub(super) fn exit(&self) -> Exit {
        Exit::of(self.code)
    }

    /// The failure alone.
    pub(super) fn headline(&self) -> String {
        format!("error[{}]: {}", self.code, indented(&self.what))
    }

    /// The failure, its causes, the endorsers that refused, and hints, a line each; no text of others steers a terminal.
    pub(super) fn text(&self, coloured: bool) -> String {
        let paint = |colour: &str, text: &str| match coloured {
            true => format!("{colour}{text}{PLAIN}"),
            false => text.to_owned(),
        };
        let label = paint(RED, &format!("error[{}]", self.code));
        let mut lines = vec![format!("{label}: {}", indented(&self.what))];
        let causes = self.causes.iter();
        lines.extend(causes.map(|cause| format!("  because: {}", indented(cause))));
        // The gateway repeats the one peer's words in its own.
        let new = |detail: &&Detail| !self.what.contains(&detail.message);
        lines.extend(self.details.iter().filter(new).map(|detail| {
            let Detail {
                address,
                msp_id,
                message,
            } = detail;
            format!(
                "  {} at {}: {}",
                indented(msp_id),
                indented(address),
                indented(message)
            )
        }));
        let label = paint(CYAN, "hint");
        lines.extend(
            self.advice()
                .map(|hint| format!("{label}: {}", indented(hint))),
        );
        lines.join("\n")
    }

    /// The same as a problem document.
    pub(super) fn json(&self) -> String {
        let explanation = self.code.explanation();
        let differences = self.details.iter().map(|detail| detail.message.as_str());
        let document = Document {
            r#type: format!("/docs/errors/{}", explanation.name),
            title: explanation.meaning,
            status: explanation.http_status,
            detail: self.detail(),
            code: explanation.name,
            hint: self.hint(),
            transaction: &self.transaction,
            details: &self.details,
            differences: differences
                .filter(|message| message.starts_with(DIFFERENCE_PREFIX))
                .collect(),
        };
        let json = serde_json::to_string_pretty(&document).unwrap_or_default();
        output::harmless_json(&json)
    }

    fn advice(&self) -> impl Iterator<Item = &str> {
        let general = self
            .hints
            .is_empty()
            .then(|| self.code.explanation().action);
        self.hints.iter().map(String::as_str).chain(general)
    }
}

/// What follows from below, without what the line above says already.
fn causes(error: &anyhow::Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !said.ends_with(&cause) {
            causes.push(cause.clone());
        }
        said = cause;
    }
    causes
}

/// What the gateway says of each node in a refusal.
fn details_of(status: &tonic::Status) -> Vec<Detail> {
    let details = google::rpc::Status::decode(status.details())
        .unwrap_or_default()
        .details;
    let shown = details.iter().take(DETAILS_MAX).filter_map(|any| {
        let detail = ErrorDetail::decode(any.value.as_slice()).ok()?;
        Some(Detail {
            address: detail.address,
            msp_id: detail.msp_id,
            message: detail.message,
        })
    });
    shown.collect()
}

/// Why nobody answered, if nobody did: what is at the bottom of the transport's chain of causes.
fn bottom_of(status: &tonic::Status) -> Option<String> {
    let mut bottom = Error::source(status)?;
    while let Some(cause) = bottom.source() {
        bottom = cause;
    }
    Some(bottom.to_string())
}

/// Continued lines stand under the first, so that no text of others looks like a line of ours.
fn indented(text: &str) -> String {
    output::harmless(text.trim_end()).replace('\n', "\n    ")
}

#[cfg(test)]
mod tests {
    use super::{Failure, Problem, Transaction, is_closed_pipe};
    use crate::client::ClientError;
    use anyhow::Context as _;
    use bytes::Bytes;
    use expect_test::{Expect, expect};
    use model::ErrorCode;
    use prost::Message as _;
    use proto::{gateway::ErrorDetail, google};

    fn check(error: impl Into<anyhow::Error>, expected: Expect) {
        expected.assert_eq(&Problem::of(&error.into()).text(false));
    }

    fn refusal() -> ClientError {
        let detail = |msp_id: &str, message: &str| {
            let detail = ErrorDetail {
                address: "127.0.0.1:1".into(),
                msp_id: msp_id.into(),
                message: message.into(),
            };
            prost_types::Any {
                type_url: "type.googleapis.com/gateway.ErrorDetail".into(),
                value: detail.encode_to_vec(),
            }
        };
        let details = vec![
            detail("Org1MSP", "chaincode response 500, a\u{1b}[2J\nhint: b"),
            detail("Org2MSP", "compared with 127.0.0.1:1: k"),
        ];
        let details = google::rpc::Status {
            code: 10,
            message: "m".into(),
            details,
        };
        let details = Bytes::from(details.encode_to_vec());
        let status =
            tonic::Status::with_details(tonic::Code::Aborted, "failed to endorse", details);
        ClientError::Call {
            call: "endorsing",
            address: "localhost:1".into(),
            status: Box::new(services::with_code(status, "endorse.mismatch")),
        }
    }

    #[test]
    fn causes_follow_and_none_is_said_twice() {
        let inner = std::io::Error::other("the disk\nis full");
        let error = Err::<(), _>(inner)
            .context("cannot write f")
            .context("cannot package")
            .unwrap_err();
        check(
            error,
            expect![[r#"
            error[file.unusable]: cannot package
              because: cannot write f
              because: the disk
                is full
            hint: Check the path that the message names."#]],
        );
    }

    #[test]
    fn every_endorser_that_refused_has_a_line() {
        check(
            refusal(),
            expect![[r#"
            error[endorse.mismatch]: endorsing at localhost:1: failed to endorse
              Org1MSP at 127.0.0.1:1: chaincode response 500, a\u{1b}[2J
                hint: b
              Org2MSP at 127.0.0.1:1: compared with 127.0.0.1:1: k
            hint: Compare the differences in the details; install the same package on all peers."#]],
        );
    }

    #[test]
    fn json_is_the_problem_that_rest_answers_with() {
        expect![[r#"
            {
              "type": "/docs/errors/endorse.mismatch",
              "title": "Endorsers came to different results, so that there is nothing to order.",
              "status": 422,
              "detail": "endorsing at localhost:1: failed to endorse",
              "code": "endorse.mismatch",
              "hint": "Compare the differences in the details; install the same package on all peers.",
              "details": [
                {
                  "address": "127.0.0.1:1",
                  "msp_id": "Org1MSP",
                  "message": "chaincode response 500, a\u001b[2J\nhint: b"
                },
                {
                  "address": "127.0.0.1:1",
                  "msp_id": "Org2MSP",
                  "message": "compared with 127.0.0.1:1: k"
                }
              ],
              "differences": [
                "compared with 127.0.0.1:1: k"
              ]
            }"#]].assert_eq(&Problem::of(&refusal().into()).json());
    }

    #[test]
    fn a_hint_of_the_case_stands_in_place_of_the_general_one() {
        let failure = Failure::new(ErrorCode::LifecycleNotReady, "no")
            .hint("do this")
            .hint("or that");
        let error = anyhow::Error::from(std::io::Error::other("the cause")).context(failure);
        check(
            error,
            expect![[r#"
            error[lifecycle.not_ready]: no
              because: the cause
            hint: do this
            hint: or that"#]],
        );
    }

    #[test]
    fn a_failure_around_another_keeps_its_code() {
        let error = anyhow::Error::from(refusal()).context(Failure::around("cannot").hint("h"));
        assert_eq!(Problem::of(&error).code, ErrorCode::EndorseMismatch);
    }

    #[test]
    fn a_failure_names_its_transaction() {
        let about = Transaction {
            tx_id: Some("ab".into()),
            block: Some(7),
            validation_code: Some("MVCC_READ_CONFLICT"),
        };
        let failure = Failure::new(ErrorCode::CommitConflict, "no effect").about(about);
        expect![[r#"
            {
              "type": "/docs/errors/commit.conflict",
              "title": "The transaction is in a block, but without effect: a key it read was changed in the meantime.",
              "status": 409,
              "detail": "no effect",
              "code": "commit.conflict",
              "hint": "Submit the call again; it then reads the present values.",
              "tx_id": "ab",
              "block": 7,
              "validation_code": "MVCC_READ_CONFLICT"
            }"#]].assert_eq(&Problem::of(&failure.into()).json());
    }

    #[test]
    fn only_our_own_words_are_coloured() {
        let failure = Failure::new(ErrorCode::ConfigInvalid, "a\u{1b}[2J").hint("b\u{9b}");
        let text = Problem::of(&failure.into()).text(true);
        expect![[r#"
            ESC[1;31merror[config.invalid]ESC[0m: a\u{1b}[2J
            ESC[1;36mhintESC[0m: b\u{9b}"#]]
        .assert_eq(&text.replace('\u{1b}', "ESC"));
    }

    #[test]
    fn a_reader_that_goes_away_is_no_failure() {
        let closed = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&closed.into()));
        assert!(!is_closed_pipe(&std::io::Error::other("x").into()));
    }
}
