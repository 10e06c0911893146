//! The channel's first block.

use std::fs;
use std::path::Path;

use channel::genesis::{ConsenterDescription, GenesisSeed, OrganizationDescription};
use channel::{AnchorPeer, ChannelDescription};
use model::ChannelId;
use msp::folder::load_msp_config;

use super::members::{ORDERER, ORG1, ORG2, Org};
use super::network::Record;
use super::organizations::Organizations;
use super::{DevError, files};
use crate::client::Sources;

/// Writes the genesis block of the recorded channel below `folder`.
pub(super) fn write(
    folder: &Path,
    record: &Record,
    organizations: &Organizations,
    sources: Sources,
) -> Result<(), DevError> {
    let address = record.address(&ORDERER);
    let consenter = ConsenterDescription {
        host: address.ip().to_string(),
        port: address.port(),
        client_tls_cert: organizations.orderer_tls_certificate.clone(),
        server_tls_cert: organizations.orderer_tls_certificate.clone(),
    };
    let orderer = load_msp_config(&folder.join(ORDERER.folder()).join("msp"), ORDERER.msp_id)?;
    let orderer =
        OrganizationDescription::orderer(ORDERER.msp_id, orderer, vec![address.to_string()])?;
    let applications = [
        application(folder, record, &ORG1)?,
        application(folder, record, &ORG2)?,
    ];
    let channel_id = ChannelId::parse(&record.channel)
        .map_err(|error| channel::Error::Description(error.to_string()))?;
    let description = ChannelDescription::new(
        channel_id,
        vec![consenter],
        vec![orderer],
        applications.to_vec(),
    );
    let mut nonce = [0; 24];
    (sources.fill_random)(&mut nonce);
    let block = description.genesis_block(&GenesisSeed {
        timestamp: (sources.now)(),
        nonce,
    })?;
    let place = folder.join("channels");
    files::make_folder(&place)?;
    let path = place.join(format!("{}.block", record.channel));
    fs::write(&path, block.encode()).map_err(files::failed("write", &path))
}

fn application(
    folder: &Path,
    record: &Record,
    org: &Org,
) -> Result<OrganizationDescription, DevError> {
    let msp = load_msp_config(&folder.join(org.folder()).join("msp"), org.msp_id)?;
    let address = record.address(org);
    let anchor = AnchorPeer {
        host: address.ip().to_string(),
        port: address.port(),
    };
    Ok(OrganizationDescription::application(
        org.msp_id,
        msp,
        vec![anchor],
    )?)
}
