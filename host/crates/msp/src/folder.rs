//! Reads MSP folders as Fabric's tools lay them out: cryptogen, and fabric-ca-client with its file names and the files of its own
//! that it puts beside.
//!
//! ```text
//! cacerts/  intermediatecerts/  admincerts/  crls/  tlscacerts/  tlsintermediatecerts/    PEM files, any names
//! config.yaml                                                   organisational units, roles
//! signcerts/  keystore/                                         only where the identity itself signs
//! user/  IssuerPublicKey  IssuerRevocationPublicKey             passed over
//! ```

use std::{
    fs, io,
    path::{Component, Path},
};

use bytes::Bytes;
use prost::Message;
use proto::msp::{
    FabricCryptoConfig, FabricMspConfig, FabricNodeOUs, FabricOuIdentifier, MspConfig,
};
use serde::Deserialize;

use crate::{Error, pem};

/// The largest file that is read, in bytes; revocation lists grow.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The most files that a folder may hold.
const FILES_MAX: usize = 1_000;

/// Reads an MSP folder into the configuration that a channel holds. Keys are not looked at.
///
/// # Errors
/// - [`Error::Folder`]: it is not there, `cacerts` holds no certificate, or `config.yaml` names a file that cannot be read. (Fabric
///   passes over the last for roles, which anybody may then vouch for.)
/// - [`Error::Io`]: a file or a folder that is there cannot be read.
/// - [`Error::Malformed`]: `config.yaml` does not say what it should.
pub fn load_msp_config(folder: &Path, msp_id: &str) -> Result<MspConfig, Error> {
    let what_to_do = "put the certificates of the authorities there that issue its members";
    let root_certs = contents(needed(folder, "cacerts", what_to_do)?);
    let units = read_units(folder)?;
    let tls_root_certs = optional_pem_files(&folder.join("tlscacerts"))?;
    let tls_intermediate_certs = match tls_root_certs.is_empty() {
        true => Vec::new(),
        false => optional_pem_files(&folder.join("tlsintermediatecerts"))?,
    };
    let config = FabricMspConfig {
        name: msp_id.to_owned(),
        root_certs,
        intermediate_certs: optional_pem_files(&folder.join("intermediatecerts"))?,
        admins: optional_pem_files(&folder.join("admincerts"))?,
        revocation_list: optional_pem_files(&folder.join("crls"))?,
        signing_identity: None,
        organizational_unit_identifiers: units.required,
        crypto_config: Some(FabricCryptoConfig {
            signature_hash_family: "SHA2".to_owned(),
            identity_identifier_hash_function: "SHA256".to_owned(),
        }),
        tls_root_certs,
        tls_intermediate_certs,
        fabric_node_ous: units.roles,
    };
    Ok(MspConfig {
        r#type: 0,
        config: config.encode_to_vec().into(),
    })
}

/// The PEM files, at least one, of a folder inside an MSP folder, in the order of their names.
///
/// # Errors
/// [`Error::Folder`] with what to do, [`Error::Io`].
pub(crate) fn needed(folder: &Path, name: &str, what_to_do: &str) -> Result<Vec<File>, Error> {
    let files = match pem_files(&folder.join(name)) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
        answer => answer?,
    };
    if !files.is_empty() {
        return Ok(files);
    }
    let holds_pem = |name: &str| pem_files(&folder.join(name)).is_ok_and(|files| !files.is_empty());
    let reason = if !folder.is_dir() {
        "it is not there".to_owned()
    } else if folder.join("msp").is_dir() {
        format!("{name} is not in it, but a folder msp, which may be the one to name")
    } else if name == "cacerts" && holds_pem("tlscacerts") {
        "it holds authorities for TLS alone, as fabric-ca-client writes them with --enrollment.profile tls: name the folder of \
         the enrolment without that profile"
            .to_owned()
    } else {
        format!("{name} holds no PEM file: {what_to_do}")
    };
    Err(Error::folder(folder, reason))
}

/// A file that holds PEM.
pub(crate) struct File {
    /// Without the folder.
    pub(crate) name: String,
    pub(crate) content: Bytes,
}

fn contents(files: Vec<File>) -> Vec<Bytes> {
    files.into_iter().map(|file| file.content).collect()
}

/// The files of a folder that hold PEM, in the order of their names.
fn pem_files(folder: &Path) -> Result<Vec<File>, Error> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| Error::io(folder, error))? {
        let path = entry.map_err(|error| Error::io(folder, error))?.path();
        if path.is_file() {
            paths.push(path);
        }
        if paths.len() > FILES_MAX {
            return Err(Error::malformed(
                "MSP folder",
                "a folder holds too many files",
            ));
        }
    }
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let content = read(&path)?;
        if pem::decode(&content).is_some() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.push(File {
                name: name.into_owned(),
                content,
            });
        }
    }
    Ok(files)
}

