//! What `weft` prints as JSON, in a form for people. What is not there is left out.

use std::fmt::Write as _;

use serde_json::Value;

/// One line about a submitted transaction.
pub(crate) fn outcome(submitted: &Value) -> String {
    let of = |name: &str| field(submitted, name);
    format!(
        "transaction {} in block {}: {}",
        of("tx_id"),
        of("block"),
        of("code")
    )
}

/// A block: its number and its hashes.
pub(crate) fn block(block: &Value) -> String {
    let mut text = String::new();
    for name in [
        "number",
        "hash",
        "previous_hash",
        "data_hash",
        "commit_hash",
    ] {
        if let Some(value) = block.get(name) {
            let _ = writeln!(text, "{:14} {}", name.replace('_', " "), plain(value));
        }
    }
    for orderer in list(block, "orderers") {
        let _ = writeln!(text, "{:14} {}", "signed by", who(orderer));
    }
    let _ = writeln!(
        text,
        "{:14} {}",
        "transactions",
        list(block, "transactions").len()
    );
    text
}

/// A transaction: what was asked, by whom, what it read and wrote, what the peers said of it.
pub(crate) fn transaction(tx: &Value) -> String {
    let of = |name: &str| field(tx, name);
    let mut text = format!("{:14} {} ({})\n", "code", of("code"), of("meaning"));
    let call: Vec<String> = list(tx, "args").iter().map(plain).collect();
    let chaincode = tx.pointer("/chaincode/name").map(plain).unwrap_or_default();
    let _ = writeln!(text, "{:14} {chaincode} {}", "call", call.join(" "));
    if let Some(creator) = tx.get("creator") {
        let _ = writeln!(text, "{:14} {}", "creator", who(creator));
    }
    for endorser in list(tx, "endorsers") {
        let _ = writeln!(text, "{:14} {}", "endorsed by", who(endorser));
    }
    for namespace in list(tx, "read_write_set") {
        let name = field(namespace, "namespace");
        for read in list(namespace, "reads") {
            let _ = writeln!(text, "{:14} {name}  {}", "read", self::read(read));
        }
        for write in list(namespace, "writes") {
            let _ = writeln!(text, "{:14} {name}  {}", "write", self::write(write));
        }
    }
    if let Some(event) = tx.get("event") {
        let of = |name: &str| field(event, name);
        let _ = writeln!(text, "{:14} {} {}", "event", of("name"), of("payload"));
    }
    text
}

/// A field's text without quotation marks; empty where there is none.
pub(crate) fn field(object: &Value, name: &str) -> String {
    object.get(name).map(plain).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn read(read: &Value) -> String {
    let key = visible(&field(read, "key"));
    match (read.pointer("/version/block"), read.pointer("/version/tx")) {
        (Some(block), Some(tx)) => format!("{key} as of block {block}, transaction {tx}"),
        _ => format!("{key} which was not there"),
    }
}

fn write(write: &Value) -> String {
    let key = visible(&field(write, "key"));
    match write.get("value") {
        Some(value) => format!("{key} = {}", plain(value)),
        None => format!("{key} deleted"),
    }
}

/// Keys may hold U+0000 and other characters that a terminal would not show.
fn visible(key: &str) -> String {
    key.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_unicode().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

fn who(who: &Value) -> String {
    let of = |name: &str| field(who, name);
    format!("{} of {}", of("subject"), of("msp_id"))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::transaction;
    use serde_json::json;

    #[test]
    fn a_transaction_is_told_in_lines() {
        let tx = json!({
            "code": "VALID", "meaning": "fine", "args": ["Put", "k"], "chaincode": {"name": "cc", "version": "1"},
            "creator": {"msp_id": "A", "subject": "CN=ann"}, "endorsers": [{"msp_id": "B", "subject": "CN=p"}],
            "read_write_set": [{"namespace": "cc",
                "reads": [{"key": "a\u{0}b", "version": {"block": 3, "tx": 1}}, {"key": "k", "version": null}],
                "writes": [{"key": "k", "value": "v"}, {"key": "l", "deleted": true}]}],
            "event": {"name": "E", "payload": "p"},
        });
        let told = [
            "code           VALID (fine)",
            "call           cc Put k",
            "creator        CN=ann of A",
            "endorsed by    CN=p of B",
            "read           cc  a\\u{0}b as of block 3, transaction 1",
            "read           cc  k which was not there",
            "write          cc  k = v",
            "write          cc  l deleted",
            "event          E p",
            "",
        ];
        assert_eq!(transaction(&tx), told.join("\n"));
    }
}
