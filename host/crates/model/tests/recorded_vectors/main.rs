//! The blocks and messages recorded from a real Fabric network, as the oracle of what `model` computes.
//!
//! They lie in a folder of their own beside the project, or where `WEFT_SHARED` says. Without it these tests say loudly
//! that they are skipped; with `CI=true` that is a failure.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test: it finds its vectors by the environment, and a panic is its way to fail"
)]

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Once,
};

mod blocks;
mod document;
mod messages;

/// So that the skip is said once, not by each test.
static SKIPPED: Once = Once::new();

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
    SKIPPED.call_once(|| {
        // Not eprintln!, which the test harness swallows when a test passes.
        let line = format!("SKIPPED: no recorded vectors at {}\n", folder.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    });
    None
}
