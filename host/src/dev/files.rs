//! The configuration files of nodes, the profiles of users, and the record of the network.

use std::fs;
use std::io;
use std::path::Path;

use super::members::{ORDERER, ORG1, ORG2, Org};
use super::network::Record;
use super::{DevError, access};

/// Writes them all below `folder`.
pub(super) fn write(folder: &Path, record: &Record) -> Result<(), DevError> {
    let (nodes, profiles) = (folder.join("nodes"), folder.join("profiles"));
    make_folder(&nodes)?;
    make_folder(&profiles)?;
    for org in [&ORDERER, &ORG1, &ORG2] {
        put(
            &nodes.join(format!("{}.yaml", org.node.file)),
            &node(org, record),
        )?;
        for (user, name) in org.profiles {
            put(
                &profiles.join(format!("{name}.yaml")),
                &profile(org, user, record),
            )?;
        }
    }
    put(&folder.join("network.yaml"), &network(record))
}

/// A node's configuration. Paths are relative, so that the network's folder can be moved.
fn node(org: &Org, record: &Record) -> String {
    let command = if org.kind == ORDERER.kind {
        "orderer"
    } else {
        "peer"
    };
    let (name, own) = (org.node.file, org.node_folder());
    let (plain_http, public, rest) = match command {
        "peer" => (
            access::PLAIN_HTTP,
            format!("public_address: '{}'\n", record.address(org)),
            access::rest_section(org),
        ),
        _ => ("", String::new(), String::new()),
    };
    format!(
        "# Made by `weft dev`, which runs the node from this file; so does `weft {command} --config FILE`.\n\
         folder: ../data/{name}\n\
         msp_id: {msp_id}\n\
         msp_folder: ../{own}/msp\n\
         listen:\n\
         {plain_http}\
         \x20 address: '{address}'\n\
         \x20 tls:\n\
         \x20   certificate: ../{own}/tls/server.crt\n\
         \x20   key: ../{own}/tls/server.key\n\
         {public}\
         genesis_blocks:\n\
         \x20 - '../channels/{channel}.block'\n\
         {rest}",
        msp_id = org.msp_id,
        address = record.address(org),
        channel = record.channel,
    )
}

/// A user's profile: its organisation's peer, and the other organisation's for comparisons.
fn profile(org: &Org, user: &str, record: &Record) -> String {
    let other = if org.msp_id == ORG1.msp_id {
        &ORG2
    } else {
        &ORG1
    };
    format!(
        "# Made by `weft dev`: {user} of {msp_id}, for `weft --profile FILE …`.\n\
         msp_id: {msp_id}\n\
         msp_folder: ../{msp}\n\
         channel: '{channel}'\n\
         peer:\n\
         \x20 address: '{address}'\n\
         \x20 tls_ca: ../{authority}\n\
         peers:\n\
         \x20 - msp_id: {other_msp_id}\n\
         \x20   address: '{other_address}'\n\
         \x20   tls_ca: ../{other_authority}\n",
        msp_id = org.msp_id,
        msp = org.user_msp(user),
        channel = record.channel,
        address = record.address(org),
        authority = org.tls_authority(),
        other_msp_id = other.msp_id,
        other_address = record.address(other),
        other_authority = other.tls_authority(),
    )
}

fn network(record: &Record) -> String {
    format!(
        "# Made by `weft dev`: what this network was made with. The nodes do not read it.\n\
         channel: '{channel}'\n\
         ports: {ports}\n\
         addresses:\n\
         \x20 orderer: '{orderer}'\n\
         \x20 peer0_org1: '{peer0_org1}'\n\
         \x20 peer0_org2: '{peer0_org2}'\n",
        channel = record.channel,
        ports = record.ports.name(),
        orderer = record.addresses.orderer,
        peer0_org1 = record.addresses.peer0_org1,
        peer0_org2 = record.addresses.peer0_org2,
    )
}

fn put(path: &Path, text: &str) -> Result<(), DevError> {
    fs::write(path, text).map_err(failed("write", path))
}

/// Makes a folder and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), DevError> {
    fs::create_dir_all(path).map_err(failed("make", path))
}

/// An error of a file.
pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DevError {
    let path = path.to_owned();
    move |source| DevError::File { what, path, source }
}
