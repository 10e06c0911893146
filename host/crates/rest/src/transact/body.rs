//! What callers send: a function, its arguments, data that stays off the ledger.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use model::client::Invocation;
use model::{ChannelId, MspId};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Problem;

/// Longest name of a function, in bytes.
const FUNCTION_BYTES_MAX: usize = 1_024;
/// Organisations that one request may name.
const ORGANIZATIONS_MAX: usize = 64;
/// Base64 with padding.
const BASE64_PATTERN: &str = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

/// One argument: a string, an integer, a boolean, or bytes as `{"base64": …}`. Integers and booleans are sent as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Argument(pub(crate) Bytes);

/// Bytes: a string, or `{"base64": …}`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) Bytes);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Bytes as base64 with padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base64(pub(crate) Bytes);

/// A call of a chaincode that shall become a transaction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"function": "CreateAsset", "args": ["asset7", "blue", 5, "Tomoko", 300]}))]
pub(crate) struct SubmitBody {
    /// The function's name.
    #[schema(min_length = 1, max_length = 1024)]
    pub(crate) function: String,
    /// Its arguments.
    #[serde(default)]
    pub(crate) args: Vec<Argument>,
    /// Data for the chaincode that never reaches the ledger.
    #[serde(default)]
    pub(crate) transient: BTreeMap<String, Secret>,
    /// MSP ids of the organisations whose peers endorse; without it those that the policies need.
    #[serde(default)]
    #[schema(max_items = 64)]
    pub(crate) organizations: Vec<String>,
    /// Whether this is the chaincode's initialisation.
    #[serde(default)]
    pub(crate) init: bool,
}

/// A call of a chaincode whose writes are dropped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"function": "ReadAsset", "args": ["asset7"]}))]
pub(crate) struct EvaluateBody {
    /// The function's name.
    #[schema(min_length = 1, max_length = 1024)]
    pub(crate) function: String,
    /// Its arguments.
    #[serde(default)]
    pub(crate) args: Vec<Argument>,
    /// Data for the chaincode that never reaches the ledger.
    #[serde(default)]
    pub(crate) transient: BTreeMap<String, Secret>,
    /// MSP ids of the organisations one of whose peers shall answer; without it the best one that is known.
    #[serde(default)]
    #[schema(max_items = 64)]
    pub(crate) organizations: Vec<String>,
}

/// A call, checked, and whom to ask.
pub(crate) struct Call {
    pub(crate) invocation: Invocation,
    pub(crate) organizations: Vec<String>,
}

impl SubmitBody {
    /// The call of that chaincode.
    ///
    /// # Errors
    /// `request.invalid`: a name is out of its bounds.
    pub(crate) fn into_call(self, channel: &ChannelId, chaincode: String) -> Result<Call, Problem> {
        let call = Call {
            invocation: Invocation {
                channel_id: channel.as_str().to_owned(),
                chaincode,
                args: arguments(self.function, self.args)?,
                transient: opened(self.transient),
                is_init: self.init,
            },
            organizations: organizations(self.organizations)?,
        };
        Ok(call)
    }
}

impl EvaluateBody {
    /// As [`SubmitBody::into_call`].
    pub(crate) fn into_call(self, channel: &ChannelId, chaincode: String) -> Result<Call, Problem> {
        let body = SubmitBody {
            function: self.function,
            args: self.args,
            transient: self.transient,
            organizations: self.organizations,
            init: false,
        };
        body.into_call(channel, chaincode)
    }
}

/// Function and arguments as chaincode gets them.
pub(crate) fn arguments(function: String, args: Vec<Argument>) -> Result<Vec<Bytes>, Problem> {
    if function.is_empty() || function.len() > FUNCTION_BYTES_MAX {
        let text = format!("'function' has 1 to {FUNCTION_BYTES_MAX} bytes");
        return Err(Problem::invalid(text));
    }
    let args = args.into_iter().map(|Argument(bytes)| bytes);
    Ok(std::iter::once(function.into()).chain(args).collect())
}

/// Transient data as chaincode gets it.
pub(crate) fn opened(transient: BTreeMap<String, Secret>) -> BTreeMap<String, Bytes> {
    let entries = transient.into_iter();
    entries.map(|(key, Secret(bytes))| (key, bytes)).collect()
}

/// MSP ids in their right form.
pub(crate) fn organizations(names: Vec<String>) -> Result<Vec<String>, Problem> {
    if names.len() > ORGANIZATIONS_MAX {
        let text = format!("'organizations' names more than {ORGANIZATIONS_MAX}");
        return Err(Problem::invalid(text));
    }
    for name in &names {
        MspId::parse(name)
            .map_err(|error| Problem::invalid(format!("'organizations': {name:?}: {error}")))?;
    }
    Ok(names)
}

/// Reads a string or `{"base64": …}`, and integers and booleans where they are taken.
struct Bytewise {
    scalars: bool,
}

impl Bytewise {
    fn scalar<E: serde::de::Error>(&self, text: String) -> Result<Bytes, E> {
        if self.scalars {
            return Ok(text.into());
        }
        Err(E::custom("transient data is a string or {\"base64\": …}"))
    }
}

