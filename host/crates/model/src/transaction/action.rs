use bytes::Bytes;
use proto::FromWire;
use proto::protos::{ChaincodeAction, ChaincodeEvent, ChaincodeId, Response};

use crate::{Received, TxValidationCode};

/// The endorsed result, decoded; who made it is checked by [`Action::invoked`].
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The chaincode that the client named in the channel header.
    pub chaincode: Option<ChaincodeId>,
    /// What the endorsers agreed on.
    pub result: Received<ChaincodeAction>,
}

/// What was invoked, and what it reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoked {
    /// The chaincode's name, the same from client and endorsers; not empty.
    pub name: String,
    /// The chaincode's version as the endorsers state it; not empty, else anything.
    pub version: String,
    /// The event, if one was set; it names this chaincode.
    pub event: Option<ChaincodeEvent>,
}

impl Action {
    /// The encoded `rwset.TxReadWriteSet`; may be empty.
    pub fn read_write_set(&self) -> &Bytes {
        &self.result.message.results
    }

    /// The chaincode's answer; a transaction without one, or with a failing status, can still be valid.
    pub fn response(&self) -> Option<&Response> {
        self.result.message.response.as_ref()
    }

    /// Checks that client and endorsers name the same chaincode, that a version is stated, and that the event is of
    /// that chaincode. In Fabric's order this comes after the read-write set was decoded.
    ///
    /// # Errors
    /// - `INVALID_OTHER_REASON`: client or endorsers name no chaincode; the event does not decode or is another's.
    /// - `INVALID_CHAINCODE`: the name is empty, the two differ, or the version is empty.
    pub fn invoked(&self) -> Result<Invoked, TxValidationCode> {
        let (Some(named), Some(ran)) = (&self.chaincode, &self.result.message.chaincode_id) else {
            return Err(TxValidationCode::InvalidOtherReason);
        };
        if named.name.is_empty() || named.name != ran.name || ran.version.is_empty() {
            return Err(TxValidationCode::InvalidChaincode);
        }
        Ok(Invoked {
            name: named.name.clone(),
            version: ran.version.clone(),
            event: event_of(&self.result.message.events, &named.name)?,
        })
    }
}

fn event_of(event: &Bytes, chaincode: &str) -> Result<Option<ChaincodeEvent>, TxValidationCode> {
    if event.is_empty() {
        return Ok(None);
    }
    match ChaincodeEvent::from_wire(event.clone()) {
        Ok(event) if event.chaincode_id == chaincode => Ok(Some(event)),
        _ => Err(TxValidationCode::InvalidOtherReason),
    }
}
