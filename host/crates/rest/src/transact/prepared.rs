//! A transaction that endorsers have agreed on: what its creator signs, and what is to be known of it.

use bytes::Bytes;
use model::transaction::{Content, Fault, Opened};
use model::{Envelope, TxId};

/// An endorsed transaction, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prepared {
    pub(crate) tx_id: TxId,
    pub(crate) channel_id: String,
    /// The creator's serialized identity.
    pub(crate) creator: Bytes,
    /// The payload of the envelope: what is signed.
    pub(crate) payload: Bytes,
    /// The chaincode's answer, as endorsed.
    pub(crate) result: Bytes,
}

impl Prepared {
    /// Opens the payload of an envelope.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn parse(payload: Bytes) -> Result<Self, &'static str> {
        // A block entry is an envelope with a signature; the real one is made once this has been looked at.
        let entry = Envelope {
            payload: payload.clone(),
            signature: Bytes::from_static(b"unsigned"),
        };
        Self::of_entry(&entry.encode()).map(|prepared| Self {
            payload,
            ..prepared
        })
    }

    /// Opens a block's entry.
    ///
    /// # Errors
    /// As [`Prepared::parse`].
    pub(crate) fn of_entry(entry: &Bytes) -> Result<Self, &'static str> {
        let words = |fault: Fault| model::codes::words(fault.code);
        let opened = Opened::parse(entry).map_err(words)?;
        let (creator, payload) = (opened.creator().clone(), opened.signed_bytes().clone());
        let channel_id = opened.channel_id().to_owned();
        let Content::Endorsed(endorsed) = opened.content().map_err(words)? else {
            return Err("It is not an endorsed transaction.");
        };
        let action = endorsed.action().map_err(words)?;
        let response = action.response().ok_or("It has no response.")?;
        Ok(Self {
            result: response.payload.clone(),
            tx_id: endorsed.tx_id,
            channel_id,
            creator,
            payload,
        })
    }
}
