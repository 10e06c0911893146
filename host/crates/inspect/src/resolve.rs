//! What a ledger adds to a cause when it is asked for: who changed a key, and how.

use decoded::{Cause, ChangedRange, Key, KeyChange, Place, RangeChange, StaleRead, Written};
use joined::Channel;
use ledger::Snapshot;
use model::envelope::tx_id_as_exported;
use model::{Block, Version};

use crate::Error;
use crate::range_search;

/// Ends a text that was cut before it was kept: no key is looked for by such a one.
const CUT: &str = " characters more)";

/// Completes the cause of one transaction.
pub(crate) struct Resolver<'a> {
    channel: &'a Channel,
    snapshot: &'a Snapshot,
    block: &'a Block,
    at: Version,
}

impl<'a> Resolver<'a> {
    /// Of the transaction at that place, which is in `block`.
    pub(crate) fn new(
        channel: &'a Channel,
        snapshot: &'a Snapshot,
        block: &'a Block,
        at: Version,
    ) -> Self {
        Self {
            channel,
            snapshot,
            block,
            at,
        }
    }

    /// Adds transaction ids, what was done to keys, who deleted those that are absent, and the differences of ranges of
    /// which the transaction has hashes only.
    pub(crate) fn resolve(&self, cause: &mut Cause) -> Result<(), Error> {
        match cause {
            Cause::Rule(_) | Cause::Creator(_) | Cause::Policy(_) => Ok(()),
            Cause::Duplicate(duplicate) => self.add_id(&mut duplicate.first),
            Cause::PolicyChanged(changed) => self.add_id(&mut changed.by),
            Cause::Read(read) => self.read(read),
            Cause::Range(range) => self.range(range),
        }
    }

    fn read(&self, read: &mut StaleRead) -> Result<(), Error> {
        if read.by.is_none() {
            let (by, change) = self.deletion(&read.key)?.unzip();
            (read.by, read.change) = (by, change);
            return Ok(());
        }
        if let Some(by) = &mut read.by {
            read.change = self.change(by, &read.key)?;
            self.add_id(by)?;
        }
        if read.change == Some(KeyChange::Deleted) {
            read.now = None;
        }
        Ok(())
    }

    fn range(&self, range: &mut ChangedRange) -> Result<(), Error> {
        if range.hashed && range.differences.is_empty() {
            range_search::search(self.channel, self.snapshot, self.block, self.at, range)?;
        }
        for difference in &mut range.differences {
            if difference.by.is_none() && difference.change == RangeChange::Lost {
                let key = Key::public(&range.namespace, &difference.key);
                difference.by = self.deletion(&key)?.map(|(by, _)| by);
            } else if let Some(by) = &mut difference.by {
                self.add_id(by)?;
            }
        }
        Ok(())
    }

    /// Who deleted a public key that this transaction found absent. Of private keys there is no history.
    fn deletion(&self, key: &Key) -> Result<Option<(Place, KeyChange)>, Error> {
        let Some(name) = key.key.as_deref().filter(|name| !name.ends_with(CUT)) else {
            return Ok(None);
        };
        let found = self.snapshot.last_write(&key.namespace, name, self.at)?;
        let Some(version) = found else {
            return Ok(None);
        };
        let mut by = Place::new(version);
        match self.change(&by, key)? {
            Some(KeyChange::Deleted) => {
                self.add_id(&mut by)?;
                Ok(Some((by, KeyChange::Deleted)))
            }
            _ => Ok(None),
        }
    }

    /// What the transaction there did to the key.
    fn change(&self, by: &Place, key: &Key) -> Result<Option<KeyChange>, Error> {
        let Some(entry) = self.entry(by)? else {
            return Ok(None);
        };
        let written = Written::of_entry(&entry).into_iter();
        Ok(written
            .filter(|written| written.key == *key)
            .map(|written| written.change)
            .next())
    }

    fn add_id(&self, place: &mut Place) -> Result<(), Error> {
        let entry = self.entry(place)?;
        let tx_id = entry.map(|entry| tx_id_as_exported(&entry));
        place.tx_id = tx_id.filter(|tx_id| !tx_id.is_empty());
        Ok(())
    }

    fn entry(&self, place: &Place) -> Result<Option<bytes::Bytes>, Error> {
        let Ok(index) = usize::try_from(place.tx) else {
            return Ok(None);
        };
        if place.block == self.block.number {
            return Ok(self.block.data.get(index).cloned());
        }
        let block = self.channel.ledger().block(place.block)?;
        Ok(block.and_then(|block| block.data.get(index).cloned()))
    }
}
