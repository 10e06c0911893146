//! Chaincode packages: Fabric's `tar.gz` around `metadata.json` and `code.tar.gz`, with one WebAssembly component inside.

mod archive;

use bytes::Bytes;
use model::{ErrorCode, hash::sha256};
use serde::{Deserialize, Serialize};

use crate::Error;
use archive::{Content, Entry};

/// The package type of WebAssembly chaincode.
pub const WASM: &str = "wasm";

const METADATA_FILE: &str = "metadata.json";
const CODE_FILE: &str = "code.tar.gz";
/// The component's name in packages that this crate builds.
const COMPONENT_FILE: &str = "contract.wasm";

/// How large a package may be, whoever sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageLimits {
    /// Bytes of the package as it is sent.
    pub package_bytes_max: usize,
    /// Bytes of `metadata.json`.
    pub metadata_bytes_max: usize,
    /// Bytes of each of the two archives after unpacking, headers and unneeded files included.
    pub unpacked_bytes_max: usize,
    /// Bytes of the component.
    pub component_bytes_max: usize,
    /// Entries in each of the two archives.
    pub entries_max: usize,
}

impl Default for PackageLimits {
    /// 64 MiB sent, 64 KiB of metadata, 128 MiB unpacked, a component of 32 MiB, 1,000 entries.
    fn default() -> Self {
        Self {
            package_bytes_max: 64 * 1024 * 1024,
            metadata_bytes_max: 64 * 1024,
            unpacked_bytes_max: 128 * 1024 * 1024,
            component_bytes_max: 32 * 1024 * 1024,
            entries_max: 1_000,
        }
    }
}

/// What `metadata.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageMetadata {
    /// Where the source was, for people; nothing reads it.
    #[serde(default)]
    pub path: String,
    /// `wasm`; a peer that runs other kinds has other names.
    #[serde(rename = "type", default)]
    pub chaincode_type: String,
    /// The name its maker gave it, first part of the package's id.
    #[serde(default)]
    pub label: String,
}

/// A package that was read and is what it should be. Whether the component runs is for the runtime to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// What `metadata.json` says.
    pub metadata: PackageMetadata,
    /// The component: the one `.wasm` file at the top of `code.tar.gz` or in its `src` folder.
    pub component: Bytes,
    /// `label:hash`, the hash over all bytes of the package.
    pub package_id: String,
    /// The package as it was sent; this is what is stored and given out again.
    pub bytes: Bytes,
}

impl Package {
    /// Reads a package.
    ///
    /// # Errors
    /// [`Error::Package`] with what is wrong: not such an archive (`package.malformed`), beyond a limit
    /// (`package.too_large`), entries that are not plain files or whose names lead elsewhere (`package.unsafe`), a bad
    /// label, another type (`package.type`), no component (`package.not_component`) or two.
    pub fn parse(bytes: Bytes, limits: &PackageLimits) -> Result<Self, Error> {
        if bytes.len() > limits.package_bytes_max {
            let (size, max) = (bytes.len(), limits.package_bytes_max);
            return refuse(
                ErrorCode::PackageTooLarge,
                format!("the package has {size} bytes, at most {max} are allowed"),
            );
        }
        let mut metadata = None;
        let mut code = None;
        archive::read(&bytes, limits, &mut |entry: Entry<'_>| match entry.name {
            METADATA_FILE => keep(&mut metadata, entry, limits.metadata_bytes_max),
            CODE_FILE => keep(&mut code, entry, limits.package_bytes_max),
            _ => Ok(()),
        })?;
        let Some(metadata) = metadata else {
            return malformed("did not find any package metadata (missing metadata.json)");
        };
        let metadata = parse_metadata(&metadata)?;
        let Some(code) = code else {
            return malformed("did not find a code package inside the package");
        };
        Ok(Self {
            component: component(&code, limits)?,
            package_id: package_id(&metadata.label, &bytes),
            metadata,
            bytes,
        })
    }

    /// Packs a component. The same label and component give the same bytes, so the same id, on every machine.
    ///
    /// # Errors
    /// [`Error::Package`] when the label is not allowed.
    pub fn build(label: &str, component: &[u8]) -> Result<Self, Error> {
        let metadata = PackageMetadata {
            path: COMPONENT_FILE.to_owned(),
            chaincode_type: WASM.to_owned(),
            label: label.to_owned(),
        };
        check_label(label)?;
        let json = serde_json::to_vec(&metadata)
            .or_else(|error| malformed(format!("cannot write metadata.json: {error}")))?;
        let code = archive::write(&[(COMPONENT_FILE, component)])?;
        let bytes = Bytes::from(archive::write(&[
            (METADATA_FILE, &json),
            (CODE_FILE, &code),
        ])?);
        Ok(Self {
            package_id: package_id(label, &bytes),
            component: Bytes::copy_from_slice(component),
            metadata,
            bytes,
        })
    }
}

