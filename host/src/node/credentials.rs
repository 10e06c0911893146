//! The credentials in force: read from their file at start and whenever it changed, so that revoking needs no restart.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rest::Credential;
use tracing::{error, info, warn};

use super::NodeError;
use crate::config::{self, FILE_SIZE_BYTES_MAX};

/// How often the file is looked at, at most.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Permission bits by which others could add a credential of their own.
const OTHERS_WRITE: u32 = 0o002;
/// Permission bits that the file need not have.
const NOT_NEEDED: u32 = 0o077;

/// A file of credentials, or none.
pub(super) struct Credentials {
    path: Option<PathBuf>,
    /// The wallet's identities.
    known: Vec<String>,
    state: Mutex<State>,
}

struct State {
    current: Arc<[Credential]>,
    /// What the file looked like when it was read last.
    stamp: Option<Stamp>,
    /// Whether it was read twice, a look apart, with the same stamp: a change within one tick of the file system's clock
    /// does not show in the stamp.
    settled: bool,
    looked: Instant,
    /// Why the file cannot be used now; `current` is then what it said before.
    failure: Option<String>,
}

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size_bytes: u64,
    inode: u64,
    mode: u32,
}

impl Credentials {
    /// Reads the file for the first time; `known` names the wallet's identities.
    ///
    /// # Errors
    /// [`NodeError::Credentials`]
    pub(super) fn open(path: Option<PathBuf>, known: Vec<String>) -> Result<Self, NodeError> {
        let mut state = State {
            current: Arc::from([]),
            stamp: None,
            settled: false,
            looked: Instant::now(),
            failure: None,
        };
        if let Some(path) = &path {
            let wrong = |reason| NodeError::Credentials {
                path: path.clone(),
                reason,
            };
            let (stamp, text) = read(path).map_err(wrong)?;
            state.current = parse(&text, &known).map_err(wrong)?.into();
            if stamp.mode & NOT_NEEDED != 0 {
                let mode = format!("{:o}", stamp.mode);
                warn!(path = %path.display(), mode, "others can reach the credentials; chmod 600 the file");
            }
            state.stamp = Some(stamp);
        }
        Ok(Self {
            path,
            known,
            state: Mutex::new(state),
        })
    }

    /// The credentials in force. Looks at the file once a second at most.
    pub(super) fn current(&self) -> Arc<[Credential]> {
        self.at(Instant::now(), |state| Arc::clone(&state.current))
    }

    /// Whether the file cannot be used now.
    pub(super) fn has_failed(&self) -> bool {
        self.at(Instant::now(), |state| state.failure.is_some())
    }

    fn at<T>(&self, now: Instant, look: impl FnOnce(&State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &self.path
            && now.saturating_duration_since(state.looked) >= LOOK_AGAIN
        {
            state.looked = now;
            state.refresh(path, &self.known);
        }
        look(&state)
    }
}

impl State {
    fn refresh(&mut self, path: &Path, known: &[String]) {
        let seen = std::fs::metadata(path).ok().map(|found| Stamp::of(&found));
        if seen.is_some() && seen == self.stamp && self.settled {
            return;
        }
        match read(path) {
            Err(reason) => {
                (self.stamp, self.settled) = (None, false);
                self.fail(path, reason);
            }
            Ok((stamp, text)) => {
                self.settled = self.stamp == Some(stamp);
                self.stamp = Some(stamp);
                match parse(&text, known) {
                    Err(reason) => self.fail(path, reason),
                    Ok(credentials) => self.take(path, credentials),
                }
            }
        }
    }

    fn take(&mut self, path: &Path, credentials: Vec<Credential>) {
        if self.failure.take().is_some() || *self.current != *credentials {
            info!(path = %path.display(), credentials = credentials.len(), "credentials read");
        }
        self.current = credentials.into();
    }

    /// Keeps what there was. Logs the reason once.
    fn fail(&mut self, path: &Path, reason: String) {
        if self.failure.as_ref() != Some(&reason) {
            error!(path = %path.display(), %reason, "the credentials cannot be read; those read before stay in force");
        }
        self.failure = Some(reason);
    }
}

impl Stamp {
    #[cfg(unix)]
    fn of(found: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            modified: found.modified().ok(),
            size_bytes: found.len(),
            inode: found.ino(),
            mode: found.mode() & 0o777,
        }
    }

    #[cfg(not(unix))]
    fn of(found: &Metadata) -> Self {
        Self {
            modified: found.modified().ok(),
            size_bytes: found.len(),
            inode: 0,
            mode: 0,
        }
    }
}

