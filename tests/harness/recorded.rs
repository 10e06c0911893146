//! Answers recorded from a real Fabric network.

use std::fs;

use bytes::Bytes;
use serde_json::Value;

/// The recorded error of that name: `message`, `grpc_code_number`, `details`.
///
/// # Panics
/// The folder is there, but not the file, or it is not JSON.
#[expect(clippy::expect_used, reason = "a test's panic is its failure")]
pub fn recorded(name: &str) -> Option<Value> {
    let path = recordings::messages()?.join(format!("{name}.json"));
    let text = fs::read_to_string(path).expect("the recorded message is there");
    Some(serde_json::from_str(&text).expect("the recorded message is JSON"))
}

/// The bytes of the recorded message of that name.
///
/// # Panics
/// The folder is there, but not the file, or it is not hexadecimal.
#[expect(clippy::expect_used, reason = "a test's panic is its failure")]
pub fn recorded_bytes(name: &str) -> Option<Bytes> {
    let path = recordings::messages()?.join(format!("{name}.hex"));
    let text = fs::read_to_string(path).expect("the recorded message is there");
    let digits: Vec<u8> = text
        .trim()
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()
        .expect("the recorded message is hexadecimal");
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => high << 4 | low,
        _ => panic!("the recorded message has half a byte"),
    });
    Some(bytes.collect())
}
