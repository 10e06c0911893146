//! Private write sets that come after their blocks were committed.

use model::Version;
use rwset::PrivateUpdate;
use sqlx::sqlite::SqliteConnection;

use super::{PeerLedger, PrivateSet, private::put_private_row, purge};
use crate::{
    Error,
    sql::{Values, peer as sql},
};

/// A private write set that came after its block was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateSet {
    /// The block it belongs to.
    pub block: u64,
    /// The set, its hash compared with the transaction's by the caller.
    pub set: PrivateSet,
    /// Its keys and values, checked against the hashes.
    pub updates: Vec<PrivateUpdate>,
}

impl PeerLedger {
    /// Stores private write sets that came after their blocks were committed, in one transaction.
    ///
    /// A set that is not missing, or no longer because it has expired, is left out, and so is each key that was purged since. A value is
    /// written only where the hashed key still has the set's version; the rest has been overwritten or deleted meanwhile. The height
    /// does not move, so a snapshot of it may show the value or not.
    ///
    /// # Errors
    /// - [`Error::DiskFull`]: try again when there is room.
    /// - [`Error::Damaged`]: a set does not decode; its hash was not compared.
    /// - [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub async fn store_late(&self, sets: &[LateSet]) -> Result<(), Error> {
        let mut transaction = self.inner.writer.begin().await?;
        for late in sets {
            let stored = self.put_late(&mut transaction.connection, late);
            if let Err(error) = stored.await {
                return Err(transaction.fail(error));
            }
        }
        for late in sets {
            let namespace = &late.set.namespace;
            self.inner.written.note_beside(namespace, self.height());
        }
        transaction.commit().await?;
        self.inner.checkpointer.hint();
        Ok(())
    }

    async fn put_late(
        &self,
        connection: &mut SqliteConnection,
        late: &LateSet,
    ) -> Result<(), Error> {
        if !take_missing(connection, late).await? {
            return Ok(());
        }
        let mut set = late.set.clone();
        let purged = purge::purged(connection, &set.namespace, &set.collection).await?;
        let version = Version {
            block: late.block,
            tx: set.tx,
        };
        if let Some(kept) = purge::without(&set.bytes, version, &purged)? {
            set.bytes = kept;
        }
        self.put_sets(connection, late.block, std::slice::from_ref(&set))
            .await?;
        for update in &late.updates {
            let Some(value) = &update.value else { continue };
            let mut values = Values::default();
            put_private_row(&mut values, update, value)?;
            sqlx::query_with(sql::PRIVATE_PUT_LATE, values.into_arguments())
                .execute(&mut *connection)
                .await
                .map_err(Error::writing("write a late private value"))?;
        }
        Ok(())
    }
}

/// Whether the set was missing; it no longer is.
async fn take_missing(connection: &mut SqliteConnection, late: &LateSet) -> Result<bool, Error> {
    let mut values = Values::default();
    values
        .number(late.block)?
        .number(late.set.tx)?
        .bytes(late.set.namespace.as_bytes())?
        .bytes(late.set.collection.as_bytes())?;
    let done = sqlx::query_with(sql::MISSING_DELETE, values.into_arguments())
        .execute(&mut *connection)
        .await
        .map_err(Error::writing("enter a late private write set"))?;
    Ok(done.rows_affected() == 1)
}
