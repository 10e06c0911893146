//! Private write sets between endorsement and commit.

use bytes::Bytes;

use super::{PeerLedger, bytes_of};
use crate::{
    Error,
    sql::{Values, peer as sql, unsigned},
};

/// A private write set that waits for its transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransientSet {
    /// The ledger's height when the set was stored.
    pub height: u64,
    /// A marshalled `rwset.TxPvtReadWriteSet`.
    pub bytes: Bytes,
}

impl PeerLedger {
    /// Keeps the private write set of a transaction until a block with its id is committed, or for as many blocks as the
    /// configuration says. Durable when it returns, so an endorsement may be given.
    ///
    /// # Errors
    /// - [`Error::Limit`]: the id has as many sets as are kept.
    /// - [`Error::DiskFull`]: try again when there is room.
    /// - [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub async fn transient_put(
        &self,
        tx_id: &str,
        height: u64,
        bytes: &Bytes,
    ) -> Result<(), Error> {
        let sets_max = u64::from(self.inner.config.transient_sets_max);
        let mut values = Values::default();
        values
            .bytes(tx_id.as_bytes())?
            .number(height)?
            .bytes(bytes)?
            .number(sets_max)?;
        let mut transaction = self.inner.writer.begin().await?;
        let done = sqlx::query_with(sql::TRANSIENT_PUT, values.into_arguments())
            .execute(&mut transaction.connection)
            .await
            .map_err(Error::writing("keep a transient write set"));
        let done = match done {
            Ok(done) => done,
            Err(error) => return Err(transaction.fail(error)),
        };
        if done.rows_affected() == 0 {
            return Err(transaction.fail(Error::Limit {
                what: "the number of transient write sets of a transaction",
                max: sets_max,
            }));
        }
        transaction.commit().await?;
        self.inner.checkpointer.hint();
        Ok(())
    }

    /// The sets kept for a transaction, in the order they came. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn transient_get(&self, tx_id: &str) -> Result<Vec<TransientSet>, Error> {
        let reader = self.inner.readers.take()?;
        let read = || {
            let mut statement = reader
                .connection()?
                .prepare_cached(sql::TRANSIENT_READ)
                .map_err(Error::reading("read transient write sets"))?;
            let rows = statement.query_map([tx_id.as_bytes()], |row| {
                Ok((row.get(0)?, bytes_of(row, 1)?))
            });
            rows.and_then(Iterator::collect::<rusqlite::Result<Vec<(i64, Bytes)>>>)
                .map_err(Error::reading("read transient write sets"))
        };
        let build = |(height, bytes)| {
            Ok(TransientSet {
                height: unsigned(height)?,
                bytes,
            })
        };
        read()?.into_iter().map(build).collect()
    }
}
