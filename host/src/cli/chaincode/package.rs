//! `weft chaincode package`: from source to a package.

use std::path::Path;

use anyhow::Context as _;
use lifecycle::Package;
use runtime::Engine;
use serde::Serialize;
use toolchain::Target;

use crate::cli::failure::Failure;
use crate::cli::file;
use crate::cli::global::Global;
use crate::cli::output::{self, Output};
use crate::clock;
use crate::config;

/// What to package.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PackageArgs {
    /// The folder of a cargo project, which is compiled; a core module (`.wasm`); or a component; `-` is stdin.
    source: file::Path,
    /// The label: first part of the package's id.
    #[arg(long)]
    label: String,
    /// Where to write the package; `-` is stdout [default: LABEL.tar.gz].
    #[arg(long, value_name = "FILE")]
    out: Option<file::Path>,
}

#[derive(Serialize)]
struct Packaged {
    package_id: String,
    size_bytes: usize,
}

/// Writes the package and prints its id.
pub(super) fn run(args: PackageArgs, global: &Global) -> anyhow::Result<()> {
    let output = global.output();
    let module = match &args.source {
        file::Path::File(path) if path.is_dir() => file::Path::File(compiled(path, &output)?),
        source => source.clone(),
    };
    let component = runtime::encode_component(&module.read()?)
        .with_context(|| Failure::around(format!("cannot make a component of {module}")))?;
    check(&component).context("no peer will install this component")?;
    let package = Package::build(&args.label, &component)?;
    let file = format!("{}.tar.gz", args.label);
    let file = args.out.unwrap_or_else(|| file::Path::File(file.into()));
    file.write(&package.bytes)?;
    let packaged = Packaged {
        size_bytes: package.bytes.len(),
        package_id: package.package_id,
    };
    if file == file::Path::Pipe {
        output.note(&packaged.package_id);
        return Ok(());
    }
    output.note(&format!("{} bytes in {file}", packaged.size_bytes));
    output.value(&packaged, |one| output::harmless(&one.package_id))?;
    Ok(())
}

/// Compiles a cargo project to a core module.
fn compiled(folder: &Path, output: &Output) -> anyhow::Result<std::path::PathBuf> {
    let environment = config::toolchain_environment();
    let mut note = |text: &str| output.note(text);
    let target = Target::ensure(&environment, &mut note)?;
    Ok(target.build(folder, None, &mut note)?)
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
