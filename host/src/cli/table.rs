//! Results as columns and lines for people. Whatever stands in a cell stays on its line and steers no terminal.

use std::fmt::Write as _;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;
use serde_json::Value;

use super::output::one_line;
use super::yaml;

/// Characters of a cell that are shown; the rest is what `--output json` is for.
const CELL_CHARACTERS_MAX: usize = 80;

/// Rows below their heads; a line that says so where there is nothing.
pub(super) fn columns<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    if rows.is_empty() {
        return "(none)".to_owned();
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(heads.map(str::to_ascii_uppercase));
    for row in rows {
        table.add_row(row.map(|cell| short(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Names and what they are, one to a line; nothing is cut.
pub(super) fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let fields: Vec<_> = fields.into_iter().collect();
    let width = fields.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for (name, value) in fields {
        let _ = writeln!(text, "{:width$}  {}", one_line(name), one_line(&value));
    }
    text.trim_end().to_owned()
}

/// A value of many levels.
pub(super) fn tree(value: &impl Serialize) -> String {
    yaml::text(value).unwrap_or_else(|error| error.to_string())
}

/// The text on one line, cut where it is long.
pub(super) fn short(text: &str) -> String {
    let text = one_line(text);
    if text.chars().count() <= CELL_CHARACTERS_MAX {
        return text;
    }
    text.chars()
        .take(CELL_CHARACTERS_MAX - 1)
        .chain(['…'])
        .collect()
}

/// Words with commas between them; a dash for none.
pub(super) fn list<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words
        .into_iter()
        .map(|word| word.as_ref().to_owned())
        .collect();
    if words.is_empty() {
        return "-".to_owned();
    }
    words.join(", ")
}

/// A member of an object as text: strings without marks, everything else as JSON has it, nothing as a dash.
pub(super) fn text_of(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{columns, fields, list};
    use expect_test::expect;

    #[test]
    fn columns_stand_below_their_heads() {
        let rows = [
            ["basic".to_owned(), "1.0".to_owned()],
            ["a-longer-name".to_owned(), "x".repeat(90)],
        ];
        expect![[r#"
            NAME           VERSION
            basic          1.0
            a-longer-name  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"#]].assert_eq(&columns(["name", "version"], rows));
        expect!["(none)"].assert_eq(&columns::<1>(["name"], []));
    }

    #[test]
    fn no_cell_leaves_its_line_or_steers_a_terminal() {
        let rows = [["a\u{1b}[31m\nb\u{202e}".to_owned()]];
        expect![[r#"
            NAME
            a\u{1b}[31m\u{a}b\u{202e}"#]]
        .assert_eq(&columns(["name"], rows));
        expect![[r#"
            na\u{a}me  a\u{9b}\u{a}fake: x
            b"#]]
        .assert_eq(&fields([
            ("na\nme", "a\u{9b}\nfake: x".to_owned()),
            ("b", String::new()),
        ]));
    }

    #[test]
    fn an_empty_list_is_a_dash() {
        assert_eq!(list(["a", "b"]), "a, b");
        assert_eq!(list::<&str>([]), "-");
    }
}
