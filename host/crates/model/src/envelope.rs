//! Envelopes: a payload and its signature, then the payload's two headers; raw bytes kept at each step.
//!
//! Used for what clients broadcast, for deliver requests and for block entries alike.

use bytes::Bytes;
use prost::{DecodeError, Message};
use proto::FromWire;
use proto::common::{self, ChannelHeader, HeaderType, SignatureHeader};

use crate::{Received, TxId, TxValidationCode};

/// A signed message, not looked into yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The encoded `common.Payload`: the bytes that are signed.
    pub payload: Bytes,
    /// The signature over `payload` by the creator that the payload's signature header names.
    pub signature: Bytes,
}

/// Which part of an envelope cannot be decoded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The bytes are not an envelope.
    #[error("the envelope cannot be decoded")]
    Envelope(#[source] DecodeError),
    /// The payload, or the header message in it.
    #[error("the payload cannot be decoded")]
    Payload(#[source] DecodeError),
    /// The payload has no header.
    #[error("the payload has no header")]
    NoHeader,
    /// The channel header.
    #[error("the channel header cannot be decoded")]
    ChannelHeader(#[source] DecodeError),
    /// The signature header.
    #[error("the signature header cannot be decoded")]
    SignatureHeader(#[source] DecodeError),
}

impl EnvelopeError {
    /// The code that a transaction with this fault gets.
    pub fn validation_code(&self) -> TxValidationCode {
        match self {
            // A block with such an entry is refused before; see `Block::check_structure`.
            Self::Envelope(_) => TxValidationCode::InvalidOtherReason,
            Self::Payload(_) => TxValidationCode::BadPayload,
            Self::NoHeader | Self::ChannelHeader(_) | Self::SignatureHeader(_) => {
                TxValidationCode::BadCommonHeader
            }
        }
    }
}

impl Envelope {
    /// Decodes a block entry or a received envelope. The parts share memory with `bytes`.
    ///
    /// # Errors
    /// [`EnvelopeError::Envelope`]: the bytes are not an envelope.
    pub fn decode(bytes: &Bytes) -> Result<Self, EnvelopeError> {
        let envelope =
            common::Envelope::from_wire(bytes.clone()).map_err(EnvelopeError::Envelope)?;
        Ok(envelope.into())
    }

    /// The encoded `common.Envelope`, in the one encoding that may stand in a block.
    pub fn encode(&self) -> Bytes {
        common::Envelope::from(self.clone()).encode_to_vec().into()
    }
}

impl From<common::Envelope> for Envelope {
    fn from(envelope: common::Envelope) -> Self {
        Self {
            payload: envelope.payload,
            signature: envelope.signature,
        }
    }
}

impl From<Envelope> for common::Envelope {
    fn from(envelope: Envelope) -> Self {
        Self {
            payload: envelope.payload,
            signature: envelope.signature,
        }
    }
}

/// A payload with its headers decoded and their bytes kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// Type, channel, transaction id, time: what the sender states, unchecked.
    pub channel_header: Received<ChannelHeader>,
    /// Who sent it, and a nonce; unchecked.
    pub signature_header: Received<SignatureHeader>,
    /// What is inside; which message that is, the header's type says.
    pub data: Bytes,
}

impl Payload {
    /// Decodes an encoded `common.Payload` and its headers. The parts share memory with `bytes`.
    ///
    /// # Errors
    /// The part that cannot be decoded; see [`EnvelopeError`].
    pub fn parse(bytes: &Bytes) -> Result<Self, EnvelopeError> {
        let payload = common::Payload::from_wire(bytes.clone()).map_err(EnvelopeError::Payload)?;
        let header = payload.header.ok_or(EnvelopeError::NoHeader)?;
        Ok(Self {
            channel_header: Received::decode(header.channel_header)
                .map_err(EnvelopeError::ChannelHeader)?,
            signature_header: Received::decode(header.signature_header)
                .map_err(EnvelopeError::SignatureHeader)?,
            data: payload.data,
        })
    }

    /// The type that the header states; `None` if no type has that number.
    pub fn header_type(&self) -> Option<HeaderType> {
        HeaderType::try_from(self.channel_header.message.r#type).ok()
    }

    /// The sender as stated: an encoded `msp.SerializedIdentity`.
    pub fn creator(&self) -> &Bytes {
        &self.signature_header.message.creator
    }
}

/// The transaction id under which an envelope counts in the ledger, whatever else is wrong with it: the id its channel
/// header states; if that is empty, the hash of nonce and creator; empty if the headers needed do not decode.
///
/// Fabric: GetOrComputeTxIDFromEnvelope in protoutil/txutils.go, used for its tx index and its snapshots.
pub fn tx_id_as_exported(envelope: &Bytes) -> String {
    stated_or_computed_tx_id(envelope).unwrap_or_default()
}

fn stated_or_computed_tx_id(envelope: &Bytes) -> Option<String> {
    let envelope = common::Envelope::from_wire(envelope.clone()).ok()?;
    let header = common::Payload::from_wire(envelope.payload).ok()?.header?;
    let channel_header = ChannelHeader::from_wire(header.channel_header).ok()?;
    if !channel_header.tx_id.is_empty() {
        return Some(channel_header.tx_id);
    }
    let signature_header = SignatureHeader::from_wire(header.signature_header).ok()?;
    let computed = TxId::compute(&signature_header.nonce, &signature_header.creator);
    Some(computed.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn envelope(header: Option<common::Header>) -> Bytes {
        let payload = common::Payload {
            header,
            data: Bytes::from_static(b"data"),
        };
        let payload = payload.encode_to_vec().into();
        Envelope {
            payload,
            signature: Bytes::from_static(b"sig"),
        }
        .encode()
    }

    fn header(tx_id: &str, signature_header: &[u8]) -> Option<common::Header> {
        let channel_header = ChannelHeader {
            tx_id: tx_id.into(),
            ..Default::default()
        };
        Some(common::Header {
            channel_header: channel_header.encode_to_vec().into(),
            signature_header: Bytes::copy_from_slice(signature_header),
        })
    }

    fn check_exported(envelope: &Bytes, expected: Expect) {
        expected.assert_eq(&format!("{:?}", tx_id_as_exported(envelope)));
    }

    #[test]
    fn the_exported_id_is_the_stated_one_however_malformed() {
        check_exported(
            &envelope(header("NOT AN ID", b"")),
            expect![[r#""NOT AN ID""#]],
        );
        check_exported(
            &envelope(header("stated", b"\xff")),
            expect![[r#""stated""#]],
        );
    }

    #[test]
    fn without_a_stated_id_the_exported_one_is_computed() {
        let signature_header = SignatureHeader {
            creator: Bytes::from_static(b"creator"),
            nonce: Bytes::from_static(b"nonce"),
        };
        let exported = tx_id_as_exported(&envelope(header("", &signature_header.encode_to_vec())));
        assert_eq!(exported, TxId::compute(b"nonce", b"creator").as_str());
    }

    #[test]
    fn an_envelope_without_readable_headers_is_exported_under_the_empty_id() {
        check_exported(&Bytes::from_static(b"\xff"), expect![[r#""""#]]);
        check_exported(&envelope(None), expect![[r#""""#]]);
        check_exported(&envelope(header("", b"\xff")), expect![[r#""""#]]);
    }

    #[test]
    fn the_part_that_does_not_decode_decides_the_code() {
        let code = |bytes: &[u8]| {
            let payload = Bytes::copy_from_slice(bytes);
            Payload::parse(&payload).unwrap_err().validation_code()
        };
        assert_eq!(code(b"\xff"), TxValidationCode::BadPayload);
        assert_eq!(code(b"\x0a\x01\xff"), TxValidationCode::BadPayload);
        assert_eq!(code(b""), TxValidationCode::BadCommonHeader);
        assert_eq!(
            code(b"\x0a\x03\x0a\x01\xff"),
            TxValidationCode::BadCommonHeader
        );
        assert_eq!(
            code(b"\x0a\x03\x12\x01\xff"),
            TxValidationCode::BadCommonHeader
        );
    }
}
