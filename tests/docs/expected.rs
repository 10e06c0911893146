//! What a dialogue shows, compared with what is printed.

/// A command and what it should print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) command: String,
    pub(crate) output: Vec<String>,
}

/// The commands of a dialogue, each with the lines after it. A command goes on after a line that ends with `\`.
pub(crate) fn turns(text: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        match (line.strip_prefix("$ "), turns.last_mut()) {
            (Some(command), _) => turns.push(Turn {
                command: command.to_owned(),
                output: Vec::new(),
            }),
            (None, Some(turn)) if goes_on => {
                turn.command.push('\n');
                turn.command.push_str(line);
            }
            (None, Some(turn)) => turn.output.push(line.to_owned()),
            (None, None) => panic!("a dialogue begins with a command, not with {line:?}"),
        }
        goes_on = line.ends_with('\\');
    }
    turns
}

/// Compares line by line.
pub(crate) fn compare(expected: &[String], printed: &str) -> Result<(), String> {
    let lines: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    if lines_match(expected, &lines) {
        return Ok(());
    }
    Err(format!(
        "shown:\n{}\nprinted:\n{}",
        expected.join("\n"),
        lines.join("\n")
    ))
}

fn lines_match(expected: &[String], lines: &[&str]) -> bool {
    match expected.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=lines.len()).any(|skipped| lines_match(rest, &lines[skipped..]))
        }
        Some((first, rest)) => lines.split_first().is_some_and(|(line, others)| {
            line_matches(first.trim_end(), line) && lines_match(rest, others)
        }),
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix('…') {
        return cuts(line, |_| true).any(|after| line_matches(rest, after));
    }
    if let Some((name, rest)) = placeholder(pattern) {
        let fits: fn(char) -> bool = match name {
            "hex" => |c| matches!(c, '0'..='9' | 'a'..='f'),
            "number" => |c| c.is_ascii_digit(),
            _ => |c| !c.is_whitespace() && c != '"',
        };
        return cuts(line, fits)
            .skip(1)
            .any(|after| line_matches(rest, after));
    }
    match (pattern.chars().next(), line.chars().next()) {
        (None, None) => true,
        (Some(one), Some(other)) if one == other => {
            let width = one.len_utf8();
            line_matches(&pattern[width..], &line[width..])
        }
        _ => false,
    }
}

/// `<name>rest` in its parts.
fn placeholder(pattern: &str) -> Option<(&str, &str)> {
    let (name, rest) = pattern.strip_prefix('<')?.split_once('>')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_name.then_some((name, rest))
}

/// What is left of a line after none, one, two, … characters that fit.
fn cuts(line: &str, fits: fn(char) -> bool) -> impl Iterator<Item = &str> {
    let fitting = line
        .chars()
        .take_while(move |&c| fits(c))
        .map(char::len_utf8);
    std::iter::once(0)
        .chain(fitting.scan(0, |at, width| {
            *at += width;
            Some(*at)
        }))
        .map(|at| &line[at..])
}

#[cfg(test)]
fn matches(expected: &str, printed: &str) -> bool {
    let expected: Vec<String> = expected.lines().map(str::to_owned).collect();
    compare(&expected, printed).is_ok()
}

#[test]
fn placeholders_stand_for_what_they_say() {
    assert!(matches(
        r#"{"tx_id":"<hex>","block":<number>}"#,
        "{\"tx_id\":\"0af\",\"block\":12}\n"
    ));
    assert!(
        !matches(r#"{"tx_id":"<hex>"}"#, r#"{"tx_id":""}"#),
        "a placeholder stands for something"
    );
    assert!(!matches(r#"{"tx_id":"<hex>"}"#, r#"{"tx_id":"xyz"}"#));
    assert!(matches("a … z", "a b c z") && !matches("a … z", "a b"));
    assert!(
        matches("first\n…\nlast", "first\nlast") && matches("first\n…\nlast", "first\n1\n2\nlast")
    );
    assert!(!matches("first", "first\nsecond") && !matches("", "something"));
    assert!(matches(
        "listening on <address>",
        "listening on 127.0.0.1:7051"
    ));
}

#[test]
fn a_dialogue_is_commands_with_their_output() {
    let found = turns("$ one \\\n  more\nout\n$ two");
    let turn = |command: &str, output: &[&str]| Turn {
        command: command.to_owned(),
        output: output.iter().map(|&line| line.to_owned()).collect(),
    };
    assert_eq!(found, [turn("one \\\n  more", &["out"]), turn("two", &[])]);
}
