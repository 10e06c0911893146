//! The test ledger itself: what is committed, and how transactions run on it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::committed::{Committed, Place};
use super::pending::Pending;
use super::proposal::Proposal;
use super::transaction::{Shared, Transaction};
use crate::dispatch::{self, Contract};
use crate::ledger::Level;
use crate::{Context, Response, Timestamp};

/// The name that the chaincode under test has on its ledger.
const CHAINCODE: &str = "chaincode";

/// 2026-01-01T00:00:00Z: the first transaction's time, where the proposal says none.
const FIRST_SECOND: i64 = 1_767_225_600;

/// A chaincode of the test ledger: what answers a call.
pub(super) type Runner = fn(&mut Context, &[Vec<u8>]) -> Response;

/// A ledger in memory with the rules of a peer; the module's text shows its use.
#[derive(Default)]
pub struct TestLedger {
    committed: Rc<Committed>,
    collections: Rc<BTreeMap<String, TestCollection>>,
    chaincodes: Rc<BTreeMap<String, Runner>>,
    proposal: Proposal,
    /// Transactions begun, failed ones too.
    begun: Cell<u32>,
    events: Vec<Event>,
    log: Vec<(Level, String)>,
}

/// An event of a committed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The transaction that set it.
    pub tx_id: String,
    /// Its name.
    pub name: String,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// A collection of the chaincode's definition.
///
/// ```
/// use chaincode_sdk::testing::{Proposal, TestCollection, TestLedger};
///
/// let mut ledger = TestLedger::new();
/// ledger.add_collection("deals", TestCollection::of(&["Org1MSP", "Org2MSP"]).member_only_read());
/// ledger.propose(Proposal::by("Org3MSP").on_peer_of("Org1MSP"));
/// assert!(ledger.evaluate(|ctx| ctx.collection("deals").get("deal1")).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCollection {
    members: Vec<String>,
    pub(super) member_only_read: bool,
    pub(super) member_only_write: bool,
}

impl TestCollection {
    /// One whose values the peers of these organisations hold.
    #[must_use]
    pub fn of(members: &[&str]) -> Self {
        let members = members.iter().map(|&member| member.to_owned()).collect();
        Self {
            members,
            member_only_read: false,
            member_only_write: false,
        }
    }

    /// Only clients of a member may read values.
    #[must_use]
    pub fn member_only_read(mut self) -> Self {
        self.member_only_read = true;
        self
    }

    /// Only clients of a member may write.
    #[must_use]
    pub fn member_only_write(mut self) -> Self {
        self.member_only_write = true;
        self
    }

    pub(super) fn has(&self, msp_id: &str) -> bool {
        self.members.iter().any(|member| member == msp_id)
    }
}

impl TestLedger {
    /// An empty ledger; Org1MSP proposes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets who proposes from now on, and with what.
    pub fn propose(&mut self, proposal: Proposal) {
        self.proposal = proposal;
    }

    /// Adds a collection. Each organisation's implicit one is there without.
    pub fn add_collection(&mut self, name: &str, collection: TestCollection) {
        Rc::make_mut(&mut self.collections).insert(name.to_owned(), collection);
    }

    /// Adds another chaincode, which the one under test can invoke by this name.
    pub fn add_chaincode<C: Contract>(&mut self, name: &str) {
        Rc::make_mut(&mut self.chaincodes).insert(name.to_owned(), dispatch::invoke::<C>);
    }

    /// Runs a transaction and commits it if it succeeds; if it fails nothing remains.
    ///
    /// # Errors
    /// What the transaction fails with.
    pub fn submit<T, E>(&mut self, run: impl FnOnce(&mut Context) -> Result<T, E>) -> Result<T, E> {
        let (result, transaction) = self.run(false, run);
        self.finish(&transaction, result.is_ok());
        result
    }

    /// Runs a transaction and commits nothing: what a query does.
    ///
    /// # Errors
    /// What the transaction fails with.
    pub fn evaluate<T, E>(
        &mut self,
        run: impl FnOnce(&mut Context) -> Result<T, E>,
    ) -> Result<T, E> {
        let (result, transaction) = self.run(false, run);
        self.finish(&transaction, false);
        result
    }

