//! What a client sends.

use std::collections::BTreeMap;

use crate::Timestamp;

/// Who proposes a transaction, and with what.
///
/// ```
/// use chaincode_sdk::testing::Proposal;
///
/// let proposal = Proposal::by("Org1MSP").with_transient("price", b"300");
/// assert_eq!(proposal.msp_id, "Org1MSP");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The MSP id of the organisation that signs.
    pub msp_id: String,
    /// The signer's certificate as PEM.
    pub certificate: Vec<u8>,
    /// The MSP id of the organisation whose peer runs the transaction: it holds that organisation's private data.
    pub peer_msp_id: String,
    /// The channel.
    pub channel_id: String,
    /// The time that the client writes; none is a time that goes up by a second with each transaction.
    pub timestamp: Option<Timestamp>,
    /// The transient map.
    pub transient: BTreeMap<String, Vec<u8>>,
}

impl Proposal {
    /// One by an organisation, run on its own peer, on the channel `mychannel`.
    #[must_use]
    pub fn by(msp_id: &str) -> Self {
        Self {
            msp_id: msp_id.to_owned(),
            certificate: b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".to_vec(),
            peer_msp_id: msp_id.to_owned(),
            channel_id: "mychannel".to_owned(),
            timestamp: None,
            transient: BTreeMap::new(),
        }
    }

    /// With a value in the transient map.
    #[must_use]
    pub fn with_transient(mut self, name: &str, value: &[u8]) -> Self {
        self.transient.insert(name.to_owned(), value.to_vec());
        self
    }

    /// With this certificate, as PEM.
    #[must_use]
    pub fn with_certificate(mut self, pem: &[u8]) -> Self {
        self.certificate = pem.to_vec();
        self
    }

    /// Run on the peer of another organisation than the signer's.
    #[must_use]
    pub fn on_peer_of(mut self, msp_id: &str) -> Self {
        self.peer_msp_id = msp_id.to_owned();
        self
    }

    /// At this time.
    #[must_use]
    pub fn at(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }
}

impl Default for Proposal {
    fn default() -> Self {
        Self::by("Org1MSP")
    }
}
