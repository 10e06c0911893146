//! What became of a transaction, why, and what to do.

use model::envelope::{Envelope, Payload};
use model::{Block as ModelBlock, TxValidationCode, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cause::{Cause, KeyChange};
use super::writes::Written;

/// Keys that a valid transaction has written and that are shown.
const WRITES_MAX: usize = 100;

/// A transaction's validation code in words, with its cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TransactionExplanation)]
pub struct Explanation {
    /// The transaction's id as it stands in its header; empty if it has none.
    pub tx_id: String,
    /// Number of its block.
    pub block: u64,
    /// Its place in the block.
    pub tx: u64,
    /// RFC 3339, as the creator stated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub timestamp: Option<String>,
    /// Its validation code.
    pub code: String,
    /// The code's number.
    pub number: u8,
    /// The code in words.
    pub meaning: String,
    /// What to do next.
    pub advice: String,
    /// Why it is not valid; missing for a valid one, and where it was not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cause: Option<Cause>,
    /// The cause in words, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reason: Vec<String>,
    /// What a valid transaction has written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<Written>,
    /// How many keys more it has written than are shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub writes_left_out: usize,
    /// The later transactions of the same id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<Repeated>,
}

/// A later transaction with an id that was there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RepeatedTransaction)]
pub struct Repeated {
    /// Number of its block.
    pub block: u64,
    /// Its place in the block.
    pub tx: u64,
    /// Its validation code.
    pub code: String,
    /// Why it is not valid, in words.
    pub reason: Vec<String>,
}

/// What is said where no cause was kept.
const NOT_RECORDED: &str = "the cause was not recorded, since the block was committed by an older version; `weft ledger rebuild` records it";

impl Explanation {
    /// Explains the transaction at this place of a block that a peer has committed; `None` if there is none there.
    #[must_use]
    pub fn new(block: &ModelBlock, tx: u64, cause: Option<Cause>) -> Option<Self> {
        let index = usize::try_from(tx).ok()?;
        let (entry, code) = (block.data.get(index)?, block.validation_code(index)?);
        let payload =
            Envelope::decode(entry).and_then(|envelope| Payload::parse(&envelope.payload));
        let timestamp = payload
            .ok()
            .and_then(|payload| payload.channel_header.message.timestamp);
        let mut writes = match code {
            TxValidationCode::Valid => Written::of_entry(entry),
            _ => Vec::new(),
        };
        let writes_left_out = writes.len().saturating_sub(WRITES_MAX);
        writes.truncate(WRITES_MAX);
        let writes = writes.into_iter().map(|written| Written {
            key: written.key.short(),
            ..written
        });
        let meaning = codes::meaning(code);
        Some(Self {
            tx_id: model::envelope::tx_id_as_exported(entry),
            block: block.number,
            tx,
            timestamp: timestamp.map(|time| time.to_string()),
            code: codes::name(code).to_owned(),
            number: codes::to_byte(code),
            meaning: meaning.words.to_owned(),
            advice: meaning.advice.to_owned(),
            reason: reason(code, cause.as_ref()),
            cause,
            writes: writes.collect(),
            writes_left_out,
            repeated: Vec::new(),
        })
    }

    /// The explanation in words, line by line: what happened, why, what to do, then the details. A line holds text of
    /// strangers, in which whoever prints it escapes what steers a terminal.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut reason = self.reason.iter();
        let mut lines = vec![format!("{} ({}): {}", self.code, self.number, self.meaning)];
        lines.extend(reason.next().map(|first| format!("Cause: {first}.")));
        lines.push(format!("Next: {}", self.advice));
        lines.push(String::new());
        lines.push(format!("transaction  {}", self.tx_id));
        lines.push(format!(
            "place        block {}, transaction {}",
            self.block, self.tx
        ));
        lines.extend(
            self.timestamp
                .iter()
                .map(|time| format!("time         {time}, as its creator stated it")),
        );
        lines.extend(reason.cloned());
        lines.extend(self.writes.iter().map(written));
        if self.writes.is_empty() && self.number == 0 {
            lines.push("wrote        no key of a chaincode".to_owned());
        }
        if self.writes_left_out > 0 {
            lines.push(format!("… and {} keys more", self.writes_left_out));
        }
        for repeated in &self.repeated {
            let Repeated {
                block, tx, code, ..
            } = repeated;
            lines.push(format!(
                "the id again  block {block}, transaction {tx}: {code}"
            ));
            lines.extend(repeated.reason.iter().map(|line| format!("  {line}")));
        }
        lines
    }
}

/// Why a transaction of that code is not valid, in words; nothing for a valid one.
#[must_use]
pub fn reason(code: TxValidationCode, cause: Option<&Cause>) -> Vec<String> {
    match (code, cause) {
        (TxValidationCode::Valid, _) => Vec::new(),
        (_, Some(cause)) => cause.lines(),
        (_, None) => vec![NOT_RECORDED.to_owned()],
    }
}

fn written(written: &Written) -> String {
    let did = match written.change {
        KeyChange::Written => "wrote",
        KeyChange::Deleted => "deleted",
        KeyChange::Metadata => "metadata of",
    };
    format!("{did:<12} {}", written.key)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
