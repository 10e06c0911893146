//! `weft chaincode install` and `get-package`: a package onto the profile's peer, and back.

use clap_complete::ArgValueCandidates;
use proto::lifecycle::{
    GetInstalledChaincodePackageArgs, GetInstalledChaincodePackageResult, InstallChaincodeArgs,
    InstallChaincodeResult,
};
use serde::Serialize;

use super::{ask, decode};
use crate::cli::global::Global;
use crate::cli::{complete, file, output};

const INSTALL: &str = "InstallChaincode";
const GET: &str = "GetInstalledChaincodePackage";

/// What to install.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct InstallArgs {
    /// The package file; `-` is stdin.
    file: file::Path,
}

/// What to fetch.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GetPackageArgs {
    /// The package's id, as `weft chaincode list --installed` shows it.
    #[arg(value_name = "ID", add = ArgValueCandidates::new(complete::packages))]
    package_id: String,
    /// Where to write it; `-` is stdout.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: file::Path,
}

#[derive(Serialize)]
struct Installed {
    package_id: String,
    label: String,
}

/// Installs and prints the package's id.
pub(super) async fn run(args: InstallArgs, global: &Global) -> anyhow::Result<()> {
    let package = args.file.read()?;
    let (client, _) = global.client()?;
    let argument = InstallChaincodeArgs {
        chaincode_install_package: package.into(),
    };
    let output = global.output();
    let installing = ask(&client, "", INSTALL, &argument);
    let answer = output
        .during("the peer compiles the contract", installing)
        .await?;
    let answer: InstallChaincodeResult = decode(INSTALL, answer)?;
    let installed = Installed {
        package_id: answer.package_id,
        label: answer.label,
    };
    output.value(&installed, |one| output::harmless(&one.package_id))?;
    Ok(())
}

/// Writes the package as it was installed.
pub(super) async fn get_package(args: GetPackageArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let argument = GetInstalledChaincodePackageArgs {
        package_id: args.package_id,
    };
    let answer = ask(&client, "", GET, &argument).await?;
    let answer: GetInstalledChaincodePackageResult = decode(GET, answer)?;
    args.out.write(&answer.chaincode_install_package)
}
