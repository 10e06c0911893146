//! What a real Fabric network made, taken apart: the richest inputs there are. They lie beside the project, if at all.

use std::fs;
use std::path::PathBuf;

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
    let Some(folder) = recordings::vectors() else {
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
    let text =
        fs::read_to_string(recordings::vectors()?.join(format!("messages/{name}.hex"))).unwrap();
    Some(hex::decode(text.trim()).unwrap())
}
