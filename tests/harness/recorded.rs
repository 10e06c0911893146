//! Answers recorded from a real Fabric network: they lie beside the project, or where `WEFT_SHARED` says.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;

/// The folder of the recorded messages; `None`, after saying so, where there is none.
///
/// # Panics
/// With `CI=true` a missing folder is a failure.
pub fn recorded_folder() -> Option<PathBuf> {
    vectors("messages")
}

/// The folder of the recorded channel; `None`, after saying so, where there is none.
///
/// # Panics
/// With `CI=true` a missing folder is a failure.
pub fn recorded_channel() -> Option<PathBuf> {
    vectors("recorded-channel")
}

fn vectors(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("WEFT_SHARED")
        .map_or_else(beside, PathBuf::from)
        .join("vectors")
        .join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!is_ci, "no recordings at {}", folder.display());
    // Not eprintln!, which the test harness swallows when a test passes.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: no recordings at {}",
        folder.display()
    );
    None
}

/// The recorded error of that name: `message`, `grpc_code_number`, `details`.
///
/// # Panics
/// The folder is there, but not the file, or it is not JSON.
#[expect(clippy::expect_used, reason = "a test's panic is its failure")]
pub fn recorded(name: &str) -> Option<Value> {
    let path = recorded_folder()?.join(format!("{name}.json"));
    let text = fs::read_to_string(path).expect("the recorded message is there");
    Some(serde_json::from_str(&text).expect("the recorded message is JSON"))
}

/// The bytes of the recorded message of that name.
///
/// # Panics
/// The folder is there, but not the file, or it is not hexadecimal.
#[expect(clippy::expect_used, reason = "a test's panic is its failure")]
pub fn recorded_bytes(name: &str) -> Option<Bytes> {
    let path = recorded_folder()?.join(format!("{name}.hex"));
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
