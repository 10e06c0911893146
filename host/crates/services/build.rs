//! Generates the gRPC clients and servers from the files of the `proto` crate; their messages are that crate's types.

use std::error::Error;

const PROTO_FOLDER: &str = "../proto/proto";
const FILES: [&str; 4] = [
    "gateway.proto",
    "orderer.proto",
    "protos.proto",
    "weft.proto",
];

/// The services somebody serves or calls. What is declared beside them (chaincode streams, snapshots, Fabric's own
/// cluster protocol) is left out until there is a server for it.
const SERVICES: [&str; 5] = [
    "gateway.Gateway",
    "orderer.AtomicBroadcast",
    "protos.Deliver",
    "protos.Endorser",
    "weft.v1.Inspect",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO_FOLDER}");
    let mut compiler = protox::Compiler::new([PROTO_FOLDER])?;
    compiler
        .include_imports(true)
        .include_source_info(false)
        .open_files(FILES)?;
    let mut descriptors = compiler.file_descriptor_set();
    for file in &mut descriptors.file {
        let package = file.package().to_owned();
        file.service
            .retain(|service| SERVICES.contains(&format!("{package}.{}", service.name()).as_str()));
    }
    tonic_prost_build::configure()
        .extern_path(".common", "::proto::common")
        .extern_path(".gateway", "::proto::gateway")
        .extern_path(".orderer", "::proto::orderer")
        .extern_path(".protos", "::proto::protos")
        .extern_path(".rwset", "::proto::rwset")
        .extern_path(".weft.v1", "::proto::weft")
        .compile_fds(descriptors)?;
    Ok(())
}
