//! Compiles chaincode written in Rust to core WebAssembly modules, and sees to it that the machine can.
//!
//! [`Target::ensure`] finds the `wasm32-unknown-unknown` target of the Rust installation in use, or adds it with
//! rustup, or, as root on Debian, makes it from Debian's packages. [`Target::build`] then compiles a crate with it.
//!
//! What this crate does not know: components (`runtime` makes one of a core module), chaincode packages, and the
//! process's environment, which its callers hand in.
//!
//! ```no_run
//! use std::path::Path;
//! use toolchain::{Environment, Target};
//!
//! let environment = Environment::new(std::env::vars_os());
//! let target = Target::ensure(&environment, &mut |line| eprintln!("{line}"))?;
//! let contract = Path::new("examples-chaincode/asset-transfer");
//! let module = target.build(contract, None, &mut |warnings| eprintln!("{warnings}"))?;
//! println!("{}", module.display());
//! # Ok::<(), toolchain::Error>(())
//! ```

mod artifact;
mod command;
mod compile;
mod debian;
mod environment;
mod error;
mod flags;
mod installation;
mod sysroot;
mod target;

pub use environment::Environment;
pub use error::Error;
pub use target::{Origin, Target};

/// The target that chaincode is compiled for: no operating system, so nothing is imported but what the world offers.
pub const TRIPLE: &str = "wasm32-unknown-unknown";

/// The oldest Rust that compiles the SDK, as major and minor version.
pub const RUST_VERSION_MIN: (u32, u32) = (1, 95);
