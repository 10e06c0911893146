//! The profiles that `weft dev` writes: who speaks, to which peer.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// Administrator of Org1.
pub const ORG1_ADMIN: &str = "org1-admin";
/// User of Org1.
pub const ORG1_USER: &str = "org1-user";
/// Administrator of Org2.
pub const ORG2_ADMIN: &str = "org2-admin";
/// User of Org2.
pub const ORG2_USER: &str = "org2-user";

/// What a client needs of a profile.
#[derive(Clone, Debug, Deserialize)]
pub struct Profile {
    /// The organisation.
    pub msp_id: String,
    /// The user's MSP folder.
    pub msp_folder: PathBuf,
    /// The organisation's peer.
    pub peer: Peer,
}

/// Where a peer listens.
#[derive(Clone, Debug, Deserialize)]
pub struct Peer {
    /// `host:port`.
    pub address: String,
    /// The TLS authority's certificate.
    pub tls_ca: PathBuf,
}

impl Profile {
    /// Reads a profile; its paths become absolute.
    ///
    /// # Errors
    /// There is none, or it is not one.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("no profile {}", path.display()))?;
        let mut profile: Self =
            serde_yaml_ng::from_str(&text).with_context(|| path.display().to_string())?;
        let folder = path.parent().context("a profile lies in a folder")?;
        profile.msp_folder = folder.join(&profile.msp_folder);
        profile.peer.tls_ca = folder.join(&profile.peer.tls_ca);
        Ok(profile)
    }
}
