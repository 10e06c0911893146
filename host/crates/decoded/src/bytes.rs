//! Bytes in JSON.

#![expect(
    unused_qualifications,
    reason = "utoipa's derive writes the type parameter with its path"
)]

use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Lower-case hex digits, two for a byte.
const HEX_PATTERN: &str = "^([0-9a-f]{2})*$";

/// Bytes that are mostly text: a string, or `{"hex": …}` where they are not UTF-8.
#[derive(Clone, Debug, Default)]
pub struct Text(pub Bytes);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => hex_map(&self.0, serializer),
        }
    }
}

impl PartialSchema for Text {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The bytes, where they are UTF-8."));
        let bytes = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("The bytes, where they are not UTF-8."))
            .property("hex", hex_schema())
            .required("hex");
        OneOfBuilder::new()
            .item(text)
            .item(bytes)
            .description(Some("Bytes that are mostly text."))
            .into()
    }
}

impl ToSchema for Text {}

/// Bytes that are no text, such as a hash: lower-case hex.
#[derive(Clone, Debug, Default)]
pub struct Hex(pub Bytes);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl PartialSchema for Hex {
    fn schema() -> RefOr<Schema> {
        hex_schema()
            .description(Some("Bytes in lower-case hex."))
            .into()
    }
}

impl ToSchema for Hex {}

fn hex_schema() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(HEX_PATTERN))
}

fn hex_map<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("hex", &hex::encode(bytes))?;
    map.end()
}

/// A part that does not decode.
#[derive(Clone, Debug, serde::Serialize, ToSchema)]
pub(crate) struct Undecodable {
    /// Why.
    pub(crate) undecodable: String,
    /// The bytes.
    pub(crate) hex: Hex,
}

/// A part that decodes, or its bytes.
#[derive(Clone, Debug, serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Part<T> {
    /// It decodes.
    Decoded(T),
    /// It does not.
    Undecodable(Undecodable),
}

impl<T> Part<T> {
    /// Keeps the bytes where decoding failed.
    pub(crate) fn new(decoded: Result<T, String>, bytes: &Bytes) -> Self {
        match decoded {
            Ok(decoded) => Self::Decoded(decoded),
            Err(undecodable) => Self::Undecodable(Undecodable {
                undecodable,
                hex: Hex(bytes.clone()),
            }),
        }
    }
}
