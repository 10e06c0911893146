//! The whole `impl` block.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::{Ident, ImplItem, ItemImpl, Type};

use crate::function::Function;
use crate::name::Options;

/// A contract as it was written.
pub(crate) struct Contract {
    /// The block without the marks.
    pub(crate) block: ItemImpl,
    /// The type that the block is of.
    pub(crate) ident: Ident,
    /// The name for clients.
    pub(crate) name: String,
    pub(crate) functions: Vec<Function>,
}

impl Contract {
    /// Reads the block, and says at the right place what is wrong with it.
    pub(crate) fn read(options: &Options, mut block: ItemImpl) -> syn::Result<Self> {
        if let Some((_, path, _)) = &block.trait_ {
            return Err(syn::Error::new(
                path.span(),
                "a contract is an impl block of a type, not of a trait",
            ));
        }
        if !block.generics.params.is_empty() {
            return Err(syn::Error::new(
                block.generics.span(),
                "a contract is not generic",
            ));
        }
        let ident = type_name(&block.self_ty)?;
        let mut functions = Vec::new();
        let mut names = BTreeSet::new();
        for item in &mut block.items {
            let ImplItem::Fn(function) = item else {
                continue;
            };
            let span = function.sig.ident.span();
            let Some(function) = Function::read(function)? else {
                continue;
            };
            if !names.insert(function.name.clone()) {
                let message = format!(
                    "another function is already named {} for clients",
                    function.name
                );
                return Err(syn::Error::new(span, message));
            }
            functions.push(function);
        }
        if functions.is_empty() {
            let message = "no function is marked #[transaction], #[query] or #[init], so clients could call none";
            return Err(syn::Error::new(block.self_ty.span(), message));
        }
        let name = options
            .name
            .as_ref()
            .map_or_else(|| ident.to_string(), syn::LitStr::value);
        Ok(Self {
            block,
            ident,
            name,
            functions,
        })
    }
}

fn type_name(kind: &Type) -> syn::Result<Ident> {
    match kind {
        Type::Path(path) if path.qself.is_none() => path.path.get_ident().cloned(),
        _ => None,
    }
    .ok_or_else(|| {
        syn::Error::new(
            kind.span(),
            "a contract is a plain type, named without a path",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(block: &str) -> String {
        match Contract::read(&Options::default(), syn::parse_str(block).unwrap()) {
            Ok(_) => panic!("{block} was taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_clients_could_not_call_is_refused_with_a_reason() {
        assert!(error("impl A { fn f(ctx: &Context) {} }").starts_with("no function is marked"));
        assert!(error("impl A { #[query] fn f(&self) {} }").contains("no self"));
        assert!(error("impl A { #[query] fn f() {} }").contains("`&Context` first"));
        assert!(error("impl A { #[query] fn f(n: u32) {} }").contains("`&Context` first"));
        assert!(error("impl A { #[query] async fn f(c: &Context) {} }").contains("not async"));
        assert!(error("impl A { #[query] fn f<T>(c: &Context, t: T) {} }").contains("not generic"));
        assert!(
            error("impl A { #[query] fn f(c: &Context, (a, b): (u8, u8)) {} }")
                .contains("plain name")
        );
        assert!(error("impl A { #[query] #[init] fn f(c: &Context) {} }").contains("one mark"));
        assert!(
            error("impl A { #[query(nam = \"x\")] fn f(c: &Context) {} }").contains("one option")
        );
        assert!(
            error("impl A { #[query(name = \"a:b\")] fn f(c: &Context) {} }").contains("no colon")
        );
        assert!(error("impl B for A { #[query] fn f(c: &Context) {} }").contains("not of a trait"));
        assert!(error("impl<T> A { #[query] fn f(c: &Context) {} }").contains("not generic"));
        assert!(error("impl x::A { #[query] fn f(c: &Context) {} }").contains("plain type"));
        let twice =
            "impl A { #[query] fn f(c: &Context) {} #[query(name = \"F\")] fn g(c: &Context) {} }";
        assert!(error(twice).contains("already named F"));
    }

    #[test]
    fn the_block_stays_as_it_is_but_for_the_marks() {
        let block =
            syn::parse_str("impl A { #[query] #[inline] fn f(c: &Context) {} fn own() {} }")
                .unwrap();
        let contract = Contract::read(&Options::default(), block).ok().unwrap();
        let expected: ItemImpl =
            syn::parse_str("impl A { #[inline] fn f(c: &Context) {} fn own() {} }").unwrap();
        assert!(contract.block == expected);
        assert_eq!((contract.name.as_str(), contract.functions.len()), ("A", 1));
    }
}
