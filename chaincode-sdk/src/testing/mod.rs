//! A ledger in memory, for a contract's unit tests: native, without Wasm, with the rules of a peer.
//!
//! ```
//! use chaincode_sdk::Error;
//! use chaincode_sdk::testing::{Proposal, TestLedger};
//!
//! let mut ledger = TestLedger::new();
//! ledger.submit(|ctx| {
//!     ctx.put_state("greeting", b"hello")?;
//!     // As on a peer, a transaction does not see its own writes.
//!     assert_eq!(ctx.get_state("greeting")?, None);
//!     ctx.set_event("Greeted", b"")
//! })?;
//! assert_eq!(ledger.state("greeting").as_deref(), Some(b"hello".as_slice()));
//! assert_eq!(ledger.events()[0].name, "Greeted");
//!
//! // A transaction that fails leaves nothing behind.
//! let failed = ledger.submit(|ctx| {
//!     ctx.del_state("greeting")?;
//!     Err::<(), _>(Error::new("changed my mind"))
//! });
//! assert!(failed.is_err() && ledger.state("greeting").is_some());
//!
//! // Who proposes, and with what, holds until it is changed.
//! ledger.propose(Proposal::by("Org2MSP").with_transient("word", b"secret"));
//! assert_eq!(ledger.evaluate(|ctx| Ok::<_, Error>(ctx.creator().msp_id))?, "Org2MSP");
//! # Ok::<(), Error>(())
//! ```

mod checks;
mod committed;
mod ledger;
mod pending;
mod proposal;
mod ranges;
mod transaction;

pub use ledger::{Event, TestCollection, TestLedger};
pub use proposal::Proposal;
pub use transaction::Transaction;
