//! `cargo xtask`: what one does with this repository: see it run, test it, get what it needs.
//!
//! It knows cargo, git, npm and pip; it deliberately knows nothing of Weft's insides: the demonstration uses the `weft`
//! binary as a newcomer would.
//!
//! ```text
//! cargo xtask demo [--keep]     build everything, run a network, use it, show what happened
//! cargo xtask test [FILTER…]    every test there is
//! cargo xtask fuzz [--minutes N] [--target NAME]   bytes from outside, guided by coverage
//! cargo xtask wasm-target       make contracts compile on this machine
//! cargo xtask bench [--quick]   build for release, run the standard load, print its table
//! ```
#![allow(clippy::print_stdout, reason = "a command line tool speaks on stdout")]

mod bench;
mod cargo;
mod demo;
mod fuzz;
mod node;
mod python;
mod slowest;
mod test;

use std::process::ExitCode;

use demo::After;

const USAGE: &str = "usage: cargo xtask demo [--keep] | test [FILTER...] | fuzz [--minutes N] [--target NAME] | wasm-target | bench [--quick]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(code) = fuzz::as_compiler(&arguments) {
        return code;
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.split_first() {
        Some((&"demo", [])) => demo::run(After::CleanUp),
        Some((&"demo", ["--keep"])) => demo::run(After::Keep),
        Some((&"test", filters)) => test::run(filters),
        Some((&"fuzz", options)) => fuzz::run(options),
        Some((&"bench", options)) => bench::run(options),
        Some((&"wasm-target", [])) => cargo::wasm_target()
            .map(|target| println!("contracts are compiled with {}", target.rustc().display())),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
