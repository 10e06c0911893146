use ledger::{Error, OrdererLedger};
use tokio::task::spawn_blocking;

/// Runs a function of the ledger, which reads or writes a disk, on a thread for such work.
///
/// # Errors
/// The function's own.
pub(crate) async fn blocking<T: Send + 'static>(
    ledger: &OrdererLedger,
    work: impl FnOnce(OrdererLedger) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let ledger = ledger.clone();
    match spawn_blocking(move || work(ledger)).await {
        Ok(result) => result,
        Err(error) => Err(Error::Broken {
            what: "finish its work",
            source: error.into(),
        }),
    }
}