fn parse(text: &str, known: &[String]) -> Result<Vec<Credential>, String> {
    config::parse_credentials(text, &|name| known.iter().any(|one| one == name))
}

/// The file and what it looked like, from one handle.
fn read(path: &Path) -> Result<(Stamp, String), String> {
    let failed = |error: io::Error| error.to_string();
    let file = File::open(path).map_err(failed)?;
    let stamp = Stamp::of(&file.metadata().map_err(failed)?);
    if stamp.mode & OTHERS_WRITE != 0 {
        return Err(format!(
            "its mode is {:o}: everybody could let themselves in; chmod 600 it",
            stamp.mode
        ));
    }
    let mut text = String::new();
    file.take(FILE_SIZE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > FILE_SIZE_BYTES_MAX {
        return Err(format!("it has more than {FILE_SIZE_BYTES_MAX} bytes"));
    }
    Ok((stamp, text))
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::time::{Duration, Instant};

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn write(path: &Path, names: &[&str]) {
        let entries = names.iter().enumerate();
        let entries = entries
            .map(|(index, name)| format!("- {{name: {name}, token_sha256: {index}{}}}\n", &A[1..]));
        let text = format!("credentials:\n{}", entries.collect::<String>());
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    struct Looks {
        folder: tempfile::TempDir,
        credentials: Credentials,
        now: Instant,
    }

    impl Looks {
        fn new(names: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("credentials.yaml");
            write(&path, names);
            let credentials = Credentials::open(Some(path), vec!["user".to_owned()]).unwrap();
            Self {
                folder,
                credentials,
                now: Instant::now(),
            }
        }

        fn path(&self) -> std::path::PathBuf {
            self.folder.path().join("credentials.yaml")
        }

        /// Names of the credentials in force after that time, and whether the file is well.
        fn after(&mut self, time: Duration) -> (Vec<String>, bool) {
            self.now += time;
            self.credentials.at(self.now, |state| {
                let names = state.current.iter().map(|one| one.name.clone());
                (names.collect(), state.failure.is_none())
            })
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    fn well(names: &[&str]) -> (Vec<String>, bool) {
        (names.iter().map(|&name| name.to_owned()).collect(), true)
    }

    #[test]
    fn a_change_is_in_force_within_a_second() {
        let mut looks = Looks::new(&["a", "b"]);
        assert_eq!(looks.after(SECOND), well(&["a", "b"]));
        write(&looks.path(), &["a"]);
        assert_eq!(looks.after(Duration::from_millis(999)), well(&["a", "b"]));
        assert_eq!(looks.after(Duration::from_millis(1)), well(&["a"]));
    }

    #[test]
    fn a_change_that_the_file_s_times_do_not_show_is_seen_one_look_later() {
        let mut looks = Looks::new(&["a"]);
        let modified = fs::metadata(looks.path()).unwrap().modified().unwrap();
        write(&looks.path(), &["c"]);
        let file = fs::File::options().write(true).open(looks.path()).unwrap();
        file.set_modified(modified).unwrap();
        assert_eq!(looks.after(SECOND), well(&["c"]));
    }

    #[test]
    fn a_broken_file_keeps_what_was_in_force_and_is_told() {
        let mut looks = Looks::new(&["a"]);
        fs::write(looks.path(), "credentials: [").unwrap();
        assert_eq!(looks.after(SECOND), (vec!["a".to_owned()], false));
        assert_eq!(looks.after(SECOND), (vec!["a".to_owned()], false));
        fs::remove_file(looks.path()).unwrap();
        assert_eq!(looks.after(SECOND), (vec!["a".to_owned()], false));
        write(&looks.path(), &["b"]);
        assert_eq!(looks.after(SECOND), well(&["b"]));
    }

    #[test]
    fn a_file_that_everybody_may_write_is_not_used() {
        let mut looks = Looks::new(&["a"]);
        write(&looks.path(), &["b"]);
        fs::set_permissions(looks.path(), fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(looks.after(SECOND), (vec!["a".to_owned()], false));
    }

    #[test]
    fn without_a_file_nobody_has_access() {
        let none = Credentials::open(None, Vec::new()).unwrap();
        assert!(none.current().is_empty() && !none.has_failed());
        let missing = Credentials::open(Some("/nowhere/at/all".into()), Vec::new());
        assert!(missing.is_err());
    }
}
