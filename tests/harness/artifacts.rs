//! What was built before the tests run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The binary and the contracts, found from where this test's own executable lies.
#[derive(Clone, Debug)]
pub struct Artifacts {
    target: PathBuf,
    /// The `weft` binary.
    pub weft: PathBuf,
}

impl Artifacts {
    /// Finds them.
    ///
    /// # Errors
    /// There is no `weft` binary beside the tests.
    pub fn find() -> Result<Self> {
        let own = std::env::current_exe().context("this test does not know its own file")?;
        // target/debug/deps/system-0123456789abcdef
        let profile = own
            .parent()
            .and_then(Path::parent)
            .context("this test lies in no target folder")?;
        let target = profile
            .parent()
            .context("this test lies in no target folder")?
            .to_path_buf();
        let weft = profile.join("weft");
        ensure!(
            weft.is_file(),
            "{} is missing: run `cargo xtask test`",
            weft.display()
        );
        Ok(Self { target, weft })
    }

    /// The core module of a contract, by the name of its crate.
    ///
    /// # Errors
    /// It was not built.
    pub fn contract(&self, name: &str) -> Result<PathBuf> {
        let file = format!("{}.wasm", name.replace('-', "_"));
        let folder = self.target.join("contracts").join(name);
        let path = folder.join("wasm32-unknown-unknown/release").join(file);
        ensure!(
            path.is_file(),
            "{} is missing: run `cargo xtask test`",
            path.display()
        );
        Ok(path)
    }
}
