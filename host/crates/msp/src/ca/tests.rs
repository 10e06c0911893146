//! Certificates of all kinds before an MSP. They are made here because only this module can make wrong ones.

mod acceptance;
mod chains;
mod folders;
mod identities;
mod layout;
mod openssl;
mod principals;
mod roles;
mod tables;

use std::sync::Arc;

use prost::Message;
use proto::msp::{
    FabricMspConfig, FabricNodeOUs, FabricOuIdentifier, MspConfig, SerializedIdentity,
};

use super::*;
use crate::{Identity, Msp, MspManager, MspVersion, SignatureMemo, SigningIdentity};

/// 2026-01-01.
const NOW: i64 = 1_767_225_600;

const TEN_YEARS: Validity = Validity {
    not_before: NOW,
    not_after: NOW + 10 * YEAR_SECONDS,
};

/// The same stream of bytes for the same seed.
fn random(seed: u8) -> impl FnMut(&mut [u8]) {
    let mut counter = 0u64;
    move |buffer: &mut [u8]| {
        for chunk in buffer.chunks_mut(32) {
            counter += 1;
            let block = sha256(&[&[seed][..], &counter.to_be_bytes()].concat());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

fn root(seed: u8) -> Authority {
    Authority::new("ca.org1.test", "org1.test", TEN_YEARS, &mut random(seed)).unwrap()
}

fn issue(authority: &Authority, name: &str, role: Role, seed: u8) -> Issued {
    authority
        .issue_identity(name, role, TEN_YEARS, &mut random(seed))
        .unwrap()
}

/// A certificate with any subject, extensions and key.
fn special(authority: &Authority, units: &[&str], extensions: Vec<Extension>, seed: u8) -> Issued {
    let template = Template {
        subject: name_with_units(units),
        validity: TEN_YEARS,
        extensions,
    };
    authority.issue(&template, &mut random(seed)).unwrap()
}

/// The extensions of an ordinary identity.
fn ordinary(authority: &Authority) -> Vec<Extension> {
    vec![
        Extension::key_usage([7, 0x80]),
        Extension::not_an_authority(),
        Extension::authority_key_id(authority.key_id()),
    ]
}

fn name_with_units(units: &[&str]) -> Vec<u8> {
    let mut content = Vec::new();
    for unit in units {
        let one = writer::name(None, Some(unit), "x").unwrap();
        let set = der_content(&one);
        let first_set_length = 2 + usize::from(set[1]);
        content.extend_from_slice(&set[..first_set_length]);
    }
    content.extend_from_slice(der_content(&writer::name(None, None, "somebody").unwrap()));
    let mut name = Vec::new();
    append_element_for_tests(&mut name, &content);
    name
}

fn der_content(element: &[u8]) -> &[u8] {
    assert!(element[1] < 0x80, "short elements only");
    &element[2..]
}

fn append_element_for_tests(out: &mut Vec<u8>, content: &[u8]) {
    crate::signature::append_element(out, 0x30, content);
}

fn unit(name: &str, certificate: &str) -> Option<FabricOuIdentifier> {
    Some(FabricOuIdentifier {
        certificate: Bytes::copy_from_slice(certificate.as_bytes()),
        organizational_unit_identifier: name.to_owned(),
    })
}

/// A configuration with one root and all roles switched on, vouched for by `certificate` ("" for anybody).
fn config(root: &Authority, certificate: &str) -> FabricMspConfig {
    FabricMspConfig {
        name: "Org1MSP".to_owned(),
        root_certs: vec![root.certificate().to_pem().into()],
        fabric_node_ous: Some(FabricNodeOUs {
            enable: true,
            client_ou_identifier: unit("client", certificate),
            peer_ou_identifier: unit("peer", certificate),
            admin_ou_identifier: unit("admin", certificate),
            orderer_ou_identifier: unit("orderer", certificate),
        }),
        ..FabricMspConfig::default()
    }
}

/// A configuration without roles, with one listed admin.
fn plain_config(root: &Authority, admin: &Issued) -> FabricMspConfig {
    FabricMspConfig {
        admins: vec![admin.certificate.clone().into()],
        fabric_node_ous: None,
        ..config(root, "")
    }
}

fn msp_of_version(config: &FabricMspConfig, version: MspVersion) -> Result<Msp, Error> {
    let config = MspConfig {
        r#type: 0,
        config: config.encode_to_vec().into(),
    };
    Msp::new(&config, version)
}

fn msp(config: &FabricMspConfig) -> Result<Msp, Error> {
    msp_of_version(config, MspVersion::V3_0)
}

fn manager(config: &FabricMspConfig) -> MspManager {
    MspManager::new(
        vec![msp(config).unwrap()],
        Arc::new(SignatureMemo::new(100)),
    )
    .unwrap()
}

fn serialized(issued: &Issued) -> Bytes {
    Identity::serialize("Org1MSP", issued.certificate.as_bytes())
}

fn signing(issued: &Issued) -> SigningIdentity {
    SigningIdentity::from_pem(
        issued.certificate.as_bytes(),
        issued.key.as_bytes(),
        "Org1MSP",
    )
    .unwrap()
}

/// What the MSP says of a certificate: valid, or why it cannot be read or is not valid.
fn verdict(config: &FabricMspConfig, issued: &Issued) -> String {
    let manager = manager(config);
    let identity = match manager.identity(&serialized(issued)) {
        Ok(identity) => identity,
        Err(error) => return format!("unreadable: {error}"),
    };
    match manager.validate(&identity) {
        Ok(()) => "valid".to_owned(),
        Err(error) => format!("invalid: {error}"),
    }
}

#[track_caller]
fn assert_verdict(config: &FabricMspConfig, issued: &Issued, expected: &str) {
    let verdict = verdict(config, issued);
    // What is invalid has the word in it.
    let is_expected = match expected {
        "valid" => verdict == "valid",
        _ => verdict.contains(expected),
    };
    assert!(is_expected, "expected {expected:?}, got {verdict:?}");
}

/// Why a configuration is refused.
#[track_caller]
fn assert_refused(config: &FabricMspConfig, expected: &str) {
    let error = msp(config).unwrap_err().to_string();
    assert!(
        error.contains(expected),
        "expected {expected:?}, got {error:?}"
    );
}
