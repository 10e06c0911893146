//! `_lifecycle`: the calls of `lifecycle::scc` with this peer's packages, policies and state.

use std::collections::BTreeMap;

use bytes::Bytes;
use ledger::Snapshot;
use lifecycle::{Context, InstalledPackage, Package, Packages, Reference, defined_by_key, scc};
use runtime::Worker;
use rwset::{Simulator, StateError, StateReader};

use super::SYSTEM_VERSION;
use crate::Error;
use crate::check::Request;
use crate::endorser::Inner;
use crate::simulate::Simulation;

/// Where the fields of all definitions are.
const FIELDS: (&str, &str) = ("namespaces/fields/", "namespaces/fields0");
/// Keys read at a time.
const ROWS: usize = 1_000;

/// Runs one call.
///
/// # Errors
/// The state cannot be read.
pub(crate) fn invoke(
    inner: &Inner,
    request: &Request,
    snapshot: Option<Snapshot>,
    worker: &Worker<'_>,
) -> Result<Simulation, Error> {
    let channel = request.proposal.channel_id();
    let bundle = request.joined.as_ref().map(|joined| &*joined.bundle);
    let orgs: Vec<(String, String)> = bundle.map_or_else(Vec::new, |bundle| {
        let orgs = bundle.application().orgs.iter();
        orgs.map(|org| (org.group_name.clone(), org.msp_id.clone()))
            .collect()
    });
    let authorize = |resource: &str| {
        inner
            .access
            .check_in(resource, channel, bundle, &request.caller)
    };
    let context = Context {
        channel: bundle.map(|bundle| lifecycle::Channel {
            id: channel,
            orgs: &orgs,
            msps: bundle.msps(),
            policies: bundle.policies(),
        }),
        local_msp_id: inner.msp_id(),
        packages: &Installed { inner, worker },
        authorize: &authorize,
    };
    let mut simulator =
        snapshot.map(|snapshot| Simulator::new(Box::new(snapshot), request.tx_id.as_str()));
    let height = simulator
        .as_ref()
        .map_or(0, |simulator| simulator.reader().height());
    let answer = scc::invoke(&request.proposal.input.args, &context, simulator.as_mut())?;
    let simulated = simulator.map(Simulator::finish).transpose()?;
    Ok(Simulation {
        height,
        simulated,
        ..Simulation::unrecorded(answer, SYSTEM_VERSION)
    })
}

/// The packages in this peer's store.
struct Installed<'a> {
    inner: &'a Inner,
    worker: &'a Worker<'a>,
}

impl Packages for Installed<'_> {
    fn install(&self, package: &Package) -> Result<(), lifecycle::Error> {
        let now_s = (self.inner.clock)().seconds;
        self.inner.contracts.install(package, self.worker, now_s)
    }

    fn list(&self) -> Result<Vec<InstalledPackage>, lifecycle::Error> {
        let packages = self.inner.contracts.node().packages();
        let packages = packages.map_err(StateError::from)?.into_iter();
        Ok(packages
            .map(|package| InstalledPackage {
                package_id: package.package_id,
                label: package.label,
            })
            .collect())
    }

    fn load(&self, package_id: &str) -> Result<Option<Bytes>, lifecycle::Error> {
        let package = self.inner.contracts.node().package(package_id);
        Ok(package.map_err(StateError::from)?)
    }

    fn references(
        &self,
        package_id: &str,
    ) -> Result<BTreeMap<String, Vec<Reference>>, lifecycle::Error> {
        let channels = self.inner.channels();
        let mut references = BTreeMap::new();
        for channel in channels.ids().iter().filter_map(|id| channels.get(id)) {
            let snapshot = channel.ledger().snapshot().map_err(StateError::from)?;
            let id = channel.id().to_string();
            let mut users = Vec::new();
            for name in defined(&snapshot)? {
                match self.inner.contracts.find(&snapshot, &channel, &name)? {
                    Ok(runnable) if runnable.package_id == package_id => users.push(Reference {
                        name,
                        version: runnable.definition.version.clone(),
                    }),
                    _ => {}
                }
            }
            if !users.is_empty() {
                references.insert(id, users);
            }
        }
        Ok(references)
    }
}

/// The names of all committed definitions, sorted.
fn defined(reader: &dyn StateReader) -> Result<Vec<String>, StateError> {
    let (mut start, end) = (FIELDS.0.to_owned(), FIELDS.1);
    let mut names = Vec::new();
    loop {
        let rows = reader.range(lifecycle::NAMESPACE, &start, end, ROWS)?;
        let found = rows.iter().filter_map(|(key, _)| defined_by_key(key));
        names.extend(found.map(str::to_owned));
        match rows.last() {
            Some((last, _)) if rows.len() == ROWS => start = format!("{last}\u{0}"),
            _ => return Ok(names),
        }
    }
}
