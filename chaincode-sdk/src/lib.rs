//! Write chaincode for Weft in Rust.
//!
//! A contract is a plain `impl` block of a type under [`#[contract]`](contract). Its functions take a [`Context`]
//! first, then their arguments, and are marked `#[transaction]` if they may write, `#[query]` if they only read, or
//! `#[init]` if only the initialising transaction of a definition may call them:
//!
//! ```
//! use chaincode_sdk::testing::TestLedger;
//! use chaincode_sdk::{Context, Error, Result, contract};
//!
//! struct Counter;
//!
//! #[contract]
//! impl Counter {
//!     /// Adds to the counter and gives its new value.
//!     #[transaction]
//!     fn add(ctx: &mut Context, name: &str, amount: u32) -> Result<u32> {
//!         let value: u32 = ctx.get_json(name)?.unwrap_or(0);
//!         let sum = value.checked_add(amount).ok_or_else(|| Error::new("the counter is full"))?;
//!         ctx.put_json(name, &sum)?;
//!         Ok(sum)
//!     }
//!
//!     #[query]
//!     fn read(ctx: &Context, name: &str) -> Result<u32> {
//!         Ok(ctx.get_json(name)?.unwrap_or(0))
//!     }
//! }
//!
//! // Unit tests run natively, without Wasm, against an in-memory ledger with Fabric's rules.
//! let mut ledger = TestLedger::new();
//! assert_eq!(ledger.submit(|ctx| Counter::add(ctx, "visitors", 2))?, 2);
//! assert_eq!(ledger.evaluate(|ctx| Counter::read(ctx, "visitors"))?, 2);
//!
//! // Or as a client calls it: names in UpperCamelCase, arguments as text, the response with its status.
//! let response = ledger.invoke::<Counter>("Add", &["visitors", "40"]);
//! assert_eq!((response.status, response.payload.as_slice()), (200, b"42".as_slice()));
//! let response = ledger.invoke::<Counter>("Add", &["visitors"]);
//! assert_eq!(response.message, "Incorrect number of params. Expected 2, received 1");
//! # Ok::<(), Error>(())
//! ```
//!
//! # From source to chaincode
//! The crate is a `cdylib` (and an `rlib`, for its tests), compiled for `wasm32-unknown-unknown`; `weft chaincode
//! package` does all of it. This belongs into its Cargo.toml:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]
//!
//! [profile.release]
//! opt-level = "s"
//! lto = true
//! codegen-units = 1
//! panic = "abort"
//! overflow-checks = true   # numbers that overflow stop the transaction instead of going on wrong
//! strip = true
//! ```
//!
//! # Arguments and results
//! As in Fabric's contract API: a parameter of type `String` or `&str` takes the argument as it is; any other type is
//! read from it as JSON by serde. Results likewise: a `String` or `&str` is the payload as it is, `()` is an empty one,
//! any other type is written as JSON. A function may give a `Result` with an error that can be displayed: an `Err`
//! becomes a response with status 500 and the error's text, or with the status that an [`Error`] carries.
//!
//! A call that fits no function is refused before anything runs, and peers tell it from the contract's own refusals:
//! status [404](limits::STATUS_NO_FUNCTION) with Fabric's text when there is no such function, status
//! [400](limits::STATUS_BAD_ARGUMENTS) when the arguments are too many, too few or of another type.
//!
//! A function's name for clients is its Rust name in UpperCamelCase (`create_asset` is `CreateAsset`), its first
//! letter may be sent in lower case, and `Counter:Add` names contract and function. `#[transaction(name = "…")]`
//! gives another name.
//!
//! # What peers need of a contract
//! Every endorsing peer runs the transaction, and all must come to the same writes and the same response. Clocks,
//! randomness and files are not there in WebAssembly; what remains to avoid is the order of a
//! `std::collections::HashMap` (take a `BTreeMap`).
//! The time is [`Context::timestamp`]. Reads see what was committed before the transaction, never its own writes.
//!
//! A panic ends the transaction; its message and place in the source reach the client.

// The code that the attribute writes names this crate from outside and from its own tests.
extern crate self as chaincode_sdk;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings;
pub mod composite;
mod context;
mod cursor;
mod dispatch;
mod error;
#[cfg(target_arch = "wasm32")]
mod guest;
pub mod ledger;
pub mod limits;
mod metadata;
mod private;
mod response;
mod timestamp;
mod value;

#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use chaincode_sdk_macros::contract;
pub use context::Context;
pub use cursor::{Entry, Modification, Page, Walk};
pub use dispatch::{Call, Contract, Function, Kind, Parameter, invoke, invoke_init};
pub use error::{Code, Error, Result};
pub use ledger::{Identity, Level};
pub use metadata::metadata;
pub use private::Collection;
pub use response::Response;
pub use timestamp::Timestamp;

/// What the code made by [`contract`] needs; no part of the API.
#[doc(hidden)]
pub mod generated {
    #[cfg(target_arch = "wasm32")]
    pub use crate::guest::{call_init, call_invoke};
    pub use crate::value::{Reply, ValueReply, argument};
}

/// The contract that the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
