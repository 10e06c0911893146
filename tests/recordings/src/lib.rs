//! Where tests find what was recorded of a real Fabric network, and other reference data: in the folder `shared` beside the
//! project, or where the environment variable `WEFT_SHARED` says.
//!
//! The data are no part of the project. A test without them says loudly that it is skipped; with `CI=true` that is a failure.
//!
//! ```text
//! let Some(folder) = recordings::channel() else { return };
//! ```

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder of all recordings.
#[must_use]
pub fn vectors() -> Option<PathBuf> {
    shared("vectors")
}

/// The folder of the recorded channel: blocks, snapshot, certificates and keys.
#[must_use]
pub fn channel() -> Option<PathBuf> {
    shared("vectors/recorded-channel")
}

/// The folder of the recorded messages.
#[must_use]
pub fn messages() -> Option<PathBuf> {
    shared("vectors/messages")
}

/// A folder or file of the reference data; `None`, after saying so once, where there is none.
///
/// # Panics
/// It is missing, and `CI=true`.
#[must_use]
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("WEFT_SHARED").map_or_else(beside, PathBuf::from);
    let found = shared.join(path);
    if found.exists() {
        return Some(found);
    }
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!is_ci, "{} is missing", found.display());
    say_once(&format!("SKIPPED: {} is missing", found.display()));
    None
}

/// Not by `eprintln!`, which the test harness swallows when a test passes.
fn say_once(text: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.insert(text.to_owned()) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}
