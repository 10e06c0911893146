//! Debian's compiler, and how it gets what it lacks for WebAssembly.
//!
//! Debian keeps a current Rust for its browsers (`rustc-web`), with the sources of the standard library.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::command;
use crate::installation::{Compiler, Installation};
use crate::sysroot::Sysroot;
use crate::{Environment, Error, RUST_VERSION_MIN, TRIPLE};

pub(crate) const RUSTC: &str = "/usr/bin/rustc";
pub(crate) const CARGO: &str = "/usr/bin/cargo";
/// The root of the sources that Debian's compiler was built from.
pub(crate) const SOURCES: &str = "/usr/lib/rustlib/src/rust";

const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];
const APT: &str = "/usr/bin/apt-get";

/// Why Debian's way is not open, or how it failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// This system is not Debian or one made from it.
    NotDebian,
    /// Packages are missing and the user may not install any.
    NotRoot,
    /// The newest compiler that Debian offers here.
    TooOld(String),
    /// No linker for WebAssembly came with `lld`.
    NoLinker,
    /// A step failed.
    Step(Error),
}

/// Debian's own compiler, with its cargo and the sources; none if one of them is not installed or it is too old.
pub(crate) fn compiler(environment: &Environment) -> Option<Compiler> {
    let there = [RUSTC, CARGO, "/usr/lib/rustlib/src/rust/library/std"]
        .iter()
        .all(|path| Path::new(path).exists());
    if !there {
        return None;
    }
    Compiler::ask(Path::new(RUSTC), environment)
        .ok()
        .filter(|compiler| compiler.version >= RUST_VERSION_MIN)
}

/// Installs what is missing and compiles the standard library into the private sysroot. The caller holds the lock.
pub(crate) fn make(environment: &Environment, report: &mut dyn FnMut(&str)) -> Result<(), Failure> {
    let compiler = match compiler(environment) {
        Some(compiler) => compiler,
        None => install_compiler(environment, report)?,
    };
    let linker = linker(environment, &compiler, report)?;
    let sysroot =
        Sysroot::for_compiler(environment, &compiler).ok_or(Failure::Step(Error::NoHome))?;
    report(&format!(
        "compiling Rust's standard library for {TRIPLE}, once (about a minute)"
    ));
    sysroot
        .make(environment, &compiler, &linker)
        .map_err(Failure::Step)
}

/// A line for people.
pub(crate) fn explain(failure: &Failure) -> String {
    match failure {
        Failure::NotDebian => "Debian's packages are no way here: this is not Debian".to_owned(),
        Failure::NotRoot => format!(
            "Debian's packages are not installed, and only root may do so: apt-get update && apt-get install \
             --no-install-recommends {}",
            PACKAGES.join(" ")
        ),
        Failure::TooOld(release) => {
            let (major, minor) = RUST_VERSION_MIN;
            format!(
                "Debian's rustc-web here is {release}, {major}.{minor} is needed (is bookworm-security or newer in the package sources?)"
            )
        }
        Failure::NoLinker => "Debian's package lld brought no wasm-ld".to_owned(),
        Failure::Step(error) => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

fn install_compiler(
    environment: &Environment,
    report: &mut dyn FnMut(&str),
) -> Result<Compiler, Failure> {
    install(environment, PACKAGES, report)?;
    if let Some(compiler) = compiler(environment) {
        return Ok(compiler);
    }
    let found = Compiler::ask(Path::new(RUSTC), environment).map_err(Failure::Step)?;
    Err(Failure::TooOld(found.release))
}

fn install(
    environment: &Environment,
    packages: &[&str],
    report: &mut dyn FnMut(&str),
) -> Result<(), Failure> {
    if !Path::new("/etc/debian_version").exists() || !Path::new(APT).exists() {
        return Err(Failure::NotDebian);
    }
    // Whoever owns our own process entry is who we are.
    if fs::metadata("/proc/self").map_or(1, |entry| entry.uid()) != 0 {
        return Err(Failure::NotRoot);
    }
    report(&format!("apt-get install {}", packages.join(" ")));
    let apt = || {
        let mut command = command::program(APT, environment);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args([
            "-qq",
            "-o",
            "DPkg::Lock::Timeout=300",
            "-o",
            "Acquire::Retries=3",
        ]);
        command
    };
    // Old lists name an old compiler. If the update fails, the lists may still do; the installation tells.
    let updated = command::run(apt().arg("update"));
    let installed = command::run(
        apt()
            .args(["install", "-y", "--no-install-recommends", "--no-remove"])
            .args(packages),
    );
    installed
        .map(drop)
        .map_err(|error| Failure::Step(updated.err().unwrap_or(error)))
}

/// A linker that makes WebAssembly: one that a rustup toolchain brings, else the one of Debian's package.
fn linker(
    environment: &Environment,
    compiler: &Compiler,
    report: &mut dyn FnMut(&str),
) -> Result<PathBuf, Failure> {
    let debians = Path::new("/usr/bin/wasm-ld");
    if let Some(linker) = rustup_linker(environment, &compiler.host) {
        return Ok(linker);
    }
    if !debians.exists() {
        install(environment, &["lld"], report)?;
    }
    if debians.exists() {
        Ok(debians.to_owned())
    } else {
        Err(Failure::NoLinker)
    }
}

fn rustup_linker(environment: &Environment, host: &str) -> Option<PathBuf> {
    let in_use = Installation::in_use(environment).map(|installation| installation.sysroot);
    let folder = environment
        .rustup_home()
        .map(|home| home.join("toolchains"));
    let mut others: Vec<_> = folder
        .and_then(|folder| fs::read_dir(folder).ok())
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    others.sort_by_key(fs::DirEntry::file_name);
    let toolchains = in_use
        .into_iter()
        .chain(others.iter().map(fs::DirEntry::path));
    toolchains
        .map(|root| root.join("lib/rustlib").join(host).join("bin/rust-lld"))
        .find(|path| path.is_file())
}
