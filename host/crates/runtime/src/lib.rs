//! Runs chaincode: a WebAssembly component is checked, compiled once, and called in a fresh instance each time.
//!
//! What a contract answers depends on its bytes, the proposal and the state at one height, and on nothing else: not on
//! this machine, its clock, its load or what ran before. Fuel meters every instruction and every host call; memory,
//! tables, handles, arguments and results are bounded by the numbers of the WIT world ([`world`]).
//!
//! What this crate does not know: who may call what and which chaincode a name means (the endorser, through
//! [`Hooks`]), what policies say (`msp`), where state is stored (`ledger`; here it is a [`rwset::Simulator`]), how a
//! chaincode is packaged and defined (`lifecycle`).
//!
//! ```no_run
//! # fn run(wasm: &[u8], invocation: impl FnOnce(std::sync::Arc<runtime::Contract>) -> runtime::Invocation)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! # let mut random = |secret: &mut [u8]| secret.fill(7);
//! let engine = runtime::Engine::new(runtime::Config::default(), &mut random)?;   // one for each node
//! let executor = runtime::Executor::start(&engine)?;
//! let component = runtime::encode_component(wasm)?;                              // what the compiler made
//! let contract = engine.load(&component)?;                                       // checked, compiled or cached
//! let invocation = invocation(contract);                                         // arguments, simulator, hooks
//! let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
//! let outcome = executor.submit(deadline, |worker| worker.invoke(invocation))?.wait()?;
//! println!("{} after {} fuel", outcome.result?.reply.status, outcome.fuel_used);
//! # Ok(()) }
//! ```

mod cache;
mod call;
mod check;
mod context;
mod contract;
mod encode;
mod engine;
mod error;
mod executor;
mod features;
mod guest;
mod hmac;
mod host;
mod instance;
mod limiter;
mod log;
mod refusal;
mod settings;
mod ticker;
mod trap;
mod wasi;
pub mod world;

pub use call::{Answer, Invocation, Outcome, Reply};
pub use check::Checked;
pub use context::{
    CallHook, CallRefused, CallRequest, Callee, CollectionAccess, CollectionHook,
    CollectionRequest, Hooks, TxContext,
};
pub use contract::Contract;
pub use encode::{COMPONENT_BYTES_MAX, encode_component};
pub use engine::{Config, Engine};
pub use error::Error;
pub use executor::{Busy, Executor, Lost, Pending, Worker};
pub use guest::{Entry, Event};
pub use log::{Level, LogLine};
pub use refusal::{Refusal, RefusalKind};
pub use trap::{Trap, TrapCode};
