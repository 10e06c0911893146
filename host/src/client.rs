//! A client of one organisation's peer: proposals, transactions and queries in the name of a profile's identity.
//!
//! Everything goes through the peer's gRPC services as any other client's calls do. Clock and randomness are handed in.

mod call;
mod connection;
mod contexts;
mod deliver;
mod error;
mod events;
mod inspect;
mod profile;
mod query;
mod submit;

pub(crate) use call::{Call, Sources};
pub(crate) use connection::Client;
pub(crate) use contexts::{ContextError, Contexts, Entry as ContextEntry};
pub(crate) use deliver::{Delivered, From as BlocksFrom};
pub(crate) use error::ClientError;
pub(crate) use inspect::PageOf;
pub(crate) use profile::{PeerAddress, Profile};
pub(crate) use submit::Committed;
