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
    let mut notes = Notes::default();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let number = index + 1;
        if let Some(info) = line.trim_start().strip_prefix("```") {
            let indent = line.len() - line.trim_start().len();
            let body: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .map(|line| line.get(indent..).unwrap_or_default())
                .collect();
            let notes = std::mem::take(&mut notes);
            found.push(Block {
                line: number,
                kind: kind(info.trim(), notes.until)
                    .map_err(|wrong| format!("line {number}: {wrong}"))?,
                text: body.join("\n"),
                not_run: notes.not_run,
            });
        } else if line.trim() == "<!-- Ctrl-C -->" {
            found.push(Block {
                line: number,
                kind: Kind::Interrupt,
                text: String::new(),
                not_run: None,
            });
        } else if let Some(reason) = note(line, "not run:") {
            notes.not_run = Some(reason);
        } else if let Some(until) = note(line, "until:") {
            notes.until = Some(until);
        } else if !line.trim().is_empty() && notes != Notes::default() {
            return Err(format!(
                "line {number}: the note above stands before no block"
            ));
        }
    }
    Ok(found)
}

/// What stands in comments right before a block.
#[derive(Default, PartialEq, Eq)]
struct Notes {
    not_run: Option<String>,
    until: Option<String>,
}

fn note(line: &str, name: &str) -> Option<String> {
    let text = line.trim().strip_prefix("<!-- ")?.strip_suffix("-->")?;
    Some(text.strip_prefix(name)?.trim().to_owned())
}

fn kind(info: &str, until: Option<String>) -> Result<Kind, String> {
    match (info, until) {
        ("sh background", until) => Ok(Kind::Background {
            until: until.unwrap_or_else(|| "ready in ".to_owned()),
        }),
        (_, Some(_)) => {
            Err("'until' stands before a block that is none of the background".to_owned())
        }
        ("sh", None) => Ok(Kind::Commands),
        ("console", None) => Ok(Kind::Dialogue),
        ("" | "bash" | "shell", None) => {
            Err("name the block's language: sh, console or text".to_owned())
        }
        (info, None) if info.starts_with("sh ") => Err(format!("no such block: {info}")),
        _ => Ok(Kind::Other),
    }
}

#[test]
fn a_block_is_what_its_info_string_says() {
    let text = "one\n```sh\na\nb\n```\n<!-- not run: it builds -->\n\n```sh\ncargo build\n```\n\
                <!-- until: event -->\n```sh background\nc\n```\n  ```json\n  {}\n  ```\n";
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
            (12, &until, "c"),
            (15, &Kind::Other, "{}")
        ]
    );
    assert_eq!(found[1].not_run.as_deref(), Some("it builds"));
    assert!(
        blocks("```\nweft\n```").is_err(),
        "a command must not hide in a block without a language"
    );
    assert!(blocks("<!-- not run: x -->\ntext").is_err());
}
