//! The organisations' authorities and members, in the layout of Fabric's cryptogen.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use msp::Role;
use msp::ca::{Organization, Validity};

use super::members::{ADMIN, ORDERER, ORG1, ORG2, Org, USER};
use super::{DevError, files};
use crate::client::Sources;

/// How long all certificates hold, as cryptogen's do.
const YEARS: i64 = 10;

/// What of the organisations stands in the genesis block.
pub(super) struct Organizations {
    /// PEM certificate that the orderer presents in TLS.
    pub(super) orderer_tls_certificate: Bytes,
}

impl Organizations {
    /// Makes authorities and members of all organisations below `folder`.
    pub(super) fn make(folder: &Path, sources: Sources) -> Result<Self, DevError> {
        for org in [&ORDERER, &ORG1, &ORG2] {
            make(folder, org, sources)?;
        }
        let path = folder
            .join(ORDERER.node_folder())
            .join("tls")
            .join("server.crt");
        let certificate = fs::read(&path).map_err(files::failed("read", &path))?;
        Ok(Self {
            orderer_tls_certificate: certificate.into(),
        })
    }
}

fn make(folder: &Path, org: &Org, sources: Sources) -> Result<(), DevError> {
    let root = folder.join(org.folder());
    let validity = Validity::years((sources.now)().seconds, YEARS);
    let random = &mut |bytes: &mut [u8]| (sources.fill_random)(bytes);
    let made = Organization::new(org.domain, validity, random)?;
    made.write(&root)?;
    let (role, users): (_, &[_]) = match org.kind == ORDERER.kind {
        true => (Role::Orderer, &[(ADMIN, Role::Admin)]),
        false => (Role::Peer, &[(ADMIN, Role::Admin), (USER, Role::Client)]),
    };
    let hosts = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    made.write_member(&root, org.node.host, role, &hosts, validity, random)?;
    for (user, role) in users {
        made.write_member(&root, user, *role, &[], validity, random)?;
    }
    Ok(())
}
