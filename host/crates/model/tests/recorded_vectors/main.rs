//! The blocks and messages recorded from a real Fabric network, as the oracle of what `model` computes.
//!
//! They lie in a folder of their own beside the project, or where `WEFT_SHARED` says. Without it these tests say loudly
//! that they are skipped; with `CI=true` that is a failure.

#![allow(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test: it finds its vectors by the environment and must say when it cannot"
)]

use std::path::{Path, PathBuf};

mod blocks;
mod messages;

/// The folder of the vectors; `None`, after saying so, where there is none.
fn vectors() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared");
    let shared = std::env::var_os("WEFT_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "no recorded vectors at {}", folder.display());
    eprintln!("SKIPPED: no recorded vectors at {}", folder.display());
    None
}
