//! A folder that one process has and that only its owner can read.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::Error;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const LOCK_FILE: &str = "lock";

/// A locked folder. The lock goes with the value, or with the process however it ends.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is missing, closes an empty one to others, and locks it.
    ///
    /// A folder with something in it that others can reach is refused instead: what was readable may have been read.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(path);
        made.map_err(Error::system("create a data folder"))?;
        let mut entries = fs::read_dir(path).map_err(Error::system("list a data folder"))?;
        if entries.next().is_none() {
            fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
                .map_err(Error::system("close a data folder to others"))?;
        }
        sync_parent(path)?;
        Self::open(path)
    }

    /// Checks and locks a folder that must exist.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        check_mode(path, FOLDER_MODE)?;
        let lock_path = path.join(LOCK_FILE);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(FILE_MODE)
            .open(&lock_path)
            .map_err(Error::system("open a data folder's lock file"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(Error::system("lock a data folder")(source)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes an empty file that only its owner can read, if there is none, so that SQLite, which would make it readable for all,
/// finds it. Its side files take over the mode.
///
/// Never to be called for a file that this process has open as a database: closing it would drop SQLite's locks.
pub(crate) fn create_private_file(path: &Path) -> Result<(), Error> {
    let made = File::options()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path);
    match made {
        Ok(_) => sync_parent(path),
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(cause) => Err(Error::system("create a database file")(cause)),
    }
}

/// Refuses a database file, or one of its side files, that others than the owner can reach.
pub(crate) fn check_private_file(path: &Path) -> Result<(), Error> {
    check_mode(path, FILE_MODE)?;
    for suffix in ["-wal", "-shm"] {
        let mut side = path.as_os_str().to_owned();
        side.push(suffix);
        match check_mode(Path::new(&side), FILE_MODE) {
            Ok(()) | Err(Error::Missing { .. }) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

fn check_mode(path: &Path, wanted: u32) -> Result<(), Error> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(cause) if cause.kind() == ErrorKind::NotFound => {
            return Err(Error::Missing {
                path: path.to_owned(),
            });
        }
        Err(cause) => return Err(Error::system("look at a data file")(cause)),
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::TooOpen {
        path: path.to_owned(),
        mode,
        wanted,
    })
}

/// A new name in a folder is durable once the folder is.
fn sync_parent(path: &Path) -> Result<(), Error> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::system("sync a data folder"))
}
