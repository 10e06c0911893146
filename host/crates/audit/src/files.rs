//! Blocks in files, as tools fetch them from a peer or an orderer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use model::{Block, BlockError};
use prost::Message as _;
use proto::common;

use crate::Error;

/// The files of a folder that are named `*.block`, by the number that each one's header states.
#[derive(Debug)]
pub struct BlockFolder {
    files: BTreeMap<u64, PathBuf>,
}

impl BlockFolder {
    /// Finds them. What the files are called says nothing of their order.
    ///
    /// # Errors
    /// [`Error::Files`], [`Error::NoBlocks`], [`Error::Twice`], or as [`read_block`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Files {
            what: "list the folder",
            path: folder.to_owned(),
            source,
        };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path
                .extension()
                .is_none_or(|extension| extension != "block")
            {
                continue;
            }
            let number = read_block(&path)?.number;
            if let Some(first) = files.insert(number, path.clone()) {
                let second = path;
                return Err(Error::Twice {
                    number,
                    first,
                    second,
                });
            }
        }
        if files.is_empty() {
            let path = folder.to_owned();
            return Err(Error::NoBlocks { path });
        }
        Ok(Self { files })
    }

    /// The highest number.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.files.keys().next_back().copied().unwrap_or_default()
    }

    /// The channel's block 0: the one in the folder, with what its metadata states, or `given` if there is none.
    ///
    /// # Errors
    /// [`Error::Genesis`] if the two begin different chains; else as [`read_block`].
    pub fn genesis(&self, given: Block) -> Result<Block, Error> {
        if !self.files.contains_key(&0) {
            return Ok(given);
        }
        let found = self.read(0)?;
        if (found.header_hash(), &found.data) == (given.header_hash(), &given.data) {
            return Ok(found);
        }
        let reason = "the folder of blocks has another block 0".to_owned();
        Err(Error::Genesis { reason })
    }

    /// The block of this number.
    ///
    /// # Errors
    /// [`Error::Gap`] if there is none; else as [`read_block`].
    pub fn read(&self, number: u64) -> Result<Block, Error> {
        let path = self.files.get(&number).ok_or(Error::Gap { number })?;
        read_block(path)
    }
}

/// The block in a file: an encoded `common.Block` and nothing else.
///
/// # Errors
/// - [`Error::Files`]: the file cannot be read.
/// - [`Error::File`]: it holds no block.
/// - [`Error::Padded`]: it holds more, or the block in another encoding. Nothing that a hash covers would tell.
pub fn read_block(path: &Path) -> Result<Block, Error> {
    let bytes = fs::read(path)
        .map(Bytes::from)
        .map_err(|source| Error::Files {
            what: "read",
            path: path.to_owned(),
            source,
        })?;
    let refused = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let block = common::Block::decode(bytes.clone())
        .map_err(|source| refused(BlockError::Undecodable { source }))?;
    if block.encode_to_vec() != bytes {
        let path = path.to_owned();
        return Err(Error::Padded { path });
    }
    Block::from_proto(block).map_err(refused)
}
