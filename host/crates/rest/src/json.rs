//! JSON bodies, read strictly: what one reader could understand in another way than the next is refused.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use model::ErrorCode;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;

use crate::api::Api;
use crate::limits::{self, Held};
use crate::problem::Problem;

/// A JSON body of type `T`. Types used with it deny unknown fields.
pub(crate) struct Json<T> {
    pub(crate) value: T,
    /// The bytes it was read from, and their share of the memory for bodies; keep it as long as `value`.
    pub(crate) held: Held,
}

impl<T: DeserializeOwned> FromRequest<Api> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !limits::is_of_type(&parts.headers, "application/json") {
            let text = "this call takes JSON: send 'Content-Type: application/json'";
            return Err(Problem::new(ErrorCode::RequestMediaType, text));
        }
        let held = limits::read(api, &parts.headers, body, api.config.body_bytes_max).await?;
        let value = parse(&held.bytes)?;
        Ok(Self { value, held })
    }
}

/// Reads JSON: UTF-8, one value, no key twice in any object, nested at most 128 deep, numbers in range, no lone surrogate.
///
/// # Errors
/// `request.json` for what is no such JSON, `request.invalid` for what is not a `T`; with line and column.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut strict = serde_json::Deserializer::from_slice(bytes);
    let checked = Strict.deserialize(&mut strict).and_then(|()| strict.end());
    checked.map_err(|error| Problem::new(ErrorCode::RequestJson, error.to_string()))?;
    object(&mut serde_json::Deserializer::from_slice(bytes)).map_err(|error: serde_json::Error| {
        let code = match error.classify() {
            Category::Data => ErrorCode::RequestInvalid,
            Category::Syntax | Category::Eof | Category::Io => ErrorCode::RequestJson,
        };
        Problem::new(code, error.to_string())
    })
}

/// Reads a struct from an object alone: by itself serde takes a list for a struct's fields in their order, too.
///
/// # Errors
/// The deserializer's.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(Object(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Goes through a whole value and keeps nothing but the keys of the objects that are open.
#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(self)?;
            if let Some(twice) = keys.replace(key) {
                return Err(A::Error::custom(format_args!(
                    "key {twice:?} is given twice"
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::parse;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(default)]
        text: String,
        #[serde(default)]
        map: BTreeMap<String, serde_json::Value>,
    }

    /// JSON and what is said of it.
    const REFUSED: &[(&str, &str)] = &[
        (
            "",
            "request.json EOF while parsing a value at line 1 column 0",
        ),
        (
            "{",
            "request.json EOF while parsing an object at line 1 column 1",
        ),
        (
            "{\"text\":\"a\"}x",
            "request.json trailing characters at line 1 column 13",
        ),
        (
            "{\"text\":\"a\",}",
            "request.json trailing comma at line 1 column 13",
        ),
        (
            "{'text':1}",
            "request.json key must be a string at line 1 column 2",
        ),
        (
            "\u{feff}{}",
            "request.json expected value at line 1 column 1",
        ),
        (
            "{\"text\":NaN}",
            "request.json expected value at line 1 column 9",
        ),
        (
            "{\"text\":01}",
            "request.json invalid number at line 1 column 10",
        ),
        (
            "{\"map\":{\"a\":1e999}}",
            "request.json number out of range at line 1 column 17",
        ),
        (
            "{\"text\":\"a\nb\"}",
            "request.json control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0",
        ),
        (
            "{\"text\":\"a\",\n \"text\":\"b\"}",
            "request.json key \"text\" is given twice at line 2 column 12",
        ),
        (
            "{\"map\":{\"a\":1,\"\\u0061\":2}}",
            "request.json key \"a\" is given twice at line 1 column 25",
        ),
        (
            "{\"map\":{\"x\":[{\"k\":1,\"k\":1}]}}",
            "request.json key \"k\" is given twice at line 1 column 26",
        ),
        (
            "{\"text\":\"\\ud800\"}",
            "request.json unexpected end of hex escape at line 1 column 16",
        ),
        (
            "{\"text\":\"\\udc00x\"}",
            "request.json lone leading surrogate in hex escape at line 1 column 15",
        ),
        (
            "{\"x\":1}",
            "request.invalid unknown field `x`, expected `text` or `map` at line 1 column 4",
        ),
        (
            "{\"text\":1}",
            "request.invalid invalid type: integer `1`, expected a string at line 1 column 9",
        ),
        (
            "[]",
            "request.invalid invalid type: sequence, expected an object at line 1 column 0",
        ),
        (
            "null",
            "request.invalid invalid type: null, expected an object at line 1 column 4",
        ),
    ];

    fn read(json: impl AsRef<[u8]>) -> String {
        match parse::<Body>(json.as_ref()) {
            Ok(body) => format!("{}{}", body.text, body.map.len()),
            Err(problem) => format!("{} {}", problem.document().code, problem.document().detail),
        }
    }

    #[test]
    fn json_that_means_one_thing_is_taken() {
        assert_eq!(
            read(r#" {"text":"\u00e4\ud83d\ude00","map":{"a":[{"x":1},{"x":1}],"b":null}} "#),
            "ä😀2"
        );
        let deep = |levels: usize| {
            format!(
                "{{\"map\":{{\"a\":{}{}}}}}",
                "[".repeat(levels),
                "]".repeat(levels)
            )
        };
        assert_eq!(read(deep(125)), "1");
        assert!(read(deep(126)).starts_with("request.json recursion limit exceeded at line 1"));
        assert!(read(deep(500_000)).starts_with("request.json recursion limit exceeded at line 1"));
    }

    #[test]
    fn json_that_could_mean_two_things_is_refused_with_its_place() {
        let mut wrong = Vec::new();
        for (json, said) in REFUSED {
            if read(json) != *said {
                wrong.push(format!("{json}: {}", read(json)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(
            read(b"{\"text\":\"\xff\"}").starts_with("request.json invalid unicode code point")
        );
    }
}
