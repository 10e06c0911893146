//! What differs between two ledgers of one channel, row by row.

use std::fmt;

use bytes::Bytes;
use model::hash::sha256;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value};

use super::PeerLedger;
use crate::{
    Error, hex,
    sql::compare::{PRIVATE_CHECK, TABLES, Table},
};

/// Characters of a value that are shown.
const SHOWN_MAX: usize = 200;

/// A row that two ledgers of one channel should both have, and alike.
#[derive(Debug, Clone, PartialEq)]
pub struct RowDifference {
    /// The table, as it is called in `migrations/peer/`.
    pub table: &'static str,
    /// What names the row: columns with their values.
    pub key: Vec<(&'static str, Cell)>,
    /// The other columns as this ledger has them; `None` if it has no such row.
    pub here: Option<Vec<(&'static str, Cell)>>,
    /// The other columns as the other ledger has them; `None` if it has no such row.
    pub there: Option<Vec<(&'static str, Cell)>>,
}

/// The value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A number.
    Number(i64),
    /// Bytes or text.
    Bytes(Bytes),
}

impl PeerLedger {
    /// Compares all that follows from the blocks with another ledger of the same channel and height, `rows_max` rows of each table
    /// at most. What only this peer may know (private data, the transient store) is not compared. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn differences(
        &self,
        other: &PeerLedger,
        rows_max: usize,
    ) -> Result<Vec<RowDifference>, Error> {
        let failed = || Error::reading("compare two ledgers");
        let reader = self.inner.readers.take()?;
        let connection = reader.connection()?;
        let path = other.inner.path.to_string_lossy();
        connection
            .execute("ATTACH ?1 AS other", [path.as_ref()])
            .map_err(failed())?;
        let compared = TABLES
            .iter()
            .map(|table| compare(connection, table, rows_max))
            .collect::<rusqlite::Result<Vec<_>>>();
        connection.execute("DETACH other", []).map_err(failed())?;
        Ok(compared.map_err(failed())?.concat())
    }

    /// Private values that are not those whose hashes are public: their namespace, collection and key. Blocks the thread.
    ///
    /// A value older than its hash is no mistake: the newer one has not arrived.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn misplaced_private_values(&self) -> Result<Vec<[Bytes; 3]>, Error> {
        let failed = || Error::reading("compare private values with their hashes");
        let reader = self.inner.readers.take()?;
        let mut statement = reader
            .connection()?
            .prepare_cached(PRIVATE_CHECK)
            .map_err(failed())?;
        let mut rows = statement.query([]).map_err(failed())?;
        let mut wrong = Vec::new();
        while let Some(row) = rows.next().map_err(failed())? {
            wrong.extend(misplaced(row).map_err(failed())?);
        }
        Ok(wrong)
    }
}

/// Columns of [`PRIVATE_CHECK`]: place, key hash and value, then the hash of the value with the same version, and whether the
/// hashed key has a newer one.
fn misplaced(row: &Row<'_>) -> rusqlite::Result<Option<[Bytes; 3]>> {
    let blob = |index| super::bytes_of(row, index);
    let (key, key_hash, value) = (blob(2)?, blob(3)?, blob(4)?);
    let value_hash: Option<Vec<u8>> = row.get(5)?;
    let is_old: bool = row.get(6)?;
    let fits = sha256(&key) == *key_hash
        && match value_hash {
            Some(hash) => sha256(&value) == *hash,
            None => is_old,
        };
    Ok(if fits {
        None
    } else {
        Some([blob(0)?, blob(1)?, key])
    })
}

fn compare(
    connection: &Connection,
    table: &Table,
    rows_max: usize,
) -> rusqlite::Result<Vec<RowDifference>> {
    let limit = i64::try_from(rows_max).unwrap_or(i64::MAX);
    let columns = table.keys.len() + table.values.len();
    let rows = |statement: String| -> rusqlite::Result<Vec<Vec<Value>>> {
        let mut statement = connection.prepare(&statement)?;
        let rows = statement.query_map([limit], |row| {
            (0..columns).map(|index| row.get(index)).collect()
        })?;
        rows.collect()
    };
    let mut differences = Vec::new();
    for here in rows(table.unequal())? {
        let key = here.get(..table.keys.len()).unwrap_or_default();
        let there = connection
            .query_row(&table.in_other(), params_from_iter(key), |row| {
                (0..table.values.len())
                    .map(|index| row.get(index))
                    .collect()
            })
            .optional()?;
        let values = here.get(table.keys.len()..).unwrap_or_default();
        differences.push(difference(table, key, Some(values), there));
    }
    for there in rows(table.only_in_other())? {
        let (key, values) = there.split_at_checked(table.keys.len()).unwrap_or_default();
        differences.push(difference(table, key, None, Some(values.to_vec())));
    }
    Ok(differences)
}

fn difference(
    table: &Table,
    key: &[Value],
    here: Option<&[Value]>,
    there: Option<Vec<Value>>,
) -> RowDifference {
    let named = |names: &[&'static str], values: &[Value]| {
        let cells = values.iter().map(Cell::new);
        names.iter().copied().zip(cells).collect::<Vec<_>>()
    };
    RowDifference {
        table: table.name,
        key: named(table.keys, key),
        here: here.map(|values| named(table.values, values)),
        there: there.map(|values| named(table.values, &values)),
    }
}

impl Cell {
    /// No column of these tables is empty or has fractions.
    fn new(value: &Value) -> Self {
        match value {
            Value::Integer(number) => Self::Number(*number),
            Value::Blob(bytes) => Self::Bytes(Bytes::copy_from_slice(bytes)),
            Value::Text(text) => Self::Bytes(Bytes::copy_from_slice(text.as_bytes())),
            Value::Null | Value::Real(_) => Self::Bytes(Bytes::new()),
        }
    }
}

impl fmt::Display for Cell {
    /// Numbers and readable text as they are, text between quotes; other bytes in hex; the beginning of what is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self {
            Self::Number(number) => return write!(f, "{number}"),
            Self::Bytes(bytes) => bytes,
        };
        let is_text = |text: &&str| !text.chars().any(char::is_control);
        let shown = match std::str::from_utf8(bytes).ok().filter(is_text) {
            Some(text) => format!("{text:?}"),
            None => hex(bytes),
        };
        match shown.char_indices().nth(SHOWN_MAX) {
            None => f.write_str(&shown),
            Some((end, _)) => {
                let beginning = shown.get(..end).unwrap_or_default();
                write!(f, "{beginning}… ({} bytes)", bytes.len())
            }
        }
    }
}

impl RowDifference {
    /// The difference on one line, with what the two ledgers are to be called.
    #[must_use]
    pub fn in_words(&self, here: &str, there: &str) -> String {
        let mut text = self.table.to_owned();
        for (name, cell) in &self.key {
            text.push_str(&format!(" {name}={cell}"));
        }
        for (ledger, row, other) in [
            (here, &self.here, &self.there),
            (there, &self.there, &self.here),
        ] {
            text.push_str(&match row {
                None => format!("; {ledger}: absent"),
                Some(row) if row.is_empty() => format!("; {ledger}: present"),
                Some(row) => format!("; {ledger}:{}", unequal(row, other.as_deref())),
            });
        }
        text
    }
}

/// The columns that are not alike.
fn unequal(row: &[(&'static str, Cell)], other: Option<&[(&'static str, Cell)]>) -> String {
    let is_unequal =
        |column: &&(&'static str, Cell)| !other.is_some_and(|other| other.contains(column));
    let columns = row.iter().filter(is_unequal);
    columns
        .map(|(name, cell)| format!(" {name}={cell}"))
        .collect()
}
