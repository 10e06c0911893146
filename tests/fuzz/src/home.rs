//! Where a service lives while a target asks it: a runtime and a folder of its own.

use std::future::Future;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What waits longer for something that never comes is left alone.
const PATIENCE: Duration = Duration::from_millis(50);

/// One service with all it needs. A target has one for each thread: none waits for another's.
pub(crate) struct Home<S> {
    /// Dropped first: its tasks use what follows.
    runtime: Runtime,
    service: S,
    _folder: TempDir,
}

impl<S: Clone> Home<S> {
    /// Starts the service in a folder that goes away with it.
    pub(crate) fn make(start: impl AsyncFnOnce(&TempDir) -> S) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        Self {
            service: runtime.block_on(start(&folder)),
            runtime,
            _folder: folder,
        }
    }

    /// Lets the service do something; `None` if it waits for what never comes.
    pub(crate) fn ask<T, F: Future<Output = T>>(&self, call: impl FnOnce(S) -> F) -> Option<T> {
        let call = call(self.service.clone());
        let patient = async { tokio::time::timeout(PATIENCE, call).await };
        self.runtime.block_on(patient).ok()
    }
}
