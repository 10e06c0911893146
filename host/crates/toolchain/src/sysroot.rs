//! A private folder of libraries for chaincode: what Debian's compiler lacks to be one for WebAssembly.
//!
//! ```text
//! wasm-sysroot/1.96.0-2f0c…/          one per compiler and recipe, complete or not there at all
//!   bin/rustc                         starts Debian's compiler with this folder as its sysroot
//!   lib/rustlib/HOST/lib              -> Debian's, for build scripts and macros
//!   lib/rustlib/HOST/bin/rust-lld     -> the linker
//!   lib/rustlib/wasm32-…/lib/         the standard library, compiled here
//! ```

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::command;
use crate::debian;
use crate::flags;
use crate::installation::{Compiler, Installation, has_std};
use crate::{Environment, Error, TRIPLE};

/// Goes up when what is made changes, so that what an older version of this crate made is not used.
const RECIPE: u32 = 1;

/// The private folder that belongs to one compiler.
#[derive(Debug)]
pub(crate) struct Sysroot {
    root: PathBuf,
    host: String,
}

impl Sysroot {
    /// Where the folder for this compiler is or will be; none without a home folder.
    pub(crate) fn for_compiler(environment: &Environment, compiler: &Compiler) -> Option<Self> {
        let mut hasher = DefaultHasher::new();
        (RECIPE, &compiler.verbose).hash(&mut hasher);
        let name = format!("{}-{:016x}", compiler.release, hasher.finish());
        let root = environment.data_folder()?.join("wasm-sysroot").join(name);
        Some(Self {
            root,
            host: compiler.host.clone(),
        })
    }

    /// The installation that this folder makes of Debian's, if all of it is there, the linker too.
    pub(crate) fn complete(&self) -> Option<Installation> {
        let rustc = self.root.join("bin/rustc");
        let complete = rustc.is_file()
            && self.linker(&self.root).exists()
            && has_std(&self.libraries(&self.root));
        complete.then(|| Installation {
            rustc,
            cargo: debian::CARGO.into(),
            sysroot: self.root.clone(),
        })
    }

    /// Compiles the standard library and puts the folder in its place, in one step at the end.
    ///
    /// Folders for other compilers are removed. The caller holds the lock.
    ///
    /// # Errors
    /// [`Error::Failed`], [`Error::Start`], [`Error::File`].
    pub(crate) fn make(
        &self,
        environment: &Environment,
        compiler: &Compiler,
        linker: &Path,
    ) -> Result<(), Error> {
        let parent = self.root.parent().ok_or(Error::NoHome)?;
        if parent.exists() {
            fs::remove_dir_all(parent).map_err(Error::file(parent))?;
        }
        let work = parent.join("work");
        let built = compile_std(environment, compiler, &work)?;
        let new = parent.join("new");
        self.lay_out(&new, linker)?;
        copy_libraries(&built, &self.libraries(&new))?;
        fs::remove_dir_all(&work).map_err(Error::file(&work))?;
        fs::rename(&new, &self.root).map_err(Error::file(&self.root))
    }

    fn lay_out(&self, new: &Path, linker: &Path) -> Result<(), Error> {
        let link = self.linker(new);
        let wrapper = new.join("bin/rustc");
        let host = new.join("lib/rustlib").join(&self.host).join("lib");
        for folder in [
            link.parent(),
            wrapper.parent(),
            Some(self.libraries(new).as_path()),
        ]
        .into_iter()
        .flatten()
        {
            fs::create_dir_all(folder).map_err(Error::file(folder))?;
        }
        symlink(linker, &link).map_err(Error::file(&link))?;
        let debians = Path::new("/usr/lib/rustlib").join(&self.host).join("lib");
        symlink(debians, &host).map_err(Error::file(&host))?;
        let root = self.root.to_string_lossy().replace('\'', r"'\''");
        let script = format!(
            "#!/bin/sh\nexec {} --sysroot '{root}' \"$@\"\n",
            debian::RUSTC
        );
        fs::write(&wrapper, script).map_err(Error::file(&wrapper))?;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))
            .map_err(Error::file(&wrapper))
    }

    fn linker(&self, root: &Path) -> PathBuf {
        root.join("lib/rustlib")
            .join(&self.host)
            .join("bin/rust-lld")
    }

    fn libraries(&self, root: &Path) -> PathBuf {
        root.join("lib/rustlib").join(TRIPLE).join("lib")
    }
}

/// Compiles the standard library by compiling an empty crate along with it; gives the folder with the libraries.
fn compile_std(
    environment: &Environment,
    compiler: &Compiler,
    work: &Path,
) -> Result<PathBuf, Error> {
    let seed = work.join("seed");
    let write = |name: &str, text: &str| {
        let path = seed.join(name);
        fs::write(&path, text).map_err(Error::file(path))
    };
    fs::create_dir_all(seed.join("src")).map_err(Error::file(&seed))?;
    write("src/lib.rs", "")?;
    write(
        "Cargo.toml",
        "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n",
    )?;
    let mut cargo = command::cargo(
        Path::new(debian::CARGO),
        Path::new(debian::RUSTC),
        environment,
    );
    cargo
        .current_dir(&seed)
        .args([
            "build",
            "--quiet",
            "--release",
            "-Zbuild-std=std,panic_abort,proc_macro",
        ])
        .args(["--target", TRIPLE, "--target-dir"])
        .arg(work.join("target"))
        // Without bitcode a contract with `lto = true` ends in "can't find section .llvmbc".
        .args([
            "--config",
            &flags::configuration(&["-Cembed-bitcode=yes"], &remapped(environment, compiler)),
        ])
        .env("RUSTC_BOOTSTRAP", "1");
    command::run(&mut cargo)?;
    Ok(work.join("target").join(TRIPLE).join("release/deps"))
}

/// The standard library's sources and where its dependencies lie, written as in a rustup installation.
fn remapped(environment: &Environment, compiler: &Compiler) -> Vec<(PathBuf, String)> {
    let hash = compiler
        .verbose
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "))
        .filter(|hash| *hash != "unknown");
    let sources = format!("/rustc/{}", hash.unwrap_or(&compiler.release));
    let linked = fs::canonicalize(debian::SOURCES).ok();
    let mut pairs = vec![(debian::SOURCES.into(), sources.clone())];
    pairs.extend(linked.map(|folder| (folder, sources)));
    pairs.extend(
        environment
            .cargo_home()
            .map(|home| (home.join("registry/src"), "/registry".to_owned())),
    );
    pairs
}

fn copy_libraries(from: &Path, to: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(from).map_err(Error::file(from))?.flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".rlib") && !text.starts_with("libseed-") {
            fs::copy(entry.path(), to.join(&name)).map_err(Error::file(entry.path()))?;
        }
    }
    Ok(())
}
