//! What a contract's function works with.
//!
//! ```
//! use chaincode_sdk::testing::TestLedger;
//! use chaincode_sdk::{Context, Error, Result};
//!
//! /// Moves an amount between two accounts and tells the world.
//! fn pay(ctx: &mut Context, from: &str, to: &str, amount: u64) -> Result<()> {
//!     let payer: u64 = ctx.get_json(from)?.ok_or_else(|| Error::with_status(404, format!("no account {from}")))?;
//!     let payee: u64 = ctx.get_json(to)?.unwrap_or(0);
//!     let rest = payer.checked_sub(amount).ok_or("not enough money")?;
//!     ctx.put_json(from, &rest)?;
//!     ctx.put_json(to, &(payee + amount))?;
//!     ctx.set_event("Paid", format!("{amount} by {}", ctx.creator().msp_id).as_bytes())
//! }
//!
//! let mut ledger = TestLedger::new();
//! ledger.submit(|ctx| ctx.put_json("ann", &10))?;
//! ledger.submit(|ctx| pay(ctx, "ann", "bob", 4))?;
//! assert_eq!(ledger.state("ann").as_deref(), Some(b"6".as_slice()));
//! assert_eq!(ledger.submit(|ctx| pay(ctx, "ann", "bob", 7)).unwrap_err().message(), "not enough money");
//! # Ok::<(), Error>(())
//! ```

use std::fmt;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cursor::{Entry, Modification, Page, Walk};
use crate::ledger::{Identity, Ledger, Level, Range, Space};
use crate::private::Collection;
use crate::{Response, Result, Timestamp};

/// One transaction: the ledger as it was when the transaction began, and the writes that it collects.
///
/// Functions that only read take `&Context`, the others `&mut Context`. Rules and limits of each call stand in the WIT
/// world's text; what they refuse comes back as an error with a [`Code`](crate::Code).
pub struct Context {
    ledger: Rc<dyn Ledger>,
}

impl Context {
    /// Makes one from a ledger. The SDK does so for each call; tests get theirs from the test ledger.
    #[must_use]
    pub fn new(ledger: Rc<dyn Ledger>) -> Self {
        Self { ledger }
    }

    /// The committed value of a key, none if it has none. Never the transaction's own write.
    ///
    /// # Errors
    /// The key is empty, too long, or begins with U+0000 and is no composite key.
    pub fn get_state(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.ledger.get(Space::Public, key)
    }

    /// The committed values of several keys, in their order; for many keys cheaper than one by one.
    ///
    /// # Errors
    /// As [`get_state`](Self::get_state); more than [`KEYS_PER_GET_MAX`](crate::limits::KEYS_PER_GET_MAX) keys.
    pub fn get_states(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>> {
        self.ledger.get_many(Space::Public, keys)
    }

    /// The committed value of a key, read as JSON.
    ///
    /// # Errors
    /// As [`get_state`](Self::get_state); the value is no JSON of a `T`.
    pub fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.get_state(key)?
            .map(|value| Ok(serde_json::from_slice(&value)?))
            .transpose()
    }

    /// Sets a key's value when the transaction is committed. An empty value deletes the key.
    ///
    /// # Errors
    /// A bad key, a value or all writes together too long, a page or private range read before.
    pub fn put_state(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.ledger.put(Space::Public, key, value)
    }

    /// Sets a key's value to JSON. Fields stand in the order in which the type has them.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state); a value that JSON cannot hold.
    pub fn put_json<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<()> {
        self.put_state(key, &serde_json::to_vec(value)?)
    }

    /// Deletes a key when the transaction is committed.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state).
    pub fn del_state(&mut self, key: &str) -> Result<()> {
        self.ledger.delete(Space::Public, key)
    }

    /// Walks the plain keys from `start` on to before `end`, in the order of their bytes. Empty texts mean no bound.
    ///
    /// The range is read again at commit: if it then differs, the transaction is invalid.
    ///
    /// # Errors
    /// A bound begins with U+0000, or too many walks are open.
    pub fn get_state_by_range(&self, start: &str, end: &str) -> Result<Walk<Entry>> {
        self.ledger
            .range(Space::Public, Range::Keys { start, end })
            .map(Walk::new)
    }

    /// One page of a range: at most `size` entries from `bookmark` on, an empty bookmark being the start.
    /// Only in transactions that write nothing.
    ///
    /// # Errors
    /// As [`get_state_by_range`](Self::get_state_by_range); a write before, a bad size or bookmark.
    pub fn get_state_by_range_page(
        &self,
        start: &str,
        end: &str,
        size: u32,
        bookmark: &str,
    ) -> Result<Page> {
        self.ledger.page(Range::Keys { start, end }, size, bookmark)
    }

    /// Walks the [composite keys](crate::composite) that begin with these parts.
    ///
    /// # Errors
    /// A part contains U+0000 or U+10FFFF, or too many walks are open.
    pub fn get_state_by_partial_composite_key(
        &self,
        object_type: &str,
        attributes: &[&str],
    ) -> Result<Walk<Entry>> {
        self.ledger
            .range(
                Space::Public,
                Range::Composite {
                    object_type,
                    attributes,
                },
            )
            .map(Walk::new)
    }

    /// One page of the composite keys that begin with these parts; the rest as for other pages.
    ///
    /// # Errors
    /// As [`get_state_by_range_page`](Self::get_state_by_range_page).
    pub fn get_state_by_partial_composite_key_page(
        &self,
        object_type: &str,
        attributes: &[&str],
        size: u32,
        bookmark: &str,
    ) -> Result<Page> {
        self.ledger.page(
            Range::Composite {
                object_type,
                attributes,
            },
            size,
            bookmark,
        )
    }

