//! From a chaincode's name to code that runs: definition, installed package, compiled contract.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use joined::Channel;
use ledger::NodeStore;
use lifecycle::{Definition, Invocability, Package, PackageLimits, definition, invocability};
use model::{ErrorCode, Refused};
use runtime::{Contract, Engine, TrapCode};
use rwset::{StateError, StateReader};

use crate::Error;

/// Answers kept, over all channels.
const ANSWERS_KEPT: usize = 1_024;

/// A chaincode that this peer may run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Runnable {
    pub(crate) definition: Arc<Definition>,
    pub(crate) package_id: String,
}

/// Why this peer may not run a chaincode. The texts are Fabric's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("chaincode {name} not found")]
    Undefined { name: String },
    #[error(
        "chaincode definition for '{name}' at sequence {sequence} on channel '{channel}' has not yet been approved by this org"
    )]
    NotApproved {
        name: String,
        sequence: i64,
        channel: String,
    },
    #[error("chaincode definition for '{name}' exists, but chaincode is not installed")]
    NotInstalled { name: String },
}

impl Unfit {
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Undefined { .. } => ErrorCode::ChaincodeNotFound,
            Self::NotApproved { .. } => ErrorCode::ChaincodeNotApproved,
            Self::NotInstalled { .. } => ErrorCode::ChaincodeNotInstalled,
        }
    }
}

pub(crate) type Found = Result<Runnable, Unfit>;

/// The chaincodes of one peer.
///
/// What a name means follows from what the ledger shows of the definitions at one height and from the installed packages, so answers
/// are kept with both.
pub(crate) struct Contracts {
    node: NodeStore,
    engine: Engine,
    msp_id: String,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Counts installations; what was found before the last one may have changed.
    generation: u64,
    /// Ids of the installed packages; none if they must be read.
    installed: Option<Arc<Vec<String>>>,
    /// By channel and name.
    answers: HashMap<(String, String), Answer>,
    /// SHA-256 of the component in a package, by package id.
    components: HashMap<String, [u8; 32]>,
}

struct Answer {
    height: u64,
    generation: u64,
    found: Found,
}

impl Contracts {
    pub(crate) fn new(node: NodeStore, engine: Engine, msp_id: String) -> Self {
        Self {
            node,
            engine,
            msp_id,
            kept: Mutex::default(),
        }
    }

    pub(crate) fn node(&self) -> &NodeStore {
        &self.node
    }

    /// Finds out whether this peer may run a chaincode, by the state that `reader` shows. Records nothing.
    ///
    /// # Errors
    /// The ledger or the package store cannot be read.
    pub(crate) fn find(
        &self,
        reader: &dyn StateReader,
        channel: &Channel,
        name: &str,
    ) -> Result<Found, StateError> {
        let height = reader.height();
        if let Some(found) = self.kept(channel, name, height) {
            return Ok(found);
        }
        let generation = self.lock().generation;
        let id = channel.id();
        let found = self.look(reader, id.as_str(), name)?;
        let mut kept = self.lock();
        if kept.answers.len() >= ANSWERS_KEPT {
            kept.answers.clear();
        }
        let answer = Answer {
            height,
            generation,
            found: found.clone(),
        };
        let key = (id.as_str().to_owned(), name.to_owned());
        kept.answers.insert(key, answer);
        Ok(found)
    }

    /// As [`find`](Self::find), on the newest state.
    pub(crate) fn find_now(&self, channel: &Channel, name: &str) -> Result<Found, StateError> {
        let ledger = channel.ledger();
        match self.kept(channel, name, ledger.height()) {
            Some(found) => Ok(found),
            None => self.find(&ledger.snapshot()?, channel, name),
        }
    }

    fn kept(&self, channel: &Channel, name: &str, height: u64) -> Option<Found> {
        let kept = self.lock();
        let key = (channel.id().as_str().to_owned(), name.to_owned());
        let answer = kept.answers.get(&key)?;
        let ledger = channel.ledger();
        let current = answer.generation == kept.generation
            && ledger.shows_the_same(lifecycle::NAMESPACE, answer.height, height);
        current.then(|| answer.found.clone())
    }

