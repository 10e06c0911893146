//! Envelope, headers, creator, transaction id.

use TxValidationCode as C;
use bytes::Bytes;
use model::TxValidationCode;
use msp::Signer as _;
use proto::common::{Header, HeaderType, Payload};

use super::{Row, row};
use crate::tx::{encoded, with_high_s};

const BROKEN: Bytes = Bytes::from_static(b"\xff");

pub(super) fn rows() -> Vec<Row> {
    let parts = [
        payloads(),
        headers(),
        creators(),
        channels(),
        types(),
        ids(),
    ];
    parts.into_iter().flatten().collect()
}

fn payloads() -> Vec<Row> {
    let bad = |name, why, change| row(C::BadPayload, name, why, change);
    vec![
        bad("payload of no protobuf", "it does not decode", |tx| {
            tx.on_payload_bytes = Some(Box::new(|bytes| *bytes = BROKEN));
        }),
        bad("payload cut short", "it does not decode", |tx| {
            tx.on_payload_bytes = Some(Box::new(|bytes| bytes.truncate(bytes.len() - 1)));
        }),
        bad(
            "header of no protobuf",
            "the header is a message within the payload",
            |tx| {
                tx.on_payload_bytes = Some(Box::new(|bytes| {
                    *bytes = Bytes::from_static(b"\x0a\x01\xff")
                }));
            },
        ),
    ]
}

fn headers() -> Vec<Row> {
    let bad = |name, why, change| row(C::BadCommonHeader, name, why, change);
    vec![
        bad("no header", "the creator cannot be known", |tx| {
            tx.on_payload = Some(Box::new(|payload| payload.header = None));
        }),
        bad(
            "empty headers",
            "type, nonce and creator are missing",
            |tx| {
                tx.on_payload = Some(Box::new(|payload| payload.header = Some(Header::default())));
            },
        ),
        bad(
            "an empty payload's default",
            "one unknown field and no header",
            |tx| {
                tx.on_payload_bytes =
                    Some(Box::new(|bytes| *bytes = Bytes::from_static(b"\x18\x01")));
            },
        ),
        bad(
            "channel header of no protobuf",
            "it does not decode",
            |tx| {
                tx.on_header = Some(Box::new(|header| header.channel_header = BROKEN));
            },
        ),
        bad(
            "signature header of no protobuf",
            "it does not decode",
            |tx| {
                tx.on_header = Some(Box::new(|header| header.signature_header = BROKEN));
            },
        ),
        bad("type MESSAGE", "not one of three types", |tx| {
            tx.channel_header.r#type = HeaderType::Message.into();
        }),
        bad("type ORDERER_TRANSACTION", "not one of three types", |tx| {
            tx.channel_header.r#type = HeaderType::OrdererTransaction.into();
        }),
        bad("type DELIVER_SEEK_INFO", "not one of three types", |tx| {
            tx.channel_header.r#type = HeaderType::DeliverSeekInfo.into();
        }),
        bad("type 99", "there is no such type", |tx| {
            tx.channel_header.r#type = 99
        }),
        bad("type -1", "there is no such type", |tx| {
            tx.channel_header.r#type = -1
        }),
        bad("epoch 1", "epochs are not used", |tx| {
            tx.channel_header.epoch = 1
        }),
        bad("no nonce", "the id is a hash of it", |tx| {
            tx.signature_header.nonce = Bytes::new();
        }),
        bad("no creator", "nobody is asked for a signature", |tx| {
            tx.signature_header.creator = Bytes::new();
        }),
        bad(
            "epoch 1 and a bad signature",
            "headers come before signatures",
            |tx| {
                tx.channel_header.epoch = 1;
                tx.on_envelope = Some(Box::new(|envelope| envelope.signature = BROKEN));
            },
        ),
    ]
}