    /// One page of all composite keys; the rest as for other pages.
    ///
    /// # Errors
    /// As [`get_state_by_range_page`](Self::get_state_by_range_page).
    pub fn get_all_composite_keys_page(&self, size: u32, bookmark: &str) -> Result<Page> {
        self.ledger.page(Range::AllComposite, size, bookmark)
    }

    /// Walks a key's committed changes, newest first. They are not checked again at commit, so decide no write by them.
    ///
    /// # Errors
    /// A bad key, or a peer that keeps no history.
    pub fn get_history_for_key(&self, key: &str) -> Result<Walk<Modification>> {
        self.ledger.history(key).map(Walk::new)
    }

    /// Walks the result of a query in the database's own language.
    ///
    /// # Errors
    /// [`Code::Unsupported`](crate::Code::Unsupported) on a channel whose database has none.
    pub fn get_query_result(&self, query: &str) -> Result<Walk<Entry>> {
        self.ledger.query(Space::Public, query).map(Walk::new)
    }

    /// One page of the result of a query.
    ///
    /// # Errors
    /// As [`get_query_result`](Self::get_query_result).
    pub fn get_query_result_page(&self, query: &str, size: u32, bookmark: &str) -> Result<Page> {
        self.ledger.query_page(query, size, bookmark)
    }

    /// The key's own endorsement policy, a marshalled `common.SignaturePolicyEnvelope`.
    ///
    /// # Errors
    /// As [`get_state`](Self::get_state).
    pub fn get_state_validation_parameter(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.ledger.validation_parameter(Space::Public, key)
    }

    /// Sets the key's own endorsement policy, which then stands in the place of the chaincode's; an empty one ends that.
    ///
    /// # Errors
    /// As [`put_state`](Self::put_state); bytes that are no policy.
    pub fn set_state_validation_parameter(&mut self, key: &str, policy: &[u8]) -> Result<()> {
        self.ledger
            .set_validation_parameter(Space::Public, key, policy)
    }

    /// A collection of private data, by its name.
    #[must_use]
    pub fn collection(&self, name: impl Into<String>) -> Collection {
        Collection::new(Rc::clone(&self.ledger), name.into())
    }

    /// The collection that an organisation has for itself.
    #[must_use]
    pub fn implicit_collection(&self, msp_id: &str) -> Collection {
        self.collection(format!("_implicit_org_{msp_id}"))
    }

    /// The value of this name that the client sent in the transient map: data that no block will hold.
    #[must_use]
    pub fn transient(&self, name: &str) -> Option<Vec<u8>> {
        self.ledger
            .transient()
            .into_iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The whole transient map, ordered by name.
    #[must_use]
    pub fn transient_map(&self) -> Vec<(String, Vec<u8>)> {
        self.ledger.transient()
    }

    /// Who signed the proposal.
    #[must_use]
    pub fn creator(&self) -> Identity {
        self.ledger.creator()
    }

    /// The transaction's id: 64 hexadecimal digits.
    #[must_use]
    pub fn tx_id(&self) -> String {
        self.ledger.tx_id()
    }

    /// The channel's id.
    #[must_use]
    pub fn channel_id(&self) -> String {
        self.ledger.channel_id()
    }

    /// The time that the client wrote into the proposal: the only clock, and the same for every peer.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.ledger.timestamp()
    }

    /// SHA-256 over the proposal's nonce, creator and epoch.
    #[must_use]
    pub fn binding(&self) -> Vec<u8> {
        self.ledger.binding()
    }

    /// What the peer's decorators added to the input, ordered by name.
    #[must_use]
    pub fn decorations(&self) -> Vec<(String, Vec<u8>)> {
        self.ledger.decorations()
    }

    /// The marshalled `peer.SignedProposal`.
    #[must_use]
    pub fn signed_proposal(&self) -> Vec<u8> {
        self.ledger.signed_proposal()
    }

    /// Sets the transaction's event; the last call counts.
    ///
    /// # Errors
    /// The name is empty or too long, or the payload is too long.
    pub fn set_event(&mut self, name: &str, payload: &[u8]) -> Result<()> {
        self.ledger.set_event(name, payload)
    }

    /// Writes a line for the peer's operator. Never log private data.
    pub fn log(&self, level: Level, message: &str) {
        self.ledger.log(level, message);
    }

    /// Runs another chaincode on this channel within this transaction; its error response is not an error of this call.
    ///
    /// `args` begins with the function's name.
    ///
    /// # Errors
    /// No such chaincode, no access, too deep, or it could not be run to its end.
    pub fn invoke_chaincode<A: AsRef<[u8]>>(
        &mut self,
        chaincode: &str,
        args: &[A],
    ) -> Result<Response> {
        self.invoke(chaincode, args, "")
    }

    /// Asks a chaincode on another channel; what it writes there is dropped.
    ///
    /// # Errors
    /// As [`invoke_chaincode`](Self::invoke_chaincode); no such channel.
    pub fn query_chaincode<A: AsRef<[u8]>>(
        &self,
        chaincode: &str,
        args: &[A],
        channel: &str,
    ) -> Result<Response> {
        self.invoke(chaincode, args, channel)
    }

    fn invoke<A: AsRef<[u8]>>(
        &self,
        chaincode: &str,
        args: &[A],
        channel: &str,
    ) -> Result<Response> {
        let args: Vec<_> = args.iter().map(|arg| arg.as_ref().to_vec()).collect();
        self.ledger.invoke_chaincode(chaincode, &args, channel)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Context")
            .field("tx_id", &self.tx_id())
            .finish_non_exhaustive()
    }
}
