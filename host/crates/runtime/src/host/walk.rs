//! Cursors and pages: what walking over a range costs and gives.

use rwset::CursorId;
use wasmtime::StoreContextMut;
use wasmtime::component::{Resource, ResourceType};

use crate::guest::Guest;
use crate::world;

use super::keys::{self, Range};
use super::meter::{Call, Failure};
use super::types::{Entry, Error, Page, StateCursor};

/// The type of handles of `state.cursor`.
pub(super) fn cursor_type() -> ResourceType {
    ResourceType::host::<StateCursor>()
}

/// Closes the cursor of a dropped handle.
pub(super) fn drop_cursor(store: StoreContextMut<'_, Guest>, number: u32) -> wasmtime::Result<()> {
    let mut call = Call::enter(store)?;
    let guest = call.guest();
    if let Some(cursor) = guest.cursors.remove(number) {
        guest.simulator()?.close(cursor);
    }
    Ok(())
}

/// Hands an opened cursor to the guest.
pub(super) fn hand_over(
    call: &mut Call<'_>,
    cursor: CursorId,
) -> Result<Resource<StateCursor>, Failure> {
    Ok(Resource::new_own(call.guest().cursors.keep(cursor)?))
}

/// How many entries one `next` may give.
pub(super) fn batch(max: u32) -> Result<usize, Error> {
    if max == 0 {
        return Err(Error::invalid(
            "a cursor must be asked for more than 0 entries",
        ));
    }
    Ok(max.min(world::CURSOR_BATCH_MAX) as usize)
}

/// `state.cursor.next`.
pub(super) fn next(
    call: &mut Call<'_>,
    handle: &Resource<StateCursor>,
    max: u32,
) -> Result<Vec<Entry>, Failure> {
    let max = batch(max)?;
    let guest = call.guest();
    let cursor = guest.cursors.get(handle.rep())?;
    let rows = guest
        .simulator()?
        .next_within(cursor, max, world::CURSOR_BATCH_BYTES_MAX)?;
    entries(call, rows)
}

/// One page of a range.
pub(super) fn page(
    call: &mut Call<'_>,
    range: &Range,
    size: u32,
    bookmark: &str,
) -> Result<Page, Failure> {
    keys::check_page(range, size, bookmark)?;
    let (namespace, simulator) = call.guest().state()?;
    let page = simulator.page(namespace, &range.start, &range.end, size as usize, bookmark)?;
    call.pay_bytes(page.bookmark.len())?;
    Ok(Page {
        entries: entries(call, page.rows)?,
        bookmark: page.bookmark,
    })
}

fn size(row: &(String, bytes::Bytes)) -> usize {
    row.0.len() + row.1.len()
}

fn entries(call: &mut Call<'_>, rows: Vec<(String, bytes::Bytes)>) -> Result<Vec<Entry>, Failure> {
    call.pay(world::PRICE_ENTRY.saturating_mul(rows.len() as u64))?;
    call.pay_bytes(rows.iter().map(size).sum())?;
    Ok(rows
        .into_iter()
        .map(|(key, value)| Entry { key, value })
        .collect())
}
