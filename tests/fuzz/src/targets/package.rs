//! A chaincode package: an archive in an archive, both compressed.
//!
//! The first byte says what the rest is: the package as sent, or one of its parts, which is then packed well. Of bytes
//! that are compressed hardly any change survives the checksum.

use bytes::Bytes;
use lifecycle::{Package, PackageLimits};

/// Small, so that reaching a limit costs little.
const LIMITS: PackageLimits = PackageLimits {
    package_bytes_max: 64 * 1024,
    metadata_bytes_max: 4 * 1024,
    unpacked_bytes_max: 256 * 1024,
    component_bytes_max: 128 * 1024,
    entries_max: 20,
};
const METADATA: &[u8] = br#"{"path":"contract.wasm","type":"wasm","label":"basic_1"}"#;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let package = match kind % 4 {
        0 => rest.to_vec(),
        1 => archive(&[("metadata.json", rest), ("code.tar.gz", &code(b"\0asm"))]),
        2 => archive(&[
            ("metadata.json", METADATA),
            ("code.tar.gz", &compressed(rest)),
        ]),
        _ => compressed(rest),
    };
    let bytes = Bytes::from(package);
    let Ok(package) = Package::parse(bytes.clone(), &LIMITS) else {
        return;
    };
    assert_eq!(package.bytes, bytes, "what is stored is what was sent");
    assert!(package.component.len() <= LIMITS.component_bytes_max);
    let hash = hex::encode(model::hash::sha256(&bytes));
    assert_eq!(
        package.package_id,
        format!("{}:{hash}", package.metadata.label)
    );
    let made = Package::build(&package.metadata.label, &package.component);
    let made = made.expect("what is read can be made");
    let again = Package::parse(made.bytes.clone(), &PackageLimits::default());
    assert_eq!(again.expect("what is made can be read"), made);
}

fn code(component: &[u8]) -> Vec<u8> {
    archive(&[("contract.wasm", component)])
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        bytes.extend(header(name, content.len()));
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    compressed(&bytes)
}

/// A POSIX header of a plain file.
fn header(name: &str, length: usize) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(124, &format!("{length:011o}"));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A gzip stream that stores.
fn compressed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let packed = archive(files);
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let good = Package::build("basic_1", b"\0asm").unwrap();
    let of = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    vec![
        of(0, &good.bytes),
        of(1, METADATA),
        of(2, &tar(&[("src/contract.wasm", b"\0asm")])),
        of(
            2,
            &tar(&[
                ("META-INF/statedb/couchdb/index.json", b"{}"),
                ("contract.wasm", b"\0asm"),
            ]),
        ),
        of(
            3,
            &tar(&[
                ("metadata.json", METADATA),
                ("code.tar.gz", &code(b"\0asm")),
            ]),
        ),
    ]
}
