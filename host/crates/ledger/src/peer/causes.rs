//! What became of a transaction id: all transactions that have it, and why those without effect have none.

use bytes::Bytes;
use model::TxValidationCode;
use rusqlite::OptionalExtension;

use super::{Snapshot, TxLocation, bytes_of};
use crate::{
    Error,
    sql::{peer as sql, signed, unsigned},
};

impl Snapshot {
    /// The transactions with this id in the blocks shown, the first ones, at most `limit`. The first of all decides.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`], [`Error::Damaged`]
    pub fn txs(&self, tx_id: &str, limit: usize) -> Result<Vec<TxLocation>, Error> {
        self.check_age()?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<(i64, i64, i32)> = self
            .reader()
            .connection()?
            .prepare_cached(sql::TXS_READ)
            .and_then(|mut statement| {
                let found = statement.query_map((tx_id.as_bytes(), limit), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                });
                found?.collect()
            })
            .map_err(Error::reading("look for transactions"))?;
        let locations = rows.into_iter().map(|(block, tx, code)| {
            Ok(TxLocation {
                block: unsigned(block)?,
                tx: unsigned(tx)?,
                code: TxValidationCode::try_from(code)
                    .map_err(|cause| Error::damaged("a stored validation code", cause))?,
            })
        });
        locations.collect()
    }

    /// What the committer kept of why the transaction is not valid; nothing for a valid one, and for blocks that were
    /// committed before causes were kept.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::Read`]
    pub fn cause(&self, block: u64, tx: u64) -> Result<Option<Bytes>, Error> {
        self.check_age()?;
        let place = (
            signed(block).unwrap_or(i64::MAX),
            signed(tx).unwrap_or(i64::MAX),
        );
        self.reader()
            .connection()?
            .prepare_cached(sql::CAUSE_READ)
            .and_then(|mut statement| {
                statement
                    .query_row(place, |row| bytes_of(row, 0))
                    .optional()
            })
            .map_err(Error::reading("read a transaction's cause"))
    }
}
