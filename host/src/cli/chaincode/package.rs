//! `weft chaincode package`: from source to a package.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lifecycle::Package;
use runtime::Engine;
use toolchain::Target;

use super::read;
use crate::cli::output;
use crate::clock;
use crate::config;

/// What to package.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PackageArgs {
    /// The folder of a cargo project, which is compiled; a core module (`.wasm`); or a component.
    source: PathBuf,
    /// The label: first part of the package's id.
    #[arg(long)]
    label: String,
    /// Where to write the package [default: LABEL.tar.gz].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the package and prints its id.
pub(super) fn run(args: PackageArgs) -> anyhow::Result<()> {
    let module = if args.source.is_dir() {
        compiled(&args.source)?
    } else {
        args.source
    };
    let component = runtime::encode_component(&read(&module)?)
        .with_context(|| format!("cannot make a component of {}", module.display()))?;
    check(&component).context("no peer will install this component")?;
    let package = Package::build(&args.label, &component)?;
    let path = args
        .output
        .unwrap_or_else(|| PathBuf::from(format!("{}.tar.gz", args.label)));
    std::fs::write(&path, &package.bytes)
        .with_context(|| format!("cannot write {}", path.display()))?;
    output::note(&format!(
        "{} bytes in {}",
        package.bytes.len(),
        path.display()
    ));
    output::line(&package.package_id)?;
    Ok(())
}

/// Compiles a cargo project to a core module.
fn compiled(folder: &Path) -> anyhow::Result<PathBuf> {
    let environment = config::toolchain_environment();
    let target = Target::ensure(&environment, &mut output::note)?;
    Ok(target.build(folder, None, &mut output::note)?)
}

/// Checks by the rules of a peer's sandbox, so that its author hears of a refusal before others do.
fn check(component: &[u8]) -> anyhow::Result<()> {
    let config = runtime::Config {
        threads: 1,
        ..runtime::Config::default()
    };
    let engine = Engine::new(config, &mut |bytes| (clock::SOURCES.fill_random)(bytes))?;
    engine.check(component)?;
    Ok(())
}
