//! A document's fenced blocks.

/// What is to be done with a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Commands,
    Background {
        until: String,
    },
    /// `<!-- Ctrl-C -->`: what goes on in the background ends.
    Interrupt,
    Dialogue,
    Other,
}

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of its first fence, from 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// Why it is not run.
    pub(crate) not_run: Option<String>,
}

/// All blocks of a document, in their order.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut found = Vec::new();
    let mut not_run = None;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line_number = index + 1;
        if let Some(info) = line.trim_start().strip_prefix("```") {
            let indent = line.len() - line.trim_start().len();
            let body: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .map(|line| line.get(indent..).unwrap_or_default())
                .collect();
            found.push(Block {
                line: line_number,
                kind: kind(info.trim()).map_err(|error| format!("line {line_number}: {error}"))?,
                text: body.join("\n"),
                not_run: not_run.take(),
            });
        } else if line.trim() == "<!-- Ctrl-C -->" {
            found.push(Block {
                line: line_number,
                kind: Kind::Interrupt,
                text: String::new(),
                not_run: None,
            });
        } else if let Some(reason) = line.trim().strip_prefix("<!-- not run:") {
            not_run = Some(reason.trim_end_matches("-->").trim().to_owned());
        } else if !line.trim().is_empty() && not_run.is_some() {
            return Err(format!(
                "line {line_number}: 'not run' stands before no block"
            ));
        }
    }
    Ok(found)
}

fn kind(info: &str) -> Result<Kind, String> {
    let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
    match (language, rest.trim()) {
        ("sh", "") => Ok(Kind::Commands),
        ("sh", rest) => {
            let rest = rest
                .strip_prefix("background")
                .ok_or(format!("no such block: {info}"))?;
            let until = rest
                .trim()
                .strip_prefix("until=\"")
                .and_then(|text| text.strip_suffix('"'));
            Ok(Kind::Background {
                until: until.unwrap_or("ready in ").to_owned(),
            })
        }
        ("console", "") => Ok(Kind::Dialogue),
        ("" | "bash" | "shell", _) => {
            Err("name the block's language: sh, console or text".to_owned())
        }
        _ => Ok(Kind::Other),
    }
}

#[test]
fn a_block_is_what_its_info_string_says() {
    let text = "one\n```sh\na\nb\n```\n<!-- not run: it builds -->\n\n```sh\ncargo build\n```\n\
                ```sh background until=\"event\"\nc\n```\n  ```json\n  {}\n  ```\n";
    let found = blocks(text).unwrap();
    let kinds: Vec<_> = found
        .iter()
        .map(|block| (block.line, &block.kind, block.text.as_str()))
        .collect();
    let until = Kind::Background {
        until: "event".to_owned(),
    };
    assert_eq!(
        kinds,
        [
            (2, &Kind::Commands, "a\nb"),
            (8, &Kind::Commands, "cargo build"),
            (11, &until, "c"),
            (14, &Kind::Other, "{}")
        ]
    );
    assert_eq!(found[1].not_run.as_deref(), Some("it builds"));
    assert!(
        blocks("```\nweft\n```").is_err(),
        "a command must not hide in a block without a language"
    );
    assert!(blocks("<!-- not run: x -->\ntext").is_err());
}
