//! `history`: what a key was before.

use wasmtime::component::{LinkerInstance, Resource, ResourceType};

use crate::guest::Guest;
use crate::world;

use super::keys;
use super::meter::{Call, Failure, answer};
use super::types::{HistoryCursor, Modification, Timestamp};
use super::walk;

pub(super) fn link(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.resource(
        "cursor",
        ResourceType::host::<HistoryCursor>(),
        walk::drop_cursor,
    )?;
    linker.func_wrap(
        "[method]cursor.next",
        |store, (cursor, max): (Resource<HistoryCursor>, u32)| {
            answer(store, |call| next(call, &cursor, max))
        },
    )?;
    linker.func_wrap("of-key", |store, (key,): (String,)| {
        answer(store, |call| open(call, &key))
    })
}

fn open(call: &mut Call<'_>, key: &str) -> Result<Resource<HistoryCursor>, Failure> {
    call.pay(world::PRICE_READ)?;
    call.pay_bytes(key.len())?;
    keys::check(key)?;
    let (namespace, simulator) = call.guest().state()?;
    let id = simulator.open_history(namespace, key)?;
    Ok(Resource::new_own(call.guest().cursors.keep(id)?))
}

fn next(
    call: &mut Call<'_>,
    handle: &Resource<HistoryCursor>,
    max: u32,
) -> Result<Vec<Modification>, Failure> {
    let max = walk::batch(max)?;
    let guest = call.guest();
    let id = guest.cursors.get(handle.rep())?;
    let changes = guest
        .simulator()?
        .next_history(id, max, world::CURSOR_BATCH_BYTES_MAX)?;
    call.pay(world::PRICE_ENTRY.saturating_mul(changes.len() as u64))?;
    call.pay_bytes(
        changes
            .iter()
            .map(|change| change.tx_id.len() + change.value.len())
            .sum(),
    )?;
    let unknown = prost_types::Timestamp::default();
    Ok(changes
        .into_iter()
        .map(|change| Modification {
            at: Timestamp::from(change.timestamp.as_ref().unwrap_or(&unknown)),
            tx_id: change.tx_id,
            value: (!change.is_delete).then_some(change.value),
        })
        .collect())
}
