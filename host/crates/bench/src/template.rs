use std::fmt::{self, Write as _};

use bytes::Bytes;

/// Random characters of one argument; larger ones meet the limits of messages anyway.
const RANDOM_BYTES_MAX: usize = 16 * 1024 * 1024;
/// 64 characters that need no escaping in JSON, in a shell or in a key.
const ALPHABET: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

/// A text with places that are filled anew for each call.
///
/// | place | filled with |
/// |---|---|
/// | `{n}` | a name that no other call has, in this run or another: eight random characters of the run, a dash, a number |
/// | `{index}` | the number of the call in this run, from 0 |
/// | `{client}` | the number of the client that makes the call, from 0 |
/// | `{number:COUNT}` | a random number from 0 on, below COUNT |
/// | `{random:BYTES}` | so many random letters, digits, dashes and underscores |
/// | `{payload}` | as many of them as the run's payload has bytes |
///
/// `{{` and `}}` stand for the braces themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Unique,
    Index,
    Client,
    Number(u64),
    Random(usize),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its other half.
    #[error("a brace in '{0}' has no other half: write {{{{ or }}}} for a brace itself")]
    Brace(String),
    /// A place of a kind there is not.
    #[error(
        "'{{{0}}}' is none of {{n}}, {{index}}, {{client}}, {{number:COUNT}}, {{random:BYTES}}, {{payload}}; write {{{{ for a brace"
    )]
    Unknown(String),
    /// A number is missing, zero or too large.
    #[error("'{{{0}}}' needs a number: a COUNT from 1 on, or BYTES up to 16777216")]
    Number(String),
}

/// What makes one call different from all others.
pub(crate) struct Place<'a> {
    /// Random characters of the run.
    pub(crate) run: &'a str,
    /// Number of the call in the run.
    pub(crate) index: u64,
    /// Number of the client.
    pub(crate) client: usize,
    /// Where randomness comes from.
    pub(crate) fill_random: fn(&mut [u8]),
}

impl Template {
    /// Reads a text; `payload_bytes` is the size of its `{payload}`.
    ///
    /// # Errors
    /// [`TemplateError`], with the part that is wrong.
    pub fn parse(text: &str, payload_bytes: usize) -> Result<Self, TemplateError> {
        let unmatched = || TemplateError::Brace(text.to_owned());
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some((brace, after)) = doubled(from) {
                plain.push(brace);
                rest = after;
                continue;
            }
            let inside = from.strip_prefix('{').ok_or_else(unmatched)?;
            let (name, after) = inside.split_once('}').ok_or_else(unmatched)?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(place(name, payload_bytes)?);
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// Fills the places.
    pub(crate) fn fill(&self, place: &Place<'_>) -> Bytes {
        let mut text = String::new();
        for part in &self.parts {
            // Writing to a String cannot fail.
            let _ = match part {
                Part::Text(plain) => text.write_str(plain),
                Part::Unique => write!(text, "{}-{}", place.run, place.index),
                Part::Index => write!(text, "{}", place.index),
                Part::Client => write!(text, "{}", place.client),
                Part::Number(count) => write!(text, "{}", number(*count, place.fill_random)),
                Part::Random(bytes) => text.write_str(&random(*bytes, place.fill_random)),
            };
        }
        text.into()
    }
}

/// The text that it was read from, with the payload's size in place of `{payload}`.
impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(plain) => formatter.write_str(&plain.replace('{', "{{").replace('}', "}}")),
            Part::Unique => formatter.write_str("{n}"),
            Part::Index => formatter.write_str("{index}"),
            Part::Client => formatter.write_str("{client}"),
            Part::Number(count) => write!(formatter, "{{number:{count}}}"),
            Part::Random(bytes) => write!(formatter, "{{random:{bytes}}}"),
        })
    }
}

fn doubled(text: &str) -> Option<(char, &str)> {
    let once = |brace: char| {
        text.strip_prefix([brace].as_slice())?
            .strip_prefix([brace].as_slice())
    };
    ['{', '}']
        .into_iter()
        .find_map(|brace| Some((brace, once(brace)?)))
}

