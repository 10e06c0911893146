//! `cargo run -p toolchain --example build_contract -- CRATE_DIR`: compiles a contract and prints the module's path.
#![allow(clippy::print_stdout, reason = "a command line program")]

use std::path::Path;

use toolchain::{Environment, Target};

fn main() -> Result<(), String> {
    let crate_dir = std::env::args_os().nth(1).ok_or("which crate?")?;
    let environment = Environment::new(std::env::vars_os());
    let report = &mut |line: &str| eprintln!("{line}");
    let target = Target::ensure(&environment, report).map_err(|error| error.to_string())?;
    eprintln!("{:?}: {}", target.origin(), target.rustc().display());
    let module = target
        .build(Path::new(&crate_dir), None, report)
        .map_err(|error| error.to_string())?;
    println!("{}", module.display());
    Ok(())
}
