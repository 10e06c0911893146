//! Committing the stored blocks again.

use model::Block;
use sqlx::sqlite::SqliteConnection;

use super::{PeerLedger, blocks::read_block, read_channel};
use crate::{Error, sql::peer as sql};

impl PeerLedger {
    /// Forgets everything that can be derived from the stored blocks, in one transaction, and sets the height to 0.
    ///
    /// Whoever holds the ledger then commits each of [`PeerLedger::block_to_rebuild`] again, by the same way as ever, with the private
    /// write sets that [`PeerLedger::private_sets`] still has. That may be cut short at any time and be gone on with after the next
    /// [`PeerLedger::open`]; the ledger is rebuilt when [`PeerLedger::is_rebuilding`] says no. Calling it in the middle starts over.
    ///
    /// # Errors
    /// - [`Error::DiskFull`]: nothing was forgotten.
    /// - [`Error::Broken`], [`Error::Stopped`]: the disk.
    pub async fn rebuild(&self) -> Result<(), Error> {
        let mut transaction = self.inner.writer.begin().await?;
        if let Err(error) = clear(&mut transaction.connection).await {
            return Err(transaction.fail(error));
        }
        transaction.commit().await?;
        self.publish(0);
        self.inner.checkpointer.hint();
        Ok(())
    }

    /// Whether stored blocks wait to be committed again. Blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Read`], [`Error::Damaged`]
    pub fn is_rebuilding(&self) -> Result<bool, Error> {
        let info = self.info()?;
        Ok(info.height < info.stored)
    }

    /// The next stored block to be committed again; nothing when the ledger is rebuilt. Blocks the thread.
    ///
    /// # Errors
    /// - [`Error::Damaged`]: the block is stored wrongly or not at all, so the rebuild can go no further.
    /// - [`Error::Busy`], [`Error::Read`]
    pub fn block_to_rebuild(&self) -> Result<Option<Block>, Error> {
        let info = self.info()?;
        if info.height >= info.stored {
            return Ok(None);
        }
        let number = info.height;
        let what = || format!("block {number}");
        let bytes = read_block(self.inner.readers.take()?.connection()?, number)?
            .ok_or_else(|| Error::damaged(what(), "it is missing"))?;
        let block = Block::decode(bytes).map_err(|cause| Error::damaged(what(), cause))?;
        Ok(Some(block))
    }
}

async fn clear(connection: &mut SqliteConnection) -> Result<(), Error> {
    for statement in sql::DERIVED_CLEAR.iter().chain([&sql::CHANNEL_REWIND]) {
        sqlx::query(*statement)
            .execute(&mut *connection)
            .await
            .map_err(Error::writing("forget what can be derived"))?;
    }
    read_channel(connection).await.map(drop)
}
