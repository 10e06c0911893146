//! `wasi:cli`: no arguments, no environment, no terminal; an end of one's own is a trap.

use wasmtime::StoreContextMut;
use wasmtime::component::{LinkerInstance, Resource};

use crate::guest::Guest;
use crate::host::meter::Call;
use crate::trap::{Abort, Trap, TrapCode};

use super::io::{InputStream, OutputStream, STDERR, STDOUT};
use super::{Nothing, handle};

/// Defines a function of the package; says whether it knows the name.
pub(super) fn define(linker: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<bool> {
    match name {
        "get-environment" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((Vec::<(String, String)>::new(),))
        })?,
        "get-arguments" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((Vec::<String>::new(),))
        })?,
        "initial-cwd" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((None::<String>,))
        })?,
        "exit" => linker.func_wrap(name, |store, (_status,): (Result<(), ()>,)| exit(store))?,
        "exit-with-code" => linker.func_wrap(name, |store, (_code,): (u8,)| exit(store))?,
        "get-stdin" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((handle::<InputStream>(),))
        })?,
        "get-stdout" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((Resource::<OutputStream>::new_own(STDOUT),))
        })?,
        "get-stderr" => linker.func_wrap(name, |store, (): ()| {
            Call::enter(store)?;
            Ok((Resource::<OutputStream>::new_own(STDERR),))
        })?,
        "get-terminal-stdin" | "get-terminal-stdout" | "get-terminal-stderr" => {
            linker.func_wrap(name, |store, (): ()| {
                Call::enter(store)?;
                Ok((None::<Resource<Nothing>>,))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn exit(store: StoreContextMut<'_, Guest>) -> wasmtime::Result<()> {
    Call::enter(store)?;
    Err(Abort::Trap(Trap::new(TrapCode::Exited)).into())
}
