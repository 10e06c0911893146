//! Contexts: profiles by name, one of which is in use, so that nobody repeats files and addresses.
//!
//! A context holds the path of a profile, not a copy: what changes there holds here. The file is the user's alone and is
//! replaced whole, so that no reader sees half of it; writers take turns by a lock beside it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use model::ErrorCode;
use serde::{Deserialize, Serialize};

use crate::config::{self, Config, ConfigError};

/// Bytes of a context's name.
const NAME_BYTES_MAX: usize = 64;
const FILE: &str = "contexts.yaml";

/// The context file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    /// The name of the context in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    /// All contexts by name.
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Entry>,
}

/// What a name stands for.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The profile file, absolute or relative to the context file.
    pub(crate) profile: PathBuf,
    /// The channel, where it is not the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<String>,
}

/// Why there is no context, or none can be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContextError {
    /// There is no home.
    #[error(
        "neither XDG_CONFIG_HOME nor HOME is set, so there is no place for {FILE}; use --profile FILE"
    )]
    NoHome,
    /// The file is not one.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The file cannot be written.
    #[error("cannot write {path}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No context has that name.
    #[error("there is no context '{0}'")]
    Unknown(String),
    /// A context has that name already.
    #[error("there is a context '{0}' already")]
    Exists(String),
    /// The name is none.
    #[error(
        "'{0}' is no name for a context: letters, digits, dots, dashes and underscores, a letter or digit first, at most {NAME_BYTES_MAX}"
    )]
    Name(String),
}

impl ContextError {
    /// The code by which users know it.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::NoHome | Self::Unknown(_) => ErrorCode::ConfigMissing,
            Self::File(error) => error.code(),
            Self::Write { .. } => ErrorCode::FileUnusable,
            Self::Exists(_) | Self::Name(_) => ErrorCode::UsageWrong,
        }
    }
}

impl Contexts {
    /// The file in Weft's folder.
    pub(crate) fn path(config_folder: Option<&Path>) -> Result<PathBuf, ContextError> {
        config_folder
            .map(|folder| folder.join(FILE))
            .ok_or(ContextError::NoHome)
    }

    /// Reads the file; one that is not there has no contexts.
    ///
    /// # Errors
    /// [`ContextError::File`].
    pub(crate) fn load(path: &Path) -> Result<Self, ContextError> {
        match config::load(path) {
            Err(ConfigError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            answer => Ok(answer?),
        }
    }

    /// Reads the file, changes what it says, and writes it again unless the change fails.
    ///
    /// # Errors
    /// Those of the change; [`ContextError::File`] and [`ContextError::Write`].
    pub(crate) fn change<T>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, ContextError>,
    ) -> Result<T, ContextError> {
        let write = |source| ContextError::Write {
            path: path.to_path_buf(),
            source,
        };
        let folder = path.parent().unwrap_or(Path::new("/"));
        make_private_folder(folder).map_err(write)?;
        let lock = private()
            .open(folder.join(".contexts.lock"))
            .map_err(write)?;
        lock.lock().map_err(write)?;
        let mut contexts = Self::load(path)?;
        let answer = change(&mut contexts)?;
        let text = serde_yaml_ng::to_string(&contexts).map_err(io::Error::other);
        text.and_then(|text| replace(path, &text)).map_err(write)?;
        Ok(answer)
    }

    /// What a name stands for.
    ///
    /// # Errors
    /// [`ContextError::Unknown`].
    pub(crate) fn get(&self, name: &str) -> Result<&Entry, ContextError> {
        let unknown = || ContextError::Unknown(name.to_owned());
        self.contexts.get(name).ok_or_else(unknown)
    }

    /// Adds a context. The first one is in use from then on.
    ///
    /// # Errors
    /// [`ContextError::Name`]; [`ContextError::Exists`] unless one may be replaced.
    pub(crate) fn add(
        &mut self,
        name: &str,
        entry: Entry,
        may_replace: bool,
    ) -> Result<(), ContextError> {
        if !is_name(name) {
            return Err(ContextError::Name(name.to_owned()));
        }
        if !may_replace && self.contexts.contains_key(name) {
            return Err(ContextError::Exists(name.to_owned()));
        }
        self.contexts.insert(name.to_owned(), entry);
        self.current.get_or_insert_with(|| name.to_owned());
        Ok(())
    }

