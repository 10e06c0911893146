//! The policies of calls, kept as long as they hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use msp::policy::ApplicationPolicy;
use prost::Message as _;
use proto::protos::ChaincodeInterest;
use rwset::StateReader as _;
use tonic::Status;

use crate::endorse::no_plan;
use crate::plan;
use crate::request::Place;

/// Calls whose policies are kept, over all channels.
const KEPT_MAX: usize = 1_024;

/// What endorsements of a call must satisfy. It follows from what the ledger shows of the definitions at one height, and from the
/// channel's configuration, so it is kept with both.
#[derive(Default)]
pub(crate) struct Policies {
    /// By channel and encoded interest.
    kept: Mutex<HashMap<(String, Vec<u8>), Kept>>,
}

struct Kept {
    height: u64,
    sequence: u64,
    policies: Arc<[ApplicationPolicy]>,
}

impl Policies {
    /// The policies of a call now. Mostly from memory; else it reads the ledger, which blocks the thread for some 100 µs.
    ///
    /// # Errors
    /// UNAVAILABLE: the ledger cannot be read. FAILED_PRECONDITION: there are none.
    pub(crate) fn of(
        &self,
        place: &Place,
        interest: &ChaincodeInterest,
    ) -> Result<Arc<[ApplicationPolicy]>, Status> {
        let channel = place.bundle.channel_id().as_str().to_owned();
        let key = (channel, interest.encode_to_vec());
        let sequence = place.bundle.sequence();
        if let Some(policies) = self.known(place, &key, sequence) {
            return Ok(policies);
        }
        let snapshot = place.channel.ledger().snapshot();
        let snapshot = snapshot.map_err(|error| crate::unavailable(&error))?;
        let policies = plan::policies(&place.bundle, &snapshot, interest);
        let policies: Arc<[ApplicationPolicy]> = policies.map_err(|why| no_plan(&why))?.into();
        let found = Kept {
            height: snapshot.height(),
            sequence,
            policies: Arc::clone(&policies),
        };
        let mut kept = self.lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, found);
        Ok(policies)
    }

    fn known(
        &self,
        place: &Place,
        key: &(String, Vec<u8>),
        sequence: u64,
    ) -> Option<Arc<[ApplicationPolicy]>> {
        let ledger = place.channel.ledger();
        let kept = self.lock();
        let found = kept.get(key)?;
        let holds = found.sequence == sequence
            && ledger.shows_the_same(lifecycle::NAMESPACE, found.height, ledger.height());
        holds.then(|| Arc::clone(&found.policies))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, Vec<u8>), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
