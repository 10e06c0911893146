//! `event`: the transaction's event.

use wasmtime::component::LinkerInstance;

use crate::guest::{Event, Guest};
use crate::world;

use super::meter::{Call, Failure, answer};
use super::types::Error;

pub(super) fn link(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap("set", |store, (name, payload): (String, Vec<u8>)| {
        answer(store, |call| set(call, name, payload))
    })
}

fn set(call: &mut Call<'_>, name: String, payload: Vec<u8>) -> Result<(), Failure> {
    call.pay_bytes(name.len() + payload.len())?;
    let guest = call.guest();
    guest.simulator()?;
    if name.is_empty() {
        return Err(Error::invalid("event name can not be empty string").into());
    }
    let limits = [
        (
            "bytes of an event's name",
            name.len(),
            world::EVENT_NAME_BYTES_MAX,
        ),
        (
            "bytes of an event's payload",
            payload.len(),
            world::EVENT_PAYLOAD_BYTES_MAX,
        ),
    ];
    for (what, got, max) in limits {
        if got > max {
            return Err(Error::limit(what, got, max).into());
        }
    }
    guest.event = Some(Event {
        name,
        payload: payload.into(),
    });
    Ok(())
}
