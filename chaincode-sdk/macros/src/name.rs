//! Names: those given in attributes, and those made from Rust's.

use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token};

/// What stands in an attribute's parentheses: nothing, or `name = "…"`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Self::default());
        }
        let option: Ident = input.parse()?;
        if option != "name" {
            return Err(syn::Error::new(
                option.span(),
                "the one option is `name = \"…\"`",
            ));
        }
        input.parse::<Token![=]>()?;
        let name: LitStr = input.parse()?;
        if name.value().is_empty() || name.value().contains(':') {
            return Err(syn::Error::new(
                name.span(),
                "a name is not empty and holds no colon",
            ));
        }
        Ok(Self { name: Some(name) })
    }
}

/// `create_asset` is `CreateAsset`.
pub(crate) fn upper_camel(name: &str) -> String {
    words(name).map(capitalised).collect()
}

/// `appraised_value` is `appraisedValue`.
pub(crate) fn lower_camel(name: &str) -> String {
    let mut words = words(name);
    let first = words.next().unwrap_or_default().to_owned();
    first + &words.map(capitalised).collect::<String>()
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.trim_start_matches("r#")
        .split('_')
        .filter(|word| !word.is_empty())
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_names_become_client_names() {
        for (rust, upper, lower) in [
            ("create_asset", "CreateAsset", "createAsset"),
            ("read", "Read", "read"),
            ("_unused_one", "UnusedOne", "unusedOne"),
            ("r#type", "Type", "type"),
            ("über_all", "ÜberAll", "überAll"),
        ] {
            assert_eq!(upper_camel(rust), upper);
            assert_eq!(lower_camel(rust), lower);
        }
    }
}
