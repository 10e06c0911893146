//! What a subscriber asks for, and the checks that need nothing but the request.

use bytes::Bytes;
use model::ErrorCode;
use msp::policy::SignedData;
use prost::DecodeError;
use proto::FromWire;
use proto::{
    common::{ChannelHeader, Envelope, Payload, SignatureHeader},
    orderer::SeekInfo,
};

use crate::refusal::Refusal;

/// What the transport knows of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientTls {
    /// Clients present no certificates here, so a request is bound to none.
    NotMutual,
    /// Clients present certificates; SHA-256 of this one's DER, or `None` if it presented none.
    Mutual(Option<[u8; 32]>),
}

/// A request whose header passed; the seek itself is still bytes, because an unknown channel is told first.
#[derive(Debug)]
pub(crate) struct Request {
    /// The channel named in the header.
    pub(crate) channel_id: String,
    /// Who asks, and the proof.
    pub(crate) signed: SignedData,
    seek: Bytes,
}

impl Request {
    /// Reads the envelope of a request and checks its time and its binding to the TLS session, in Fabric's order.
    ///
    /// # Errors
    /// BAD_REQUEST.
    pub(crate) fn parse(
        envelope: Envelope,
        client: &ClientTls,
        now_s: i64,
        time_window_s: i64,
    ) -> Result<Self, Refusal> {
        let payload =
            Payload::from_wire(envelope.payload.clone()).map_err(undecodable("the payload"))?;
        let header = payload
            .header
            .ok_or_else(|| invalid("the envelope has no header"))?;
        let channel_header = ChannelHeader::from_wire(header.channel_header)
            .map_err(undecodable("the channel header"))?;
        let signature_header = SignatureHeader::from_wire(header.signature_header)
            .map_err(undecodable("the signature header"))?;
        check_time(&channel_header, now_s, time_window_s)?;
        check_binding(&channel_header, client)?;
        Ok(Self {
            channel_id: channel_header.channel_id,
            signed: SignedData {
                data: envelope.payload,
                identity: signature_header.creator,
                signature: envelope.signature,
            },
            seek: payload.data,
        })
    }

    /// What is sought.
    ///
    /// # Errors
    /// BAD_REQUEST if it does not decode.
    pub(crate) fn seek(&self) -> Result<SeekInfo, Refusal> {
        SeekInfo::from_wire(self.seek.clone()).map_err(undecodable("the seek"))
    }
}

fn undecodable(part: &'static str) -> impl FnOnce(DecodeError) -> Refusal {
    move |error| {
        let reason = format!("{part} does not decode: {error}");
        Refusal::bad(ErrorCode::RequestProtobuf, reason)
    }
}

fn invalid(reason: &str) -> Refusal {
    Refusal::bad(ErrorCode::RequestInvalid, reason)
}

fn check_time(header: &ChannelHeader, now_s: i64, window_s: i64) -> Result<(), Refusal> {
    let timestamp = header
        .timestamp
        .ok_or_else(|| invalid("the channel header has no timestamp"))?;
    // A fraction of a second does not matter against minutes.
    if timestamp.seconds.abs_diff(now_s) > window_s.unsigned_abs() {
        let reason = format!(
            "the envelope's time {} s is more than {window_s} s apart from this node's {now_s} s",
            timestamp.seconds
        );
        return Err(Refusal::bad(ErrorCode::RequestClock, reason));
    }
    Ok(())
}

fn check_binding(header: &ChannelHeader, client: &ClientTls) -> Result<(), Refusal> {
    let ClientTls::Mutual(presented) = client else {
        return Ok(());
    };
    if header.tls_cert_hash.is_empty() {
        return Err(invalid(
            "the client did not include the hash of its TLS certificate",
        ));
    }
    match presented {
        None => Err(invalid("the client presented no TLS certificate")),
        Some(hash) if header.tls_cert_hash != hash.as_slice() => Err(invalid(
            "the hash in the header is not that of the client's TLS certificate",
        )),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use proto::common::Header;

    use super::*;
    use prost::Message as _;

    const NOW_S: i64 = 1_700_000_000;

    fn envelope(change: impl FnOnce(&mut ChannelHeader)) -> Envelope {
        let mut channel_header = ChannelHeader {
            r#type: 5,
            channel_id: "ch1".to_owned(),
            timestamp: Some(Timestamp {
                seconds: NOW_S,
                nanos: 0,
            }),
            ..ChannelHeader::default()
        };
        change(&mut channel_header);
        let signature_header = SignatureHeader {
            creator: Bytes::from_static(b"somebody"),
            nonce: Bytes::from_static(b"nonce"),
        };
        let payload = Payload {
            header: Some(Header {
                channel_header: channel_header.encode_to_vec().into(),
                signature_header: signature_header.encode_to_vec().into(),
            }),
            data: Bytes::new(),
        };
        Envelope {
            payload: payload.encode_to_vec().into(),
            signature: Bytes::from_static(b"signature"),
        }
    }

    fn parse(
        client: &ClientTls,
        change: impl FnOnce(&mut ChannelHeader),
    ) -> Result<Request, Refusal> {
        Request::parse(envelope(change), client, NOW_S, 900)
    }

    fn at(seconds: i64) -> impl FnOnce(&mut ChannelHeader) {
        move |header| header.timestamp = Some(Timestamp { seconds, nanos: 0 })
    }

    #[test]
    fn the_signed_bytes_are_the_payload_as_received() {
        let request = parse(&ClientTls::NotMutual, |_| ()).unwrap();
        assert_eq!(request.signed.data, envelope(|_| ()).payload);
        assert_eq!(request.signed.identity, "somebody");
        assert_eq!(request.channel_id, "ch1");
    }

    #[test]
    fn a_request_must_be_of_about_now() {
        let check = |seconds| parse(&ClientTls::NotMutual, at(seconds)).is_ok();
        assert!(check(NOW_S - 900));
        assert!(check(NOW_S + 900));
        assert!(!check(NOW_S - 901));
        assert!(!check(NOW_S + 901));
        assert!(!check(i64::MIN));
        assert!(!check(i64::MAX));
        assert!(parse(&ClientTls::NotMutual, |header| header.timestamp = None).is_err());
    }

    #[test]
    fn with_mutual_tls_a_request_is_bound_to_the_client_s_certificate() {
        let bind = |client, hash: &'static [u8]| {
            parse(&client, |header| {
                header.tls_cert_hash = Bytes::from_static(hash)
            })
            .is_ok()
        };
        assert!(bind(ClientTls::Mutual(Some([7; 32])), &[7; 32]));
        assert!(!bind(ClientTls::Mutual(Some([7; 32])), &[8; 32]));
        assert!(!bind(ClientTls::Mutual(Some([7; 32])), &[]));
        assert!(!bind(ClientTls::Mutual(None), &[7; 32]));
        assert!(bind(ClientTls::NotMutual, &[8; 32]));
    }

    #[test]
    fn what_does_not_decode_is_refused() {
        let broken = Envelope {
            payload: Bytes::from_static(b"\xff"),
            signature: Bytes::new(),
        };
        assert!(Request::parse(broken, &ClientTls::NotMutual, NOW_S, 900).is_err());
        assert!(Request::parse(Envelope::default(), &ClientTls::NotMutual, NOW_S, 900).is_err());
    }
}