fn creators() -> Vec<Row> {
    let bad = |name, why, change| row(C::BadCreatorSignature, name, why, change);
    vec![
        bad("signature of no DER", "it is none", |tx| {
            tx.on_envelope = Some(Box::new(|envelope| envelope.signature = BROKEN));
        }),
        bad("signature cut short", "it is none", |tx| {
            tx.on_envelope = Some(Box::new(|envelope| {
                envelope.signature.truncate(envelope.signature.len() - 1);
            }));
        }),
        bad(
            "signature over something else",
            "it is not over the payload",
            |tx| {
                let other = tx.creator.sign(b"something else").unwrap();
                tx.on_envelope = Some(Box::new(|envelope| envelope.signature = other));
            },
        ),
        bad("signed by somebody else", "it is not the creator's", |tx| {
            tx.creator = &tx.people.org2.client;
        }),
        bad(
            "signature with high S",
            "Fabric takes the low S only",
            |tx| {
                tx.on_envelope = Some(Box::new(|envelope| {
                    envelope.signature = with_high_s(&envelope.signature);
                }));
            },
        ),
        bad(
            "payload changed after signing",
            "the signature is over the bytes",
            |tx| {
                tx.on_envelope = Some(Box::new(|envelope| {
                    envelope.payload = [&envelope.payload[..], b"\x18\x01"].concat().into();
                }));
            },
        ),
        bad("creator of no protobuf", "it is no identity", |tx| {
            tx.signature_header.creator = BROKEN;
        }),
        bad("creator without a certificate", "it is no identity", |tx| {
            tx.signature_header.creator = Bytes::from_static(b"\x0a\x07Org1MSP");
        }),
        bad(
            "creator of an unknown organisation",
            "no MSP of the channel knows it",
            |tx| {
                tx.is_of(&tx.people.stranger.client);
            },
        ),
        bad(
            "creator with another's organisation",
            "the MSP it names did not issue it",
            |tx| {
                tx.is_of(&tx.people.stranger.impostor);
            },
        ),
        bad(
            "creator that was revoked",
            "it is on its MSP's list",
            |tx| {
                tx.is_of(&tx.people.org1.revoked);
            },
        ),
        bad(
            "creator without a unit",
            "roles by unit leave it without one",
            |tx| {
                tx.is_of(&tx.people.org1.unitless);
            },
        ),
        bad(
            "bad signature and a used id",
            "signatures come before ids",
            |tx| {
                tx.has_nonce(super::USED);
                tx.on_envelope = Some(Box::new(|envelope| envelope.signature = BROKEN));
            },
        ),
    ]
}

fn channels() -> Vec<Row> {
    let bad = |name, change| {
        let why = "its identities are not known here";
        row(C::BadCreatorSignature, name, why, change)
    };
    vec![
        bad("another channel", |tx| {
            tx.channel_header.channel_id = "other".to_owned()
        }),
        bad("another case of the channel", |tx| {
            tx.channel_header.channel_id.make_ascii_uppercase()
        }),
        bad("no channel", |tx| tx.channel_header.channel_id.clear()),
    ]
}

fn types() -> Vec<Row> {
    vec![
        row(
            C::UnsupportedTxPayload,
            "type CONFIG_UPDATE",
            "updates are not ordered as they are",
            |tx| {
                tx.channel_header.r#type = HeaderType::ConfigUpdate.into();
            },
        ),
        row(
            C::UnsupportedTxPayload,
            "type CONFIG_UPDATE without anything in it",
            "its content is not looked at",
            |tx| {
                tx.channel_header.r#type = HeaderType::ConfigUpdate.into();
                tx.on_payload = Some(Box::new(|payload| payload.data = Bytes::new()));
            },
        ),
        row(
            C::BadCreatorSignature,
            "type CONFIG_UPDATE with a bad signature",
            "signatures come before content",
            |tx| {
                tx.channel_header.r#type = HeaderType::ConfigUpdate.into();
                tx.on_envelope = Some(Box::new(|envelope| envelope.signature = BROKEN));
            },
        ),
        row(
            C::InvalidConfigTransaction,
            "type CONFIG without anything in it",
            "there is no configuration",
            |tx| {
                tx.channel_header.r#type = HeaderType::Config.into();
                tx.on_payload = Some(Box::new(|payload| payload.data = Bytes::new()));
            },
        ),
        row(
            C::BadCreatorSignature,
            "type CONFIG with a bad signature",
            "signatures come before content",
            |tx| {
                tx.channel_header.r#type = HeaderType::Config.into();
                tx.on_envelope = Some(Box::new(|envelope| envelope.signature = BROKEN));
            },
        ),
    ]
}

fn ids() -> Vec<Row> {
    let bad = |name, why, change| row(C::BadProposalTxid, name, why, change);
    vec![
        bad("id in upper case", "it is compared as text", |tx| {
            tx.channel_header.tx_id = tx.id().to_string().to_uppercase();
        }),
        bad("no id", "it is compared as text", |tx| {
            tx.on_channel_header = Some(Box::new(|header| header.tx_id.clear()));
        }),
        bad(
            "id with a space behind it",
            "it is compared as text",
            |tx| {
                tx.channel_header.tx_id = format!("{} ", tx.id());
            },
        ),
        bad(
            "id of another nonce",
            "it is the hash of nonce and creator",
            |tx| {
                tx.channel_header.tx_id = tx.id().to_string();
                tx.signature_header.nonce = Bytes::from_static(b"another");
            },
        ),
        bad("bad id and no content", "ids come before content", |tx| {
            tx.channel_header.tx_id = "0".to_owned();
            tx.on_payload = Some(Box::new(|payload| payload.data = Bytes::new()));
        }),
        row(
            C::Valid,
            "headers encoded otherwise",
            "signed bytes are taken as they are",
            |tx| {
                tx.on_payload_bytes = Some(Box::new(|bytes| {
                    // The signature comes after the content: the fields of the payload in the other order.
                    let payload = <Payload as prost::Message>::decode(bytes.clone()).unwrap();
                    let header = encoded(&Payload {
                        header: payload.header.clone(),
                        data: Bytes::new(),
                    });
                    let data = encoded(&Payload {
                        header: None,
                        data: payload.data,
                    });
                    *bytes = [data, header].concat().into();
                }));
            },
        ),
    ]
}
