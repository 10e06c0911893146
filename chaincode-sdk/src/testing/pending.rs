//! What a running transaction has collected.

use std::collections::BTreeMap;

use super::checks;
use super::committed::Place;
use crate::ledger::Level;
use crate::limits::{LOG_LINE_BYTES_MAX, LOG_LINES_MAX, WRITES_BYTES_MAX};
use crate::{Code, Result};

/// What happens to one key.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    /// None: the value stays. `Some(None)`: the key is deleted.
    pub(super) value: Option<Option<Vec<u8>>>,
    /// None: the policy stays.
    pub(super) policy: Option<Vec<u8>>,
}

/// The writes, the event and the log of a transaction, of all chaincodes in it.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) changes: BTreeMap<(Place, String), Change>,
    pub(super) event: Option<(String, Vec<u8>)>,
    pub(super) log: Vec<(Level, String)>,
    written_bytes: usize,
    /// A query was made that only read-only transactions may make.
    read_only: bool,
}

impl Pending {
    /// The change of a key, for writing into it; `bytes` are those of the value or policy.
    pub(super) fn write(&mut self, place: Place, key: &str, bytes: usize) -> Result<&mut Change> {
        if self.read_only {
            return Err(checks::refused(
                Code::ReadOnly,
                "the transaction has read a page or a private range and may write nothing",
            ));
        }
        let written = self
            .written_bytes
            .saturating_add(key.len())
            .saturating_add(bytes);
        checks::at_most(written, WRITES_BYTES_MAX, "bytes of writes")?;
        self.written_bytes = written;
        Ok(self.changes.entry((place, key.to_owned())).or_default())
    }

    /// Marks the transaction as one that writes nothing.
    pub(super) fn read_only(&mut self) -> Result<()> {
        if !self.changes.is_empty() {
            return Err(checks::refused(
                Code::ReadOnly,
                "pages and private ranges are only for transactions that write nothing",
            ));
        }
        self.read_only = true;
        Ok(())
    }

    /// Keeps a line, as far as the limits let it.
    pub(super) fn log(&mut self, level: Level, message: &str) {
        if self.log.len() < LOG_LINES_MAX {
            let end = message.floor_char_boundary(LOG_LINE_BYTES_MAX);
            self.log
                .push((level, message.get(..end).unwrap_or(message).to_owned()));
        }
    }
}