    /// Calls a function as a client that submits, and commits if the response is a success.
    pub fn invoke<C: Contract>(&mut self, function: &str, arguments: &[&str]) -> Response {
        let args = args(function, arguments);
        answer(self.submit(|ctx| response(dispatch::invoke::<C>(ctx, &args))))
    }

    /// Calls a function as a client that evaluates; nothing is committed.
    pub fn query<C: Contract>(&mut self, function: &str, arguments: &[&str]) -> Response {
        let args = args(function, arguments);
        answer(self.evaluate(|ctx| response(dispatch::invoke::<C>(ctx, &args))))
    }

    /// Runs the initialising transaction of a definition, and commits it if the response is a success.
    pub fn init<C: Contract>(&mut self, function: &str, arguments: &[&str]) -> Response {
        let args = args(function, arguments);
        let (response, transaction) = self.run(true, |ctx| dispatch::invoke_init::<C>(ctx, &args));
        self.finish(&transaction, response.is_success());
        response
    }

    /// Begins a transaction that is never committed, as the ledger of a [`Context`].
    #[must_use]
    pub fn begin(&self) -> Rc<Transaction> {
        Rc::new(self.transaction(false))
    }

    /// The committed value of a public key.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<Vec<u8>> {
        self.value(None, key)
    }

    /// The committed value of a private key, whoever may read it.
    #[must_use]
    pub fn private_state(&self, collection: &str, key: &str) -> Option<Vec<u8>> {
        self.value(Some(collection.to_owned()), key)
    }

    /// The events of committed transactions, oldest first.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The log lines of all transactions, oldest first, those of failed ones too.
    #[must_use]
    pub fn log(&self) -> &[(Level, String)] {
        &self.log
    }

    fn value(&self, collection: Option<String>, key: &str) -> Option<Vec<u8>> {
        let place = Place {
            chaincode: CHAINCODE.to_owned(),
            collection,
        };
        Some(self.committed.slot(&place, key)?.value.clone())
    }

    fn run<R>(&self, init: bool, run: impl FnOnce(&mut Context) -> R) -> (R, Rc<Transaction>) {
        let transaction = Rc::new(self.transaction(init));
        let mut ctx = Context::new(transaction.clone());
        (run(&mut ctx), transaction)
    }

    fn transaction(&self, init: bool) -> Transaction {
        let number = self.begun.get();
        self.begun.set(number + 1);
        let time = Timestamp {
            seconds: FIRST_SECOND + i64::from(number),
            nanos: 0,
        };
        let shared = Shared {
            committed: Rc::clone(&self.committed),
            collections: Rc::clone(&self.collections),
            chaincodes: Rc::clone(&self.chaincodes),
            tx_id: Sha256::digest(number.to_be_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            timestamp: self.proposal.timestamp.unwrap_or(time),
            proposal: self.proposal.clone(),
            pending: RefCell::default(),
            cursors: Rc::default(),
            init,
        };
        Transaction {
            shared: Rc::new(shared),
            stack: vec![CHAINCODE.to_owned()],
        }
    }

    fn finish(&mut self, transaction: &Transaction, commit: bool) {
        let shared = &transaction.shared;
        let pending: Pending = shared.pending.take();
        if commit {
            Rc::make_mut(&mut self.committed).apply(&pending, &shared.tx_id, shared.timestamp);
            let event = pending.event.map(|(name, payload)| Event {
                tx_id: shared.tx_id.clone(),
                name,
                payload,
            });
            self.events.extend(event);
        }
        self.log.extend(pending.log);
    }
}

fn args(function: &str, arguments: &[&str]) -> Vec<Vec<u8>> {
    std::iter::once(&function)
        .chain(arguments)
        .map(|text| text.as_bytes().to_vec())
        .collect()
}

/// Sorts a response into what is committed and what is not.
fn response(response: Response) -> Result<Response, Response> {
    if response.is_success() {
        Ok(response)
    } else {
        Err(response)
    }
}

fn answer(result: Result<Response, Response>) -> Response {
    result.unwrap_or_else(|failure| failure)
}

impl std::fmt::Debug for TestLedger {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("TestLedger")
            .field("begun", &self.begun.get())
            .finish_non_exhaustive()
    }
}
