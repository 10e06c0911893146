//! What a peer tells of its channels beside Fabric's services: the digest of a ledger, state, history, why a
//! transaction is not valid.
//!
//! [`Inspect`] serves it by gRPC as `weft.v1.Inspect` to callers that sign their requests; REST uses the same functions
//! for callers it knows. Who may read the channel's blocks may read what follows from them, and nobody else.
//!
//! What this crate does not know: how state comes to be, private values (only their hashes are on the ledger), HTTP.
//!
//! ```no_run
//! use services::weft::inspect_server::InspectServer;
//! # fn demo(channels: joined::Channels, clock: std::sync::Arc<inspect::Clock>) {
//! let inspect = inspect::Inspect::new(inspect::Config::default(), channels, clock);
//! let server = InspectServer::new(inspect);
//! # let _ = server;
//! # }
//! ```

mod authorize;
mod bookmark;
mod config;
mod digest;
mod error;
mod explain;
mod grpc;
mod keys;
mod range_search;
mod read;
mod resolve;

pub use authorize::{authorize, find, identify};
pub use config::Config;
pub use digest::{LedgerDigest, digest};
pub use error::Error;
pub use explain::{Which, explain};
pub use grpc::{Clock, Inspect};
pub use keys::{Keys, composite_key};
pub use read::{
    Entry, PAGE_BYTES_MAX, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, history, range, state,
};

#[cfg(test)]
mod tests;