fn optional_pem_files(folder: &Path) -> Result<Vec<Bytes>, Error> {
    match pem_files(folder) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        answer => answer.map(contents),
    }
}

/// Reads a file that is not larger than it should be.
pub(crate) fn read(path: &Path) -> Result<Bytes, Error> {
    let size = fs::metadata(path)
        .map_err(|error| Error::io(path, error))?
        .len();
    if size > FILE_BYTES_MAX {
        let error = io::Error::new(io::ErrorKind::FileTooLarge, "larger than 16 MiB");
        return Err(Error::io(path, error));
    }
    fs::read(path)
        .map(Bytes::from)
        .map_err(|error| Error::io(path, error))
}

/// `config.yaml`, with Fabric's own member names.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ConfigFile {
    organizational_unit_identifiers: Vec<UnitInFile>,
    #[serde(rename = "NodeOUs")]
    node_ous: Option<RolesInFile>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct UnitInFile {
    certificate: String,
    organizational_unit_identifier: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RolesInFile {
    #[serde(rename = "Enable")]
    enable: bool,
    #[serde(rename = "ClientOUIdentifier")]
    client: Option<UnitInFile>,
    #[serde(rename = "PeerOUIdentifier")]
    peer: Option<UnitInFile>,
    #[serde(rename = "AdminOUIdentifier")]
    admin: Option<UnitInFile>,
    #[serde(rename = "OrdererOUIdentifier")]
    orderer: Option<UnitInFile>,
}

#[derive(Default)]
struct Units {
    required: Vec<FabricOuIdentifier>,
    roles: Option<FabricNodeOUs>,
}

fn read_units(folder: &Path) -> Result<Units, Error> {
    let path = folder.join("config.yaml");
    if !path.exists() {
        return Ok(Units::default());
    }
    let text = read(&path)?;
    let file: Option<ConfigFile> = serde_yaml_ng::from_slice(&text)
        .map_err(|error| Error::malformed("MSP config.yaml", error))?;
    let file = file.unwrap_or_default();
    let required = file.organizational_unit_identifiers.iter().map(|unit| {
        let certificate = certificate_file(folder, &unit.certificate)?;
        Ok(identifier(unit, certificate))
    });
    Ok(Units {
        required: required.collect::<Result<_, Error>>()?,
        roles: read_roles(folder, file.node_ous)?,
    })
}

/// The roles, only if they are switched on: Fabric's tools leave them out otherwise.
fn read_roles(folder: &Path, roles: Option<RolesInFile>) -> Result<Option<FabricNodeOUs>, Error> {
    let Some(roles) = roles.filter(|roles| roles.enable) else {
        return Ok(None);
    };
    let unit = |unit: Option<UnitInFile>| {
        let Some(unit) = unit.filter(|unit| !unit.organizational_unit_identifier.is_empty()) else {
            return Ok(None);
        };
        let certificate = match unit.certificate.is_empty() {
            true => Bytes::new(),
            false => certificate_file(folder, &unit.certificate)?,
        };
        Ok::<_, Error>(Some(identifier(&unit, certificate)))
    };
    Ok(Some(FabricNodeOUs {
        enable: true,
        client_ou_identifier: unit(roles.client)?,
        peer_ou_identifier: unit(roles.peer)?,
        admin_ou_identifier: unit(roles.admin)?,
        orderer_ou_identifier: unit(roles.orderer)?,
    }))
}

fn identifier(unit: &UnitInFile, certificate: Bytes) -> FabricOuIdentifier {
    FabricOuIdentifier {
        certificate,
        organizational_unit_identifier: unit.organizational_unit_identifier.clone(),
    }
}

/// A file named inside `config.yaml`, which must stay inside the folder.
fn certificate_file(folder: &Path, name: &str) -> Result<Bytes, Error> {
    let stays_inside = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !stays_inside {
        return Err(Error::malformed(
            "MSP config.yaml",
            format!("{name} leaves the folder"),
        ));
    }
    read(&folder.join(name)).map_err(|_| {
        let what_to_do =
            "write the name that an authority's certificate has in cacerts or intermediatecerts";
        Error::folder(
            folder,
            format!("config.yaml names {name}, which cannot be read: {what_to_do}"),
        )
    })
}
