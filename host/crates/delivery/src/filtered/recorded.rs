//! Filtered blocks of a real peer, as the oracle of ours: the same blocks were recorded whole.
//!
//! The vectors lie in a folder beside the project, or where `WEFT_SHARED` says. Without it the test says loudly that it
//! is skipped; with `CI=true` that is a failure.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use prost::Message as _;
use proto::protos::{DeliverResponse, deliver_response::Type};

use super::*;

#[expect(
    clippy::disallowed_methods,
    reason = "a test finds its vectors by the environment"
)]
fn messages() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared");
    let shared = std::env::var_os("WEFT_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("vectors/messages");
    if folder.is_dir() {
        return Some(folder);
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "no recorded messages at {}", folder.display());
    let line = format!("SKIPPED: no recorded messages at {}\n", folder.display());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

fn read(folder: &Path, name: &str) -> Type {
    let text = std::fs::read_to_string(folder.join(format!("DeliverResponse_{name}.hex"))).unwrap();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    DeliverResponse::decode(Bytes::from(bytes))
        .unwrap()
        .r#type
        .unwrap()
}

#[test]
fn a_block_is_filtered_as_a_real_peer_does() {
    let Some(folder) = messages() else {
        return;
    };
    for (whole, filtered) in [
        ("block", "filtered"),
        ("block_and_private_data", "filtered_with_event"),
    ] {
        let block = match read(&folder, whole) {
            Type::Block(block) => block,
            Type::BlockAndPrivateData(both) => both.block.unwrap(),
            other => panic!("{other:?}"),
        };
        let Type::FilteredBlock(want) = read(&folder, filtered) else {
            panic!("{filtered} is no filtered block")
        };
        assert_eq!(filter(&block).unwrap(), want);
    }
}
