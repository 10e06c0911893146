//! What the attribute writes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::contract::Contract;
use crate::function::{Function, Kind, Parameter, Passing};

/// The block, the table of its functions and the component's exports.
pub(crate) fn expand(contract: &Contract) -> TokenStream {
    let Contract {
        block,
        ident,
        name,
        functions,
    } = contract;
    let functions = functions
        .iter()
        .map(|function| table_entry(contract, function));
    quote! {
        #block

        impl ::chaincode_sdk::Contract for #ident {
            const NAME: &'static str = #name;
            const VERSION: &'static str = ::core::env!("CARGO_PKG_VERSION");
            const FUNCTIONS: &'static [::chaincode_sdk::Function] = &[#(#functions),*];
        }

        // A type of our own, since the contract's may be used in other ways.
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use ::chaincode_sdk::bindings::exports::weft::chaincode::contract;

            struct Component;

            impl contract::Guest for Component {
                fn metadata() -> ::std::string::String {
                    ::chaincode_sdk::metadata::<#ident>()
                }

                fn init(args: ::std::vec::Vec<::std::vec::Vec<u8>>) -> contract::Response {
                    ::chaincode_sdk::generated::call_init::<#ident>(&args)
                }

                fn invoke(args: ::std::vec::Vec<::std::vec::Vec<u8>>) -> contract::Response {
                    ::chaincode_sdk::generated::call_invoke::<#ident>(&args)
                }
            }

            ::chaincode_sdk::bindings::export!(Component with_types_in ::chaincode_sdk::bindings);
        };
    }
}

fn table_entry(contract: &Contract, function: &Function) -> TokenStream {
    let Function {
        name,
        returns,
        parameters,
        ..
    } = function;
    let kind = match function.kind {
        Kind::Init => quote!(Init),
        Kind::Transaction => quote!(Transaction),
        Kind::Query => quote!(Query),
    };
    let described = parameters.iter().map(|Parameter { name, type_name, schema, .. }| {
        quote!(::chaincode_sdk::Parameter { name: #name, type_name: #type_name, schema: #schema })
    });
    let call = call(contract, function);
    quote! {
        ::chaincode_sdk::Function {
            name: #name,
            kind: ::chaincode_sdk::Kind::#kind,
            parameters: &[#(#described),*],
            returns: #returns,
            call: #call,
        }
    }
}

/// A closure that reads the arguments by their place and calls the function.
///
/// The names are the macro's own: no variable of the contract's is in reach of them.
fn call(contract: &Contract, function: &Function) -> TokenStream {
    let (own_type, ident) = (&contract.ident, &function.ident);
    let names: Vec<_> = (0..function.parameters.len())
        .map(|index| format_ident!("argument_{index}"))
        .collect();
    let read = function.parameters.iter().zip(&names).enumerate().map(|(index, (parameter, name))| {
        let owned = &parameter.owned;
        let mutable = matches!(parameter.passing, Passing::MutableReference).then(|| quote!(mut));
        quote! {
            let #mutable #name = ::chaincode_sdk::generated::argument::<#owned>(&parameters[#index], &arguments[#index])?;
        }
    });
    let passed = function
        .parameters
        .iter()
        .zip(&names)
        .map(|(parameter, name)| match parameter.passing {
            Passing::Value => quote!(#name),
            Passing::Reference => quote!(&#name),
            Passing::MutableReference => quote!(&mut #name),
        });
    let context = if function.context_is_mutable {
        quote!(context)
    } else {
        quote!(&*context)
    };
    quote! {
        |context, parameters, arguments| {
            #[allow(unused_imports, reason = "a function that can fail does not need it")]
            use ::chaincode_sdk::generated::ValueReply as _;
            let _ = (parameters, arguments);
            #(#read)*
            ::chaincode_sdk::generated::Reply(<#own_type>::#ident(#context, #(#passed),*)).payload()
        }
    }
}
