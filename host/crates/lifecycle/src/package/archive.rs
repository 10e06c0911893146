//! Gzipped tar archives from strangers, read within limits, and our own, written the same each time.

use std::cell::Cell;
use std::io::{self, Read};

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};
use model::ErrorCode;
use tar::{EntryType, Header};

use super::PackageLimits;
use crate::Error;

/// Longest name of an entry, in bytes.
const NAME_BYTES_MAX: usize = 512;

/// One entry of an archive; its name is clean: relative, no `..`, no leading `./`.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) content: Content<'a>,
}

/// What an entry is.
pub(super) enum Content<'a> {
    File(File<'a>),
    Folder,
}

/// A plain file that can be read once.
pub(super) struct File<'a> {
    reader: &'a mut dyn Read,
    size_bytes: u64,
}

impl File<'_> {
    /// All of the file, if it is no larger than `bytes_max`.
    pub(super) fn read(&mut self, name: &str, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let size = usize::try_from(self.size_bytes).unwrap_or(usize::MAX);
        if size > bytes_max {
            return Err(too_large(format!(
                "{name} has {size} bytes, at most {bytes_max} are allowed"
            )));
        }
        // Memory grows with what is really there, not with what the header claims.
        let mut bytes = Vec::new();
        self.reader
            .read_to_end(&mut bytes)
            .map_err(|error| malformed(format!("could not read {name} from tar: {error}")))?;
        if bytes.len() != size {
            return Err(malformed(format!("{name} is cut off")));
        }
        Ok(bytes)
    }
}

fn malformed(reason: String) -> Error {
    Error::package(ErrorCode::PackageMalformed, reason)
}

fn too_large(reason: String) -> Error {
    Error::package(ErrorCode::PackageTooLarge, reason)
}

fn unsafe_entry(reason: String) -> Error {
    Error::package(ErrorCode::PackageUnsafe, reason)
}

/// Goes through an archive and shows each entry.
///
/// # Errors
/// [`Error::Package`] for anything that is not a plain archive of plain files and folders within the limits.
pub(super) fn read(
    bytes: &[u8],
    limits: &PackageLimits,
    visit: &mut dyn FnMut(Entry<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let exceeded = Cell::new(false);
    let unpacked = Bounded {
        inner: MultiGzDecoder::new(bytes),
        left: limits.unpacked_bytes_max,
        exceeded: &exceeded,
    };
    walk(unpacked, limits, visit).map_err(|error| match error {
        // The archive's reader knows of a failed read only that it failed.
        Error::Package(refused) if exceeded.get() => too_large(refused.text),
        other => other,
    })
}

fn walk(
    unpacked: impl Read,
    limits: &PackageLimits,
    visit: &mut dyn FnMut(Entry<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let broken = |error: io::Error| malformed(format!("error reading the archive: {error}"));
    let mut archive = tar::Archive::new(unpacked);
    let mut count = 0;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        count += 1;
        if count > limits.entries_max {
            return Err(too_large(format!(
                "the archive has more than {} entries",
                limits.entries_max
            )));
        }
        let name = clean_name(&entry.path_bytes())?;
        let size_bytes = entry.size();
        let content = match entry.header().entry_type() {
            EntryType::Regular => Content::File(File {
                reader: &mut entry,
                size_bytes,
            }),
            EntryType::Directory => Content::Folder,
            EntryType::XGlobalHeader => continue,
            other => {
                return Err(unsafe_entry(format!(
                    "tar entry {name} is not a regular file, type {:?}",
                    char::from(other.as_byte())
                )));
            }
        };
        visit(Entry {
            name: &name,
            content,
        })?;
    }
    // The checksum stands at the end, behind what the archive says is its end: a changed package is told as that.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
    Ok(())
}

/// The name without `./` in front; anything that could lead out of a folder is refused, also in entries nobody needs.
fn clean_name(bytes: &[u8]) -> Result<String, Error> {
    let refuse = |reason: &str| {
        let shown = String::from_utf8_lossy(bytes.get(..64).unwrap_or(bytes)).into_owned();
        Err(unsafe_entry(format!(
            "tar entry {:?}: {reason}",
            shown.as_str()
        )))
    };
    if bytes.len() > NAME_BYTES_MAX {
        return refuse("the name is too long");
    }
    let Ok(name) = std::str::from_utf8(bytes) else {
        return refuse("the name is not UTF-8");
    };
    if name.contains(|character: char| character.is_control() || character == '\\') {
        return refuse("the name holds control characters or backslashes");
    }
    if name.starts_with('/') || name.split('/').any(|part| part == "..") {
        return refuse("the name leads out of the archive");
    }
    let parts: Vec<&str> = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    Ok(parts.join("/"))
}

/// Fails, instead of ending, when more comes out than is allowed.
struct Bounded<'a, R> {
    inner: R,
    left: usize,
    /// Set when that happens.
    exceeded: &'a Cell<bool>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                Ok(count)
            }
            None => {
                self.exceeded.set(true);
                Err(io::Error::other("it unpacks to more than is allowed"))
            }
        }
    }
}

/// Packs files in the given order, with nothing in the archive that depends on when, where or by whom.
///
/// # Errors
/// [`Error::Package`] when a name does not fit a tar header.
pub(super) fn write(files: &[(&str, &[u8])]) -> Result<Vec<u8>, Error> {
    let broken = |error: io::Error| malformed(format!("cannot write the archive: {error}"));
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::new(6));
    let mut archive = tar::Builder::new(gzip);
    for (name, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_path(name).map_err(broken)?;
        header.set_size(bytes.len().try_into().unwrap_or(u64::MAX));
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        archive.append(&header, *bytes).map_err(broken)?;
    }
    archive
        .into_inner()
        .map_err(broken)?
        .finish()
        .map_err(broken)
}
