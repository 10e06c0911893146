//! `weft chaincode install`: a package onto the profile's peer.

use std::path::PathBuf;

use proto::lifecycle::{InstallChaincodeArgs, InstallChaincodeResult};

use super::{ask, decode, read};
use crate::cli::{Global, output};

const INSTALL: &str = "InstallChaincode";

/// What to install.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct InstallArgs {
    /// The package file.
    file: PathBuf,
}

/// Installs and prints the package's id.
pub(super) async fn run(args: InstallArgs, global: &Global) -> anyhow::Result<()> {
    let package = read(&args.file)?;
    let (client, _) = global.client()?;
    let argument = InstallChaincodeArgs {
        chaincode_install_package: package.into(),
    };
    let answer = ask(&client, "", INSTALL, &argument).await?;
    let installed: InstallChaincodeResult = decode(INSTALL, answer)?;
    output::line(&installed.package_id)?;
    Ok(())
}
