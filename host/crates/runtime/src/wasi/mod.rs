//! WASI 0.2 for guests whose language runtime wants it: fixed answers, never the machine's.
//!
//! There are no files, no sockets, no arguments and no environment. The clocks stand still at the transaction's time,
//! waiting ends at once, randomness follows from the transaction's id, and what is printed becomes log lines. Each
//! call is paid as a host call of the world is. wasmtime-wasi is not used here: it sleeps for real, keeps a tokio
//! runtime in a static that all nodes of a process would share, and charges no fuel.
//!
//! Functions that need what no guest can get (a file, a socket) trap when they are called.

mod cli;
mod clocks;
mod io;
mod random;
mod sockets;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceType};

use crate::context::TxContext;
use crate::guest::Guest;
use crate::host::meter::Call;
use crate::log::{Level, Log};
use crate::trap::{Abort, Trap, TrapCode};

use self::io::{InputStream, IoError, Output, OutputStream, Pollable};
use self::random::Random;
use self::sockets::Network;

/// The interfaces that are offered, all of versions 0.2.x.
const INTERFACES: [&str; 27] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// Marks handles of resources that no guest can get: files, sockets, terminals.
pub(crate) enum Nothing {}

/// What one instance's WASI keeps.
pub(crate) struct Wasi {
    time: prost_types::Timestamp,
    random: Random,
    insecure: Random,
    output: Output,
}

impl Wasi {
    /// Makes the answers for one chaincode of one transaction.
    pub(crate) fn new(context: &TxContext, namespace: &str) -> Self {
        let random = |domain| Random::new(domain, &context.tx_id, namespace);
        Self {
            time: context.timestamp,
            random: random("random"),
            insecure: random("insecure"),
            output: Output::default(),
        }
    }

    /// Writes out what was printed without an end of line.
    pub(crate) fn flush(&mut self, chaincode: &str, log: &mut Log) {
        self.output
            .flush(|level: Level, line: &str| log.write(chaincode, level, line));
    }
}

/// Says whether an import is an interface that is offered, by its full name with version.
pub(crate) fn offers(name: &str) -> bool {
    let Some((interface, version)) = name.split_once('@') else {
        return false;
    };
    let patch = version.strip_prefix("0.2.").unwrap_or_default();
    INTERFACES.contains(&interface)
        && !patch.is_empty()
        && patch.bytes().all(|digit| digit.is_ascii_digit())
}

/// Defines the WASI interfaces that a component imports, each under the version that it names.
///
/// # Errors
/// If a name is defined twice.
pub(crate) fn link(linker: &mut Linker<Guest>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine();
    for (name, import) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            continue;
        };
        if !offers(name) {
            continue;
        }
        let interface = name.split('@').next().unwrap_or(name);
        let mut linker = linker.instance(name)?;
        for (item, export) in instance.exports(engine) {
            match export.ty {
                ComponentItem::ComponentFunc(_) => function(&mut linker, interface, item)?,
                ComponentItem::Resource(_) => resource(&mut linker, item)?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// Defines one function: with its answer, or with a trap if it needs what no guest can get.
fn function(
    linker: &mut LinkerInstance<'_, Guest>,
    interface: &str,
    name: &str,
) -> wasmtime::Result<()> {
    let package = interface.split('/').next().unwrap_or_default();
    let defined = match package {
        "wasi:cli" => cli::define(linker, name)?,
        "wasi:clocks" => clocks::define(linker, interface, name)?,
        "wasi:io" => io::define(linker, name)?,
        "wasi:random" => random::define(linker, name)?,
        _ => sockets::define(linker, name)?,
    };
    if defined {
        return Ok(());
    }
    linker.func_new(name, |store, _, _, _| {
        Call::enter(store)?;
        let text = "the chaincode called a WASI function that is not offered";
        Err(Abort::Trap(Trap::with_message(TrapCode::DisabledFeature, text)).into())
    })
}

/// Defines a resource; a name means the same type in all interfaces.
fn resource(linker: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<()> {
    let ty = match name {
        "error" => ResourceType::host::<IoError>(),
        "pollable" => ResourceType::host::<Pollable>(),
        "input-stream" => ResourceType::host::<InputStream>(),
        "output-stream" => ResourceType::host::<OutputStream>(),
        "network" => ResourceType::host::<Network>(),
        _ => ResourceType::host::<Nothing>(),
    };
    linker.resource(name, ty, |store, _| Call::enter(store).map(drop))
}

/// Hands out a resource that has nothing behind it.
fn handle<T: 'static>() -> Resource<T> {
    Resource::new_own(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_interfaces_of_version_0_2_are_offered() {
        for good in ["wasi:cli/exit@0.2.0", "wasi:io/streams@0.2.12"] {
            assert!(offers(good), "{good}");
        }
        for bad in [
            "wasi:cli/exit",
            "wasi:cli/exit@0.2",
            "wasi:cli/exit@0.2.",
            "wasi:cli/exit@0.3.0",
            "wasi:cli/exit@0.2.0-rc-2023-11-10",
            "wasi:cli/run@0.2.0",
            "wasi:http/types@0.2.0",
            "wasi_snapshot_preview1",
        ] {
            assert!(!offers(bad), "{bad}");
        }
    }
}
