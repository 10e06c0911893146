//! What the host keeps for one instance: the data of its store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rwset::{CursorId, Simulator};

use crate::context::{CollectionAccess, Hooks, TxContext};
use crate::limiter::Limiter;
use crate::log::Log;
use crate::trap::{Abort, Trap, TrapCode};
use crate::wasi::Wasi;

/// The data of one instance's store.
pub(crate) struct Guest {
    /// The chaincode's name, and where its state is.
    pub(crate) namespace: String,
    /// The channel it runs on.
    pub(crate) channel: String,
    pub(crate) entry: Entry,
    /// Here while this instance runs; with the callee while that one does.
    pub(crate) transaction: Option<Box<Transaction>>,
    pub(crate) limiter: Limiter,
    pub(crate) cursors: Cursors,
    pub(crate) collections: BTreeMap<String, CollectionAccess>,
    pub(crate) event: Option<Event>,
    pub(crate) panic: Option<Panic>,
    pub(crate) wasi: Wasi,
}

/// Which of the contract's functions runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The transaction that initialises a definition (`--isInit`).
    Init,
    /// An ordinary transaction or query.
    Invoke,
}

/// What belongs to the transaction and not to one chaincode: it moves from caller to callee and back.
pub(crate) struct Transaction {
    pub(crate) context: Arc<TxContext>,
    /// Of the channel on which the running chaincode runs; none outside a transaction.
    pub(crate) simulator: Option<Box<Simulator>>,
    pub(crate) hooks: Hooks,
    /// Channel and name of each chaincode on the stack, the outermost first.
    pub(crate) stack: Vec<(String, String)>,
    pub(crate) log: Log,
    pub(crate) deadline: Instant,
}

/// The event that a block will carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Never empty.
    pub name: String,
    /// What the contract put in.
    pub payload: Bytes,
}

/// What a guest's panic handler said.
#[derive(Debug, Clone)]
pub(crate) struct Panic {
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            file,
            line,
            column,
        } = self;
        write!(f, "chaincode panicked: {message} ({file}:{line}:{column})")
    }
}

/// The cursors that the guest holds handles of.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    next: u32,
    open: BTreeMap<u32, CursorId>,
}

impl Cursors {
    /// Keeps a cursor and gives the number by which the guest's handle names it.
    pub(crate) fn keep(&mut self, cursor: CursorId) -> Result<u32, Abort> {
        let number = self.next;
        self.next = number
            .checked_add(1)
            .ok_or(Abort::Broken("cursor numbers are used up"))?;
        self.open.insert(number, cursor);
        Ok(number)
    }

    pub(crate) fn get(&self, number: u32) -> Result<CursorId, Abort> {
        self.open
            .get(&number)
            .copied()
            .ok_or(Abort::Broken("a handle names no cursor"))
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<CursorId> {
        self.open.remove(&number)
    }

    fn drain(&mut self) -> impl Iterator<Item = CursorId> {
        std::mem::take(&mut self.open).into_values()
    }
}

impl Guest {
    pub(crate) fn new(
        namespace: String,
        channel: String,
        entry: Entry,
        transaction: Box<Transaction>,
    ) -> Self {
        let wasi = Wasi::new(&transaction.context, &namespace);
        Self {
            namespace,
            channel,
            entry,
            transaction: Some(transaction),
            limiter: Limiter::default(),
            cursors: Cursors::default(),
            collections: BTreeMap::new(),
            event: None,
            panic: None,
            wasi,
        }
    }

    pub(crate) fn transaction(&mut self) -> Result<&mut Transaction, Abort> {
        self.transaction
            .as_deref_mut()
            .ok_or(Abort::Broken("the transaction is elsewhere"))
    }

    /// Gives the proposal's context; a trap outside a transaction.
    pub(crate) fn context(&mut self) -> Result<Arc<TxContext>, Abort> {
        self.simulator()?;
        Ok(Arc::clone(&self.transaction()?.context))
    }

    /// Gives the simulator; a trap outside a transaction.
    pub(crate) fn simulator(&mut self) -> Result<&mut Simulator, Abort> {
        let outside = || Abort::Trap(Trap::new(TrapCode::OutsideTransaction));
        self.transaction()?
            .simulator
            .as_deref_mut()
            .ok_or_else(outside)
    }

    /// Gives namespace and simulator together.
    pub(crate) fn state(&mut self) -> Result<(&str, &mut Simulator), Abort> {
        let Self {
            namespace,
            transaction,
            ..
        } = self;
        let transaction = transaction
            .as_deref_mut()
            .ok_or(Abort::Broken("the transaction is elsewhere"))?;
        match transaction.simulator.as_deref_mut() {
            Some(simulator) => Ok((namespace, simulator)),
            None => Err(Abort::Trap(Trap::new(TrapCode::OutsideTransaction))),
        }
    }

    /// Ends the instance's life: closes its cursors and gives the transaction back.
    pub(crate) fn end(mut self) -> Result<Ended, Abort> {
        let mut transaction = self
            .transaction
            .take()
            .ok_or(Abort::Broken("the transaction was lost"))?;
        self.wasi.flush(&self.namespace, &mut transaction.log);
        if let Some(simulator) = transaction.simulator.as_deref_mut() {
            for cursor in self.cursors.drain() {
                simulator.close(cursor);
            }
        }
        Ok(Ended {
            transaction,
            event: self.event,
            panic: self.panic,
        })
    }
}

/// What an instance leaves behind.
pub(crate) struct Ended {
    pub(crate) transaction: Box<Transaction>,
    pub(crate) event: Option<Event>,
    pub(crate) panic: Option<Panic>,
}
