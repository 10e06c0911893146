//! The engine of one node: settings, compiler, compiled contracts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::Component;

use crate::cache::{Cache, CacheKey};
use crate::check::{self, Checked};
use crate::contract::Contract;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::settings;
use crate::ticker::Ticker;
use crate::world;

/// Version of the compiler and of its artefacts' layout; a test holds it equal to what Cargo.lock says.
const COMPILER: &str = "wasmtime 48.0.8";

/// Settings of an engine.
#[derive(Debug, Clone)]
pub struct Config {
    /// Threads that run contracts; as many as cores is right, since contracts only compute.
    pub threads: usize,
    /// Calls that may wait for a thread; one more is refused as busy.
    pub waiting_max: usize,
    /// Contracts that stay compiled in memory; the one used longest ago goes first.
    pub contracts_max: usize,
    /// Where compiled contracts are kept; none keeps them in memory only. The folder must be this node's own.
    pub cache_folder: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            threads,
            waiting_max: 256,
            contracts_max: 256,
            cache_folder: None,
        }
    }
}

/// Compiles contracts and keeps them; a node has one of its own, cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    // Dropped first, so that nothing ticks for an engine that goes.
    _ticker: Ticker,
    wasmtime: wasmtime::Engine,
    cache: Option<Cache>,
    contracts: Mutex<Contracts>,
    config: Config,
}

/// Contracts in memory, by hash.
#[derive(Default)]
struct Contracts {
    by_hash: HashMap<[u8; 32], Slot>,
    uses: u64,
}

struct Slot {
    last_use: u64,
    /// Held while the contract is compiled, so that the same bytes are compiled once.
    contract: Arc<Mutex<Option<Arc<Contract>>>>,
}

impl Engine {
    /// Makes an engine. `random` fills the folder's secret if a new one is needed.
    ///
    /// # Errors
    /// - [`Error::Engine`]: contracts do not run on this machine, or its address space is too small for the pool.
    /// - [`Error::CacheFolder`]: the folder cannot be made or closed to others.
    /// - [`Error::Thread`]: no thread for the deadlines.
    pub fn new(config: Config, random: &mut dyn FnMut(&mut [u8])) -> Result<Self, Error> {
        let threads = u32::try_from(config.threads.max(1)).unwrap_or(u32::MAX);
        let depth = u32::try_from(world::CALL_DEPTH_MAX).unwrap_or(u32::MAX);
        let settings = settings::config(threads.saturating_mul(depth)).map_err(Error::Engine)?;
        let wasmtime = wasmtime::Engine::new(&settings)
            .map_err(|error| Error::Engine(format!("{error:#}")))?;
        let cache = match &config.cache_folder {
            Some(folder) => {
                let opened = Cache::open(folder, &fingerprint(&wasmtime), random);
                Some(opened.map_err(|source| Error::CacheFolder {
                    path: folder.clone(),
                    source,
                })?)
            }
            None => None,
        };
        let ticker = Ticker::start(wasmtime.weak()).map_err(Error::Thread)?;
        let contracts = Mutex::default();
        let inner = Inner {
            _ticker: ticker,
            wasmtime,
            cache,
            contracts,
            config,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The settings it was made with.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Checks a component without compiling it: size, structure, names, features, imports, the exported contract.
    ///
    /// # Errors
    /// The first rule that is broken, with a stable kind.
    pub fn check(&self, component: &[u8]) -> Result<Checked, Refusal> {
        check::check(component)
    }

    /// Gives the contract of a component: from memory, from the folder, or compiled now.
    ///
    /// Takes CPU time: some 100 ms for a small contract that nobody compiled before, seconds for an interpreter's.
    /// Callers that load the same bytes at one time wait for the first of them.
    ///
    /// # Errors
    /// - [`Error::Refused`]: the component breaks a rule.
    /// - [`Error::Compile`]: the compiler failed.
    pub fn load(&self, component: &[u8]) -> Result<Arc<Contract>, Error> {
        let hash = check::hash_of(component);
        let slot = self.slot(hash);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contract) = &*slot {
            return Ok(Arc::clone(contract));
        }
        let contract = Arc::new(self.stored_or_compiled(hash, component)?);
        *slot = Some(Arc::clone(&contract));
        Ok(contract)
    }

    /// Gives the contract with this hash if it is in memory.
    pub fn loaded(&self, hash: &[u8; 32]) -> Option<Arc<Contract>> {
        let slot = {
            let contracts = self
                .inner
                .contracts
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&contracts.by_hash.get(hash)?.contract)
        };
        let contract = slot.lock().unwrap_or_else(PoisonError::into_inner);
        contract.clone()
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.wasmtime
    }

