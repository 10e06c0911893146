//! Which transactions this peer is simulating.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use model::ErrorCode;

use crate::Error;

type Running = Arc<Mutex<HashSet<(String, String)>>>;

/// The transactions in simulation, by channel and id. Two with one id would write one private set over the other and
/// give two endorsements for what can be committed once, so the second is refused while the first runs.
///
/// Fabric's peer refuses it for each chaincode separately; a client cannot tell the difference.
#[derive(Default)]
pub(crate) struct InFlight {
    running: Running,
}

/// Holds a place until it is dropped.
pub(crate) struct Entered {
    running: Running,
    place: (String, String),
}

impl InFlight {
    /// # Errors
    /// [`Error::Failed`] with Fabric's text if the transaction is being simulated.
    pub(crate) fn enter(&self, channel: &str, tx_id: &str) -> Result<Entered, Error> {
        let place = (channel.to_owned(), tx_id.to_owned());
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.insert(place.clone()) {
            let reason = format!(
                "failed to execute transaction {tx_id}: error sending: txid: {tx_id}({channel}) exists"
            );
            return Err(Error::in_simulation(ErrorCode::ProposalReplayed, reason));
        }
        drop(running);
        Ok(Entered {
            running: Arc::clone(&self.running),
            place,
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::InFlight;

    #[test]
    fn a_transaction_is_refused_while_it_runs_and_welcome_afterwards() {
        let in_flight = InFlight::default();
        let first = in_flight.enter("trade", "t1").unwrap();
        assert_eq!(
            in_flight.enter("trade", "t1").err().unwrap().to_string(),
            "error in simulation: failed to execute transaction t1: error sending: txid: t1(trade) exists"
        );
        assert!(in_flight.enter("other", "t1").is_ok());
        assert!(in_flight.enter("trade", "t2").is_ok());
        drop(first);
        assert!(in_flight.enter("trade", "t1").is_ok());
    }
}
