//! `wasi:sockets` and `wasi:filesystem`: there are none.

use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower, Resource};

use crate::guest::Guest;
use crate::host::meter::Call;

use super::{Nothing, handle};

/// Marks handles of `wasi:sockets/network.network`, which leads nowhere.
pub(super) enum Network {}

/// `network.error-code`; the host answers one of them.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "the type has all cases, and the host answers one")]
enum ErrorCode {
    #[component(name = "unknown")]
    Unknown,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "not-supported")]
    NotSupported,
    #[component(name = "invalid-argument")]
    InvalidArgument,
    #[component(name = "out-of-memory")]
    OutOfMemory,
    #[component(name = "timeout")]
    Timeout,
    #[component(name = "concurrency-conflict")]
    ConcurrencyConflict,
    #[component(name = "not-in-progress")]
    NotInProgress,
    #[component(name = "would-block")]
    WouldBlock,
    #[component(name = "invalid-state")]
    InvalidState,
    #[component(name = "new-socket-limit")]
    NewSocketLimit,
    #[component(name = "address-not-bindable")]
    AddressNotBindable,
    #[component(name = "address-in-use")]
    AddressInUse,
    #[component(name = "remote-unreachable")]
    RemoteUnreachable,
    #[component(name = "connection-refused")]
    ConnectionRefused,
    #[component(name = "connection-reset")]
    ConnectionReset,
    #[component(name = "connection-aborted")]
    ConnectionAborted,
    #[component(name = "datagram-too-large")]
    DatagramTooLarge,
    #[component(name = "name-unresolvable")]
    NameUnresolvable,
    #[component(name = "temporary-resolver-failure")]
    TemporaryResolverFailure,
    #[component(name = "permanent-resolver-failure")]
    PermanentResolverFailure,
}

/// `network.ip-address-family`.
#[derive(Debug, Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "made by the guest only")]
enum AddressFamily {
    #[component(name = "ipv4")]
    V4,
    #[component(name = "ipv6")]
    V6,
}

/// Defines a function of the two packages; says whether it knows the name.
pub(super) fn define(linker: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<bool> {
    match name {
        "instance-network" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((handle::<Network>(),))
        })?,
        "create-tcp-socket" | "create-udp-socket" => {
            linker.func_wrap(name, |store, (_family,): (AddressFamily,)| {
                Call::enter(store)?;
                Ok((Err::<Resource<Nothing>, _>(ErrorCode::NotSupported),))
            })?;
        }
        "resolve-addresses" => {
            linker.func_wrap(
                name,
                |store, (_network, host): (Resource<Network>, String)| {
                    Call::enter(store)?.pay_bytes(host.len())?;
                    Ok((Err::<Resource<Nothing>, _>(ErrorCode::NotSupported),))
                },
            )?;
        }
        "get-directories" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((Vec::<(Resource<Nothing>, String)>::new(),))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}
