//! JSON bodies, read strictly: what one reader could understand in another way than the next is refused.

use std::collections::HashSet;
use std::fmt;

use axum::extract::{FromRequest, Request};
use model::ErrorCode;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
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
    serde_json::from_slice(bytes).map_err(|error| {
        let code = match error.classify() {
            Category::Data => ErrorCode::RequestInvalid,
            Category::Syntax | Category::Eof | Category::Io => ErrorCode::RequestJson,
        };
        Problem::new(code, error.to_string())
    })
}

/// Goes through a whole value and keeps nothing but the keys of the objects that are open.
#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
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
