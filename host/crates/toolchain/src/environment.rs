//! The environment variables that the work is done with.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// A copy of the environment, taken by the caller.
///
/// Programs started by this crate get this and nothing else, without the variables by which a cargo or rustup around
/// us would change what they do.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

/// Variables that steer cargo, rustc or rustup, beside those that begin with one of [`STEERING_PREFIXES`].
const STEERING: &[&str] = &[
    "CARGO",
    "CARGO_ENCODED_RUSTDOCFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "CARGO_PRIMARY_PACKAGE",
    "LD_LIBRARY_PATH",
    "MAKEFLAGS",
    "OUT_DIR",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_LINKER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
];

const STEERING_PREFIXES: &[&str] = &[
    "CARGO_BIN_",
    "CARGO_BUILD_",
    "CARGO_CFG_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
];

impl Environment {
    /// Takes the variables as given; `std::env::vars_os()` gives the process's own.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self {
            variables: variables.into_iter().collect(),
        }
    }

    /// The value of a variable; none if it is unset or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// The user's home folder.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.get("HOME").map(Path::new)
    }

    /// Cargo's folder with registry and git checkouts.
    pub(crate) fn cargo_home(&self) -> Option<PathBuf> {
        self.folder("CARGO_HOME", ".cargo")
    }

    /// rustup's folder with the toolchains.
    pub(crate) fn rustup_home(&self) -> Option<PathBuf> {
        self.folder("RUSTUP_HOME", ".rustup")
    }

    /// Where Weft's tools keep what they made for this user.
    pub(crate) fn data_folder(&self) -> Option<PathBuf> {
        Some(self.folder("XDG_DATA_HOME", ".local/share")?.join("weft"))
    }

    /// Whether rustup may download: not where `RUSTUP_AUTO_INSTALL=0` says that this machine does not want it to.
    pub(crate) fn rustup_may_download(&self) -> bool {
        self.get("RUSTUP_AUTO_INSTALL")
            .is_none_or(|value| value != "0")
    }

    /// The variables for a program that asks which installation is in use: all of them, so that a rustup around us
    /// answers as it would at the prompt.
    pub(crate) fn as_given(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter()
    }

    /// The variables for a cargo that is to do as we say.
    pub(crate) fn without_steering(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter().filter(|(name, _)| !is_steering(name))
    }

    fn folder(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        self.get(variable)
            .map(PathBuf::from)
            .or_else(|| Some(self.home()?.join(below_home)))
    }
}

fn is_steering(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    STEERING.contains(&name)
        || STEERING_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::new(
            pairs
                .iter()
                .map(|(name, value)| (name.into(), value.into())),
        )
    }

    #[test]
    fn a_cargo_inside_cargo_does_not_inherit_what_the_outer_one_was_told() {
        let outer = environment(&[
            ("CARGO_ENCODED_RUSTFLAGS", "-Dwarnings"),
            ("CARGO_HOME", "/c"),
            ("CARGO_HTTP_CAINFO", "/ca.pem"),
            ("CARGO_PKG_NAME", "xtask"),
            ("CARGO_TARGET_DIR", "/t"),
            ("PATH", "/bin"),
            ("RUSTC_WRAPPER", "sccache"),
            ("RUSTFLAGS", "-Ctarget-cpu=native"),
            ("RUSTUP_TOOLCHAIN", "nightly"),
        ]);
        let kept: Vec<_> = outer
            .without_steering()
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(kept, ["CARGO_HOME", "CARGO_HTTP_CAINFO", "PATH"]);
    }

    #[test]
    fn folders_follow_their_variables_and_else_lie_below_home() {
        let plain = environment(&[("HOME", "/h")]);
        assert_eq!(plain.cargo_home().unwrap(), Path::new("/h/.cargo"));
        assert_eq!(
            plain.data_folder().unwrap(),
            Path::new("/h/.local/share/weft")
        );
        let set = environment(&[
            ("HOME", "/h"),
            ("CARGO_HOME", "/c"),
            ("XDG_DATA_HOME", "/d"),
            ("RUSTUP_HOME", ""),
        ]);
        assert_eq!(set.cargo_home().unwrap(), Path::new("/c"));
        assert_eq!(set.data_folder().unwrap(), Path::new("/d/weft"));
        assert_eq!(set.rustup_home().unwrap(), Path::new("/h/.rustup"));
        assert_eq!(environment(&[]).cargo_home(), None);
    }

    #[test]
    fn only_auto_install_0_forbids_rustup_to_download() {
        assert!(environment(&[]).rustup_may_download());
        assert!(environment(&[("RUSTUP_AUTO_INSTALL", "1")]).rustup_may_download());
        assert!(!environment(&[("RUSTUP_AUTO_INSTALL", "0")]).rustup_may_download());
    }
}
