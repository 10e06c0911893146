//! Writes and reads the folders in which Fabric's tools expect an organisation's certificates.
//!
//! ```text
//! ca/       ca.<domain>-cert.pem  priv_sk           who vouches for identities
//! tlsca/    tlsca.<domain>-cert.pem  priv_sk        who vouches for TLS
//! msp/      cacerts/ tlscacerts/ config.yaml        what the channel configuration needs
//! peers/<name>.<domain>/      msp/  tls/            the members, by role; orderers/ likewise
//! users/<Name>@<domain>/      msp/  tls/            admins and clients
//! ```
//!
//! Folders are made with mode 0700, keys with 0600, on Unix. A key is never written over.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use super::{Authority, Issued, Random, Validity};
use crate::{Error, Role, folder};

/// Both authorities of an organisation.
#[derive(Debug)]
pub struct Organization {
    domain: String,
    identities: Authority,
    tls: Authority,
}

/// Where a member's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFolder {
    /// The member's MSP folder, with `signcerts` and `keystore`.
    pub msp: PathBuf,
    /// The TLS certificate, PEM.
    pub tls_certificate: PathBuf,
    /// Its key, PEM.
    pub tls_key: PathBuf,
    /// The root of the organisation's TLS certificates, PEM.
    pub tls_root: PathBuf,
}

impl Organization {
    /// Makes both authorities. `domain` is the organisation's name in file and host names, such as `org1.example.com`.
    ///
    /// # Errors
    /// [`Error::Issue`]: the domain is no plain file name, or too long for a certificate.
    pub fn new(
        domain: &str,
        validity: Validity,
        random: Random<'_>,
    ) -> Result<Organization, Error> {
        check_name(domain)?;
        Ok(Organization {
            domain: domain.to_owned(),
            identities: Authority::new(&format!("ca.{domain}"), domain, validity, random)?,
            tls: Authority::new(&format!("tlsca.{domain}"), domain, validity, random)?,
        })
    }

    /// Takes the authorities up again that [`Organization::write`] left below `root`.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read, and those of [`Authority::from_pem`].
    pub fn load(root: &Path, domain: &str) -> Result<Organization, Error> {
        check_name(domain)?;
        let authority = |kind: &str| {
            let certificate =
                folder::read(&root.join(kind).join(format!("{kind}.{domain}-cert.pem")))?;
            let key = folder::read(&root.join(kind).join("priv_sk"))?;
            Authority::from_pem(&certificate, &key)
        };
        Ok(Organization {
            domain: domain.to_owned(),
            identities: authority("ca")?,
            tls: authority("tlsca")?,
        })
    }

    /// The authority that vouches for identities.
    #[must_use]
    pub fn identities(&self) -> &Authority {
        &self.identities
    }

    /// The authority that vouches for TLS.
    #[must_use]
    pub fn tls(&self) -> &Authority {
        &self.tls
    }

    /// Writes the authorities and the organisation's own MSP folder below `root`.
    ///
    /// # Errors
    /// [`Error::Io`]: a file cannot be written, or a key is there already.
    pub fn write(&self, root: &Path) -> Result<(), Error> {
        for (kind, authority) in [("ca", &self.identities), ("tlsca", &self.tls)] {
            let place = root.join(kind);
            make_folder(&place)?;
            write_key(&place.join("priv_sk"), &authority.key_pem()?)?;
            let name = format!("{kind}.{}-cert.pem", self.domain);
            write_file(&place.join(name), &authority.certificate().to_pem())?;
        }
        self.write_msp(&root.join("msp"))
    }

