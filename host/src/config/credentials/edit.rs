//! Adds to a file of credentials, and leaves what stands in it as it is.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use model::Digest;

use super::{Entry, File, parse};
use crate::config::ConfigError;

/// A credential for the bearer of a token.
#[derive(Clone, Debug)]
pub(crate) struct NewCredential<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// SHA-256 of the token.
    pub(crate) token_sha256: Digest,
    /// The identities that its bearer may act by.
    pub(crate) identities: &'a [String],
    /// When it ends, RFC 3339.
    pub(crate) expires: Option<&'a str>,
}

impl NewCredential<'_> {
    /// Its lines in a file, each behind `indent`.
    pub(crate) fn lines(&self, indent: &str) -> String {
        let mut text = format!(
            "{indent}- name: {}\n{indent}  token_sha256: {}\n{indent}  identities: [{}]\n",
            self.name,
            hex::encode(self.token_sha256),
            self.identities.join(", ")
        );
        if let Some(expires) = self.expires {
            text.push_str(&format!("{indent}  expires: {expires}\n"));
        }
        text
    }
}

/// Adds a credential to the file, which is made for its owner alone if it is not there.
///
/// # Errors
/// [`ConfigError`]: the file cannot be read or written, or has a credential of this name already.
pub(crate) fn add_credential(path: &Path, new: &NewCredential<'_>) -> Result<(), ConfigError> {
    let old = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => "credentials: []\n".to_owned(),
        Err(source) => {
            let path = path.to_owned();
            return Err(ConfigError::Read { path, source });
        }
    };
    let text = with(&old, new).map_err(|reason| ConfigError::Invalid {
        path: path.to_owned(),
        reason,
    })?;
    replace_file(path, &text)
}

/// Gives the credential of this name another token; adds it if there is none.
///
/// # Errors
/// As [`add_credential`].
pub(crate) fn put_credential(path: &Path, new: &NewCredential<'_>) -> Result<(), ConfigError> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let file: Option<File> = serde_yaml_ng::from_str(&text).ok();
    let mut entries = file.into_iter().flat_map(|file| file.credentials);
    let old = entries.find(|entry: &Entry| entry.name == new.name);
    match old.and_then(|entry| entry.token_sha256) {
        Some(hash) => replace_file(path, &text.replace(&hash, &hex::encode(new.token_sha256))),
        None => add_credential(path, new),
    }
}

/// The text with one credential more.
fn with(old: &str, new: &NewCredential<'_>) -> Result<String, String> {
    let known = |_: &str| true;
    let before = parse(old, &known)?;
    if before.iter().any(|one| one.name == new.name) {
        return Err(format!("there is a credential '{}' already", new.name));
    }
    let mut text = old.trim_end().replace("credentials: []", "credentials:");
    let first = text
        .lines()
        .find(|line| line.trim_start().starts_with("- "));
    let indent = first.map_or("  ", |line| {
        line.split_once('-').map_or("", |(indent, _)| indent)
    });
    let lines = new.lines(indent);
    text.push('\n');
    text.push_str(&lines);
    let after = parse(&text, &known).ok();
    let kept = after.is_some_and(|after| {
        after.len() == before.len() + 1 && after.get(..before.len()) == Some(before.as_slice())
    });
    if !kept {
        return Err(format!(
            "the credential does not fit to the end of the file; put it where it fits:\n{lines}"
        ));
    }
    Ok(text)
}

/// Puts a file in the place of another at once; a new one is its owner's alone.
fn replace_file(path: &Path, text: &str) -> Result<(), ConfigError> {
    let failed = |source| ConfigError::Write {
        path: path.to_owned(),
        source,
    };
    // What a link points to is replaced, not the link.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside: PathBuf = place.with_file_name(name);
    let write = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(text.as_bytes())?;
        if let Ok(old) = fs::metadata(&place) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&beside, &place)
    };
    write().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{NewCredential, add_credential, put_credential};
    use expect_test::expect;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn new<'a>(name: &'a str, byte: u8, identities: &'a [String]) -> NewCredential<'a> {
        NewCredential {
            name,
            token_sha256: [byte; 32],
            identities,
            expires: None,
        }
    }

    #[test]
    fn a_new_file_is_its_owner_s_and_grows_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        add_credential(&path, &new("a", 1, &[])).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let both = ["user".to_owned(), "admin".to_owned()];
        let second = NewCredential {
            expires: Some("2027-01-01T00:00:00Z"),
            ..new("b", 2, &both)
        };
        add_credential(&path, &second).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "an operator's choice stays");
        expect![[r#"
            credentials:
              - name: a
                token_sha256: 0101010101010101010101010101010101010101010101010101010101010101
                identities: []
              - name: b
                token_sha256: 0202020202020202020202020202020202020202020202020202020202020202
                identities: [user, admin]
                expires: 2027-01-01T00:00:00Z
        "#]]
        .assert_eq(&fs::read_to_string(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_stands_in_the_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        let hash = "ab".repeat(32);
        let old = format!("# ours\ncredentials:\n- name: x # first\n  token_sha256: {hash}\n");
        fs::write(&path, &old).unwrap();
        add_credential(&path, &new("a", 1, &[])).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&old), "{text}");
        let twice = add_credential(&path, &new("a", 2, &[])).unwrap_err();
        assert!(
            twice
                .to_string()
                .ends_with("there is a credential 'a' already"),
            "{twice}"
        );
        put_credential(&path, &new("a", 3, &[])).unwrap();
        let changed = text.replace(&"01".repeat(32), &"03".repeat(32));
        assert_eq!(fs::read_to_string(&path).unwrap(), changed);
        let flow = format!("credentials: [{{name: x, token_sha256: {hash}}}]\n");
        fs::write(&path, &flow).unwrap();
        let refused = add_credential(&path, &new("a", 1, &[])).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("put it where it fits:\n  - name: a\n"),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), flow);
    }
}