impl<'de> Visitor<'de> for Bytewise {
    type Value = Bytes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.scalars {
            "a string, an integer, a boolean or {\"base64\": …}; pass anything else as text in a string"
        } else {
            "a string or {\"base64\": …}"
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Bytes, E> {
        self.scalar(number.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Bytes, E> {
        self.scalar(number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Bytes, E> {
        Err(E::custom(
            "a fraction or a number beyond 64 bits is written in more than one way: pass it as a string",
        ))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Bytes, E> {
        self.scalar(value.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bytes, A::Error> {
        let other = || {
            A::Error::custom(
                "an object here is {\"base64\": …}; pass any other as JSON text in a string",
            )
        };
        if map.next_key::<String>()?.as_deref() != Some("base64") {
            return Err(other());
        }
        let Base64(bytes) = map.next_value()?;
        match map.next_key::<String>()? {
            None => Ok(bytes),
            Some(_) => Err(other()),
        }
    }
}

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = deserializer.deserialize_any(Bytewise { scalars: true })?;
        Ok(Self(bytes))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = deserializer.deserialize_any(Bytewise { scalars: false })?;
        Ok(Self(bytes))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text);
        // The decoder's own text would show a byte of what may be secret.
        let bytes = bytes.map_err(|_| D::Error::custom("this is not base64 with padding"))?;
        Ok(Self(bytes.into()))
    }
}

impl serde::Serialize for Base64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

fn base64_text() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Byte)))
        .pattern(Some(BASE64_PATTERN))
}

fn base64_object() -> Schema {
    let object = ObjectBuilder::new()
        .property("base64", base64_text())
        .required("base64")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    object.build().into()
}

fn text() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .build()
        .into()
}

impl PartialSchema for Argument {
    fn schema() -> RefOr<Schema> {
        let integer = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(i64::MIN))
            .maximum(Some(u64::MAX));
        let boolean = ObjectBuilder::new().schema_type(Type::Boolean);
        let one = OneOfBuilder::new()
            .item(text())
            .item(integer)
            .item(boolean)
            .item(base64_object())
            .description(Some(
                "A string, an integer or a boolean, which are sent as text, or bytes.",
            ));
        Schema::from(one.build()).into()
    }
}

impl ToSchema for Argument {}

impl PartialSchema for Secret {
    fn schema() -> RefOr<Schema> {
        let one = OneOfBuilder::new()
            .item(text())
            .item(base64_object())
            .description(Some("A string, or bytes."));
        Schema::from(one.build()).into()
    }
}

impl ToSchema for Secret {
    fn name() -> std::borrow::Cow<'static, str> {
        "TransientValue".into()
    }
}

impl PartialSchema for Base64 {
    fn schema() -> RefOr<Schema> {
        Schema::from(base64_text().build()).into()
    }
}

impl ToSchema for Base64 {}

#[cfg(test)]
mod tests {
    use super::SubmitBody;
    use crate::json::parse;
    use model::ChannelId;

    fn read(json: &str) -> String {
        let channel = ChannelId::parse("ch1").unwrap();
        let call = parse::<SubmitBody>(json.as_bytes())
            .and_then(|body| body.into_call(&channel, "basic".to_owned()));
        match call {
            Err(problem) => format!("{}: {}", problem.document().code, problem.document().detail),
            Ok(call) => {
                let args = call.invocation.args;
                let texts: Vec<_> = args
                    .iter()
                    .map(|arg| String::from_utf8_lossy(arg))
                    .collect();
                texts.join("|")
            }
        }
    }

    #[test]
    fn arguments_are_text_integers_booleans_or_bytes() {
        assert_eq!(
            read(
                r#"{"function":"f","args":["a",-5,18446744073709551615,true,{"base64":"YWI="},""]}"#
            ),
            "f|a|-5|18446744073709551615|true|ab|"
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (json, said) in [
            (r#"{"function":"f","args":[1.5]}"#, "more than one way"),
            (
                r#"{"function":"f","args":[18446744073709551616]}"#,
                "more than one way",
            ),
            (
                r#"{"function":"f","args":[null]}"#,
                "invalid type: null, expected a string, an integer",
            ),
            (
                r#"{"function":"f","args":[[1]]}"#,
                "invalid type: sequence, expected a string",
            ),
            (
                r#"{"function":"f","args":[{"a":1}]}"#,
                "pass any other as JSON text",
            ),
            (
                r#"{"function":"f","args":[{"base64":"YWI=","x":1}]}"#,
                "pass any other as JSON text",
            ),
            (
                r#"{"function":"f","args":[{"base64":"YWI"}]}"#,
                "not base64",
            ),
            (r#"{"function":"f","args":null}"#, "invalid type: null"),
            (
                r#"{"function":"f","transient":{"k":1}}"#,
                "transient data is a string",
            ),
            (r#"{"function":"f","extra":1}"#, "unknown field `extra`"),
            (r#"{"args":[]}"#, "missing field `function`"),
            (r#"{"function":""}"#, "1 to 1024 bytes"),
            (
                r#"{"function":"f","organizations":[""]}"#,
                "'organizations': \"\"",
            ),
        ] {
            let read = read(json);
            assert!(read.starts_with("request.invalid: "), "{json}: {read}");
            assert!(read.contains(said), "{json}: {read}");
        }
    }

    #[test]
    fn transient_data_is_not_in_what_is_shown() {
        let body: SubmitBody = parse(br#"{"function":"f","transient":{"k":"topsecret"}}"#).unwrap();
        assert!(!format!("{body:?}").contains("topsecret"));
        assert!(
            !read(r#"{"function":"f","transient":{"k":{"base64":"topsecret!"}}}"#)
                .contains("topsecret")
        );
    }
}
