//! From a client's message to one that can be ordered.

use std::sync::Arc;

use bytes::Bytes;
use channel::{Bundle, update};
use model::{Envelope, ErrorCode, Payload};
use msp::Signer;
use prost::Message;
use proto::common::{self, ChannelHeader, ConfigEnvelope, Header, HeaderType, SignatureHeader};

use crate::{
    filter::{self, Kind},
    refusal::Refusal,
};

/// Fills a slice with random bytes.
pub type Entropy = dyn Fn(&mut [u8]) + Send + Sync;

/// Gives the time in seconds since 1970 UTC.
pub type Clock = dyn Fn() -> i64 + Send + Sync;

/// A message that may be ordered, if the configuration is still the one it was checked against.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    /// What goes into the block: the one canonical encoding of the envelope.
    pub(crate) entry: Bytes,
    /// Payload and signature, as the cutter counts.
    pub(crate) size_bytes: usize,
    /// Configuration sequence it was checked against.
    pub(crate) config_sequence: u64,
    /// Whether it is a block of its own.
    pub(crate) kind: Kind,
    /// What the client sent, for checking again.
    sent: Envelope,
}

/// Who checks messages, and in whose name configuration transactions are made.
#[derive(Clone)]
pub(crate) struct Admission {
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) entropy: Arc<Entropy>,
}

impl Admission {
    /// Runs Fabric's filters; for an update of the configuration, makes the configuration transaction, and runs them
    /// over that too. About 0.1 ms of signature checking, more for an update.
    ///
    /// # Errors
    /// What the client is told.
    pub(crate) fn admit(&self, bundle: &Bundle, sent: Envelope) -> Result<Admitted, Refusal> {
        let payload = parse(&sent)?;
        let kind = filter::classify(&payload)?;
        filter::check_state(bundle.orderer(), kind)?;
        filter::check(bundle, &sent, &payload, (self.clock)())?;
        let envelope = match kind {
            Kind::Normal => sent.clone(),
            Kind::ConfigUpdate => self.config_transaction(bundle, &sent)?,
        };
        Ok(Admitted {
            entry: envelope.encode(),
            size_bytes: filter::size_bytes(&envelope),
            config_sequence: bundle.sequence(),
            kind,
            sent,
        })
    }

    /// Checks a message once more, because the configuration has changed since.
    ///
    /// # Errors
    /// As [`Self::admit`].
    pub(crate) fn admit_again(
        &self,
        bundle: &Bundle,
        admitted: Admitted,
    ) -> Result<Admitted, Refusal> {
        self.admit(bundle, admitted.sent)
    }

    fn config_transaction(&self, bundle: &Bundle, update: &Envelope) -> Result<Envelope, Refusal> {
        let refused = |error: channel::Error| Refusal::bad(error.to_string());
        let next = update::propose(bundle, &update.clone().into()).map_err(refused)?;
        let next_bundle = update::check(bundle, &next).map_err(refused)?;
        filter::check_consenters(bundle.orderer(), next_bundle.orderer())?;
        let envelope = self.sign(bundle.channel_id().as_str(), &next)?;
        // Larger than the update it came from, and in this orderer's name: it has to pass by itself.
        let payload = parse(&envelope)?;
        filter::check(bundle, &envelope, &payload, (self.clock)())?;
        Ok(envelope)
    }

    /// The configuration transaction, in this orderer's name. It has no transaction id, as Fabric's have none.
    fn sign(&self, channel_id: &str, config: &ConfigEnvelope) -> Result<Envelope, Refusal> {
        let channel_header = ChannelHeader {
            r#type: HeaderType::Config.into(),
            timestamp: Some(prost_types::Timestamp {
                seconds: (self.clock)(),
                nanos: 0,
            }),
            channel_id: channel_id.to_owned(),
            ..ChannelHeader::default()
        };
        let payload = common::Payload {
            header: Some(Header {
                channel_header: channel_header.encode_to_vec().into(),
                signature_header: self.signature_header(),
            }),
            data: config.encode_to_vec().into(),
        };
        let payload = Bytes::from(payload.encode_to_vec());
        let signature = self.signer.sign(&payload).map_err(|error| {
            tracing::error!(%error, "cannot sign a configuration transaction");
            Refusal::unavailable("this orderer cannot sign at the moment")
                .because(ErrorCode::NodeBroken)
        })?;
        Ok(Envelope { payload, signature })
    }

    /// This node's identity and a fresh nonce, encoded.
    pub(crate) fn signature_header(&self) -> Bytes {
        let mut nonce = [0; 24];
        (self.entropy)(&mut nonce);
        let header = SignatureHeader {
            creator: self.signer.identity().clone(),
            nonce: Bytes::copy_from_slice(&nonce),
        };
        header.encode_to_vec().into()
    }
}

fn parse(envelope: &Envelope) -> Result<Payload, Refusal> {
    Payload::parse(&envelope.payload).map_err(|error| unreadable(&error))
}

/// The answer to a message whose channel cannot be told.
pub(crate) fn unreadable(error: &model::EnvelopeError) -> Refusal {
    Refusal::bad(format!("could not determine channel ID: {error}"))
        .because(ErrorCode::RequestProtobuf)
}
