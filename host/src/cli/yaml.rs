//! YAML of any value, for people and programs; no character of others steers a terminal.
//!
//! Ours, because the crate that reads YAML leaves characters that change the direction of text as they are, and a plain
//! scalar has no way to escape them. A string that is not plainly one is written as JSON writes it, which is YAML too.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;
use serde_json::Value;

use super::output::harmless_json;

/// Letters of a plain string beside ASCII letters and digits.
const PLAIN: &str = "_./-";
/// What readers of YAML 1.1 or 1.2 take for something else than a string.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// The value as a YAML document, with a line break at its end; members stand in the order in which they are declared.
///
/// # Errors
/// The value has no JSON, such as a map whose keys are no strings.
pub(super) fn text(value: &impl Serialize) -> serde_json::Result<String> {
    let value = serde_json::from_str(&serde_json::to_string(value)?)?;
    let mut out = String::new();
    match value {
        Node::Mapping(members) => mapping(&members, 0, &mut out),
        Node::Sequence(items) => sequence(&items, 0, &mut out),
        Node::Scalar(scalar) => {
            out.push_str(&inline(&scalar));
            out.push('\n');
        }
    }
    Ok(out)
}

/// JSON whose members keep their order; what is empty is a scalar.
enum Node {
    Scalar(Value),
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(match items.is_empty() {
            true => Node::Scalar(Value::Array(Vec::new())),
            false => Node::Sequence(items),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(match members.is_empty() {
            true => Node::Scalar(Value::Object(serde_json::Map::new())),
            false => Node::Mapping(members),
        })
    }
}

fn mapping(members: &[(String, Node)], depth: usize, out: &mut String) {
    for (at, (key, value)) in members.iter().enumerate() {
        // Within a sequence the first key stands beside the dash.
        if at > 0 || !out.ends_with("- ") {
            indent(depth, out);
        }
        out.push_str(&string(key));
        out.push(':');
        below(value, depth + 1, out);
    }
}

fn sequence(items: &[Node], depth: usize, out: &mut String) {
    for item in items {
        indent(depth, out);
        if let Node::Mapping(members) = item {
            out.push_str("- ");
            mapping(members, depth + 1, out);
        } else {
            out.push('-');
            below(item, depth + 1, out);
        }
    }
}

/// What follows a key or a dash.
fn below(value: &Node, depth: usize, out: &mut String) {
    match value {
        Node::Mapping(members) => {
            out.push('\n');
            mapping(members, depth, out);
        }
        Node::Sequence(items) => {
            out.push('\n');
            sequence(items, depth, out);
        }
        Node::Scalar(scalar) => {
            out.push(' ');
            out.push_str(&inline(scalar));
            out.push('\n');
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
        other => other.to_string(),
    }
}

fn string(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || PLAIN.contains(letter);
    let words = text.split(' ');
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && words
            .into_iter()
            .all(|word| !word.is_empty() && word.chars().all(plain))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_plain {
        return text.to_owned();
    }
    harmless_json(&Value::from(text).to_string())
}

#[cfg(test)]
mod tests {
    use super::text;
    use expect_test::expect;
    use serde_json::{Value, json};

    #[test]
    fn values_are_written_for_people() {
        let value = json!({
            "name": "basic", "version": "1.0", "sequence": 3, "init": false, "none": null,
            "policy": "OR('Org1MSP.peer')", "empty": [], "map": {},
            "approvals": {"Org1MSP": true}, "transactions": [{"id": "12e4", "at": {"x": 1}}, [1, "two words"], []],
        });
        expect![[r#"
            approvals:
              Org1MSP: true
            empty: []
            init: false
            map: {}
            name: basic
            none: null
            policy: "OR('Org1MSP.peer')"
            sequence: 3
            transactions:
              - at:
                  x: 1
                id: "12e4"
              -
                - 1
                - two words
              - []
            version: "1.0"
        "#]]
        .assert_eq(&text(&value).unwrap());
        expect![[r#"
            "1"
        "#]]
        .assert_eq(&text(&json!("1")).unwrap());
    }

    #[test]
    fn what_is_written_reads_back_the_same_and_steers_no_terminal() {
        for hard in [
            "",
            " ",
            "a ",
            " a",
            "a  b",
            "- a",
            "a: b",
            "a #b",
            "no",
            "Null",
            "~",
            "1e3",
            "0x1f",
            "12:30:00",
            "2026-11-22",
            "a\nb",
            "\t",
            "'",
            "\"",
            "\\",
            "{a}",
            "[a]",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "a\u{1b}[2J",
            "\u{9b}1m",
            "\u{202e}x",
            "\u{7f}",
            "\u{feff}",
            "ü",
            "\u{10ffff}",
            "a\u{0}b",
            "=",
            "<<",
            "/a",
            "a-b.c_d/e",
            ".nan",
            "...",
            "---",
        ] {
            for value in [
                json!(hard),
                json!({hard: [hard]}),
                json!([{"a": hard}, [[hard]]]),
            ] {
                let written = text(&value).unwrap();
                let read: Value = serde_yaml_ng::from_str(&written).unwrap();
                assert_eq!(read, value, "{written}");
                assert!(
                    !written.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7f}', '\0', '\t']),
                    "{written:?}"
                );
            }
        }
    }
}
