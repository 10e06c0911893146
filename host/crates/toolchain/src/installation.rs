//! A Rust installation: where its compiler and cargo are, and whether it has the target.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command;
use crate::{Environment, Error, TRIPLE};

/// A compiler with its cargo and the folder of its libraries.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    pub(crate) rustc: PathBuf,
    pub(crate) cargo: PathBuf,
    pub(crate) sysroot: PathBuf,
}

impl Installation {
    /// The one that `rustc` at the prompt means, rustup's choice of toolchain made; none if there is no Rust.
    pub(crate) fn in_use(environment: &Environment) -> Option<Self> {
        let answer =
            command::run(command::program("rustc", environment).args(["--print", "sysroot"]))
                .ok()?;
        let sysroot = PathBuf::from(answer.trim());
        let (rustc, cargo) = (sysroot.join("bin/rustc"), sysroot.join("bin/cargo"));
        // rustup's own `cargo` would choose the toolchain anew, by the folder it is started in.
        (rustc.is_file() && cargo.is_file()).then_some(Self {
            rustc,
            cargo,
            sysroot,
        })
    }

    /// Whether chaincode can be compiled with it as it is.
    pub(crate) fn has_target(&self) -> bool {
        has_std(&self.sysroot.join("lib/rustlib").join(TRIPLE).join("lib"))
    }
}

/// Whether the folder holds a compiled standard library.
pub(crate) fn has_std(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// What `rustc -Vv` says of a compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiler {
    /// Such as `1.96.0`.
    pub(crate) release: String,
    /// The machine that it runs on, such as `x86_64-unknown-linux-gnu`.
    pub(crate) host: String,
    /// Major and minor version.
    pub(crate) version: (u32, u32),
    /// The whole answer.
    pub(crate) verbose: String,
}

impl Compiler {
    /// Asks the compiler at `rustc`.
    ///
    /// # Errors
    /// [`Error::Start`] and [`Error::Failed`], the latter also for an answer that is no version.
    pub(crate) fn ask(rustc: &Path, environment: &Environment) -> Result<Self, Error> {
        let verbose = command::run(command::program(rustc, environment).arg("-Vv"))?;
        Self::parse(&verbose).ok_or_else(|| Error::Failed {
            command: format!("{} -Vv", rustc.display()),
            output: verbose,
        })
    }

    fn parse(verbose: &str) -> Option<Self> {
        let field = |name: &str| {
            verbose
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let release = field("release")?.to_owned();
        let mut numbers = release.split(['.', '-']).map(str::parse);
        let version = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Self {
            host: field("host")?.to_owned(),
            version,
            release,
            verbose: verbose.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_tells_its_version_and_host() {
        let said = "rustc 1.96.0-beta.2 (abc 2026-05-01)\nbinary: rustc\nhost: aarch64-unknown-linux-gnu\n\
                    release: 1.96.0-beta.2\nLLVM version: 22.1.8";
        let compiler = Compiler::parse(said).unwrap();
        assert_eq!(compiler.version, (1, 96));
        assert_eq!(compiler.release, "1.96.0-beta.2");
        assert_eq!(compiler.host, "aarch64-unknown-linux-gnu");
        assert_eq!(Compiler::parse("release: new\nhost: x"), None);
        assert_eq!(Compiler::parse(""), None);
    }
}