    /// Uses a context from now on.
    ///
    /// # Errors
    /// [`ContextError::Unknown`].
    pub(crate) fn choose(&mut self, name: &str) -> Result<(), ContextError> {
        self.get(name)?;
        self.current = Some(name.to_owned());
        Ok(())
    }

    /// Forgets a context; if it was in use, none is from then on.
    ///
    /// # Errors
    /// [`ContextError::Unknown`].
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), ContextError> {
        self.get(name)?;
        self.contexts.remove(name);
        self.current.take_if(|current| current == name);
        Ok(())
    }
}

impl Config for Contexts {
    fn resolve(&mut self, folder: &Path) {
        for entry in self.contexts.values_mut() {
            entry.profile = folder.join(&entry.profile);
        }
    }

    fn check(&self) -> Result<(), String> {
        for (name, entry) in &self.contexts {
            if !is_name(name) {
                return Err(format!("contexts: {}", ContextError::Name(name.clone())));
            }
            if let Some(channel) = &entry.channel {
                model::ChannelId::parse(channel)
                    .map_err(|error| format!("contexts.{name}.channel: {error}"))?;
            }
        }
        match &self.current {
            Some(current) if !self.contexts.contains_key(current) => Err(format!(
                "current: {}",
                ContextError::Unknown(current.clone())
            )),
            _ => Ok(()),
        }
    }
}

fn is_name(name: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(inner)
}

/// Writes beside the file, then puts it in its place.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("yaml.new");
    // Left by a process that was killed; the lock says that none writes it now.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private().create_new(true).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens files that only their user may read or write, and makes them if they are not there.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{ContextError, Contexts, Entry};

    fn entry(profile: &str) -> Entry {
        Entry {
            profile: PathBuf::from(profile),
            channel: None,
        }
    }

    fn put(path: &Path, name: &str, profile: &str) -> Result<(), ContextError> {
        Contexts::change(path, |all| all.add(name, entry(profile), false))
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/weft/contexts.yaml");
        assert!(Contexts::load(&path).unwrap().contexts.is_empty());
        put(&path, "one", "/p/one.yaml").unwrap();
        put(&path, "two", "/p/two.yaml").unwrap();
        let all = Contexts::load(&path).unwrap();
        assert_eq!(all.current.as_deref(), Some("one"));
        assert_eq!(all.get("two").unwrap(), &entry("/p/two.yaml"));
        Contexts::change(&path, |all| all.choose("two")).unwrap();
        Contexts::change(&path, |all| all.remove("one")).unwrap();
        let all = Contexts::load(&path).unwrap();
        assert_eq!(
            (all.current.as_deref(), all.contexts.len()),
            (Some("two"), 1)
        );
        Contexts::change(&path, |all| all.remove("two")).unwrap();
        assert_eq!(Contexts::load(&path).unwrap().current, None);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_the_users_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weft/contexts.yaml");
        put(&path, "one", "/p").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_change_that_is_refused_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contexts.yaml");
        put(&path, "one", "/p").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(
            put(&path, "one", "/q"),
            Err(ContextError::Exists(_))
        ));
        for name in ["", "-a", "a b", "a\u{1b}", "../a", &"a".repeat(65)] {
            assert!(
                matches!(put(&path, name, "/q"), Err(ContextError::Name(_))),
                "{name}"
            );
        }
        let unknown = Contexts::change(&path, |all| all.choose("two"));
        assert!(matches!(unknown, Err(ContextError::Unknown(_))));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn what_a_killed_writer_left_is_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contexts.yaml");
        std::fs::write(folder.path().join("contexts.yaml.new"), "half").unwrap();
        put(&path, "one", "/p").unwrap();
        assert_eq!(Contexts::load(&path).unwrap().contexts.len(), 1);
    }

    #[test]
    fn a_file_that_says_what_cannot_be_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contexts.yaml");
        for text in [
            "current: x\ncontexts: {}\n",
            "colour: red\n",
            "contexts: {'a b': {profile: p}}\n",
            "contexts: {a: {profile: p, channel: 'No Channel'}}\n",
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(
                matches!(Contexts::load(&path), Err(ContextError::File(_))),
                "{text}"
            );
        }
    }
}
