//! `wasi:clocks`: both clocks stand still at the transaction's time.

use wasmtime::component::{ComponentType, LinkerInstance, Lower};

use crate::guest::Guest;
use crate::host::meter::Call;

use super::handle;
use super::io::Pollable;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// `wall-clock.datetime`.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(record)]
struct DateTime {
    seconds: u64,
    nanoseconds: u32,
}

impl DateTime {
    fn of(time: &prost_types::Timestamp) -> Self {
        Self {
            seconds: u64::try_from(time.seconds).unwrap_or(0),
            nanoseconds: u32::try_from(time.nanos).unwrap_or(0),
        }
    }
}

/// Defines a function of the package; says whether it knows the name.
pub(super) fn define(
    linker: &mut LinkerInstance<'_, Guest>,
    interface: &str,
    name: &str,
) -> wasmtime::Result<bool> {
    let wall = interface == "wasi:clocks/wall-clock";
    match name {
        "now" if wall => linker.func_wrap(name, |store, (): ()| {
            let mut call = Call::enter(store)?;
            Ok((DateTime::of(&call.guest().wasi.time),))
        })?,
        "resolution" if wall => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((DateTime {
                seconds: 1,
                nanoseconds: 0,
            },))
        })?,
        "now" => linker.func_wrap(name, |store, (): ()| {
            let mut call = Call::enter(store)?;
            let time = DateTime::of(&call.guest().wasi.time);
            let nanos = time.seconds.wrapping_mul(NANOS_PER_SECOND);
            Ok((nanos.wrapping_add(u64::from(time.nanoseconds)),))
        })?,
        "resolution" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((NANOS_PER_SECOND,))
        })?,
        // Time does not pass, so waiting for it would never end; it ends at once.
        "subscribe-instant" | "subscribe-duration" => {
            linker.func_wrap(name, |store, (_until,): (u64,)| {
                Call::enter(store)?;
                Ok((handle::<Pollable>(),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}
