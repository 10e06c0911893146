//! How a failure is told: what, why, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;

use prost::Message as _;
use proto::gateway::ErrorDetail;
use proto::google;

use crate::client::ClientError;

/// The most details of a refusal that are shown.
const DETAILS_MAX: usize = 50;

/// A failure with advice.
#[derive(Debug)]
pub(super) struct Hinted {
    what: String,
    hints: Vec<String>,
}

impl Hinted {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hints: Vec::new(),
        }
    }

    pub(super) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }
}

impl fmt::Display for Hinted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl Error for Hinted {}

/// Whether the reader of stdout went away, as `head` does: nothing failed then.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The failure, its causes, the endorsers that refused, and hints, a line each.
pub(super) fn text(error: &anyhow::Error) -> String {
    let mut lines = vec![format!("error: {}", indented(&error.to_string()))];
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !said.ends_with(&cause) {
            lines.push(format!("  because: {}", indented(&cause)));
        }
        said = cause;
    }
    for cause in error.chain() {
        if let Some(ClientError::Call {
            status, address, ..
        }) = cause.downcast_ref()
        {
            lines.extend(details(status));
            lines.extend(transport(status, address));
        }
    }
    // Also finds one that was put around another failure, which the chain does not.
    if let Some(hinted) = error.downcast_ref::<Hinted>() {
        lines.extend(hinted.hints.iter().map(|hint| format!("hint: {hint}")));
    }
    lines.join("\n")
}

/// One line for each node that the gateway names in a refusal.
fn details(status: &tonic::Status) -> Vec<String> {
    let details = google::rpc::Status::decode(status.details())
        .unwrap_or_default()
        .details;
    let shown = details.iter().take(DETAILS_MAX).filter_map(|any| {
        let detail = ErrorDetail::decode(any.value.as_slice()).ok()?;
        let ErrorDetail {
            address,
            msp_id,
            message,
        } = detail;
        Some(format!("  {msp_id} at {address}: {}", indented(&message)))
    });
    shown.collect()
}

/// Why nobody answered, if nobody did: what is at the bottom of the transport's chain of causes.
fn transport(status: &tonic::Status, address: &str) -> Vec<String> {
    let Some(mut bottom) = Error::source(status) else {
        return Vec::new();
    };
    while let Some(cause) = bottom.source() {
        bottom = cause;
    }
    vec![
        format!("  because: {bottom}"),
        format!("hint: is the peer at {address} running, and does the profile name it rightly?"),
    ]
}

/// Continued lines stand under the first, so that no text of others looks like a line of ours.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}

#[cfg(test)]
mod tests {
    use super::{Hinted, is_closed_pipe, text};
    use crate::client::ClientError;
    use anyhow::Context as _;
    use bytes::Bytes;
    use expect_test::expect;
    use prost::Message as _;
    use proto::{gateway::ErrorDetail, google};

    #[test]
    fn causes_follow_and_none_is_said_twice() {
        let inner = std::io::Error::other("the disk\nis full");
        let error = Err::<(), _>(inner)
            .context("cannot write f")
            .context("cannot package")
            .unwrap_err();
        expect![[r#"
            error: cannot package
              because: cannot write f
              because: the disk
                is full"#]]
        .assert_eq(&text(&error));
    }

    #[test]
    fn every_endorser_that_refused_has_a_line() {
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
            detail("Org1MSP", "chaincode response 500, a\nhint: b"),
            detail("Org2MSP", "c"),
        ];
        let details = google::rpc::Status {
            code: 10,
            message: "m".into(),
            details,
        }
        .encode_to_vec();
        let status = tonic::Status::with_details(
            tonic::Code::Aborted,
            "failed to endorse",
            Bytes::from(details),
        );
        let call = ClientError::Call {
            call: "endorsing",
            address: "localhost:1".into(),
            status: Box::new(status),
        };
        expect![[r#"
            error: endorsing at localhost:1: failed to endorse (Aborted)
              Org1MSP at 127.0.0.1:1: chaincode response 500, a
                hint: b
              Org2MSP at 127.0.0.1:1: c"#]]
        .assert_eq(&text(&call.into()));
    }

    #[test]
    fn hints_come_last() {
        let hinted = Hinted::new("no").hint("do this").hint("or that");
        let error = anyhow::Error::from(std::io::Error::other("the cause")).context(hinted);
        expect![[r#"
            error: no
              because: the cause
            hint: do this
            hint: or that"#]]
        .assert_eq(&text(&error));
    }

    #[test]
    fn a_reader_that_goes_away_is_no_failure() {
        let closed = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&closed.into()));
        assert!(!is_closed_pipe(&std::io::Error::other("x").into()));
    }
}
