//! A block's entry: its headers, what became of it, and what it holds.

use bytes::Bytes;
use model::{Envelope, Payload, TxValidationCode, codes};
use proto::common::HeaderType;
use serde::Serialize;
use utoipa::ToSchema;

use super::action::Action;
use super::bytes::Part;
use super::config::ChannelConfig;
use super::who::Who;

/// An entry, decoded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Transaction {
    /// Place in the block.
    index: usize,
    /// Validation code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// The code in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'static str>,
    #[serde(flatten)]
    content: Part<Content>,
}

/// What stands in every entry's headers, and its body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransactionContent)]
struct Content {
    tx_id: String,
    /// Name of the header type, such as `ENDORSER_TRANSACTION`.
    r#type: String,
    channel_id: String,
    /// RFC 3339, as the creator stated it.
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<Part<Who>>,
    #[serde(flatten)]
    body: Part<Body>,
}

/// What an entry holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransactionBody)]
#[serde(untagged)]
enum Body {
    Endorsed(Box<Action>),
    Config { config: Box<ChannelConfig> },
}

impl Transaction {
    /// Decodes what can be decoded.
    pub(crate) fn new(index: usize, entry: &Bytes, code: Option<TxValidationCode>) -> Self {
        Self {
            index,
            code: code.map(codes::name),
            meaning: code.map(codes::words),
            content: Part::new(content(entry), entry),
        }
    }
}

fn content(entry: &Bytes) -> Result<Content, String> {
    let envelope = Envelope::decode(entry).map_err(|error| error.to_string())?;
    let payload = Payload::parse(&envelope.payload).map_err(|error| error.to_string())?;
    let header = &payload.channel_header.message;
    let body = match payload.header_type() {
        Some(HeaderType::EndorserTransaction) => {
            Action::new(&payload.data).map(|action| Body::Endorsed(Box::new(action)))
        }
        Some(HeaderType::Config) => {
            ChannelConfig::new(&header.channel_id, &payload.data).map(|config| Body::Config {
                config: Box::new(config),
            })
        }
        _ => Err("entries of this type are not shown".to_owned()),
    };
    let creator = payload.creator();
    Ok(Content {
        tx_id: header.tx_id.clone(),
        r#type: type_name(&payload),
        channel_id: header.channel_id.clone(),
        timestamp: header.timestamp.map(|time| time.to_string()),
        creator: (!creator.is_empty()).then(|| Who::new(creator)),
        body: Part::new(body, &payload.data),
    })
}

/// The published name of the entry's type; its number if it has none.
pub(crate) fn type_name(payload: &Payload) -> String {
    let number = payload.channel_header.message.r#type;
    let known = payload.header_type();
    known.map_or_else(
        || number.to_string(),
        |known| known.as_str_name().to_owned(),
    )
}
