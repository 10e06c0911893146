//! Where a document's commands run.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use system_tests::Artifacts;
use tempfile::TempDir;

/// A folder that looks like the repository after `cargo build`: links to its folders and files, and a `target/debug` with
/// this build's `weft`. What commands write into it goes away with it.
pub(crate) struct Place {
    folder: TempDir,
    /// Whether commands have a network of their own, so that the default ports are free.
    pub(crate) has_own_network: bool,
}

impl Place {
    pub(crate) fn new(repository: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("weft-docs-")
            .tempdir()
            .unwrap();
        let own = ["target", ".git", "my-network", "weft-dev"];
        for entry in fs::read_dir(repository).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            let is_own =
                own.iter().any(|own| *own == name) || name.to_string_lossy().ends_with(".tar.gz");
            if !is_own {
                symlink(entry.path(), folder.path().join(name)).unwrap();
            }
        }
        let debug = folder.path().join("target/debug");
        fs::create_dir_all(&debug).unwrap();
        symlink(Artifacts::find().unwrap().weft, debug.join("weft")).unwrap();
        fs::create_dir(folder.path().join(".docs")).unwrap();
        let alone = "ip link set lo up 2>/dev/null || ifconfig lo up";
        let tried = Command::new("unshare")
            .args(["-rnpf", "--kill-child", "sh", "-c", alone])
            .output();
        let has_own_network = tried.is_ok_and(|output| output.status.success());
        Self {
            folder,
            has_own_network,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file for the runner's own use.
    pub(crate) fn own_file(&self, name: &str) -> PathBuf {
        self.path().join(".docs").join(name)
    }
}
