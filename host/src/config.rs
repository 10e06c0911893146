//! Configuration files of nodes: YAML, units in names, unknown keys are errors, paths relative to the file.
//!
//! The only place of Weft that reads configuration files and the environment.

mod credentials;
mod environment;
mod listen;
mod name;
mod orderer;
mod peer;
mod rest;

use std::path::{Path, PathBuf};

use model::ErrorCode;
use serde::de::DeserializeOwned;

pub(crate) use credentials::{
    NewCredential, add_credential, parse as parse_credentials, put_credential, unix_seconds,
};
pub(crate) use environment::{UserEnvironment, toolchain_environment};
pub(crate) use listen::{ClientCertificates, ListenConfig, TlsConfig};
pub(crate) use name::check_name;
pub(crate) use orderer::OrdererConfig;
pub(crate) use peer::{KnownPeer, PeerConfig};
pub(crate) use rest::RestConfig;

/// Largest configuration file, in bytes.
pub(crate) const FILE_SIZE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {path}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any configuration.
    #[error("configuration {path} has {size_bytes} bytes, at most {FILE_SIZE_BYTES_MAX} are read", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size_bytes: u64,
    },
    /// The file says something that is not known or not possible.
    #[error("configuration {path}: {reason}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and what, as the parser says it.
        reason: String,
    },
}

impl ConfigError {
    /// The code by which users know it.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Read { .. } | Self::Write { .. } => ErrorCode::FileUnusable,
            Self::TooLarge { .. } | Self::Invalid { .. } => ErrorCode::ConfigInvalid,
        }
    }
}

/// Reads a configuration and makes its paths absolute.
///
/// # Errors
/// [`ConfigError`]: unreadable, too large, not YAML, an unknown key, a missing one, a value out of its range.
pub(crate) fn load<T: Config>(path: &Path) -> Result<T, ConfigError> {
    let read = |source| ConfigError::Read {
        path: path.to_path_buf(),
        source,
    };
    let path = std::path::absolute(path).map_err(read)?;
    let read = |source| ConfigError::Read {
        path: path.clone(),
        source,
    };
    let size_bytes = std::fs::metadata(&path).map_err(read)?.len();
    if size_bytes > FILE_SIZE_BYTES_MAX {
        return Err(ConfigError::TooLarge { path, size_bytes });
    }
    let text = std::fs::read_to_string(&path).map_err(read)?;
    let invalid = |reason: String| ConfigError::Invalid {
        path: path.clone(),
        reason,
    };
    let mut config: T =
        serde_yaml_ng::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    config.resolve(path.parent().unwrap_or(Path::new("/")));
    config.check().map_err(invalid)?;
    Ok(config)
}

/// What every configuration can do once it is parsed.
pub(crate) trait Config: DeserializeOwned {
    /// Makes relative paths absolute, from the folder the file lies in.
    fn resolve(&mut self, folder: &Path);
    /// Says what cannot work, naming the key.
    fn check(&self) -> Result<(), String>;
}

/// Limits that bound something to nothing are mistakes.
fn check_at_least_one(limits: &[(&str, usize)]) -> Result<(), String> {
    match limits.iter().find(|(_, value)| *value == 0) {
        Some((key, _)) => Err(format!("limits.{key} must be at least 1")),
        None => Ok(()),
    }
}

fn resolve_all<'a>(folder: &Path, paths: impl IntoIterator<Item = &'a mut PathBuf>) {
    for path in paths {
        *path = folder.join(&*path);
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, PeerConfig, load};
    use expect_test::{Expect, expect};

    const GOOD: &str = "folder: data\nmsp_id: Org1MSP\nmsp_folder: msp\nlisten:\n  address: 127.0.0.1:7051\n  \
                        tls: {certificate: tls/server.crt, key: tls/server.key}\n";

    fn check(text: &str, expect: Expect) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.yaml");
        std::fs::write(&path, text).unwrap();
        let said = match load::<PeerConfig>(&path) {
            Ok(config) => format!("{config:?}"),
            Err(ConfigError::Invalid { reason, .. }) => reason,
            Err(other) => panic!("{other}"),
        };
        expect.assert_eq(&said.replace(&folder.path().display().to_string(), "<folder>"));
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.yaml");
        std::fs::write(&path, GOOD).unwrap();
        let config: PeerConfig = load(&path).unwrap();
        assert_eq!(config.folder, folder.path().join("data"));
        assert_eq!(
            config.listen.tls.unwrap().key,
            folder.path().join("tls/server.key")
        );
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        check(
            &format!("{GOOD}colour: red\n"),
            expect![
                "unknown field `colour`, expected one of `folder`, `msp_id`, `msp_folder`, `listen`, `public_address`, `operations_address`, `genesis_blocks`, `peers`, `rest`, `limits` at line 7 column 1"
            ],
        );
    }

    #[test]
    fn a_missing_key_is_an_error_that_names_it() {
        check("folder: data\n", expect!["missing field `msp_id`"]);
    }

    #[test]
    fn a_value_out_of_its_range_is_an_error_that_names_the_key() {
        check(
            &format!("{GOOD}limits: {{simulation_threads: 0}}\n"),
            expect!["limits.simulation_threads must be at least 1"],
        );
    }

    #[test]
    fn a_rest_section_that_cannot_work_is_an_error_that_names_the_key() {
        check(
            &format!("{GOOD}rest: {{event_streams_max: 0}}\n"),
            expect!["rest.event_streams_max must be at least 1"],
        );
        check(
            &format!("{GOOD}rest: {{tokens: [a]}}\n"),
            expect![
                "rest: unknown field `tokens`, expected one of `credentials`, `wallet`, `commit_wait_ms`, `body_bytes_max`, `body_timeout_ms`, `event_streams_max` at line 7 column 8"
            ],
        );
        check(
            &format!(
                "{GOOD}rest: {{wallet: [{{name: u, msp_folder: a}}, {{name: u, msp_folder: b}}]}}\n"
            ),
            expect!["rest.wallet: there are two identities 'u'"],
        );
        check(
            &format!("{GOOD}rest: {{wallet: [{{name: 'u\u{e9}', msp_folder: a}}]}}\n"),
            expect![
                "rest.wallet: 'ué' is not a name: a letter or digit, then letters, digits, '.', '_', '@' and '-', at most 64"
            ],
        );
    }

    #[test]
    fn paths_of_the_rest_section_are_relative_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.yaml");
        let rest = "rest:\n  credentials: c.yaml\n  wallet: [{name: u, msp_folder: users/u}]\n";
        std::fs::write(&path, format!("{GOOD}{rest}")).unwrap();
        let config: PeerConfig = load(&path).unwrap();
        assert_eq!(config.rest.credentials, Some(folder.path().join("c.yaml")));
        assert_eq!(
            config.rest.wallet[0].msp_folder,
            folder.path().join("users/u")
        );
    }

    #[test]
    fn optional_certificates_of_clients_need_somebody_who_issues_them() {
        check(
            &GOOD.replace("server.key", "server.key, client_certificates: optional"),
            expect![
                "listen.tls.client_roots is missing: no certificate of a client would be trusted"
            ],
        );
    }

    #[test]
    fn plain_text_is_for_loopback_only() {
        check(
            "folder: d\nmsp_id: A\nmsp_folder: m\nlisten: {address: 0.0.0.0:1}\n",
            expect![
                "listen.tls is missing: without TLS a node listens on loopback only, not on 0.0.0.0:1"
            ],
        );
    }
}