fn place(name: &str, payload_bytes: usize) -> Result<Part, TemplateError> {
    let wrong = || TemplateError::Number(name.to_owned());
    let sized = |bytes: usize| {
        (bytes <= RANDOM_BYTES_MAX)
            .then_some(bytes)
            .ok_or_else(wrong)
    };
    Ok(match name.split_once(':') {
        None if name == "n" => Part::Unique,
        None if name == "index" => Part::Index,
        None if name == "client" => Part::Client,
        None if name == "payload" => Part::Random(sized(payload_bytes)?),
        Some(("number", count)) => match count.parse() {
            Ok(0) | Err(_) => return Err(wrong()),
            Ok(count) => Part::Number(count),
        },
        Some(("random", bytes)) => Part::Random(sized(bytes.parse().map_err(|_| wrong())?)?),
        _ => return Err(TemplateError::Unknown(name.to_owned())),
    })
}

/// A number below `count`. The remainder favours small ones by less than a billionth for counts below 10^9.
fn number(count: u64, fill_random: fn(&mut [u8])) -> u64 {
    let mut bytes = [0; 8];
    fill_random(&mut bytes);
    u64::from_le_bytes(bytes) % count.max(1)
}

/// Random characters of [`ALPHABET`].
pub(crate) fn random(count: usize, fill_random: fn(&mut [u8])) -> String {
    let mut bytes = vec![0; count];
    fill_random(&mut bytes);
    let letter = |byte: &u8| {
        ALPHABET
            .get(usize::from(byte % 64))
            .copied()
            .map(char::from)
    };
    bytes.iter().filter_map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::{Place, Template};
    use expect_test::{Expect, expect};

    fn counted_up(bytes: &mut [u8]) {
        for (number, byte) in (0u8..).zip(bytes) {
            *byte = number;
        }
    }

    fn check(text: &str, expected: Expect) {
        let place = Place {
            run: "run",
            index: 7,
            client: 3,
            fill_random: counted_up,
        };
        let filled = match Template::parse(text, 5) {
            Ok(template) => String::from_utf8(template.fill(&place).to_vec()).unwrap(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&filled);
    }

    #[test]
    fn places_are_filled_and_other_text_stays() {
        check("", expect![""]);
        check("plain", expect!["plain"]);
        check("asset{n}", expect!["assetrun-7"]);
        check("{client}/{index}", expect!["3/7"]);
        check("{random:3}|{payload}", expect!["abc|abcde"]);
        check("{number:10}", expect!["8"]);
        check(r#"{{"id":"{n}"}}"#, expect![[r#"{"id":"run-7"}"#]]);
        check("{{n}}", expect!["{n}"]);
    }

    #[test]
    fn a_template_shows_what_it_was_read_from() {
        for text in [
            "",
            "a{n}b",
            "{{}}",
            "{client}{index}",
            "{number:7}",
            "{random:2}",
        ] {
            assert_eq!(Template::parse(text, 0).unwrap().to_string(), text);
        }
        assert_eq!(
            Template::parse("{payload}", 9).unwrap().to_string(),
            "{random:9}"
        );
    }

    #[test]
    fn what_is_no_place_is_refused() {
        check(
            "{",
            expect!["a brace in '{' has no other half: write {{ or }} for a brace itself"],
        );
        check(
            "a}b",
            expect!["a brace in 'a}b' has no other half: write {{ or }} for a brace itself"],
        );
        check(
            "{m}",
            expect![
                "'{m}' is none of {n}, {index}, {client}, {number:COUNT}, {random:BYTES}, {payload}; write {{ for a brace"
            ],
        );
        check(
            "{random}",
            expect![
                "'{random}' is none of {n}, {index}, {client}, {number:COUNT}, {random:BYTES}, {payload}; write {{ for a brace"
            ],
        );
        check(
            "{number:0}",
            expect!["'{number:0}' needs a number: a COUNT from 1 on, or BYTES up to 16777216"],
        );
        check(
            "{random:99999999}",
            expect![
                "'{random:99999999}' needs a number: a COUNT from 1 on, or BYTES up to 16777216"
            ],
        );
    }
}
