//! A contract's functions as JSON, for tools and explorers, in the shape of Fabric's contract API.
//!
//! ```
//! use chaincode_sdk::{Context, contract, metadata};
//!
//! struct Greeter;
//!
//! #[contract]
//! impl Greeter {
//!     #[query]
//!     fn say_hello(_ctx: &Context, name: &str, times: u32) -> Vec<String> {
//!         vec![format!("Hello, {name}!"); times as usize]
//!     }
//! }
//!
//! let metadata: serde_json::Value = serde_json::from_str(&metadata::<Greeter>())?;
//! let function = &metadata["contracts"]["Greeter"]["transactions"][0];
//! assert_eq!(function["name"], "SayHello");
//! assert_eq!(function["parameters"][1]["schema"]["type"], "integer");
//! assert_eq!(function["returns"]["items"]["type"], "string");
//! # Ok::<(), serde_json::Error>(())
//! ```

use serde_json::{Map, Value, json};

use crate::dispatch::{Contract, Function, Kind};

/// Where the shape is described.
const SCHEMA: &str =
    "https://hyperledger.github.io/fabric-chaincode-node/main/api/contract-schema.json";

/// The metadata of a contract, as JSON with members in alphabetical order.
#[must_use]
pub fn metadata<C: Contract>() -> String {
    let info = json!({ "title": C::NAME, "version": C::VERSION });
    let transactions: Vec<_> = C::FUNCTIONS.iter().map(transaction).collect();
    let contract =
        json!({ "name": C::NAME, "info": info, "default": true, "transactions": transactions });
    let mut contracts = Map::new();
    contracts.insert(C::NAME.to_owned(), contract);
    json!({ "$schema": SCHEMA, "info": info, "contracts": contracts, "components": { "schemas": {} } }).to_string()
}

fn transaction(function: &Function) -> Value {
    let parameters: Vec<_> = function
        .parameters
        .iter()
        .map(|parameter| json!({ "name": parameter.name, "schema": schema(parameter.schema) }))
        .collect();
    let tags = match function.kind {
        Kind::Init => json!(["init", "submit", "SUBMIT"]),
        Kind::Transaction => json!(["submit", "SUBMIT"]),
        Kind::Query => json!(["evaluate", "EVALUATE"]),
    };
    let mut transaction = json!({ "name": function.name, "tag": tags, "parameters": parameters });
    if let (Some(members), false) = (transaction.as_object_mut(), function.returns.is_empty()) {
        members.insert("returns".to_owned(), schema(function.returns));
    }
    transaction
}

/// Reads a schema that the attribute wrote; one that is no JSON says nothing of the type, which is always true.
fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!({}))
}
