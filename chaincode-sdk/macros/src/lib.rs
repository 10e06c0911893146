//! The attribute `#[contract]` of `chaincode-sdk`, which re-exports and explains it.
//!
//! It reads an `impl` block, leaves it as it is but for the marks on its functions, and adds the table by which clients'
//! calls find them, and the exports of the WebAssembly component. It knows types by their text only: what a type means
//! for arguments and results is decided in the SDK, by the type itself.

mod contract;
mod expand;
mod function;
mod name;
mod schema;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a contract of an `impl` block; each type may have one.
///
/// Functions are marked `#[transaction]`, `#[query]` or `#[init]`; what is not marked stays the contract's own. Marked
/// ones take `&mut Context` or `&Context` first, and then arguments by value or by reference. They have no `self`: each
/// call has a fresh instance, and what is to last belongs into the ledger.
///
/// `#[contract(name = "…")]` gives the contract another name than its type's, `#[transaction(name = "…")]` (the same for
/// the other marks) gives a function another name than its own in UpperCamelCase.
#[proc_macro_attribute]
pub fn contract(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(attribute as name::Options);
    let block = parse_macro_input!(item as syn::ItemImpl);
    match contract::Contract::read(&options, block) {
        Ok(contract) => expand::expand(&contract).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