fn refuse<T>(code: ErrorCode, reason: impl Into<String>) -> Result<T, Error> {
    Err(Error::package(code, reason))
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, Error> {
    refuse(ErrorCode::PackageMalformed, reason)
}

fn keep(slot: &mut Option<Vec<u8>>, entry: Entry<'_>, bytes_max: usize) -> Result<(), Error> {
    let name = entry.name.to_owned();
    let Content::File(mut file) = entry.content else {
        return malformed(format!("{name} is not a regular file"));
    };
    if slot.replace(file.read(&name, bytes_max)?).is_some() {
        return malformed(format!("{name} is in the package twice"));
    }
    Ok(())
}

fn parse_metadata(json: &[u8]) -> Result<PackageMetadata, Error> {
    let metadata: PackageMetadata = serde_json::from_slice(json).or_else(|error| {
        malformed(format!(
            "could not unmarshal metadata.json as json: {error}"
        ))
    })?;
    check_label(&metadata.label)?;
    if metadata.chaincode_type != WASM {
        let other = metadata.chaincode_type;
        return refuse(
            ErrorCode::PackageType,
            format!("chaincode type {other:?} is not supported, this peer runs type {WASM:?}"),
        );
    }
    Ok(metadata)
}

/// Fabric's `^[[:alnum:]][[:alnum:]_.+-]*$`.
fn check_label(label: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte);
    let first = label.bytes().next();
    if first.is_some_and(|byte| byte.is_ascii_alphanumeric()) && label.bytes().all(allowed) {
        return Ok(());
    }
    malformed(format!(
        "invalid label '{}'. Label must be non-empty, can only consist of alphanumerics, symbols from '.+-_', and can only begin with alphanumerics",
        label.escape_debug()
    ))
}

fn package_id(label: &str, bytes: &[u8]) -> String {
    format!("{label}:{}", hex::encode(sha256(bytes)))
}

fn component(code: &[u8], limits: &PackageLimits) -> Result<Bytes, Error> {
    let mut found: Option<(String, Vec<u8>)> = None;
    archive::read(code, limits, &mut |entry: Entry<'_>| {
        let name = entry.name.strip_prefix("src/").unwrap_or(entry.name);
        if name.contains('/') || !name.ends_with(".wasm") {
            return Ok(());
        }
        let Content::File(mut file) = entry.content else {
            return Ok(());
        };
        if let Some((other, _)) = &found {
            return malformed(format!(
                "code.tar.gz holds two components, {other} and {}",
                entry.name
            ));
        }
        let bytes = file.read(entry.name, limits.component_bytes_max)?;
        found = Some((entry.name.to_owned(), bytes));
        Ok(())
    })?;
    match found {
        Some((_, bytes)) => Ok(bytes.into()),
        None => refuse(
            ErrorCode::PackageNotComponent,
            "code.tar.gz holds no component (no .wasm file)",
        ),
    }
}

#[cfg(test)]
mod tests;
