//! JSON schemas of types, by their text.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, ReturnType, Type};

/// The schema of a type. A type that is none of Rust's own is named and else left open, which is always true of it.
pub(crate) fn of(kind: &Type) -> String {
    match kind {
        Type::Reference(reference) => of(&reference.elem),
        Type::Paren(inner) => of(&inner.elem),
        Type::Group(inner) => of(&inner.elem),
        Type::Slice(slice) => list(&slice.elem),
        Type::Array(array) => list(&array.elem),
        Type::Tuple(tuple) => {
            let items: Vec<_> = tuple.elems.iter().map(of).collect();
            format!(r#"{{"type":"array","prefixItems":[{}]}}"#, items.join(","))
        }
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map_or_else(|| named(kind), |segment| of_path(kind, segment)),
        _ => named(kind),
    }
}

/// The schema of what a function gives: of a `Result` its value's; empty for nothing.
pub(crate) fn of_return(output: &ReturnType) -> String {
    let ReturnType::Type(_, kind) = output else {
        return String::new();
    };
    let value = match kind.as_ref() {
        Type::Path(path) => match path.path.segments.last() {
            Some(segment) if segment.ident == "Result" => {
                argument(&segment.arguments, 0).unwrap_or(kind.as_ref())
            }
            _ => kind.as_ref(),
        },
        other => other,
    };
    match value {
        Type::Tuple(tuple) if tuple.elems.is_empty() => String::new(),
        value => of(value),
    }
}

fn of_path(kind: &Type, segment: &syn::PathSegment) -> String {
    let first = argument(&segment.arguments, 0);
    match (segment.ident.to_string().as_str(), first) {
        ("String" | "str" | "char", None) => r#"{"type":"string"}"#.to_owned(),
        ("bool", None) => r#"{"type":"boolean"}"#.to_owned(),
        ("i8" | "i16" | "i32", None) => r#"{"type":"integer","format":"int32"}"#.to_owned(),
        ("i64" | "isize", None) => r#"{"type":"integer","format":"int64"}"#.to_owned(),
        ("i128", None) => r#"{"type":"integer"}"#.to_owned(),
        ("u8" | "u16" | "u32" | "u64" | "u128" | "usize", None) => {
            r#"{"type":"integer","minimum":0}"#.to_owned()
        }
        ("f32", None) => r#"{"type":"number","format":"float"}"#.to_owned(),
        ("f64", None) => r#"{"type":"number","format":"double"}"#.to_owned(),
        ("Vec" | "VecDeque" | "BTreeSet" | "HashSet", Some(item)) => list(item),
        ("Option", Some(item)) => format!(r#"{{"anyOf":[{},{{"type":"null"}}]}}"#, of(item)),
        ("Box" | "Rc" | "Arc", Some(item)) => of(item),
        ("BTreeMap" | "HashMap", Some(_)) => match argument(&segment.arguments, 1) {
            Some(value) => format!(
                r#"{{"type":"object","additionalProperties":{}}}"#,
                of(value)
            ),
            None => named(kind),
        },
        _ => named(kind),
    }
}

fn list(item: &Type) -> String {
    format!(r#"{{"type":"array","items":{}}}"#, of(item))
}

/// Only the title; type texts hold no characters that JSON would escape but quotation marks and backslashes.
fn named(kind: &Type) -> String {
    let text = text(kind).replace('\\', "\\\\").replace('"', "\\\"");
    format!(r#"{{"title":"{text}"}}"#)
}

/// A type as a person would write it.
pub(crate) fn text(kind: &Type) -> String {
    kind.to_token_stream()
        .to_string()
        .replace(' ', "")
        .replace(',', ", ")
        .replace("&mut", "&mut ")
}

fn argument(arguments: &PathArguments, index: usize) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    });
    types.into_iter().nth(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, expected: &str) {
        assert_eq!(of(&syn::parse_str(kind).unwrap()), expected, "{kind}");
    }

    #[test]
    fn rusts_own_types_have_their_schema() {
        check("&str", r#"{"type":"string"}"#);
        check("std::string::String", r#"{"type":"string"}"#);
        check("u64", r#"{"type":"integer","minimum":0}"#);
        check("&[bool]", r#"{"type":"array","items":{"type":"boolean"}}"#);
        check(
            "Option<f64>",
            r#"{"anyOf":[{"type":"number","format":"double"},{"type":"null"}]}"#,
        );
        check(
            "BTreeMap<String, Vec<i32>>",
            r#"{"type":"object","additionalProperties":{"type":"array","items":{"type":"integer","format":"int32"}}}"#,
        );
        check(
            "(String, u8)",
            r#"{"type":"array","prefixItems":[{"type":"string"},{"type":"integer","minimum":0}]}"#,
        );
    }

    #[test]
    fn other_types_are_only_named() {
        check("Asset", r#"{"title":"Asset"}"#);
        check(
            "model::Page<Asset, u8>",
            r#"{"title":"model::Page<Asset, u8>"}"#,
        );
    }

    #[test]
    fn a_result_is_described_by_its_value_and_nothing_by_nothing() {
        let returned = |text: &str| of_return(&syn::parse_str(text).unwrap());
        assert_eq!(returned(""), "");
        assert_eq!(returned("-> ()"), "");
        assert_eq!(returned("-> Result<()>"), "");
        assert_eq!(
            returned("-> chaincode_sdk::Result<bool, String>"),
            r#"{"type":"boolean"}"#
        );
        assert_eq!(returned("-> String"), r#"{"type":"string"}"#);
    }
}
