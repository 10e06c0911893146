//! `weft ledger` on a channel that real Fabric peers recorded: replayed, checked and printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::{Buf as _, Bytes};
use model::hash::sha256;
use model::{Block, TxValidationCode};
use prost::Message;
use prost::encoding::decode_varint;
use serde_json::{Value, json};
use system_tests::{Artifacts, Network, Node, profile};

/// Runs `weft ledger` to its end: exit code, lines of stdout, stderr.
fn ledger(arguments: &[&str]) -> (i32, Vec<String>, String) {
    let program = Artifacts::find().unwrap().weft;
    let mut command = Command::new(program);
    let ran = command.arg("ledger").args(arguments).output().unwrap();
    let stdout = String::from_utf8(ran.stdout).unwrap();
    let lines = stdout.lines().map(str::to_owned).collect();
    let stderr = String::from_utf8(ran.stderr).unwrap();
    (ran.status.code().unwrap(), lines, stderr)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Replays the blocks of a folder and gives exit code, lines and stderr.
fn replay(vectors: &Path, blocks: &Path, more: &[&str]) -> (i32, Vec<String>, String) {
    let genesis = vectors.join("genesis.block");
    let mut arguments = vec![
        "replay",
        "--genesis",
        text(&genesis),
        "--blocks",
        text(blocks),
    ];
    arguments.extend(more);
    ledger(&arguments)
}

/// A copy of the blocks as a peer stored them.
fn copied(vectors: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join("blocks");
    fs::create_dir(&copy).unwrap();
    for number in 0..36 {
        let name = format!("{number}.block");
        fs::copy(vectors.join("peer").join(&name), copy.join(&name)).unwrap();
    }
    copy
}

#[test]
fn a_recorded_channel_replays_to_its_verdicts_and_its_snapshot() {
    let Some(vectors) = recordings::channel() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("ledger");
    let keep = ["--data", text(&data), "-o", "json"];
    let (code, lines, stderr) = replay(&vectors, &vectors.join("orderer"), &keep);
    assert_eq!((code, stderr.as_str()), (0, ""));
    for (number, line) in (0..36).zip(&lines) {
        let block: Value = serde_json::from_str(line).unwrap();
        let file = vectors.join(format!("peer/{number}.block"));
        let judged = Block::decode(fs::read(file).unwrap()).unwrap();
        assert_eq!(block["block"], number);
        assert_eq!(block["flags"], json!(judged.transactions_filter()));
        let commit_hash = judged.commit_hash().unwrap();
        assert_eq!(block["commit_hash"], digits(&commit_hash), "block {number}");
        assert_eq!(block["hash"], digits(&judged.header_hash()));
    }
    let summary: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(
        (summary["blocks"].clone(), summary["stated"].clone()),
        (json!(36), json!(0))
    );

    let (code, rows, _) = ledger(&["dump", "--data", text(&data)]);
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect();
    let snapshot = vectors.join("snapshot/ch1/35");
    let mut expected = read_snapshot(&snapshot, "public_state");
    expected.extend(read_snapshot(&snapshot, "private_state_hashes"));
    assert_eq!((code, rows.len()), (0, 145));
    assert_eq!(rows, expected);

    let (code, found, _) = ledger(&["verify", "--data", text(&data)]);
    assert_eq!(code, 0, "{found:?}");
    assert!(found[0].contains("36 blocks replayed, good"), "{found:?}");
    let (code, _, stderr) = replay(&vectors, &vectors.join("orderer"), &keep);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("file.unusable") && stderr.contains("is not empty"),
        "{stderr}"
    );
}

#[test]
fn what_files_state_is_compared_and_the_exit_code_says_whether_all_agrees() {
    let Some(vectors) = recordings::channel() else {
        return;
    };
    let (code, lines, _) = replay(&vectors, &vectors.join("peer"), &[]);
    assert_eq!(code, 0);
    assert!(
        lines.iter().any(|line| line == "verdicts stated  71"),
        "{lines:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let blocks = copied(&vectors, folder.path());
    let place = blocks.join("35.block");
    let mut lying = Block::decode(fs::read(&place).unwrap()).unwrap();
    lying.set_transactions_filter(&[TxValidationCode::Valid; 4]);
    fs::write(&place, lying.encode()).unwrap();
    let (code, lines, stderr) = replay(&vectors, &blocks, &[]);
    assert_eq!(code, 6);
    let differs: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("DIFFERS"))
        .collect();
    assert_eq!(differs.len(), 3);
    let words = "DIFFERS  block 35 transaction 1: validation code is 11 MVCC_READ_CONFLICT here, the block states 0 VALID";
    assert_eq!(differs[0], words);
    assert!(stderr.starts_with("error[ledger.differs]"), "{stderr}");
}

