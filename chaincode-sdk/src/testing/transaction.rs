//! A running transaction on the test ledger: the second [`Ledger`], beside the host's imports.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::checks::{self, refused};
use super::committed::{Committed, Place, Slot};
use super::ledger::{Runner, TestCollection};
use super::pending::{Change, Pending};
use super::proposal::Proposal;
use super::ranges::{self, Listed};
use crate::cursor::{Cursor, Entry, Modification, Page};
use crate::ledger::{Identity, Ledger, Level, Range, Space};
use crate::limits::{
    ARGS_BYTES_MAX, ARGS_COUNT_MAX, CALL_DEPTH_MAX, EVENT_NAME_BYTES_MAX, EVENT_PAYLOAD_BYTES_MAX,
    KEYS_PER_GET_MAX,
};
use crate::{Code, Context, Response, Result, Timestamp};

const IMPLICIT_PREFIX: &str = "_implicit_org_";

/// What all chaincodes of one transaction share.
pub(super) struct Shared {
    pub(super) committed: Rc<Committed>,
    pub(super) collections: Rc<BTreeMap<String, TestCollection>>,
    pub(super) chaincodes: Rc<BTreeMap<String, Runner>>,
    pub(super) proposal: Proposal,
    pub(super) tx_id: String,
    pub(super) timestamp: Timestamp,
    pub(super) pending: RefCell<Pending>,
    pub(super) cursors: Rc<Cell<usize>>,
    /// Whether this is an initialising transaction.
    pub(super) init: bool,
}

/// One chaincode's part of a transaction.
pub struct Transaction {
    pub(super) shared: Rc<Shared>,
    /// The chaincodes on the stack; the last one runs.
    pub(super) stack: Vec<String>,
}

impl Transaction {
    fn place(&self, space: Space<'_>) -> Result<Place> {
        let collection = match space {
            Space::Public => None,
            Space::Collection(name) => {
                self.members(name)?;
                Some(name.to_owned())
            }
        };
        Ok(Place {
            chaincode: self.chaincode().to_owned(),
            collection,
        })
    }

    fn chaincode(&self) -> &str {
        self.stack.last().map_or("", String::as_str)
    }

    /// The collection of this name.
    fn members(&self, name: &str) -> Result<TestCollection> {
        if self.shared.init {
            return Err(refused(
                Code::NotAllowedInInit,
                "private data APIs are not allowed in chaincode Init()",
            ));
        }
        checks::length(name)?;
        if let Some(msp_id) = name.strip_prefix(IMPLICIT_PREFIX) {
            return Ok(TestCollection::of(&[msp_id]));
        }
        let known = self.shared.collections.get(name).cloned();
        known.ok_or_else(|| {
            refused(
                Code::NotFound,
                format!("collection {name} could not be found"),
            )
        })
    }

    /// May the creator read these values? The public state and hashes are for all.
    fn may_read(&self, space: Space<'_>) -> Result<()> {
        let Space::Collection(name) = space else {
            return Ok(());
        };
        let collection = self.members(name)?;
        let denied = collection.member_only_read && !collection.has(&self.shared.proposal.msp_id);
        if denied {
            Err(refused(
                Code::AccessDenied,
                "the creator may not read this collection",
            ))
        } else {
            Ok(())
        }
    }

    /// Does the peer that runs this hold the collection's values?
    fn holds(&self, space: Space<'_>) -> Result<bool> {
        match space {
            Space::Public => Ok(true),
            Space::Collection(name) => {
                Ok(self.members(name)?.has(&self.shared.proposal.peer_msp_id))
            }
        }
    }

    fn slot(&self, space: Space<'_>, key: &str) -> Result<Option<&Slot>> {
        let place = self.place(space)?;
        checks::key(key)?;
        Ok(self.shared.committed.slot(&place, key))
    }

    fn change(
        &self,
        space: Space<'_>,
        key: &str,
        bytes: usize,
        change: impl FnOnce(&mut Change),
    ) -> Result<()> {
        let place = self.place(space)?;
        if let Space::Collection(name) = space {
            let collection = self.members(name)?;
            if collection.member_only_write && !collection.has(&self.shared.proposal.msp_id) {
                return Err(refused(
                    Code::AccessDenied,
                    "the creator may not write to this collection",
                ));
            }
        }
        checks::key(key)?;
        change(self.shared.pending.borrow_mut().write(place, key, bytes)?);
        Ok(())
    }

    fn callee(&self, chaincode: &str, args: &[Vec<u8>], channel: &str) -> Result<Runner> {
        checks::at_most(args.len(), ARGS_COUNT_MAX, "arguments")?;
        checks::at_most(
            args.iter().map(Vec::len).sum(),
            ARGS_BYTES_MAX,
            "bytes of arguments",
        )?;
        checks::at_most(
            self.stack.len() + 1,
            CALL_DEPTH_MAX,
            "chaincodes on the stack",
        )?;
        if !channel.is_empty() && channel != self.shared.proposal.channel_id {
            return Err(refused(
                Code::NotFound,
                format!("channel {channel} is not on this ledger"),
            ));
        }
        if self.stack.iter().any(|running| running == chaincode) {
            return Err(refused(
                Code::InvalidArgument,
                format!("chaincode {chaincode} is running already"),
            ));
        }
        let runner = self.shared.chaincodes.get(chaincode).copied();
        runner.ok_or_else(|| {
            refused(
                Code::NotFound,
                format!("chaincode {chaincode} is not registered"),
            )
        })
    }
}

