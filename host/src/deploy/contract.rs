//! A contract as it lies on disk, and the package that is made of it.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lifecycle::{Package, PackageLimits};
use model::ChaincodeName;
use toolchain::Target;

use super::DeployError;
use crate::config;

/// How a package's file begins: gzip. RFC 1952.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Where a contract lies, and what the chaincode is to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contract {
    /// A crate's folder, a core module or component, or a package.
    path: PathBuf,
    /// Without one it is called as its package's label or its file says.
    name: Option<String>,
}

/// A contract that can be installed.
#[derive(Debug)]
pub(crate) struct Packaged {
    /// What the chaincode is called.
    pub(crate) name: String,
    /// The package.
    pub(crate) package: Package,
}

impl FromStr for Contract {
    type Err = Infallible;

    /// `PATH` or `PATH=NAME`; what follows the last `=` is a name unless it has a slash.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.rsplit_once('=') {
            Some((path, name)) if !name.contains('/') => Self {
                path: path.into(),
                name: Some(name.to_owned()),
            },
            _ => Self {
                path: text.into(),
                name: None,
            },
        })
    }
}

impl Contract {
    /// Compiles it if it is source, and packages it. Takes its time: not for a thread that serves others.
    ///
    /// # Errors
    /// [`DeployError`], but nothing about peers.
    pub(crate) fn package(&self, say: fn(&str)) -> Result<Packaged, DeployError> {
        if self.path.is_dir() {
            let module = compile(&self.path, say)?;
            return self.packaged(&read(&module)?);
        }
        let bytes = read(&self.path)?;
        if !bytes.starts_with(&GZIP) {
            return self.packaged(&bytes);
        }
        let package = Package::parse(bytes.into(), &PackageLimits::default())?;
        let name = self.name.clone().unwrap_or(package.metadata.label.clone());
        Ok(Packaged {
            name: checked(name)?,
            package,
        })
    }

    /// The label of a package made here is the chaincode's name, so the same content has the same id.
    fn packaged(&self, module: &[u8]) -> Result<Packaged, DeployError> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => name_of(&self.path)?,
        };
        let name = checked(name)?;
        let component =
            runtime::encode_component(module).map_err(|refusal| DeployError::Component {
                path: self.path.clone(),
                source: refusal.into(),
            })?;
        let package = Package::build(&name, &component)?;
        Ok(Packaged { name, package })
    }
}

/// Compiles a cargo project to a core module.
fn compile(folder: &Path, say: fn(&str)) -> Result<PathBuf, DeployError> {
    let failed = |source| DeployError::Compile {
        path: folder.to_owned(),
        source,
    };
    let environment = config::toolchain_environment();
    let mut say = say;
    let target = Target::ensure(&environment, &mut say).map_err(failed)?;
    target.build(folder, None, &mut say).map_err(failed)
}

fn read(path: &Path) -> Result<Vec<u8>, DeployError> {
    std::fs::read(path).map_err(|source| DeployError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The name of the folder or the file, as far as it can be a chaincode's.
fn name_of(path: &Path) -> Result<String, DeployError> {
    let full = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = if full.is_dir() {
        full.file_name()
    } else {
        full.file_stem()
    };
    let name = name.and_then(|name| name.to_str());
    name.map(str::to_owned)
        .ok_or_else(|| DeployError::Nameless {
            path: path.to_owned(),
        })
}

fn checked(name: String) -> Result<String, DeployError> {
    match ChaincodeName::parse(&name) {
        Ok(_) => Ok(name),
        Err(source) => Err(DeployError::Name { name, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::Contract;
    use lifecycle::Package;
    use std::fs;

    fn silent(_: &str) {}

    #[test]
    fn a_contract_is_a_path_with_or_without_a_name() {
        for (text, path, name) in [
            ("dir/asset-transfer", "dir/asset-transfer", None),
            (
                "dir/asset-transfer=basic",
                "dir/asset-transfer",
                Some("basic"),
            ),
            ("a=b/c", "a=b/c", None),
            ("a=b/c=d", "a=b/c", Some("d")),
        ] {
            let contract: Contract = text.parse().unwrap();
            assert_eq!(contract.path.to_str(), Some(path), "{text}");
            assert_eq!(contract.name.as_deref(), name, "{text}");
        }
    }

    #[test]
    fn a_package_is_taken_as_it_is_and_gives_its_label_for_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.tar.gz");
        let package = Package::build("basic", b"\0asm").unwrap();
        fs::write(&path, &package.bytes).unwrap();
        let contract: Contract = path.to_str().unwrap().parse().unwrap();
        let packaged = contract.package(silent).unwrap();
        assert_eq!(
            (packaged.name.as_str(), &packaged.package),
            ("basic", &package)
        );
        let named: Contract = format!("{}=other", path.display()).parse().unwrap();
        assert_eq!(named.package(silent).unwrap().name, "other");
    }

    #[test]
    fn what_cannot_be_a_contract_is_refused_with_a_code() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name).display().to_string();
        let code = |text: String| {
            let contract: Contract = text.parse().unwrap();
            contract.package(silent).unwrap_err().code().name()
        };
        assert_eq!(code(place("missing.wasm")), "file.unusable");
        fs::write(place("text.wasm"), "no module").unwrap();
        assert_eq!(code(place("text.wasm")), "package.not_component");
        assert_eq!(code(format!("{}=a b", place("text.wasm"))), "usage.wrong");
        fs::write(place("x.tar.gz"), [0x1f, 0x8b, 8, 0]).unwrap();
        assert_eq!(code(place("x.tar.gz")), "package.malformed");
    }
}
