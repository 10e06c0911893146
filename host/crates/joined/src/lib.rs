//! The channels a peer has joined, as its services share them: each channel's ledger, its present configuration, and
//! who waits for which transaction.
//!
//! It makes no decision and does no I/O of its own. It does not know how a block is validated (the committer does, and
//! is the only one that calls [`Channel::set_bundle`] and [`CommitWaiters::committed`]), nor who may ask for what.
//!
//! ```no_run
//! # fn demo(ledger: ledger::PeerLedger, bundle: channel::Bundle) -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use joined::{Channel, Channels};
//!
//! let channels = Channels::default();
//! channels.insert(Channel::new(ledger, Arc::new(bundle), "Org1MSP", 1_000));
//! let channel = channels.get("trade").ok_or("not joined")?;
//! let snapshot = channel.ledger().snapshot()?;
//! let bundle = channel.bundle();
//! let writers = bundle.access(::channel::Resource::Propose);
//! # let _ = (snapshot, writers); Ok(())
//! # }
//! ```

mod channel;
mod channels;
mod waiters;

pub use channel::Channel;
pub use channels::Channels;
pub use waiters::{CommitWaiters, Committed, TooManyWaiters, Waiter};
