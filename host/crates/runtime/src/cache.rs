//! Compiled contracts on disk.
//!
//! A file holds a tag and an artefact. The tag is an HMAC-SHA256 over the file's own key and the artefact, with a
//! secret that only this folder has: loading native code that somebody else wrote would be running it. Whatever does
//! not fit (a changed byte, two files swapped, another version's file) is compiled again and overwritten.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::hmac::{Key, TAG_BYTES};

/// Version of the files' layout and of this crate's own use of the artefacts.
const FORMAT: &str = "weft-compiled-contract-1";
/// The file with the secret.
const SECRET_FILE: &str = "secret";
/// Bytes of an artefact that is read; compiled code takes a few times the component's size.
const ARTEFACT_BYTES_MAX: u64 = 512 * 1024 * 1024;
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The folder of compiled contracts of one engine.
pub(crate) struct Cache {
    folder: PathBuf,
    secret: Key,
    /// What every file's key starts with: layout, wasmtime's version, the world's version, settings.
    fingerprint: [u8; 32],
}

/// Names one artefact: what was compiled, and how.
pub(crate) struct CacheKey([u8; 32]);

impl Cache {
    /// Opens or makes the folder. `settings` must differ whenever artefacts would not fit one another.
    ///
    /// # Errors
    /// If the folder or its secret cannot be made, read or closed to others.
    pub(crate) fn open(
        folder: &Path,
        settings: &str,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))?;
        let secret = secret(&folder.join(SECRET_FILE), random)?;
        let fingerprint = Sha256::new()
            .chain_update(FORMAT)
            .chain_update([0])
            .chain_update(settings)
            .finalize()
            .into();
        Ok(Self {
            folder: folder.to_owned(),
            secret: Key::new(secret),
            fingerprint,
        })
    }

    /// Gives the key of a contract under this cache's settings.
    pub(crate) fn key(&self, contract: &[u8; 32]) -> CacheKey {
        CacheKey(
            Sha256::new()
                .chain_update(self.fingerprint)
                .chain_update(contract)
                .finalize()
                .into(),
        )
    }

    /// Reads an artefact; none if there is none that this folder's secret signed for this key.
    pub(crate) fn read(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let reason = match self.read_file(key) {
            Ok(bytes) => match bytes.split_first_chunk::<TAG_BYTES>() {
                Some((tag, artefact)) if self.secret.verify(&[&key.0, artefact], tag) => {
                    return Some(artefact.to_vec());
                }
                Some(_) => "it is not what was stored".to_owned(),
                None => "it is cut short".to_owned(),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => error.to_string(),
        };
        tracing::warn!(
            reason,
            "a compiled contract cannot be used, compiling again"
        );
        None
    }

    /// Stores an artefact. The caller keeps others from storing the same key at the same time.
    ///
    /// # Errors
    /// If the disk refuses; nothing is lost but the time to compile again.
    pub(crate) fn write(&self, key: &CacheKey, artefact: &[u8]) -> io::Result<()> {
        // The key is signed too, so that two files cannot be swapped.
        let tag = self.secret.sign(&[&key.0, artefact]);
        let path = self.path(key);
        let unfinished = path.with_extension("unfinished");
        let mut file = private_file(&unfinished)?;
        file.write_all(&tag)?;
        file.write_all(artefact)?;
        drop(file);
        fs::rename(&unfinished, &path)
    }

    fn read_file(&self, key: &CacheKey) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path(key))?
            .take(ARTEFACT_BYTES_MAX)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        self.folder.join(format!("{}.compiled", hex::encode(key.0)))
    }
}

/// Reads the folder's secret, or makes a new one if it is missing, cut short or was open to others.
fn secret(path: &Path, random: &mut dyn FnMut(&mut [u8])) -> io::Result<[u8; TAG_BYTES]> {
    if let Some(secret) = closed_secret(path)? {
        return Ok(secret);
    }
    let mut secret = [0; TAG_BYTES];
    random(&mut secret);
    private_file(path)?.write_all(&secret)?;
    Ok(secret)
}

fn closed_secret(path: &Path) -> io::Result<Option<[u8; TAG_BYTES]>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let open_to_others = metadata.mode() & 0o077 != 0;
    if !metadata.is_file() || open_to_others || metadata.len() != TAG_BYTES as u64 {
        fs::remove_file(path)?;
        return Ok(None);
    }
    let mut secret = [0; TAG_BYTES];
    File::open(path)?.read_exact(&mut secret)?;
    Ok(Some(secret))
}

/// Makes a new file that only its owner may read, in the place of whatever stood there.
fn private_file(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
}
