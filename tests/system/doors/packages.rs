//! Chaincode packages made by hand, with bad intent or without.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use model::client::Invocation;
use prost::Message as _;
use proto::lifecycle::InstallChaincodeArgs;
use system_tests::{Client, profile};
use tar::{EntryType, Header};

use super::desk::{Desk, Door, told};

/// A package that no peer may take.
pub(super) struct Bad {
    case: &'static str,
    status: u16,
    code: &'static str,
    make: fn(&Desk) -> Vec<u8>,
}

const fn bad(
    case: &'static str,
    status: u16,
    code: &'static str,
    make: fn(&Desk) -> Vec<u8>,
) -> Bad {
    Bad {
        case,
        status,
        code,
        make,
    }
}

/// A component's first eight bytes: a component with nothing in it.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// A core module with nothing in it.
const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";
const BOMB_BYTES: usize = 200 * 1024 * 1024;

/// One entry of an archive, under a name that no honest tool would write.
fn entry(archive: &mut Vec<u8>, name: &[u8], kind: EntryType, content: &[u8]) {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    if kind == EntryType::Symlink {
        header.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
    }
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn archive(entries: &[(&[u8], EntryType, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, content) in entries {
        entry(&mut bytes, name, *kind, content);
    }
    bytes.resize(bytes.len() + 1024, 0);
    gzip(&bytes)
}

fn package_of_type(kind: &str, code: &[u8]) -> Vec<u8> {
    let metadata = format!(r#"{{"path":"","type":"{kind}","label":"bad"}}"#);
    archive(&[
        (b"metadata.json", EntryType::Regular, metadata.as_bytes()),
        (b"code.tar.gz", EntryType::Regular, code),
    ])
}

fn package(component: &[u8]) -> Vec<u8> {
    package_of_type(
        "wasm",
        &archive(&[(b"contract.wasm", EntryType::Regular, component)]),
    )
}

fn good(desk: &Desk) -> Vec<u8> {
    std::fs::read(desk.network.dir().join("basic.tar.gz")).unwrap()
}

pub(super) const PACKAGES: &[Bad] = &[
    bad("no archive", 400, "package.malformed", |_| {
        b"not an archive".to_vec()
    }),
    bad("tampered", 400, "package.malformed", |desk| {
        let mut package = good(desk);
        let middle = package.len() / 2;
        package[middle] ^= 1;
        package
    }),
    bad("cut off", 400, "package.malformed", |desk| {
        let mut package = good(desk);
        package.truncate(package.len() / 2);
        package
    }),
    bad("without metadata", 400, "package.malformed", |_| {
        archive(&[(b"other", EntryType::Regular, b"x")])
    }),
    bad("for another runtime", 400, "package.type", |_| {
        package_of_type("golang", &archive(&[]))
    }),
    bad("path that leads out", 400, "package.unsafe", |_| {
        package_of_type(
            "wasm",
            &archive(&[(b"../../etc/cron.d/x", EntryType::Regular, EMPTY_COMPONENT)]),
        )
    }),
    bad("path from the root", 400, "package.unsafe", |_| {
        archive(&[(b"/metadata.json", EntryType::Regular, b"{}")])
    }),
    bad("link", 400, "package.unsafe", |_| {
        package_of_type(
            "wasm",
            &archive(&[(b"contract.wasm", EntryType::Symlink, b"")]),
        )
    }),
    bad("device", 400, "package.unsafe", |_| {
        package_of_type(
            "wasm",
            &archive(&[(b"contract.wasm", EntryType::Char, b"")]),
        )
    }),
    bad("gzip bomb", 413, "package.too_large", |_| {
        gzip(&vec![0; BOMB_BYTES])
    }),
    bad("gzip bomb as a file", 413, "package.too_large", |_| {
        archive(&[(
            b"metadata.json",
            EntryType::Regular,
            &vec![b' '; BOMB_BYTES / 2],
        )])
    }),
    bad("gzip bomb within", 413, "package.too_large", |_| {
        package_of_type("wasm", &gzip(&vec![0; BOMB_BYTES]))
    }),
    bad("no WebAssembly", 400, "package.not_component", |_| {
        package(b"#!/bin/sh\n")
    }),
    bad("plain module", 400, "package.not_component", |_| {
        package(EMPTY_MODULE)
    }),
    bad("without the exports", 400, "package.exports", |_| {
        package(EMPTY_COMPONENT)
    }),
];

impl Desk {
    /// Offers each package at each door.
    pub(super) fn check_packages(&mut self) {
        for bad in PACKAGES {
            let bytes = (bad.make)(self);
            let http = self.http.with("Weft-Identity", profile::ORG1_ADMIN);
            let rest = told(&http.post_bytes("/v1/packages", &bytes).unwrap());
            self.compare(
                bad.case,
                Door::Rest,
                &format!("{} {}", bad.status, bad.code),
                &rest,
            );
            let grpc = self.install(&self.admin_client, &bytes);
            self.compare(bad.case, Door::Grpc, &format!("500 {}", bad.code), &grpc);
            let file = self.network.dir().join("bad.tar.gz");
            std::fs::write(&file, &bytes).unwrap();
            let cli = self.run(
                &self.admin,
                &["chaincode", "install", file.to_str().unwrap()],
            );
            self.compare(bad.case, Door::Cli, &format!("1 {}", bad.code), &cli);
        }
    }

    /// Installs by calling the endorser, as Fabric's tools do.
    pub(super) fn install(&self, client: &Client, package: &[u8]) -> String {
        let arguments = InstallChaincodeArgs {
            chaincode_install_package: Bytes::copy_from_slice(package),
        };
        let invocation = Invocation {
            channel_id: String::new(),
            chaincode: "_lifecycle".to_owned(),
            args: vec!["InstallChaincode".into(), arguments.encode_to_vec().into()],
            transient: std::collections::BTreeMap::new(),
            is_init: false,
        };
        let (_, signed) = client
            .propose_as(client.sender().unwrap(), invocation)
            .unwrap();
        self.process_as(client, signed)
    }
}
