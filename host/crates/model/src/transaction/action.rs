use bytes::Bytes;
use proto::FromWire;
use proto::protos::{ChaincodeAction, ChaincodeEvent, ChaincodeId, Response};

use super::fault::{Fault, undecodable};
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
    pub fn invoked(&self) -> Result<Invoked, Fault> {
        let other = |part| Fault::new(TxValidationCode::InvalidOtherReason, part, NO_CHAINCODE);
        let Some(named) = &self.chaincode else {
            return Err(other("the channel header's extension"));
        };
        let Some(ran) = &self.result.message.chaincode_id else {
            return Err(other(RESULT));
        };
        if let Some((part, rule)) = contradiction(named, ran) {
            return Err(Fault::new(TxValidationCode::InvalidChaincode, part, rule));
        }
        Ok(Invoked {
            name: named.name.clone(),
            version: ran.version.clone(),
            event: event_of(&self.result.message.events, &named.name)?,
        })
    }
}

const RESULT: &str = "the endorsed result";
const NO_CHAINCODE: &str = "it names no chaincode";

/// What is wrong with the chaincode that the client named and the one that ran.
fn contradiction(named: &ChaincodeId, ran: &ChaincodeId) -> Option<(&'static str, String)> {
    if named.name.is_empty() {
        let rule = "its chaincode's name is empty".to_owned();
        return Some(("the channel header's extension", rule));
    }
    if named.name != ran.name {
        let rule = format!(
            "the client named chaincode {:?}, the endorsers ran {:?}",
            named.name, ran.name
        );
        return Some((RESULT, rule));
    }
    let rule = || "it states no version of the chaincode".to_owned();
    ran.version.is_empty().then(|| (RESULT, rule()))
}

fn event_of(event: &Bytes, chaincode: &str) -> Result<Option<ChaincodeEvent>, Fault> {
    if event.is_empty() {
        return Ok(None);
    }
    let bad = |rule| Fault::new(TxValidationCode::InvalidOtherReason, "the event", rule);
    let event =
        ChaincodeEvent::from_wire(event.clone()).map_err(|cause| bad(undecodable(&cause)))?;
    if event.chaincode_id == chaincode {
        return Ok(Some(event));
    }
    let of = &event.chaincode_id;
    Err(bad(format!(
        "it is of chaincode {of:?}, the transaction invoked {chaincode:?}"
    )))
}
