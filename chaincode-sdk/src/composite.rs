//! Composite keys: several parts in one key, so that ranges by the first parts can be walked.
//!
//! ```
//! use chaincode_sdk::composite;
//!
//! let key = composite::key("owner~asset", &["Tomoko", "asset1"])?;
//! assert_eq!(key, "\u{0}owner~asset\u{0}Tomoko\u{0}asset1\u{0}");
//! let (object_type, attributes) = composite::split(&key)?;
//! assert_eq!((object_type, attributes), ("owner~asset", vec!["Tomoko", "asset1"]));
//! # Ok::<(), chaincode_sdk::Error>(())
//! ```

use crate::error::{Code, Error, Result};

/// Stands before the object type and behind every part, so that composite keys sort before all others.
const SEPARATOR: char = '\u{0}';

/// Ends the range of all keys with a prefix, so no part may contain it.
const LAST: char = '\u{10FFFF}';

/// Joins an object type and attributes to a key, as Fabric's `CreateCompositeKey` does.
///
/// # Errors
/// [`Code::InvalidArgument`] if a part contains U+0000 or U+10FFFF.
pub fn key(object_type: &str, attributes: &[&str]) -> Result<String> {
    let mut key = String::from(SEPARATOR);
    for part in std::iter::once(&object_type).chain(attributes) {
        if part.contains([SEPARATOR, LAST]) {
            return Err(Error::of_host(
                Code::InvalidArgument,
                "a part of a composite key contains U+0000 or U+10FFFF",
            ));
        }
        key.push_str(part);
        key.push(SEPARATOR);
    }
    Ok(key)
}

/// Splits a composite key into its object type and attributes.
///
/// # Errors
/// [`Code::InvalidArgument`] if the key is no composite one.
pub fn split(key: &str) -> Result<(&str, Vec<&str>)> {
    let parts = key
        .strip_prefix(SEPARATOR)
        .and_then(|rest| rest.strip_suffix(SEPARATOR));
    let mut parts = parts
        .ok_or_else(|| Error::of_host(Code::InvalidArgument, "the key is not a composite key"))?
        .split(SEPARATOR);
    let object_type = parts.next().unwrap_or_default();
    Ok((object_type, parts.collect()))
}

/// The range, from inclusive to exclusive, of the composite keys that begin with these parts.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn range(object_type: &str, attributes: &[&str]) -> Result<(String, String)> {
    let prefix = key(object_type, attributes)?;
    let end = format!("{prefix}{LAST}");
    Ok((prefix, end))
}

/// The range of all composite keys.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn all() -> (String, String) {
    (SEPARATOR.into(), format!("{SEPARATOR}{LAST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_joined_splits_into_the_same_parts() {
        for (object_type, attributes) in [
            ("t", &[][..]),
            ("t", &["a"]),
            ("", &["", "ü", ""]),
            ("x y", &["1", "2", "3"]),
        ] {
            let key = key(object_type, attributes).unwrap();
            assert_eq!(
                split(&key).unwrap(),
                (object_type, attributes.to_vec()),
                "{key:?}"
            );
        }
    }

    #[test]
    fn parts_may_not_contain_the_delimiters() {
        for part in ["\u{0}", "a\u{0}b", "\u{10FFFF}"] {
            assert_eq!(
                key(part, &[]).unwrap_err().code(),
                Some(Code::InvalidArgument)
            );
            assert_eq!(
                key("t", &["a", part]).unwrap_err().code(),
                Some(Code::InvalidArgument)
            );
        }
    }

    #[test]
    fn a_plain_key_does_not_split() {
        for key in ["", "asset1", "\u{0}", "\u{0}open", "closed\u{0}"] {
            assert!(split(key).is_err(), "{key:?}");
        }
    }
}
