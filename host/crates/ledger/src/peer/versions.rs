//! Which transactions wrote the keys of a range, by the index of the history alone: no block is read.

use model::Version;
use rusqlite::{Connection, OptionalExtension};

use super::{Snapshot, history::read_versions};
use crate::{
    Error,
    sql::{peer as sql, signed, unsigned},
};

/// The transactions that wrote or deleted a key, the newest first; of those of one block the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersions {
    /// The key.
    pub key: String,
    /// The transactions.
    pub versions: Vec<Version>,
}

impl Snapshot {
    /// The newest transaction below `below` that wrote or deleted the key. Writes of metadata alone are in no history.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`], [`Error::Damaged`]
    pub fn last_write(
        &self,
        namespace: &str,
        key: &str,
        below: Version,
    ) -> Result<Option<Version>, Error> {
        self.check_age()?;
        let connection = self.reader().connection()?;
        let found = read_versions(connection, namespace, key, Some(below), 1)?;
        Ok(found.first().copied())
    }

    /// Who wrote the keys from `start` on to before `end` (empty for no end), of each key the last `blocks_max` blocks that
    /// did so below `below`. None if there are more than `keys_max` keys.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`], [`Error::Damaged`]
    pub fn range_versions(
        &self,
        namespace: &str,
        (start, end): (&str, &str),
        below: Version,
        (keys_max, blocks_max): (usize, usize),
    ) -> Result<Option<Vec<KeyVersions>>, Error> {
        let connection = self.reader().connection()?;
        let mut found = Vec::new();
        let mut next = first_key(connection, sql::HISTORY_KEY_FROM, namespace, start)?;
        while let Some(key) = next.filter(|key| end.is_empty() || key.as_str() < end) {
            self.check_age()?;
            if found.len() >= keys_max {
                return Ok(None);
            }
            let versions = last_of_blocks(connection, (namespace, &key), below, blocks_max)?;
            next = first_key(connection, sql::HISTORY_KEY_BEHIND, namespace, &key)?;
            if !versions.is_empty() {
                found.push(KeyVersions { key, versions });
            }
        }
        Ok(Some(found))
    }
}

/// One search in the index a key, since a scan would go through all of a key's history.
fn first_key(
    connection: &Connection,
    statement: &'static str,
    namespace: &str,
    key: &str,
) -> Result<Option<String>, Error> {
    let found: Option<Vec<u8>> = connection
        .prepare_cached(statement)
        .and_then(|mut statement| {
            let from = (namespace.as_bytes(), key.as_bytes());
            statement.query_row(from, |row| row.get(0)).optional()
        })
        .map_err(Error::reading("look for a key's history"))?;
    found
        .map(|key| String::from_utf8(key).map_err(|cause| Error::damaged("a stored key", cause)))
        .transpose()
}

fn last_of_blocks(
    connection: &Connection,
    (namespace, key): (&str, &str),
    below: Version,
    blocks_max: usize,
) -> Result<Vec<Version>, Error> {
    let rows: Vec<(i64, i64)> = connection
        .prepare_cached(sql::HISTORY_BLOCKS_BELOW)
        .and_then(|mut statement| {
            let arguments = (
                namespace.as_bytes(),
                key.as_bytes(),
                signed(below.block).unwrap_or(i64::MAX),
                signed(below.tx).unwrap_or(i64::MAX),
                i64::try_from(blocks_max).unwrap_or(i64::MAX),
            );
            let rows = statement.query_map(arguments, |row| Ok((row.get(0)?, row.get(1)?)));
            rows?.collect()
        })
        .map_err(Error::reading("read a key's history"))?;
    let versions = rows.into_iter().map(|(block, tx)| {
        Ok(Version {
            block: unsigned(block)?,
            tx: unsigned(tx)?,
        })
    });
    versions.collect()
}
