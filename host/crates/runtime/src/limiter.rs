//! Memory and tables that one instance may have.

use wasmtime::ResourceLimiter;

use crate::trap::Abort;
use crate::{check::caps, world};

/// Counts the bytes of all memories and the elements of all tables of a store.
///
/// Growing beyond a limit answers -1, the same on every peer. If the system cannot give what the limits allow, the
/// call is aborted instead: other peers would have gone on.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    memory_bytes: usize,
    table_elements: usize,
    /// Whether the last growth asked for was granted, so that its failing is the system's.
    granted: bool,
}

impl Limiter {
    fn grow(
        used: &mut usize,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
        limit: usize,
    ) -> bool {
        let after = used.saturating_sub(current).saturating_add(desired);
        if after > limit || maximum.is_some_and(|maximum| desired > maximum) {
            return false;
        }
        *used = after;
        true
    }

    fn failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        if std::mem::take(&mut self.granted) {
            tracing::error!(%error, "the system refused memory that a contract may have");
            return Err(Abort::Broken("the system refused memory that a contract may have").into());
        }
        Ok(())
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = world::MEMORY_BYTES_MAX;
        self.granted = Self::grow(&mut self.memory_bytes, current, desired, maximum, limit);
        Ok(self.granted)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed(error)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = world::TABLE_ELEMENTS_MAX;
        self.granted = Self::grow(&mut self.table_elements, current, desired, maximum, limit);
        Ok(self.granted)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed(error)
    }

    fn instances(&self) -> usize {
        caps::CORE_INSTANCES_MAX as usize
    }

    fn tables(&self) -> usize {
        caps::TABLES_MAX as usize
    }

    fn memories(&self) -> usize {
        caps::MEMORIES_MAX as usize
    }
}
