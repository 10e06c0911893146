//! A client of one organisation's peer: proposals, transactions and queries in the name of a profile's identity.
//!
//! Everything goes through the peer's gRPC services as any other client's calls do. Clock and randomness are handed in.

mod call;
mod connection;
mod digest;
mod error;
mod events;
mod profile;
mod query;
mod submit;

pub(crate) use call::{Call, Sources};
pub(crate) use connection::Client;
pub(crate) use error::ClientError;
pub(crate) use profile::{PeerAddress, Profile};
pub(crate) use submit::Committed;
