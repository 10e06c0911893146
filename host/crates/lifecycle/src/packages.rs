//! Where a peer keeps installed packages.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

use crate::{Error, Package};

/// An installed package, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstalledPackage {
    /// `label:hash`.
    pub package_id: String,
    /// The name its maker gave it.
    pub label: String,
}

/// A chaincode that runs with an installed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The chaincode's name on the channel.
    pub name: String,
    /// The version its definition states.
    pub version: String,
}

/// The store of installed packages, as the built-in chaincode uses it. One store serves all channels of a peer.
pub trait Packages: Send + Sync {
    /// Checks that the peer can run the package, and stores it.
    ///
    /// # Errors
    /// [`Error::Refused`] with the reason, for one that cannot run; [`Error::State`] when the disk fails. A package that is
    /// already there is the caller's to find out before.
    fn install(&self, package: &Package) -> Result<(), Error>;

    /// What is installed, sorted by id.
    ///
    /// # Errors
    /// [`Error::State`].
    fn list(&self) -> Result<Vec<InstalledPackage>, Error>;

    /// The package's bytes as they were installed; `None` if it is not there.
    ///
    /// # Errors
    /// [`Error::State`].
    fn load(&self, package_id: &str) -> Result<Option<Bytes>, Error>;

    /// The chaincodes that run with a package, by channel.
    ///
    /// # Errors
    /// [`Error::State`].
    fn references(&self, package_id: &str) -> Result<BTreeMap<String, Vec<Reference>>, Error>;
}

/// Packages kept in memory, for a node that forgets them when it stops: tests, and tools that try a package out.
#[derive(Debug, Default)]
pub struct MemoryPackages {
    packages: Mutex<BTreeMap<String, Package>>,
}

impl MemoryPackages {
    fn packages(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Package>> {
        self.packages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Packages for MemoryPackages {
    fn install(&self, package: &Package) -> Result<(), Error> {
        self.packages()
            .insert(package.package_id.clone(), package.clone());
        Ok(())
    }

    fn list(&self) -> Result<Vec<InstalledPackage>, Error> {
        let packages = self.packages();
        Ok(packages
            .values()
            .map(|package| InstalledPackage {
                package_id: package.package_id.clone(),
                label: package.metadata.label.clone(),
            })
            .collect())
    }

    fn load(&self, package_id: &str) -> Result<Option<Bytes>, Error> {
        Ok(self
            .packages()
            .get(package_id)
            .map(|package| package.bytes.clone()))
    }

    fn references(&self, _package_id: &str) -> Result<BTreeMap<String, Vec<Reference>>, Error> {
        Ok(BTreeMap::new())
    }
}