    fn look(
        &self,
        reader: &dyn StateReader,
        channel: &str,
        name: &str,
    ) -> Result<Found, StateError> {
        let Some(definition) = known(definition(reader, name))?.flatten() else {
            let name = name.to_owned();
            return Ok(Err(Unfit::Undefined { name }));
        };
        let name = || name.to_owned();
        let installed = self.installed()?;
        let installed = installed.iter().map(String::as_str);
        let answer = known(invocability(reader, &self.msp_id, &definition, installed))?;
        Ok(match answer {
            Some(Invocability::Ready { package_id }) => Ok(Runnable {
                definition: Arc::new(definition),
                package_id,
            }),
            Some(Invocability::NotApproved) => Err(Unfit::NotApproved {
                name: name(),
                sequence: definition.sequence,
                channel: channel.to_owned(),
            }),
            Some(Invocability::NotInstalled) => Err(Unfit::NotInstalled { name: name() }),
            None => Err(Unfit::Undefined { name: name() }),
        })
    }

    fn installed(&self) -> Result<Arc<Vec<String>>, StateError> {
        let generation = {
            let kept = self.lock();
            if let Some(installed) = &kept.installed {
                return Ok(Arc::clone(installed));
            }
            kept.generation
        };
        let packages = self.node.packages()?;
        let ids = packages.into_iter().map(|package| package.package_id);
        let installed = Arc::new(ids.collect());
        let mut kept = self.lock();
        if kept.generation == generation {
            kept.installed = Some(Arc::clone(&installed));
        }
        Ok(installed)
    }

    /// Forgets what depended on the packages installed so far.
    fn changed(&self) {
        let mut kept = self.lock();
        kept.generation += 1;
        kept.installed = None;
        kept.answers.clear();
    }

    /// Checks that a package runs here, compiles it and stores it. Takes seconds for a large contract.
    ///
    /// # Errors
    /// - [`lifecycle::Error::Refused`]: the component cannot run here, or the package is there already.
    /// - [`lifecycle::Error::State`]: the disk.
    pub(crate) fn install(
        &self,
        package: &Package,
        worker: &runtime::Worker<'_>,
        now_s: i64,
    ) -> Result<(), lifecycle::Error> {
        let refused = |code, reason: String| lifecycle::Error::Refused(Refused::new(code, reason));
        let contract = self
            .engine
            .load(&package.component)
            .map_err(|error| refused(error.code(), error.to_string()))?;
        worker.metadata(&contract).map_err(|trap| {
            let code = match trap.code {
                TrapCode::Deadline => ErrorCode::PackageCompile,
                code => code.error_code(),
            };
            let reason = format!(
                "the contract does not say its metadata: {}: {trap}",
                trap.code
            );
            refused(code, reason)
        })?;
        let (id, label) = (&package.package_id, &package.metadata.label);
        let stored = self.node.install(id, label, &package.bytes, now_s);
        self.changed();
        stored.map_err(|error| match error {
            ledger::Error::Exists { .. } => refused(
                ErrorCode::PackageInstalled,
                format!("chaincode already successfully installed (package ID '{id}')"),
            ),
            error => lifecycle::Error::State(error.into()),
        })
    }

    /// Gives the compiled contract of an installed package; compiles it if it is not in memory.
    ///
    /// # Errors
    /// - [`Error::Failed`]: the package holds nothing that runs here.
    /// - [`Error::Unavailable`], [`Error::Broken`]: the store cannot be read, or the compiler failed.
    pub(crate) fn load(&self, package_id: &str) -> Result<Arc<Contract>, Error> {
        let known = self.lock().components.get(package_id).copied();
        if let Some(contract) = known.and_then(|hash| self.engine.loaded(&hash)) {
            return Ok(contract);
        }
        let refused = |code, reason: &dyn std::fmt::Display| {
            let reason = format_args!("could not launch chaincode {package_id}: {reason}");
            Error::in_simulation(code, reason)
        };
        let Some(bytes) = self.node.package(package_id)? else {
            let reason = "the package is not installed";
            return Err(refused(ErrorCode::ChaincodeNotInstalled, &reason));
        };
        let package = Package::parse(bytes, &PackageLimits::default())
            .map_err(|error| refused(error.code(), &error))?;
        let contract = self
            .engine
            .load(&package.component)
            .map_err(|error| match error {
                runtime::Error::Refused(refusal) => refused(refusal.kind.code(), &refusal),
                error => Error::Unavailable(error.into()),
            })?;
        let hash = *contract.hash();
        self.lock().components.insert(package_id.to_owned(), hash);
        Ok(contract)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What cannot be read as a definition counts as none; only the state itself can fail.
pub(crate) fn known<T>(found: Result<T, lifecycle::Error>) -> Result<Option<T>, StateError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(lifecycle::Error::State(error)) => Err(error),
        Err(_) => Ok(None),
    }
}
