//! Why a component is not accepted as chaincode.

use std::fmt;

use model::ErrorCode;

/// Characters of a foreign name that a refusal shows; what is longer is cut.
const SHOWN_CHARS_MAX: usize = 96;

/// Why a component was refused when it was installed: a stable kind for programs, and a text that says what, where
/// and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {what}; {advice}")]
pub struct Refusal {
    /// What sort of rule is broken.
    pub kind: RefusalKind,
    /// What is wrong and where; foreign names in it are escaped and cut.
    pub what: String,
    /// What the author of the contract can do.
    pub advice: &'static str,
}

/// The sort of rule that a refused component breaks. A name never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// More bytes than a contract may have.
    TooLarge,
    /// Neither a component nor a core module made for one.
    NotAComponent,
    /// Not valid WebAssembly, or a feature that is not allowed here.
    Invalid,
    /// Something is imported that no Weft host offers.
    UnknownImport,
    /// Built against a version of the world that this host does not know.
    UnknownVersion,
    /// A function, memory, table, … beyond a cap on structure.
    StructureLimit,
    /// A name is too long or holds characters that must not reach logs.
    BadName,
    /// The export that makes a component a contract is missing or shaped differently.
    MissingExport,
}

impl RefusalKind {
    /// Gives the stable name that clients and tests compare.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "component-too-large",
            Self::NotAComponent => "not-a-component",
            Self::Invalid => "component-invalid",
            Self::UnknownImport => "unknown-import",
            Self::UnknownVersion => "unknown-world-version",
            Self::StructureLimit => "structure-limit",
            Self::BadName => "bad-name",
            Self::MissingExport => "contract-export-missing",
        }
    }

    /// The code under which a caller hears of it.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::TooLarge => ErrorCode::PackageTooLarge,
            Self::NotAComponent | Self::Invalid | Self::StructureLimit | Self::BadName => {
                ErrorCode::PackageNotComponent
            }
            Self::UnknownImport | Self::UnknownVersion | Self::MissingExport => {
                ErrorCode::PackageExports
            }
        }
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Refusal {
    /// Makes a refusal; `what` must show foreign names through [`shown`] only.
    pub(crate) fn new(kind: RefusalKind, what: impl Into<String>, advice: &'static str) -> Self {
        Self {
            kind,
            what: what.into(),
            advice,
        }
    }

    /// Refuses bytes that the WebAssembly validator refuses.
    pub(crate) fn invalid(error: &impl fmt::Display) -> Self {
        Self::new(
            RefusalKind::Invalid,
            shown_text(&error.to_string()),
            "build the contract for wasm32-unknown-unknown with the SDK's settings",
        )
    }
}

/// Gives a foreign name in quotes, escaped and cut, so that it can go to logs and terminals.
pub(crate) fn shown(name: &str) -> String {
    format!("\"{}\"", shown_text(name))
}

fn shown_text(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(SHOWN_CHARS_MAX * 4)
        .flat_map(printable)
        .collect::<String>();
    if text.chars().count() > SHOWN_CHARS_MAX * 4 {
        out.push('…');
    }
    out
}

fn printable(character: char) -> Box<dyn Iterator<Item = char>> {
    if character.is_control() || is_invisible(character) {
        Box::new(character.escape_unicode())
    } else {
        Box::new(std::iter::once(character))
    }
}

/// Says whether a character changes how its neighbours are shown: direction marks and joiners.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_shown_name_holds_no_escape_sequences() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b"), "\"a\\u{1b}[31m\\u{202e}b\"");
    }

    #[test]
    fn a_broken_rule_says_whether_size_kind_or_world_is_wrong() {
        use RefusalKind as Kind;
        let lines: Vec<String> = [
            Kind::TooLarge,
            Kind::NotAComponent,
            Kind::Invalid,
            Kind::StructureLimit,
            Kind::BadName,
            Kind::UnknownImport,
            Kind::UnknownVersion,
            Kind::MissingExport,
        ]
        .map(|kind| format!("{kind}: {}", kind.code()))
        .into();
        expect![[r#"
            component-too-large: package.too_large
            not-a-component: package.not_component
            component-invalid: package.not_component
            structure-limit: package.not_component
            bad-name: package.not_component
            unknown-import: package.exports
            unknown-world-version: package.exports
            contract-export-missing: package.exports"#]]
        .assert_eq(&lines.join("\n"));
    }

    #[test]
    fn a_long_name_is_cut() {
        assert!(shown(&"x".repeat(100_000)).len() < 500);
    }
}
