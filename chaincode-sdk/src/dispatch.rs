//! Finds the function that a client names and runs it.
//!
//! The attribute [`contract`](crate::contract) makes the table; this reads it:
//!
//! ```
//! use chaincode_sdk::testing::TestLedger;
//! use chaincode_sdk::{Context, Contract, contract};
//!
//! struct Greeter;
//!
//! #[contract]
//! impl Greeter {
//!     #[query]
//!     fn say_hello(_ctx: &Context, name: &str) -> String {
//!         format!("Hello, {name}!")
//!     }
//! }
//!
//! assert_eq!(Greeter::FUNCTIONS[0].name, "SayHello");
//! let mut ledger = TestLedger::new();
//! for name in ["SayHello", "sayHello", "Greeter:SayHello"] {
//!     assert_eq!(ledger.query::<Greeter>(name, &["Ann"]).payload, b"Hello, Ann!");
//! }
//! let response = ledger.query::<Greeter>("SayGoodbye", &["Ann"]);
//! assert_eq!(response.status, 404);
//! assert_eq!(response.message, "Function SayGoodbye not found in contract Greeter; it has SayHello");
//! ```

use crate::limits::{STATUS_BAD_ARGUMENTS, STATUS_NO_FUNCTION};
use crate::value::shown;
use crate::{Context, Error, Response, Result};

/// Functions that a message names.
const NAMES_SHOWN_MAX: usize = 50;
/// The contract that answers under Fabric's own name; its one function gives the metadata.
const SYSTEM_CONTRACT: &str = "org.hyperledger.fabric";

/// A contract: a name and the functions that clients may call. [`contract`](crate::contract) implements it.
pub trait Contract {
    /// The name that may stand before a function's: `NAME:Function`.
    const NAME: &'static str;

    /// The version of the crate that it is in.
    const VERSION: &'static str;

    /// Its functions.
    const FUNCTIONS: &'static [Function];
}

/// When a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only in the initialising transaction of a definition.
    Init,
    /// In any transaction.
    Transaction,
    /// In any transaction; clients evaluate it and do not submit.
    Query,
}

/// Reads the arguments, as many as there are parameters, runs a function with them and gives the payload.
pub type Call = fn(&mut Context, &[Parameter], &[Vec<u8>]) -> Result<Vec<u8>>;

/// A function that clients may call.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name for clients.
    pub name: &'static str,
    /// When it may be called.
    pub kind: Kind,
    /// What it takes, the context left out.
    pub parameters: &'static [Parameter],
    /// The JSON schema of what it gives; empty if it gives nothing.
    pub returns: &'static str,
    /// Runs it.
    pub call: Call,
}

/// What a function takes.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name for clients.
    pub name: &'static str,
    /// Its Rust type, for errors.
    pub type_name: &'static str,
    /// Its JSON schema.
    pub schema: &'static str,
}

/// Runs an ordinary transaction: `args` holds the function's name and then its arguments.
#[must_use]
pub fn invoke<C: Contract>(ctx: &mut Context, args: &[Vec<u8>]) -> Response {
    dispatch::<C>(ctx, args, false).into()
}

/// Runs the initialising transaction. Without a function's name there is nothing to do, as in Fabric's contract API.
#[must_use]
pub fn invoke_init<C: Contract>(ctx: &mut Context, args: &[Vec<u8>]) -> Response {
    match args.first() {
        Some(name) if !name.is_empty() => dispatch::<C>(ctx, args, true).into(),
        _ => Response::success(Vec::new()),
    }
}

fn dispatch<C: Contract>(ctx: &mut Context, args: &[Vec<u8>], init: bool) -> Result<Vec<u8>> {
    let (name, arguments) = args
        .split_first()
        .map_or((&[][..], &[][..]), |(name, rest)| (name.as_slice(), rest));
    let name = std::str::from_utf8(name)
        .map_err(|_| Error::with_status(STATUS_NO_FUNCTION, "The function's name is not UTF-8"))?;
    let (contract, function) = name.rsplit_once(':').unwrap_or((C::NAME, name));
    if contract == SYSTEM_CONTRACT && function == "GetMetadata" {
        return Ok(crate::metadata::<C>().into_bytes());
    }
    let function = find::<C>(contract, function)?;
    if function.kind == Kind::Init && !init {
        return Err(Error::new(format!(
            "Function {} is only for the initialising transaction",
            function.name
        )));
    }
    let (expected, received) = (function.parameters.len(), arguments.len());
    if expected != received {
        return Err(Error::with_status(
            STATUS_BAD_ARGUMENTS,
            format!("Incorrect number of params. Expected {expected}, received {received}"),
        ));
    }
    (function.call)(ctx, function.parameters, arguments)
}

fn find<C: Contract>(contract: &str, name: &str) -> Result<&'static Function> {
    let absent = |message: String| Error::with_status(STATUS_NO_FUNCTION, message);
    if contract != C::NAME {
        let contract = shown(contract);
        return Err(absent(format!("Contract not found with name {contract}")));
    }
    if name.is_empty() {
        return Err(absent("Blank function name passed".to_owned()));
    }
    let mut letters = name.chars();
    let capitalised: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    C::FUNCTIONS
        .iter()
        .find(|function| function.name == name)
        .or_else(|| {
            C::FUNCTIONS
                .iter()
                .find(|function| function.name == capitalised)
        })
        .ok_or_else(|| {
            let (name, there) = (shown(name), names::<C>());
            absent(format!(
                "Function {name} not found in contract {contract}; it has {there}"
            ))
        })
}

/// The functions' names for a message.
fn names<C: Contract>() -> String {
    let names: Vec<&str> = C::FUNCTIONS.iter().map(|function| function.name).collect();
    match names.get(..NAMES_SHOWN_MAX) {
        Some(first) if first.len() < names.len() => {
            format!(
                "{} and {} more",
                first.join(", "),
                names.len() - first.len()
            )
        }
        _ => names.join(", "),
    }
}
