//! The target, found or made.

use std::fs::{self, File};
use std::path::PathBuf;

use crate::command;
use crate::debian;
use crate::installation::Installation;
use crate::sysroot::Sysroot;
use crate::{Environment, Error, TRIPLE};

/// A way to compile chaincode that is there and complete.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) installation: Installation,
    pub(crate) environment: Environment,
    origin: Origin,
}

/// Where a target came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The Rust installation in use had it, or got it from rustup just now.
    Installed,
    /// Made on this machine from Debian's packages, now or earlier.
    Debian,
}

impl Target {
    /// Finds the target, or makes it in the first of the ways that is open:
    ///
    /// 1. The Rust installation in use has it.
    /// 2. A private one was made earlier from Debian's packages and still fits Debian's compiler.
    /// 3. `rustup target add`, unless `RUSTUP_AUTO_INSTALL=0` forbids rustup to download.
    /// 4. As root on Debian: packages are installed and the standard library is compiled (about a minute).
    ///
    /// What is there already is found in well under a second. Callers at the same time wait for one another.
    /// `report` gets a line before each step that takes long.
    ///
    /// # Errors
    /// - [`Error::NoTarget`]: no way is open or worked; the text says what to run.
    /// - [`Error::NoHome`], [`Error::File`]: no place for a private target, or it could not be written.
    pub fn ensure(environment: &Environment, report: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        if let Some(target) = Self::find(environment) {
            return Ok(target);
        }
        let _lock = lock(environment)?;
        match Self::find(environment) {
            Some(target) => Ok(target),
            None => Self::make(environment, report),
        }
    }

    /// Where it came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The compiler that chaincode is compiled with.
    #[must_use]
    pub fn rustc(&self) -> &std::path::Path {
        &self.installation.rustc
    }

    /// Finds the target where it is there and complete; nothing is made.
    #[must_use]
    pub fn find(environment: &Environment) -> Option<Self> {
        let found = |installation, origin| Self {
            installation,
            environment: environment.clone(),
            origin,
        };
        if let Some(installation) =
            Installation::in_use(environment).filter(Installation::has_target)
        {
            return Some(found(installation, Origin::Installed));
        }
        let sysroot = Sysroot::for_compiler(environment, &debian::compiler(environment)?)?;
        Some(found(sysroot.complete()?, Origin::Debian))
    }

    fn make(environment: &Environment, report: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        let mut tried = vec![match Installation::in_use(environment) {
            Some(installation) => format!("{} does not have it", installation.sysroot.display()),
            None => "there is no `rustc` on the PATH that has a cargo beside it".to_owned(),
        }];
        if let Err(why) = add_by_rustup(environment, report) {
            tried.push(why);
        } else if let Some(target) = Self::find(environment) {
            return Ok(target);
        }
        match debian::make(environment, report) {
            Ok(()) => tried.push(
                "Debian's packages were used, but the target made from them is not complete".into(),
            ),
            Err(why) => tried.push(debian::explain(&why)),
        }
        Self::find(environment).ok_or(Error::NoTarget { tried })
    }
}

/// Adds the target to rustup's toolchain in use; the error is a line for people.
fn add_by_rustup(environment: &Environment, report: &mut dyn FnMut(&str)) -> Result<(), String> {
    if !environment.rustup_may_download() {
        return Err("rustup must not download here (RUSTUP_AUTO_INSTALL=0)".to_owned());
    }
    report(&format!("rustup target add {TRIPLE}"));
    match command::run(command::program("rustup", environment).args(["target", "add", TRIPLE])) {
        Ok(_) => Ok(()),
        Err(Error::Start { .. }) => Err("rustup is not installed".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Keeps others who want to make the target waiting, as long as the file is open.
fn lock(environment: &Environment) -> Result<File, Error> {
    let folder = environment.data_folder().ok_or(Error::NoHome)?;
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    let path: PathBuf = folder.join("wasm-target.lock");
    let file = File::create(&path).map_err(Error::file(&path))?;
    file.lock().map_err(Error::file(&path))?;
    Ok(file)
}
