//! The inputs that are kept: files below `corpus/` and `crashes/`, one folder a target.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Target;

/// Larger files are left to the recordings: nobody reviews them.
const FILE_BYTES_MAX: u64 = 4 * 1024;

/// What one target begins with.
pub struct Corpus {
    /// What once went wrong, with each file's path.
    pub crashes: Vec<(PathBuf, Vec<u8>)>,
    /// Everything else.
    pub inputs: Vec<Vec<u8>>,
}

impl Corpus {
    /// Reads a target's files and makes its seeds.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        let mut inputs: Vec<Vec<u8>> = files("corpus", target.name)
            .into_iter()
            .map(|(_, bytes)| bytes)
            .collect();
        inputs.extend((target.seeds)());
        inputs.sort();
        inputs.dedup();
        Self {
            crashes: files("crashes", target.name),
            inputs,
        }
    }
}

/// The files of a folder of this package's, in the order of their names; none if there is no such folder.
fn files(folder: &str, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name);
    let Ok(entries) = fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let length = fs::metadata(&path).unwrap().len();
        assert!(
            length <= FILE_BYTES_MAX,
            "{}: {length} bytes",
            path.display()
        );
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGETS;

    #[test]
    fn every_target_has_somewhere_to_begin() {
        for target in TARGETS {
            assert!(!(target.seeds)().is_empty(), "{}", target.name);
        }
    }

    #[test]
    fn every_folder_is_a_target_s() {
        for kind in ["corpus", "crashes"] {
            let Ok(folders) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)) else {
                continue;
            };
            for folder in folders {
                let name = folder.unwrap().file_name().into_string().unwrap();
                assert!(crate::target(&name).is_some(), "{kind}/{name}");
            }
        }
    }
}
