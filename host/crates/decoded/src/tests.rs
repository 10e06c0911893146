use expect_test::{ExpectFile, expect, expect_file};
use model::Block as ModelBlock;

use super::{Block, Located};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// So that the skip is said once, not by each test.
static SKIPPED: Once = Once::new();

/// The recorded channel; `None`, after saying so, where there are no vectors. They lie beside the project, or where
/// `WEFT_SHARED` says.
#[expect(
    clippy::disallowed_methods,
    reason = "tests find their vectors by the environment"
)]
fn recorded() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared");
    let shared = std::env::var_os("WEFT_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("vectors/recorded-channel");
    if folder.is_dir() {
        return Some(folder);
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "no recorded vectors at {}", folder.display());
    SKIPPED.call_once(|| {
        // Not eprintln!, which the test harness swallows when a test passes.
        let line = format!("SKIPPED: no recorded vectors at {}\n", folder.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    });
    None
}

fn block(number: u64) -> Option<ModelBlock> {
    let bytes = std::fs::read(recorded()?.join(format!("peer/{number}.block"))).unwrap();
    Some(ModelBlock::decode(bytes).unwrap())
}

fn check(number: u64, expected: ExpectFile) {
    let Some(block) = block(number) else { return };
    let json = serde_json::to_string_pretty(&Block::new(&block)).unwrap();
    expected.assert_eq(&format!("{json}\n"));
}

#[test]
fn a_genesis_block_shows_the_channel() {
    check(0, expect_file!["goldens/block-0.json"]);
}

#[test]
fn a_range_query_shows_its_summary_and_a_write_its_value() {
    check(12, expect_file!["goldens/block-12.json"]);
}

#[test]
fn private_writes_are_shown_by_their_hashes() {
    check(29, expect_file!["goldens/block-29.json"]);
}

#[test]
fn invalid_transactions_say_why() {
    let Some(block) = block(35) else { return };
    let shown = serde_json::to_value(Block::new(&block)).unwrap();
    let codes = shown["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tx| tx["code"].as_str().unwrap());
    expect!["VALID MVCC_READ_CONFLICT MVCC_READ_CONFLICT MVCC_READ_CONFLICT"]
        .assert_eq(&codes.collect::<Vec<_>>().join(" "));
    expect!["A key that the transaction read was changed by another transaction before this one was committed."].assert_eq(shown["transactions"][1]["meaning"].as_str().unwrap());
}

#[test]
fn a_transaction_is_found_by_its_id() {
    let Some(block) = block(12) else { return };
    let id = model::envelope::tx_id_as_exported(&block.data[0]);
    let located = serde_json::to_value(Located::new(&id, &block).unwrap()).unwrap();
    assert_eq!(located["block"], 12);
    assert_eq!(located["index"], 0);
    assert_eq!(located["tx_id"], id.as_str());
    assert!(Located::new("0", &block).is_none());
}

#[test]
fn every_recorded_block_is_shown_without_a_part_that_does_not_decode() {
    for number in 0..36 {
        let Some(block) = block(number) else { return };
        let json = serde_json::to_string(&Block::new(&block)).unwrap();
        assert!(!json.contains("undecodable"), "block {number}: {json}");
    }
}

#[test]
fn garbage_is_shown_as_hex_with_the_reason() {
    let block = ModelBlock::new(
        1,
        bytes::Bytes::from_static(b"\x01"),
        vec!["garbage".into(), "".into()],
    );
    expect![[r#"
        {
          "number": 1,
          "hash": "6aefa881f9e3fcc216e4435b3e614efc17f021f3cce2f0febfcede91f7b4445b",
          "previous_hash": "01",
          "data_hash": "795b6904e54f82411df4b0e27a373a55eea3f9d66dac5a9bce1dd92f7b401da5",
          "last_config": 0,
          "orderers": [],
          "transactions": [
            {
              "index": 0,
              "undecodable": "the envelope cannot be decoded",
              "hex": "67617262616765"
            },
            {
              "index": 1,
              "undecodable": "the payload has no header",
              "hex": ""
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&Block::new(&block)).unwrap());
}
