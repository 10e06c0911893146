//! From arguments to values and from results to payloads, as Fabric's contract API does it.

use std::any::Any;
use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::dispatch::Parameter;
use crate::limits::STATUS_BAD_ARGUMENTS;
use crate::{Error, Result};

/// Bytes of a bad argument or name that an error's text shows.
const SHOWN_BYTES_MAX: usize = 64;

/// Reads an argument: a `String` takes it as it is, any other type is JSON.
///
/// # Errors
/// The argument is not UTF-8, or no JSON of a `T`.
pub fn argument<T: DeserializeOwned + 'static>(parameter: &Parameter, raw: &[u8]) -> Result<T> {
    let name = parameter.name;
    let text = std::str::from_utf8(raw).map_err(|error| {
        Error::with_status(
            STATUS_BAD_ARGUMENTS,
            format!("Error managing parameter {name}. It is not UTF-8: {error}"),
        )
    })?;
    let mut value: Option<T> = None;
    if let Some(string) = (&mut value as &mut dyn Any).downcast_mut::<Option<String>>() {
        *string = Some(text.to_owned());
    }
    match value {
        Some(value) => Ok(value),
        None => serde_json::from_str(text).map_err(|error| {
            let (shown, type_name) = (shown(text), parameter.type_name);
            Error::with_status(
                STATUS_BAD_ARGUMENTS,
                format!(
                    "Error managing parameter {name}. Conversion error. Cannot convert passed value {shown} to {type_name}: {error}"
                ),
            )
        }),
    }
}

/// A foreign text, cut if it is long.
pub(crate) fn shown(text: &str) -> String {
    match text
        .char_indices()
        .map(|(at, _)| at)
        .find(|&at| at >= SHOWN_BYTES_MAX)
    {
        Some(end) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A function's result on its way to a payload.
///
/// A `Result` has its own method here, and Rust prefers that to the trait's, which every other type gets.
#[derive(Debug)]
pub struct Reply<T>(pub T);

impl<T: Serialize + 'static, E: Display + 'static> Reply<Result<T, E>> {
    /// The payload.
    ///
    /// # Errors
    /// The function's own error, with its status if it is an [`Error`]; a value that JSON cannot hold.
    pub fn payload(self) -> Result<Vec<u8>> {
        let value = self.0.map_err(|error| {
            (&error as &dyn Any)
                .downcast_ref::<Error>()
                .cloned()
                .unwrap_or_else(|| Error::new(error.to_string()))
        })?;
        Reply(value).payload()
    }
}

/// The way of results that cannot fail.
pub trait ValueReply {
    /// The payload: texts as they are, `()` empty, any other type as JSON.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    fn payload(self) -> Result<Vec<u8>>;
}

impl<T: Serialize + 'static> ValueReply for Reply<T> {
    fn payload(self) -> Result<Vec<u8>> {
        let value = &self.0 as &dyn Any;
        if let Some(text) = value.downcast_ref::<String>() {
            return Ok(text.as_bytes().to_vec());
        }
        if let Some(text) = value.downcast_ref::<&'static str>() {
            return Ok(text.as_bytes().to_vec());
        }
        if value.is::<()>() {
            return Ok(Vec::new());
        }
        serde_json::to_vec(&self.0)
            .map_err(|error| Error::new(format!("the result cannot be written as JSON: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETER: Parameter = Parameter {
        name: "size",
        type_name: "u32",
        schema: "{}",
    };

    fn read<T: DeserializeOwned + 'static>(raw: &str) -> Result<T> {
        argument(&PARAMETER, raw.as_bytes())
    }

    #[test]
    fn a_string_takes_the_argument_as_it_is_and_other_types_read_json() {
        assert_eq!(read::<String>("\"5\"").unwrap(), "\"5\"");
        assert_eq!(read::<String>("").unwrap(), "");
        assert_eq!(read::<u32>("5").unwrap(), 5);
        assert_eq!(read::<Vec<bool>>("[true,false]").unwrap(), [true, false]);
        assert_eq!(read::<Option<String>>("null").unwrap(), None);
        assert_eq!(
            read::<Option<String>>("\"5\"").unwrap().as_deref(),
            Some("5")
        );
    }

    #[test]
    fn a_bad_argument_is_named_with_its_value_and_the_type_wanted() {
        let text = read::<u32>("five").unwrap_err().to_string();
        assert_eq!(
            text,
            "Error managing parameter size. Conversion error. Cannot convert passed value five to u32: \
             expected ident at line 1 column 2"
        );
        assert!(
            read::<u32>("").is_err() && read::<u32>("-1").is_err() && read::<u32>("1.5").is_err()
        );
        let text = argument::<String>(&PARAMETER, &[0xff])
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("Error managing parameter size. It is not UTF-8"),
            "{text}"
        );
        let text = read::<u32>(&"ä".repeat(1_000)).unwrap_err().to_string();
        assert!(text.len() < 250 && text.contains("ä…"), "{text}");
    }

    #[test]
    fn deep_json_is_refused_and_does_not_end_the_stack() {
        assert!(read::<serde_json::Value>(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn texts_are_payloads_as_they_are_nothing_is_empty_and_the_rest_is_json() {
        assert_eq!(Reply("a".to_owned()).payload().unwrap(), b"a");
        assert_eq!(Reply("a").payload().unwrap(), b"a");
        assert_eq!(Reply(()).payload().unwrap(), b"");
        assert_eq!(Reply(5).payload().unwrap(), b"5");
        assert_eq!(Reply(Some("a")).payload().unwrap(), b"\"a\"");
        assert_eq!(
            Reply(Ok::<_, Error>("a".to_owned())).payload().unwrap(),
            b"a"
        );
        assert_eq!(Reply(Ok::<_, String>(vec![1])).payload().unwrap(), b"[1]");
    }

    #[test]
    fn an_error_that_is_displayed_fails_with_500_and_ours_with_its_own_status() {
        let refused = Error::with_status(409, "taken");
        assert_eq!(
            Reply(Err::<(), _>(refused.clone())).payload().unwrap_err(),
            refused
        );
        let other = Reply(Err::<(), _>("no".parse::<u8>().unwrap_err()))
            .payload()
            .unwrap_err();
        assert_eq!(
            (other.status(), other.message()),
            (500, "invalid digit found in string")
        );
    }
}
