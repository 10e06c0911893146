//! Which keys are asked for.

use model::ErrorCode;

use crate::Error;

/// Stands before the object type and behind each part of a composite key.
const SEPARATOR: char = '\u{0}';
/// Ends the range of composite keys with one beginning, so no part of one may contain it (fabric-chaincode-go's stub.go).
const LARGEST: char = '\u{10ffff}';
/// Where simple keys begin: composite ones sort before it.
const FIRST_SIMPLE: &str = "\u{1}";

/// Keys that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// From `start` on to before `end`. An empty `start` is the first simple key, an empty `end` is no end. A start that begins with
    /// U+0000 is one among the composite keys, which sort before all simple ones.
    Range {
        /// The first key.
        start: String,
        /// The first key that is no more meant.
        end: String,
    },
    /// All that begin with this text; an empty one means all simple keys.
    Prefix(String),
    /// The composite keys whose first parts are these, as Fabric's partial composite key queries find them.
    Composite {
        /// The object type.
        object_type: String,
        /// The first attributes.
        attributes: Vec<String>,
    },
}

impl Keys {
    /// First key, and the first one behind the last; empty for no end.
    ///
    /// # Errors
    /// `request.invalid`: a part of a composite key that no composite key can have.
    pub(crate) fn bounds(&self) -> Result<(String, String), Error> {
        match self {
            Self::Range { start, end } => Ok((or_first_simple(start), end.clone())),
            Self::Prefix(prefix) => {
                Ok((or_first_simple(prefix), behind(prefix).unwrap_or_default()))
            }
            Self::Composite {
                object_type,
                attributes,
            } => {
                let prefix = composite_key(object_type, attributes)?;
                let end = format!("{prefix}{LARGEST}");
                Ok((prefix, end))
            }
        }
    }
}

/// The composite key of these parts, as Fabric's `CreateCompositeKey` makes it.
///
/// # Errors
/// `request.invalid`: a part contains U+0000 or U+10FFFF.
pub fn composite_key(object_type: &str, attributes: &[String]) -> Result<String, Error> {
    let mut key = String::from(SEPARATOR);
    for part in std::iter::once(object_type).chain(attributes.iter().map(String::as_str)) {
        if part.contains([SEPARATOR, LARGEST]) {
            return Err(Error::refused(
                ErrorCode::RequestInvalid,
                "a part of a composite key contains U+0000 or U+10FFFF",
            ));
        }
        key.push_str(part);
        key.push(SEPARATOR);
    }
    Ok(key)
}

fn or_first_simple(start: &str) -> String {
    match start {
        "" => FIRST_SIMPLE.to_owned(),
        start => start.to_owned(),
    }
}

/// The first text that sorts behind all that begin with `prefix`; none if there is no such. UTF-8 sorts as its characters do.
fn behind(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            // Between the two are the surrogates, which are no characters.
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Keys, behind, composite_key};
    use expect_test::{Expect, expect};

    fn check(keys: &Keys, expected: Expect) {
        let shown = match keys.bounds() {
            Ok((start, end)) => format!("{start:?} .. {end:?}"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    fn range(start: &str, end: &str) -> Keys {
        Keys::Range {
            start: start.to_owned(),
            end: end.to_owned(),
        }
    }

    fn composite(object_type: &str, attributes: &[&str]) -> Keys {
        Keys::Composite {
            object_type: object_type.to_owned(),
            attributes: attributes.iter().map(|&text| text.to_owned()).collect(),
        }
    }

    #[test]
    fn simple_keys_are_meant_where_nothing_else_is_said() {
        check(&range("", ""), expect![[r#""\u{1}" .. """#]]);
        check(&range("a", "b"), expect![[r#""a" .. "b""#]]);
        check(&Keys::Prefix(String::new()), expect![[r#""\u{1}" .. """#]]);
        check(&Keys::Prefix("ab".into()), expect![[r#""ab" .. "ac""#]]);
        check(
            &composite("t", &[]),
            expect![[r#""\0t\0" .. "\0t\0\u{10ffff}""#]],
        );
        check(
            &composite("t", &["a", ""]),
            expect![[r#""\0t\0a\0\0" .. "\0t\0a\0\0\u{10ffff}""#]],
        );
        check(
            &composite("t\0", &[]),
            expect!["a part of a composite key contains U+0000 or U+10FFFF"],
        );
        check(
            &composite("t", &["\u{10ffff}"]),
            expect!["a part of a composite key contains U+0000 or U+10FFFF"],
        );
    }

    #[test]
    fn the_text_behind_a_prefix_is_the_next_one_that_does_not_begin_with_it() {
        let of = |prefix: &str| behind(prefix).map(|text| text.escape_unicode().to_string());
        assert_eq!(of("a\u{d7ff}").unwrap(), "\\u{61}\\u{e000}");
        assert_eq!(of("a\u{10ffff}").unwrap(), "\\u{62}");
        assert_eq!(of("\u{10ffff}\u{10ffff}"), None);
        assert_eq!(of(""), None);
        assert_eq!(of("\u{7f}").unwrap(), "\\u{80}");
        assert_eq!(composite_key("t", &["a".into()]).unwrap(), "\0t\0a\0");
    }
}
