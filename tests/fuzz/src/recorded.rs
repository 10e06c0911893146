//! What a real Fabric network made, taken apart: the richest inputs there are. They lie beside the project, if at all.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bytes::Bytes;
use model::Block;
use model::transaction::{Action, Content, Endorsed, Opened};

/// A recorded transaction, opened to its end.
pub(crate) struct Recorded {
    pub(crate) endorsed: Endorsed,
    pub(crate) action: Action,
}

/// The recorded blocks, as the orderer gave them and as a peer kept them; none where there are none.
pub(crate) fn blocks() -> Vec<Vec<u8>> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = ["peer", "orderer"]
        .iter()
        .flat_map(|of| fs::read_dir(folder.join("recorded-channel").join(of)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "block"))
        .collect();
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Every entry of every recorded block.
pub(crate) fn entries() -> Vec<Bytes> {
    let blocks = blocks()
        .into_iter()
        .map(|bytes| Block::decode(bytes).unwrap());
    let mut entries: Vec<Bytes> = blocks.flat_map(|block| block.data).collect();
    entries.sort();
    entries.dedup();
    entries
}

/// The recorded transactions whose parts all decode.
pub(crate) fn transactions() -> Vec<Recorded> {
    let open = |entry: &Bytes| {
        let Ok(Content::Endorsed(endorsed)) = Opened::parse(entry).ok()?.content() else {
            return None;
        };
        let action = endorsed.action().ok()?;
        Some(Recorded {
            endorsed: *endorsed,
            action,
        })
    };
    entries().iter().filter_map(open).collect()
}

/// A recorded message; none where there is none.
pub(crate) fn message(name: &str) -> Option<Vec<u8>> {
    let text = fs::read_to_string(folder()?.join(format!("messages/{name}.hex"))).unwrap();
    Some(hex::decode(text.trim()).unwrap())
}

/// Where the recordings lie. `None`, after saying so, where they do not; with `CI=true` that is a failure.
fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
        let folder = std::env::var_os("WEFT_SHARED").map_or_else(beside, PathBuf::from);
        let folder = folder.join("vectors");
        if folder.is_dir() {
            return Some(folder);
        }
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!is_ci, "no recorded messages at {}", folder.display());
        // Not eprintln!, which the test harness swallows when a test passes.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: no recorded inputs at {}, only the committed corpus",
            folder.display()
        );
        None
    };
    FOLDER.get_or_init(find).as_deref()
}
