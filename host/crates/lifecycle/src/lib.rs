//! The life of a chaincode on a channel: packages, approvals, definitions, and the policies that go with them.
//!
//! [`scc::invoke`] is the built-in chaincode `_lifecycle`, byte for byte as Fabric's: it runs on a
//! [`rwset::Simulator`] and is endorsed, ordered and committed like any other. The rest of the crate reads what it has
//! written: [`definition`] for a committed chaincode, [`invocability`] for whether this peer may run it, [`Namespace`]
//! for the policy over a write, [`is_member`] for who belongs to a collection. [`Package`] reads and makes chaincode
//! packages.
//!
//! What this crate does not know: how a channel's configuration is read (it is given a [`Channel`]), where packages are
//! stored (a [`Packages`] is given), how WebAssembly runs, who the caller is. It records nothing by itself: reads that
//! are part of a transaction go through the simulator that the caller hands in.
//!
//! ```no_run
//! use lifecycle::{Context, scc};
//! # fn demo(args: Vec<bytes::Bytes>, context: Context<'_>, mut simulator: rwset::Simulator) -> Result<(), Box<dyn std::error::Error>> {
//! // A proposal to `_lifecycle`:
//! let answer = scc::invoke(&args, &context, Some(&mut simulator))?;
//! let simulated = simulator.finish()?;
//! println!("{} with {} bytes of reads and writes", answer.response.status, simulated.results.len());
//! # Ok(())
//! # }
//! # fn lookup(reader: &dyn rwset::StateReader) -> Result<(), lifecycle::Error> {
//! // A proposal to a chaincode:
//! if let Some(definition) = lifecycle::definition(reader, "basic")? {
//!     println!("{} is at sequence {}", definition.name, definition.sequence);
//! }
//! # Ok(())
//! # }
//! ```

mod approval;
mod collections;
mod definition;
pub mod described;
mod error;
mod keys;
mod package;
mod packages;
mod place;
mod policy;
mod record;
pub mod scc;

pub use approval::{Invocability, invocability, is_approved};
pub use collections::{PrivateAccess, check_client, is_member, member_orgs};
pub use definition::{Definition, definition, record_reads};
pub use error::Error;
pub use keys::{
    NAMESPACE, defined_by_key, definition_keys, implicit_collection, implicit_collection_org,
    sequence_key,
};
pub use package::{Package, PackageLimits, PackageMetadata, WASM};
pub use packages::{InstalledPackage, MemoryPackages, Packages, Reference};
pub use policy::{Channel, Namespace, namespace};
pub use scc::Context;
