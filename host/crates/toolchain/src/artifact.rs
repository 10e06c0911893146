//! The one thing we want to know from cargo's messages: which file is the module.

use std::path::{Path, PathBuf};

/// Finds the WebAssembly file that cargo says it made of the package with this manifest.
///
/// `messages` are the lines of `cargo build --message-format=json`. Within a JSON string a quotation mark is escaped,
/// so `"name":` with bare marks can only be a member's name: that is why looking for text is enough here.
pub(crate) fn module(messages: &str, manifest: &Path) -> Option<PathBuf> {
    messages
        .lines()
        .filter(|line| line.contains(r#""reason":"compiler-artifact""#))
        .filter(|line| {
            string_after(line, r#""manifest_path":"#)
                .is_some_and(|path| Path::new(&path) == manifest)
        })
        .find_map(|line| {
            strings_after(line, r#""filenames":["#)
                .into_iter()
                .find(|path| path.ends_with(".wasm"))
        })
        .map(PathBuf::from)
}

fn string_after(line: &str, member: &str) -> Option<String> {
    let (_, rest) = line.split_once(member)?;
    Some(string(rest)?.0)
}

fn strings_after(line: &str, member: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Some((_, mut rest)) = line.split_once(member) else {
        return found;
    };
    while let Some((value, after)) = string(rest) {
        found.push(value);
        let Some(next) = after.strip_prefix(',') else {
            break;
        };
        rest = next;
    }
    found
}

/// Reads a JSON string at the start of `text`; gives its value and what follows.
fn string(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                'b' => value.push('\u{8}'),
                'f' => value.push('\u{c}'),
                // Paths that cargo prints are UTF-8 as they are; it escapes control characters only.
                'u' => {
                    let digits: String = characters
                        .by_ref()
                        .take(4)
                        .map(|(_, digit)| digit)
                        .collect();
                    value.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                }
                plain => value.push(plain),
            },
            plain => value.push(plain),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = r#"{"reason":"compiler-artifact","package_id":"registry+x#serde","manifest_path":"/c/serde/Cargo.toml","target":{"kind":["lib"]},"filenames":["/t/libserde.rlib"],"fresh":true}
{"reason":"compiler-message","message":{"rendered":"\"manifest_path\":\"/w/Cargo.toml\",\"filenames\":[\"/evil.wasm\""}}
{"reason":"compiler-artifact","manifest_path":"/w/a b\\\"ü\u001b/Cargo.toml","target":{"kind":["cdylib"]},"filenames":["/t/libcc.rlib","/t/a b\\\"/cc.wasm"],"executable":null,"fresh":false}
{"reason":"build-finished","success":true}"#;

    #[test]
    fn the_module_is_the_wasm_file_of_the_package_asked_for() {
        let found = module(MESSAGES, Path::new("/w/a b\\\"ü\u{1b}/Cargo.toml"));
        assert_eq!(found.as_deref(), Some(Path::new("/t/a b\\\"/cc.wasm")));
    }

    #[test]
    fn a_package_that_makes_no_wasm_file_has_no_module() {
        assert_eq!(module(MESSAGES, Path::new("/c/serde/Cargo.toml")), None);
        assert_eq!(module(MESSAGES, Path::new("/w/Cargo.toml")), None);
        assert_eq!(module("", Path::new("/w/Cargo.toml")), None);
    }

    #[test]
    fn a_string_cut_short_is_none() {
        assert_eq!(string(r#""abc"#), None);
        assert_eq!(string(r#""a\u00"#), None);
        assert_eq!(string("abc"), None);
    }
}
