//! Turns `proto/*.proto` into Rust with protox, so that building needs no installed protoc.

use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 13] = [
    "common.proto",
    "etcdraft.proto",
    "gateway.proto",
    "google/rpc/status.proto",
    "kvrwset.proto",
    "lifecycle.proto",
    "msp.proto",
    "orderer.proto",
    "protos.proto",
    "queryresult.proto",
    "rwset.proto",
    "txmgr.proto",
    "weft.proto",
];

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells a build script by the environment where to write"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_imports(true)
        .include_source_info(false)
        .open_files(FILES)?;
    let descriptors = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(descriptors, compiler.encode_file_descriptor_set())?;
    prost_build::Config::new()
        .bytes(["."])
        .btree_map(["."])
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