#[test]
fn a_chain_that_is_not_whole_is_refused_at_its_first_wrong_block() {
    let Some(vectors) = recordings::channel() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let blocks = copied(&vectors, folder.path());
    fs::remove_file(blocks.join("7.block")).unwrap();
    let (code, lines, stderr) = replay(&vectors, &blocks, &[]);
    assert_eq!((code, lines.len()), (1, 7));
    assert!(
        stderr.starts_with("error[block.refused]: block 7 is missing"),
        "{stderr}"
    );
    let mut broken = fs::read(vectors.join("peer/7.block")).unwrap();
    broken.pop();
    fs::write(blocks.join("7.block"), broken).unwrap();
    let (code, _, stderr) = replay(&vectors, &blocks, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("7.block is refused"), "{stderr}");
}

#[test]
fn a_stopped_peers_ledger_is_checked_and_its_blocks_replay_to_its_digest() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.deploy("sealed-note", "notes").unwrap();
    let user = network.weft(profile::ORG1_USER);
    let seal = [
        "submit",
        "notes",
        "SealNote",
        "n1",
        "--transient",
        "note=the price is 17",
        "--org",
        "Org1MSP",
    ];
    user.ok(&seal).unwrap();
    let digest = user.json(&["digest"]).unwrap();
    let blocks = network.dir().join("blocks");
    fs::create_dir(&blocks).unwrap();
    for number in 0..digest["height"].as_u64().unwrap() {
        let file = blocks.join(format!("{number}.block"));
        user.ok(&["block", &number.to_string(), "--raw", text(&file)])
            .unwrap();
    }
    let genesis = blocks.join("0.block");
    let replayed = [
        "replay",
        "--genesis",
        text(&genesis),
        "--blocks",
        text(&blocks),
        "-o",
        "json",
    ];
    let (code, lines, stderr) = ledger(&replayed);
    assert_eq!(code, 0, "{stderr}");
    let summary: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(summary["state_sha256"], digest["state_sha256"]);
    assert_eq!(
        summary["stated"].as_u64(),
        digest["height"].as_u64().map(|height| 2 * height - 1)
    );

    let config = network.config(Node::Peer1);
    let (code, _, stderr) = ledger(&["verify", "--config", text(&config)]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("in use by another process"), "{stderr}");
    network.stop(Node::Peer1).unwrap();
    let (code, found, stderr) = ledger(&[
        "verify",
        "--config",
        text(&config),
        "--channel",
        "mychannel",
    ]);
    assert_eq!(code, 0, "{found:?} {stderr}");
    let (code, rows, _) = ledger(&["dump", "--config", text(&config), "--namespace", "notes"]);
    assert_eq!((code, rows.len()), (0, 1), "{rows:?}");
    assert!(
        rows[0].contains(&digits(&sha256(b"the price is 17"))),
        "{rows:?}"
    );
    network.start(Node::Peer1).unwrap();
    user.ok(&["evaluate", "notes", "ReadNote", "n1"]).unwrap();
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as the command prints those that are mostly text.
fn shown(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "hex": digits(bytes) }),
    }
}

/// `SnapshotRecord` of Fabric's privacyenabledstate/snapshot_record.proto.
#[derive(Clone, PartialEq, Message)]
struct SnapshotRecord {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    metadata: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    version: Vec<u8>,
}

/// The rows of a recorded snapshot's file, as `weft ledger dump` prints them.
fn read_snapshot(folder: &Path, name: &str) -> Vec<Value> {
    let read = |suffix| Bytes::from(fs::read(folder.join(format!("{name}.{suffix}"))).unwrap());
    let (mut data, mut counts) = (read("data"), read("metadata"));
    assert_eq!((data.get_u8(), counts.get_u8()), (1, 1), "snapshot format");
    let mut rows = Vec::new();
    for _ in 0..decode_varint(&mut counts).unwrap() {
        let len = usize::try_from(decode_varint(&mut counts).unwrap()).unwrap();
        let namespace = String::from_utf8(counts.split_to(len).to_vec()).unwrap();
        for _ in 0..decode_varint(&mut counts).unwrap() {
            let record = SnapshotRecord::decode_length_delimited(&mut data).unwrap();
            rows.push(row(&namespace, &record));
        }
    }
    rows
}

fn row(namespace: &str, record: &SnapshotRecord) -> Value {
    let mut version = &record.version[..];
    let mut number = || {
        let len = usize::from(version.get_u8());
        let digits: Vec<u8> = version.copy_to_bytes(len).to_vec();
        digits
            .iter()
            .fold(0_u64, |number, digit| number << 8 | u64::from(*digit))
    };
    let version = json!({ "block": number(), "tx": number() });
    let metadata = digits(&record.metadata);
    match namespace.split_once("$$h") {
        None => {
            json!({ "namespace": namespace, "key": shown(&record.key), "value": shown(&record.value),
            "version": version, "metadata": metadata })
        }
        Some((namespace, collection)) => json!({ "namespace": namespace, "collection": collection,
            "key_hash": digits(&record.key), "value_hash": digits(&record.value),
            "version": version, "metadata": metadata }),
    }
}
