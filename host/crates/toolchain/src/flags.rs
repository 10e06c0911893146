//! Compiler flags, handed to cargo in a way that paths with spaces survive.

use std::path::PathBuf;

use crate::TRIPLE;

/// A `--config` value that gives the target these flags, and writes each first path as the second.
///
/// Unlike `RUSTFLAGS` it takes spaces in paths, leaves build scripts alone and adds to the flags a crate has itself.
pub(crate) fn configuration(plain: &[&str], remapped: &[(PathBuf, String)]) -> String {
    let plain = plain.iter().map(|flag| toml_string(flag));
    let remapped = remapped
        .iter()
        .map(|(from, to)| toml_string(&format!("--remap-path-prefix={}={to}", from.display())));
    let flags: Vec<_> = plain.chain(remapped).collect();
    format!("target.{TRIPLE}.rustflags = [{}]", flags.join(", "))
}

/// A TOML basic string.
fn toml_string(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(control)))
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_spaces_quotes_and_control_characters_stay_one_flag() {
        let flags = configuration(&["-Cx=y"], &[("/a b/\"c\\\u{1}".into(), ".".into())]);
        assert_eq!(
            flags,
            r#"target.wasm32-unknown-unknown.rustflags = ["-Cx=y", "--remap-path-prefix=/a b/\"c\\\u0001=."]"#
        );
    }
}
