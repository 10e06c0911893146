use bytes::Bytes;
use proto::common::HeaderType;

use super::{Endorsed, Fault};
use crate::{Envelope, Payload, TxId, TxValidationCode};

/// A transaction whose headers are in order and whose creator is not known yet: whoever holds it verifies `signature`
/// over `signed_bytes` as `creator`, and goes on with [`Opened::content`].
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    envelope: Envelope,
    payload: Payload,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Config,
    ConfigUpdate,
    Endorser,
}

/// What a transaction is, known once its creator is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// An encoded `common.ConfigEnvelope`: the channel's next configuration. Never empty.
    Config(Bytes),
    /// A chaincode's endorsed result.
    Endorsed(Box<Endorsed>),
}

impl Opened {
    /// Decodes a block entry and checks its headers: type configuration or transaction, epoch 0, a nonce, a creator.
    ///
    /// # Errors
    /// - `BAD_PAYLOAD`: the payload does not decode.
    /// - `BAD_COMMON_HEADER`: a header is missing, does not decode, or breaks a rule.
    /// - `INVALID_OTHER_REASON`: the entry is no envelope; cannot be in a block whose structure was checked, but for a
    ///   lone configuration entry.
    pub fn parse(entry: &Bytes) -> Result<Self, Fault> {
        let envelope = Envelope::decode(entry)?;
        let payload = Payload::parse(&envelope.payload)?;
        let kind = match payload.header_type() {
            Some(HeaderType::Config) => Kind::Config,
            Some(HeaderType::ConfigUpdate) => Kind::ConfigUpdate,
            Some(HeaderType::EndorserTransaction) => Kind::Endorser,
            other => return Err(bad_type(&payload, other)),
        };
        check_headers(&payload)?;
        Ok(Self {
            envelope,
            payload,
            kind,
        })
    }

    /// The creator as stated: an encoded `msp.SerializedIdentity`, not empty.
    pub fn creator(&self) -> &Bytes {
        self.payload.creator()
    }

    /// The bytes that the creator signed.
    pub fn signed_bytes(&self) -> &Bytes {
        &self.envelope.payload
    }

    /// The creator's signature over [`Opened::signed_bytes`].
    pub fn signature(&self) -> &Bytes {
        &self.envelope.signature
    }

    /// The channel as stated. A transaction that states another channel than its block's is a `BAD_CREATOR_SIGNATURE`.
    pub fn channel_id(&self) -> &str {
        &self.payload.channel_header.message.channel_id
    }

    /// The headers and what they cover, as received.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Whether this is a configuration transaction, which is validated with the channel's configuration.
    pub fn is_config(&self) -> bool {
        self.kind == Kind::Config
    }

    /// Opens what the creator signed. To be called only when the signature is known to be the creator's.
    ///
    /// # Errors
    /// - `UNSUPPORTED_TX_PAYLOAD`: a bare configuration update.
    /// - `INVALID_CONFIG_TRANSACTION`: a configuration transaction without content.
    /// - `BAD_PROPOSAL_TXID`: the stated transaction id is not the hash of nonce and creator, digit by digit.
    /// - `INVALID_ENDORSER_TRANSACTION`: see [`Endorsed`].
    pub fn content(self) -> Result<Content, Fault> {
        match self.kind {
            Kind::ConfigUpdate => Err(Fault::new(
                TxValidationCode::UnsupportedTxPayload,
                "the channel header",
                "its type is CONFIG_UPDATE: a configuration update is ordered inside a configuration only",
            )),
            Kind::Config if self.payload.data.is_empty() => Err(Fault::new(
                TxValidationCode::InvalidConfigTransaction,
                "the payload",
                "it holds no configuration",
            )),
            Kind::Config => Ok(Content::Config(self.payload.data)),
            Kind::Endorser => {
                let signature_header = &self.payload.signature_header.message;
                let tx_id = TxId::compute(&signature_header.nonce, &signature_header.creator);
                let stated = &self.payload.channel_header.message.tx_id;
                if *stated != tx_id.as_str() {
                    return Err(Fault::new(
                        TxValidationCode::BadProposalTxid,
                        "the channel header",
                        format!(
                            "it states transaction id {stated:?}; the hash of nonce and creator is {tx_id}"
                        ),
                    ));
                }
                let endorsed = Endorsed::parse(tx_id, self.payload)?;
                Ok(Content::Endorsed(Box::new(endorsed)))
            }
        }
    }
}

fn bad_type(payload: &Payload, known: Option<HeaderType>) -> Fault {
    let number = payload.channel_header.message.r#type;
    let name = known.map_or_else(String::new, |known| format!(" ({})", known.as_str_name()));
    let rule = format!("its type is {number}{name}, which cannot be committed");
    Fault::new(
        TxValidationCode::BadCommonHeader,
        "the channel header",
        rule,
    )
}

fn check_headers(payload: &Payload) -> Result<(), Fault> {
    let bad = |part, rule: String| Err(Fault::new(TxValidationCode::BadCommonHeader, part, rule));
    let signature_header = &payload.signature_header.message;
    match payload.channel_header.message.epoch {
        0 => {}
        epoch => {
            let rule = format!("it states epoch {epoch}, it must be 0");
            return bad("the channel header", rule);
        }
    }
    if signature_header.nonce.is_empty() {
        return bad("the signature header", "it has no nonce".to_owned());
    }
    if signature_header.creator.is_empty() {
        return bad("the signature header", "it names no creator".to_owned());
    }
    Ok(())
}
