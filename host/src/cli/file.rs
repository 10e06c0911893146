//! Files that commands take or make; `-` stands for stdin and stdout.

use std::convert::Infallible;
use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use model::ErrorCode;
use services::MESSAGE_SIZE_BYTES_MAX;

use super::failure::Failure;
use super::output;

/// Bytes of a file that are taken: no node takes a larger message.
const SIZE_BYTES_MAX: usize = MESSAGE_SIZE_BYTES_MAX;

/// A file, or the pipe that the command stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// `-`.
    Pipe,
    /// Everything else.
    File(PathBuf),
}

impl FromStr for Path {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "-" => Self::Pipe,
            path => Self::File(PathBuf::from(path)),
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipe => formatter.write_str("the pipe"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

impl Path {
    /// All of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn read(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // One byte more than is taken: whether there is more.
        let limit = u64::try_from(SIZE_BYTES_MAX)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let read = match self {
            Self::File(path) => {
                std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
            }
            Self::Pipe => std::io::stdin().lock().take(limit).read_to_end(&mut bytes),
        };
        read.with_context(|| format!("cannot read {self}"))?;
        if bytes.len() > SIZE_BYTES_MAX {
            let what = format!("{self} has more than {SIZE_BYTES_MAX} bytes");
            return Err(Failure::new(ErrorCode::RequestTooLarge, what).into());
        }
        Ok(bytes)
    }

    /// Puts all of it there.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::File(path) => std::fs::write(path, bytes)
                .with_context(|| format!("cannot write {}", path.display())),
            Self::Pipe => Ok(output::bytes(bytes)?),
        }
    }
}
