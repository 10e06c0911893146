//! Bytes in JSON.

use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

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

/// Bytes that are no text, such as a hash: lower-case hex.
#[derive(Clone, Debug, Default)]
pub struct Hex(pub Bytes);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

fn hex_map<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("hex", &hex::encode(bytes))?;
    map.end()
}

/// A part that does not decode.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Undecodable {
    /// Why.
    pub(crate) undecodable: String,
    /// The bytes.
    pub(crate) hex: Hex,
}

/// A part that decodes, or its bytes.
#[derive(Clone, Debug, serde::Serialize)]
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
