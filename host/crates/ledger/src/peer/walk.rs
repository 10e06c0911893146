//! The whole state, row by row.

use std::ops::ControlFlow;

use bytes::Bytes;
use rusqlite::Row;
use rwset::VersionedValue;

use super::{
    Snapshot, bytes_of,
    snapshot::{Found, found_at},
};
use crate::{Error, sql::peer as sql};

/// A key of the state with all that is stored under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRow {
    /// The chaincode's namespace; `""` is the channel's own.
    pub namespace: String,
    /// The collection, for the hash of a private key; `None` for a public key.
    pub collection: Option<String>,
    /// The key; of a private one its SHA-256.
    pub key: Bytes,
    /// Value (of a private key the value's SHA-256), metadata and version.
    pub value: VersionedValue,
}

impl Snapshot {
    /// Shows `visit` all public keys in the order of namespace and key, then all hashed ones in the order of namespace, collection
    /// and key hash, until it breaks off.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`], [`Error::Damaged`]
    pub fn walk_state(
        &self,
        visit: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for (statement, hashed) in [(sql::STATE_DUMP, false), (sql::HASHED_DUMP, true)] {
            if self.walk_table(statement, hashed, visit)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn walk_table(
        &self,
        statement: &'static str,
        hashed: bool,
        visit: &mut dyn FnMut(StateRow) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        let failed = || Error::reading("read the whole state");
        let connection = self.reader().connection()?;
        let mut statement = connection.prepare_cached(statement).map_err(failed())?;
        let mut rows = statement.query([]).map_err(failed())?;
        while let Some(row) = rows.next().map_err(failed())? {
            self.check_age()?;
            let (place, found) = columns(row).map_err(failed())?;
            let [namespace, collection, key] = place;
            let row = StateRow {
                namespace: text(namespace)?,
                collection: hashed.then(|| text(collection)).transpose()?,
                key,
                value: found.checked()?,
            };
            if visit(row).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The columns of a dump: namespace, collection, key, then those of every value.
fn columns(row: &Row<'_>) -> rusqlite::Result<([Bytes; 3], Found)> {
    let place = [bytes_of(row, 0)?, bytes_of(row, 1)?, bytes_of(row, 2)?];
    Ok((place, found_at(row, 3)?))
}

fn text(bytes: Bytes) -> Result<String, Error> {
    String::from_utf8(bytes.into()).map_err(|cause| Error::damaged("a stored name", cause))
}
