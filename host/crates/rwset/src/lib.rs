//! Read-write sets: how a simulation records one, and how a block's transactions are checked and applied by them.
//!
//! All of it decides and nothing does: no disk, no socket, no clock. State is read through [`StateReader`], which `ledger`
//! implements over its database and [`MemoryState`] over maps; what a block changes is returned as an [`UpdateBatch`] for
//! somebody else to store. The bytes are Hyperledger Fabric's: a simulation's result is equal to what Fabric's peer
//! endorses for the same calls, and a block's codes and commit hash are equal to those of Fabric's peer.
//!
//! What this crate does not know: whose signatures a transaction carries and which policies it must meet (`msp`,
//! `committer`), what a chaincode or collection is and who may read it (`lifecycle`), how chaincode is run (`runtime`),
//! where anything is stored (`ledger`).
//!
//! ```
//! use model::{TxValidationCode, Version};
//! use rwset::{BlockTx, MemoryState, Simulator, TxRwSet, validate_block};
//!
//! let mut state = MemoryState::default();
//! state.put("assets", "car", b"red".as_slice(), Version { block: 4, tx: 0 });
//!
//! let mut simulator = Simulator::new(Box::new(state.clone()), "a1b2");
//! assert_eq!(simulator.get_state("assets", "car")?.as_deref(), Some(b"red".as_slice()));
//! simulator.put_state("assets", "car", "blue".into())?;
//! let rwset = TxRwSet::parse(&simulator.finish()?.results)?;
//!
//! let twice = [BlockTx::Endorser(&rwset), BlockTx::Endorser(&rwset)];
//! let (verdicts, batch) = validate_block(&state, 5, &twice)?;
//! assert_eq!(verdicts[0].code, TxValidationCode::Valid);
//! assert_eq!(verdicts[1].code, TxValidationCode::MvccReadConflict);
//! state.apply(5, &batch);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod committed;
mod cursor;
mod error;
mod expiry;
mod interest;
mod memory;
mod merkle;
pub mod metadata;
mod private;
mod range_check;
mod range_read;
mod recording;
mod simulator;
mod state;
mod tx;
mod validate;
mod verdict;
mod writes;

pub use batch::{Update, UpdateBatch};
pub use error::{ReadOnlyRule, SimulateError};
pub use expiry::expiry_block;
pub use interest::{CollectionInterest, Interest, NamespaceInterest, Writes};
pub use memory::MemoryState;
pub use private::{PrivateTx, PrivateUpdate, PrivateUpdates, Refused, private_updates};
pub use range_read::RangeRead;
pub use simulator::{CursorId, Mark, Page, Simulated, Simulator, SimulatorLimits};
pub use state::{KeyModification, StateError, StateReader, VersionedValue};
pub use tx::{BadRwSet, CollectionRwSet, NamespaceRwSet, TxRwSet};
pub use validate::{BlockTx, validate_block};
pub use verdict::{Conflict, Now, RangeDifference, Verdict};