    /// Issues a member's two certificates and writes them below `root`, where the role's members live.
    ///
    /// `name` is the member's name alone: `peer0` becomes `peer0.<domain>`, `User1` becomes `User1@<domain>`. `hosts` are
    /// the DNS names and IP addresses of its TLS certificate, besides its own name.
    ///
    /// # Errors
    /// [`Error::Issue`] as for [`Authority::new`], [`Error::Io`] as for [`Organization::write`].
    pub fn write_member(
        &self,
        root: &Path,
        name: &str,
        role: Role,
        hosts: &[String],
        validity: Validity,
        random: Random<'_>,
    ) -> Result<MemberFolder, Error> {
        check_name(name)?;
        let (group, full_name, tls_name) = match role {
            Role::Peer => ("peers", format!("{name}.{}", self.domain), "server"),
            Role::Orderer => ("orderers", format!("{name}.{}", self.domain), "server"),
            Role::Member | Role::Admin | Role::Client => {
                ("users", format!("{name}@{}", self.domain), "client")
            }
        };
        let identity = self
            .identities
            .issue_identity(&full_name, role, validity, random)?;
        let all_hosts: Vec<String> = match tls_name {
            "server" => [std::slice::from_ref(&full_name), hosts].concat(),
            _ => hosts.to_vec(),
        };
        let tls = self
            .tls
            .issue_tls(&full_name, &all_hosts, validity, random)?;
        let place = root.join(group).join(&full_name);
        let member = MemberFolder {
            msp: place.join("msp"),
            tls_certificate: place.join("tls").join(format!("{tls_name}.crt")),
            tls_key: place.join("tls").join(format!("{tls_name}.key")),
            tls_root: place.join("tls").join("ca.crt"),
        };
        self.write_msp(&member.msp)?;
        write_identity(&member.msp, &full_name, &identity)?;
        make_folder(&place.join("tls"))?;
        write_key(&member.tls_key, &tls.key)?;
        write_file(&member.tls_certificate, &tls.certificate)?;
        write_file(&member.tls_root, &self.tls.certificate().to_pem())?;
        Ok(member)
    }

    fn write_msp(&self, place: &Path) -> Result<(), Error> {
        let certificate = format!("ca.{}-cert.pem", self.domain);
        make_folder(&place.join("cacerts"))?;
        write_file(
            &place.join("cacerts").join(&certificate),
            &self.identities.certificate().to_pem(),
        )?;
        make_folder(&place.join("tlscacerts"))?;
        let tls_certificate = format!("tlsca.{}-cert.pem", self.domain);
        write_file(
            &place.join("tlscacerts").join(tls_certificate),
            &self.tls.certificate().to_pem(),
        )?;
        write_file(&place.join("config.yaml"), &config_yaml(&certificate))
    }
}

fn write_identity(msp: &Path, name: &str, identity: &Issued) -> Result<(), Error> {
    make_folder(&msp.join("keystore"))?;
    write_key(&msp.join("keystore").join("priv_sk"), &identity.key)?;
    make_folder(&msp.join("signcerts"))?;
    write_file(
        &msp.join("signcerts").join(format!("{name}-cert.pem")),
        &identity.certificate,
    )
}

/// Roles by organisational units, all vouched for by the one authority.
fn config_yaml(certificate: &str) -> String {
    let mut text = String::from("NodeOUs:\n  Enable: true\n");
    for (member, role) in [
        ("Client", Role::Client),
        ("Peer", Role::Peer),
        ("Admin", Role::Admin),
        ("Orderer", Role::Orderer),
    ] {
        text.push_str(&format!(
            "  {member}OUIdentifier:\n    Certificate: cacerts/{certificate}\n    OrganizationalUnitIdentifier: {}\n",
            role.word()
        ));
    }
    text
}

/// A name that is one plain part of a path.
fn check_name(name: &str) -> Result<(), Error> {
    let plain = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_'));
    if plain && !name.is_empty() && !name.starts_with('.') {
        return Ok(());
    }
    Err(super::refused(&format!(
        "{name:?} is not a plain name of letters, digits, dots and dashes"
    )))
}

fn make_folder(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| Error::io(path, error))
}

fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::io(path, error))
}

fn write_key(path: &Path, text: &str) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| Error::io(path, error))
}