impl Ledger for Transaction {
    fn get(&self, space: Space<'_>, key: &str) -> Result<Option<Vec<u8>>> {
        self.may_read(space)?;
        let value = self.slot(space, key)?.map(|slot| slot.value.clone());
        if value.is_some() && !self.holds(space)? {
            return Err(refused(
                Code::Unavailable,
                "private data matching public hash version is not available",
            ));
        }
        Ok(value)
    }

    fn get_many(&self, space: Space<'_>, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>> {
        checks::at_most(keys.len(), KEYS_PER_GET_MAX, "keys")?;
        keys.iter().map(|key| self.get(space, key)).collect()
    }

    fn put(&self, space: Space<'_>, key: &str, value: &[u8]) -> Result<()> {
        if value.is_empty() {
            return self.delete(space, key);
        }
        checks::value(value)?;
        self.change(space, key, value.len(), |change| {
            change.value = Some(Some(value.to_vec()))
        })
    }

    fn delete(&self, space: Space<'_>, key: &str) -> Result<()> {
        self.change(space, key, 0, |change| change.value = Some(None))
    }

    fn range(&self, space: Space<'_>, range: Range<'_>) -> Result<Box<dyn Cursor<Entry>>> {
        self.may_read(space)?;
        let place = self.place(space)?;
        let bounds = ranges::bounds(range)?;
        if place.collection.is_some() {
            self.shared.pending.borrow_mut().read_only()?;
        }
        let held = self.holds(space)?;
        let entries = if held {
            ranges::entries(&self.shared.committed, &place, &bounds)
        } else {
            Vec::new()
        };
        Ok(Box::new(Listed::open(entries, &self.shared.cursors)?))
    }

    fn page(&self, range: Range<'_>, size: u32, bookmark: &str) -> Result<Page> {
        let place = self.place(Space::Public)?;
        let page = ranges::page(&self.shared.committed, &place, range, size, bookmark)?;
        self.shared.pending.borrow_mut().read_only()?;
        Ok(page)
    }

    fn validation_parameter(&self, space: Space<'_>, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.slot(space, key)?.and_then(|slot| slot.policy.clone()))
    }

    fn set_validation_parameter(&self, space: Space<'_>, key: &str, policy: &[u8]) -> Result<()> {
        checks::value(policy)?;
        self.change(space, key, policy.len(), |change| {
            change.policy = Some(policy.to_vec())
        })
    }

    fn private_hash(&self, collection: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let slot = self.slot(Space::Collection(collection), key)?;
        Ok(slot.map(|slot| Sha256::digest(&slot.value).to_vec()))
    }

    fn purge(&self, collection: &str, key: &str) -> Result<()> {
        self.delete(Space::Collection(collection), key)
    }

    fn history(&self, key: &str) -> Result<Box<dyn Cursor<Modification>>> {
        checks::key(key)?;
        let changes = self.shared.committed.history(self.chaincode(), key);
        Ok(Box::new(Listed::open(changes, &self.shared.cursors)?))
    }

    fn query(&self, _space: Space<'_>, _text: &str) -> Result<Box<dyn Cursor<Entry>>> {
        Err(refused(
            Code::Unsupported,
            "this ledger has no query language",
        ))
    }

    fn query_page(&self, _text: &str, _size: u32, _bookmark: &str) -> Result<Page> {
        Err(refused(
            Code::Unsupported,
            "this ledger has no query language",
        ))
    }

    fn tx_id(&self) -> String {
        self.shared.tx_id.clone()
    }

    fn channel_id(&self) -> String {
        self.shared.proposal.channel_id.clone()
    }

    fn creator(&self) -> Identity {
        let Proposal {
            msp_id,
            certificate,
            ..
        } = &self.shared.proposal;
        Identity {
            msp_id: msp_id.clone(),
            certificate: certificate.clone(),
        }
    }

    fn timestamp(&self) -> Timestamp {
        self.shared.timestamp
    }

    fn transient(&self) -> Vec<(String, Vec<u8>)> {
        self.shared.proposal.transient.clone().into_iter().collect()
    }

    fn binding(&self) -> Vec<u8> {
        Sha256::digest(self.shared.tx_id.as_bytes()).to_vec()
    }

    fn decorations(&self) -> Vec<(String, Vec<u8>)> {
        Vec::new()
    }

    fn signed_proposal(&self) -> Vec<u8> {
        Vec::new()
    }

    fn set_event(&self, name: &str, payload: &[u8]) -> Result<()> {
        if name.is_empty() {
            return Err(refused(
                Code::InvalidArgument,
                "event name can not be empty string",
            ));
        }
        checks::at_most(name.len(), EVENT_NAME_BYTES_MAX, "bytes of an event's name")?;
        checks::at_most(
            payload.len(),
            EVENT_PAYLOAD_BYTES_MAX,
            "bytes of an event's payload",
        )?;
        if self.stack.len() == 1 {
            self.shared.pending.borrow_mut().event = Some((name.to_owned(), payload.to_vec()));
        }
        Ok(())
    }

    fn log(&self, level: Level, message: &str) {
        self.shared.pending.borrow_mut().log(level, message);
    }

    fn invoke_chaincode(
        &self,
        chaincode: &str,
        args: &[Vec<u8>],
        channel: &str,
    ) -> Result<Response> {
        let runner = self.callee(chaincode, args, channel)?;
        let mut stack = self.stack.clone();
        stack.push(chaincode.to_owned());
        let part = Self {
            shared: Rc::clone(&self.shared),
            stack,
        };
        Ok(runner(&mut Context::new(Rc::new(part)), args))
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Transaction")
            .field("tx_id", &self.shared.tx_id)
            .finish_non_exhaustive()
    }
}
