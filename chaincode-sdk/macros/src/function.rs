//! One marked function, read from its signature.

use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, ImplItemFn, Meta, Pat, Type};

use crate::name::{Options, lower_camel, upper_camel};
use crate::schema;

/// A function that clients may call.
pub(crate) struct Function {
    /// Its name in Rust.
    pub(crate) ident: Ident,
    /// Its name for clients.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether it takes `&mut Context`.
    pub(crate) context_is_mutable: bool,
    pub(crate) parameters: Vec<Parameter>,
    /// JSON schema of the result, empty for nothing.
    pub(crate) returns: String,
}

/// The marks.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Init,
    Transaction,
    Query,
}

/// What a function takes after its context.
pub(crate) struct Parameter {
    /// Its name for clients.
    pub(crate) name: String,
    /// Its type as text.
    pub(crate) type_name: String,
    pub(crate) schema: String,
    /// The type whose value is read from the argument.
    pub(crate) owned: Type,
    /// How that value is passed.
    pub(crate) passing: Passing,
}

/// How a value is passed to the function.
#[derive(Clone, Copy)]
pub(crate) enum Passing {
    Value,
    Reference,
    MutableReference,
}

impl Function {
    /// Reads a function and takes its mark away; none if it has no mark.
    pub(crate) fn read(function: &mut ImplItemFn) -> syn::Result<Option<Self>> {
        let Some((kind, options)) = take_mark(&mut function.attrs)? else {
            return Ok(None);
        };
        let signature = &function.sig;
        if let Some(word) = &signature.asyncness {
            return Err(syn::Error::new(
                word.span(),
                "a contract's functions are not async",
            ));
        }
        if !signature.generics.params.is_empty() {
            let span = signature.generics.span();
            return Err(syn::Error::new(
                span,
                "clients cannot choose types: a contract's functions are not generic",
            ));
        }
        let mut inputs = signature.inputs.iter();
        let context_is_mutable = context(inputs.next(), &signature.ident)?;
        let parameters = inputs.map(Parameter::read).collect::<syn::Result<_>>()?;
        let name = options.name.map_or_else(
            || upper_camel(&signature.ident.to_string()),
            |name| name.value(),
        );
        Ok(Some(Self {
            ident: signature.ident.clone(),
            name,
            kind,
            context_is_mutable,
            parameters,
            returns: schema::of_return(&signature.output),
        }))
    }
}

/// Whether the first parameter is `&mut Context`, if it is a context at all.
fn context(first: Option<&FnArg>, function: &Ident) -> syn::Result<bool> {
    let wanted = "a contract's function takes `&mut Context` or `&Context` first";
    match first {
        Some(FnArg::Receiver(receiver)) => Err(syn::Error::new(
            receiver.span(),
            "a contract's functions have no self: each call has a fresh instance, and what is to last belongs into \
             the ledger. Take `&mut Context` or `&Context` first",
        )),
        Some(FnArg::Typed(typed)) => match typed.ty.as_ref() {
            Type::Reference(reference) => Ok(reference.mutability.is_some()),
            other => Err(syn::Error::new(other.span(), wanted)),
        },
        None => Err(syn::Error::new(function.span(), wanted)),
    }
}

fn take_mark(attributes: &mut Vec<Attribute>) -> syn::Result<Option<(Kind, Options)>> {
    let mut found = None;
    let mut kept = Vec::new();
    for attribute in attributes.drain(..) {
        let kind = match attribute
            .path()
            .get_ident()
            .map(Ident::to_string)
            .as_deref()
        {
            Some("transaction") => Kind::Transaction,
            Some("query") => Kind::Query,
            Some("init") => Kind::Init,
            _ => {
                kept.push(attribute);
                continue;
            }
        };
        if found.is_some() {
            return Err(syn::Error::new(attribute.span(), "a function has one mark"));
        }
        let options = match &attribute.meta {
            Meta::Path(_) => Options::default(),
            _ => attribute.parse_args()?,
        };
        found = Some((kind, options));
    }
    *attributes = kept;
    Ok(found)
}

impl Parameter {
    fn read(input: &FnArg) -> syn::Result<Self> {
        let FnArg::Typed(typed) = input else {
            return Err(syn::Error::new(
                input.span(),
                "self stands first or not at all",
            ));
        };
        let Pat::Ident(pattern) = typed.pat.as_ref() else {
            return Err(syn::Error::new(
                typed.pat.span(),
                "clients see this parameter: give it a plain name",
            ));
        };
        let (owned, passing) = match typed.ty.as_ref() {
            Type::Reference(reference) if reference.mutability.is_some() => {
                (owned(&reference.elem), Passing::MutableReference)
            }
            Type::Reference(reference) => (owned(&reference.elem), Passing::Reference),
            other => (other.clone(), Passing::Value),
        };
        Ok(Self {
            name: lower_camel(&pattern.ident.to_string()),
            type_name: schema::text(written(&typed.ty)),
            schema: schema::of(&typed.ty),
            owned,
            passing,
        })
    }
}

/// The type as its author wrote it, without the reference.
fn written(kind: &Type) -> &Type {
    match kind {
        Type::Reference(reference) => &reference.elem,
        other => other,
    }
}

/// The type whose value a reference points to: of `str` a `String`, of a slice a `Vec`.
fn owned(borrowed: &Type) -> Type {
    match borrowed {
        Type::Path(path) if path.path.is_ident("str") => syn::parse_quote!(::std::string::String),
        Type::Slice(slice) => {
            let item = &slice.elem;
            syn::parse_quote!(::std::vec::Vec<#item>)
        }
        other => other.clone(),
    }
}
