//! The host's side of the world `weft:chaincode`: one file for each interface.
//!
//! Every function pays fuel before it works, checks its arguments, works on the simulator of the transaction, and
//! pays for what it gives. A failure is told to the guest as a code, or ends the guest.

mod call;
mod context;
mod event;
mod history;
pub(crate) mod keys;
mod log;
pub(crate) mod meter;
mod private_data;
mod query;
mod state;
pub(crate) mod types;
mod walk;

use wasmtime::component::Linker;

use crate::guest::Guest;
use crate::world;

/// Defines all interfaces that a contract may import from the world.
///
/// # Errors
/// If a name is defined twice.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.instance(&world::interface("types"))?;
    state::link(&mut linker.instance(&world::interface("state"))?)?;
    private_data::link(&mut linker.instance(&world::interface("private-data"))?)?;
    history::link(&mut linker.instance(&world::interface("history"))?)?;
    query::link(&mut linker.instance(&world::interface("query"))?)?;
    context::link(&mut linker.instance(&world::interface("context"))?)?;
    event::link(&mut linker.instance(&world::interface("event"))?)?;
    log::link(&mut linker.instance(&world::interface("log"))?)?;
    call::link(&mut linker.instance(&world::interface("call"))?)
}
