//! What a key, a range and a bookmark may look like.

use crate::world;

use super::types::Error;

/// Separates the parts of composite keys and begins them.
const SEPARATOR: char = '\u{0}';
/// The largest character: ends the range of composite keys with one prefix.
const LARGEST: char = '\u{10ffff}';
/// Where a range begins that the chaincode gives no start for, so that composite keys are left out.
const FIRST_SIMPLE: &str = "\u{1}";

/// A range of keys as the simulator takes it: from `start` on to before `end`, `end` empty for none.
pub(crate) struct Range {
    pub(crate) start: String,
    pub(crate) end: String,
}

/// Checks a key that is read or written.
pub(crate) fn check(key: &str) -> Result<(), Error> {
    check_length("bytes of a key", key)?;
    if key.is_empty() {
        return Err(Error::invalid("key must not be an empty string"));
    }
    let Some(parts) = key.strip_prefix(SEPARATOR) else {
        return Ok(());
    };
    if parts.ends_with(SEPARATOR) && !parts.contains(LARGEST) {
        return Ok(());
    }
    Err(Error::invalid(
        "a key that begins with U+0000 must be a composite key",
    ))
}

/// Checks the length of a key, a collection's name or a bookmark.
pub(crate) fn check_length(what: &str, text: &str) -> Result<(), Error> {
    if text.len() <= world::KEY_BYTES_MAX {
        return Ok(());
    }
    Err(Error::limit(what, text.len(), world::KEY_BYTES_MAX))
}

/// Makes a range of simple keys.
pub(crate) fn simple_range(start: &str, end: &str) -> Result<Range, Error> {
    for bound in [start, end] {
        check_length("bytes of a key", bound)?;
        if bound.starts_with(SEPARATOR) {
            return Err(Error::invalid("a range must not begin or end with U+0000"));
        }
    }
    let start = if start.is_empty() {
        FIRST_SIMPLE
    } else {
        start
    };
    Ok(Range {
        start: start.to_owned(),
        end: end.to_owned(),
    })
}

/// Makes the range of composite keys that begin with these parts.
pub(crate) fn composite_range(object_type: &str, attributes: &[String]) -> Result<Range, Error> {
    let mut prefix = SEPARATOR.to_string();
    for part in std::iter::once(object_type).chain(attributes.iter().map(String::as_str)) {
        if part.contains([SEPARATOR, LARGEST]) {
            return Err(Error::invalid(
                "a part of a composite key contains U+0000 or U+10FFFF",
            ));
        }
        prefix.push_str(part);
        prefix.push(SEPARATOR);
        check_length("bytes of a composite key", &prefix)?;
    }
    let end = format!("{prefix}{LARGEST}");
    Ok(Range { start: prefix, end })
}

/// Makes the range of all composite keys.
pub(crate) fn all_composite() -> Range {
    let start = SEPARATOR.to_string();
    Range {
        end: format!("{start}{LARGEST}"),
        start,
    }
}

/// Checks a page's size and that its bookmark lies in the range.
pub(crate) fn check_page(range: &Range, size: u32, bookmark: &str) -> Result<(), Error> {
    if size == 0 {
        return Err(Error::invalid("a page must have a size above 0"));
    }
    if size > world::PAGE_SIZE_MAX {
        return Err(Error::limit(
            "entries of a page",
            size as usize,
            world::PAGE_SIZE_MAX as usize,
        ));
    }
    check_length("bytes of a bookmark", bookmark)?;
    let before = bookmark < range.start.as_str();
    let behind = !range.end.is_empty() && bookmark >= range.end.as_str();
    if !bookmark.is_empty() && (before || behind) {
        return Err(Error::invalid("the bookmark is outside the range"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::code;

    fn refusal(result: Result<impl Sized, Error>) -> u32 {
        result.err().map_or(0, |error| error.code)
    }

    #[test]
    fn a_key_is_not_empty_and_composite_if_it_begins_with_nul() {
        for good in [
            "a",
            "a\0b",
            "a\u{10ffff}",
            "\0type\0",
            "\0type\0a\0",
            "\0\0",
        ] {
            assert_eq!(refusal(check(good)), 0, "{good:?}");
        }
        for bad in [
            "",
            "\0",
            "\0type",
            "\0type\0a",
            "\0\u{10ffff}initialized",
            "\0a\u{10ffff}\0",
        ] {
            assert_eq!(refusal(check(bad)), code::INVALID_ARGUMENT, "{bad:?}");
        }
        assert_eq!(refusal(check(&"k".repeat(world::KEY_BYTES_MAX))), 0);
        assert_eq!(
            refusal(check(&"k".repeat(world::KEY_BYTES_MAX + 1))),
            code::LIMIT_EXCEEDED
        );
    }

    #[test]
    fn a_range_without_a_start_leaves_composite_keys_out() {
        assert_eq!(
            simple_range("", "")
                .unwrap_or_else(|_| all_composite())
                .start,
            "\u{1}"
        );
        assert_eq!(refusal(simple_range("\0a", "")), code::INVALID_ARGUMENT);
        assert_eq!(refusal(simple_range("a", "\0")), code::INVALID_ARGUMENT);
    }

    #[test]
    fn a_composite_range_holds_the_keys_that_begin_with_these_parts() -> Result<(), Error> {
        let range = composite_range("colour~name", &["blue".to_owned()])?;
        assert_eq!(range.start, "\0colour~name\0blue\0");
        assert_eq!(range.end, "\0colour~name\0blue\0\u{10ffff}");
        assert_eq!(refusal(composite_range("a\0", &[])), code::INVALID_ARGUMENT);
        assert_eq!(
            refusal(composite_range("a", &["\u{10ffff}".to_owned()])),
            code::INVALID_ARGUMENT
        );
        let long = vec!["x".repeat(1_000); 17];
        assert_eq!(refusal(composite_range("a", &long)), code::LIMIT_EXCEEDED);
        Ok(())
    }

    #[test]
    fn a_page_has_a_size_and_its_bookmark_lies_in_the_range() -> Result<(), Error> {
        let range = simple_range("b", "d")?;
        for (size, bookmark, expected) in [
            (1, "", 0),
            (1, "b", 0),
            (1, "c", 0),
            (0, "", code::INVALID_ARGUMENT),
            (1, "a", code::INVALID_ARGUMENT),
            (1, "d", code::INVALID_ARGUMENT),
            (world::PAGE_SIZE_MAX, "", 0),
            (world::PAGE_SIZE_MAX + 1, "", code::LIMIT_EXCEEDED),
        ] {
            assert_eq!(
                refusal(check_page(&range, size, bookmark)),
                expected,
                "{size} {bookmark}"
            );
        }
        Ok(())
    }
}
