//! REST: what a peer offers to callers that speak HTTP and JSON, beside gRPC on the same port.
//!
//! [`router`] makes the routes out of the peer's parts. Routes and the OpenAPI document are made of the same declarations,
//! so neither can have what the other lacks. Transactions go the way that every client's take: through the gateway, with
//! its limits and checks, signed by the caller or by an identity of the node's wallet that the caller's credential allows.
//!
//! What this crate does not know: files, the environment, TLS, how credentials are stored, gRPC's wire. Credentials, clock
//! and randomness are handed in. It judges no transaction: what is valid is the committer's matter, and who may endorse or
//! read what is said by the channel's policies, not by the credential.
//!
//! ```no_run
//! # fn demo(parts: rest::Parts) {
//! let routes: axum::Router = rest::router(rest::Config::default(), parts);
//! let all = axum::Router::new().merge(routes); // beside gRPC and /healthz, which bring no fallback of their own
//! # let _ = all;
//! # }
//! ```

mod accept;
mod access;
mod api;
mod blocks;
mod caller;
mod channels;
mod config;
mod credential;
mod definitions;
mod docs_page;
mod document;
mod events;
mod grpc;
mod idempotency;
mod join;
mod json;
mod lifecycle_client;
mod limits;
mod metrics;
mod node;
mod packages;
mod peer_client;
mod problem;
mod query;
mod reading;
mod router;
mod state;
#[cfg(test)]
mod tests;
mod transact;
mod transactions;

pub use api::{FillRandom, Parts};
pub use config::Config;
pub use credential::{Credential, CredentialKind, WalletIdentity};
pub use metrics::{Counted, Metrics};
pub use problem::refusal;
pub use router::router;
