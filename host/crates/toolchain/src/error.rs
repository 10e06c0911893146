//! Why there is no target or no module.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What went wrong, sorted by what the caller can do.
#[derive(Debug)]
pub enum Error {
    /// There is no target, and this machine offers no way that we may go; the text says what to run.
    NoTarget {
        /// One line for each way tried or not open, and why.
        tried: Vec<String>,
    },
    /// The environment names no home folder, so there is no place to keep a made target.
    NoHome,
    /// A program that was needed could not be started.
    Start {
        /// The command line.
        command: String,
        /// Why not.
        source: io::Error,
    },
    /// A program ended with an error.
    Failed {
        /// The command line.
        command: String,
        /// The end of what it wrote.
        output: String,
    },
    /// The chaincode does not compile.
    Compile {
        /// The crate's folder.
        crate_dir: PathBuf,
        /// What the compiler says, as it prints it.
        diagnostics: String,
    },
    /// The crate compiles but makes no WebAssembly module.
    NoModule {
        /// The crate's folder.
        crate_dir: PathBuf,
    },
    /// A file or folder could not be read or written.
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTarget { tried } => {
                write!(
                    out,
                    "the Rust target {} is missing and could not be added:",
                    crate::TRIPLE
                )?;
                for line in tried {
                    write!(out, "\n- {line}")?;
                }
                write!(
                    out,
                    "\nrun `rustup target add {}`, then try again",
                    crate::TRIPLE
                )?;
                write!(out, "\nor, on Debian, run this command again as root")
            }
            Self::NoHome => write!(
                out,
                "the variable HOME is not set, so there is no place for the target's files"
            ),
            Self::Start { command, .. } => write!(out, "cannot start `{command}`"),
            Self::Failed { command, output } => write!(out, "`{command}` failed:\n{output}"),
            Self::Compile {
                crate_dir,
                diagnostics,
            } => {
                write!(
                    out,
                    "the chaincode in {} does not compile:\n{diagnostics}",
                    crate_dir.display()
                )
            }
            Self::NoModule { crate_dir } => write!(
                out,
                "the crate in {} makes no WebAssembly module: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`",
                crate_dir.display()
            ),
            Self::File { path, .. } => write!(out, "cannot use {}", path.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start { source, .. } | Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_target_the_error_says_what_was_tried_and_what_to_run() {
        let tried = vec![
            "rustup is not installed".to_owned(),
            "this is not Debian".to_owned(),
        ];
        assert_eq!(
            Error::NoTarget { tried }.to_string(),
            "the Rust target wasm32-unknown-unknown is missing and could not be added:\n\
             - rustup is not installed\n\
             - this is not Debian\n\
             run `rustup target add wasm32-unknown-unknown`, then try again\n\
             or, on Debian, run this command again as root"
        );
    }
}