    fn slot(&self, hash: [u8; 32]) -> Arc<Mutex<Option<Arc<Contract>>>> {
        let max = self.inner.config.contracts_max.max(1);
        self.inner
            .contracts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .slot(hash, max)
    }

    fn stored_or_compiled(&self, hash: [u8; 32], component: &[u8]) -> Result<Contract, Error> {
        let Some(cache) = &self.inner.cache else {
            return self.compile(hash, component).map(|(contract, _)| contract);
        };
        let key = cache.key(&hash);
        if let Some(contract) = self.stored(cache, &key, hash) {
            return Ok(contract);
        }
        let (contract, compiled) = self.compile(hash, component)?;
        match compiled.serialize() {
            Ok(artefact) => {
                if let Err(error) = cache.write(&key, &artefact) {
                    tracing::warn!(%error, "cannot store a compiled contract");
                }
            }
            Err(error) => tracing::warn!(%error, "cannot serialize a compiled contract"),
        }
        Ok(contract)
    }

    fn compile(&self, hash: [u8; 32], component: &[u8]) -> Result<(Contract, Component), Error> {
        let checked = check::check(component)?;
        let compiled =
            Component::from_binary(&self.inner.wasmtime, checked.bytes()).map_err(|error| {
                Error::Compile {
                    hash: hex::encode(hash),
                    reason: format!("{error:#}"),
                }
            })?;
        Ok((Contract::link(&compiled, hash)?, compiled))
    }

    fn stored(&self, cache: &Cache, key: &CacheKey, hash: [u8; 32]) -> Option<Contract> {
        let artefact = cache.read(key)?;
        #[expect(
            unsafe_code,
            reason = "loading compiled code is running it: these bytes are what this folder's secret signed when this \
                      engine's own compiler wrote them"
        )]
        // SAFETY: `Cache::read` gives only bytes whose HMAC, under a secret that only this node's folder holds, says
        // that `Cache::write` stored them for this key, and only `serialize` of this engine's compiler is stored.
        let component = unsafe { Component::deserialize(&self.inner.wasmtime, artefact) };
        let contract = component
            .map_err(|error| format!("{error:#}"))
            .and_then(|component| {
                Contract::link(&component, hash).map_err(|refusal| refusal.to_string())
            });
        match contract {
            Ok(contract) => Some(contract),
            Err(error) => {
                tracing::warn!(error, "a compiled contract does not fit, compiling again");
                None
            }
        }
    }
}

impl Contracts {
    fn slot(&mut self, hash: [u8; 32], max: usize) -> Arc<Mutex<Option<Arc<Contract>>>> {
        self.uses += 1;
        let last_use = self.uses;
        if !self.by_hash.contains_key(&hash) && self.by_hash.len() >= max {
            let oldest = self.by_hash.iter().min_by_key(|(_, slot)| slot.last_use);
            if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
                self.by_hash.remove(&oldest);
            }
        }
        let slot = self.by_hash.entry(hash).or_insert_with(|| Slot {
            last_use,
            contract: Arc::default(),
        });
        slot.last_use = last_use;
        Arc::clone(&slot.contract)
    }
}

/// Says how this engine compiles; artefacts of engines that say otherwise do not fit.
fn fingerprint(engine: &wasmtime::Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!(
        "{COMPILER}, {}@{}, {:016x}",
        world::PACKAGE,
        world::VERSION,
        hasher.finish()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_version_is_the_one_that_is_built_in() {
        let lock = include_str!("../../../../Cargo.lock");
        let (name, version) = COMPILER.split_once(' ').unwrap_or_default();
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(
            lock.contains(&entry),
            "Cargo.lock has another {name} than {version}"
        );
    }

    #[test]
    fn two_engines_with_the_same_settings_have_the_same_fingerprint() {
        let engine = |instances| {
            let config = settings::config(instances).expect("this machine runs contracts");
            wasmtime::Engine::new(&config).expect("an engine")
        };
        assert_eq!(fingerprint(&engine(1)), fingerprint(&engine(2)));
    }
}
