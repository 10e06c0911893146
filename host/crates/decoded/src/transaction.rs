//! A block's entry: its headers, what became of it, and what it holds.

use bytes::Bytes;
use model::{Envelope, Payload, TxValidationCode, codes};
use proto::common::HeaderType;
use serde::Serialize;

use super::action::Action;
use super::bytes::Part;
use super::config::Config;
use super::who::Who;

/// An entry, decoded.
#[derive(Debug, Serialize)]
pub(crate) struct Transaction {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'static str>,
    #[serde(flatten)]
    content: Part<Content>,
}

#[derive(Debug, Serialize)]
struct Content {
    tx_id: String,
    r#type: String,
    channel_id: String,
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<Part<Who>>,
    #[serde(flatten)]
    body: Part<Body>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Body {
    Endorsed(Box<Action>),
    Config { config: Box<Config> },
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
            Config::new(&header.channel_id, &payload.data).map(|config| Body::Config {
                config: Box::new(config),
            })
        }
        _ => Err("entries of this type are not shown".to_owned()),
    };
    let creator = payload.creator();
    Ok(Content {
        tx_id: header.tx_id.clone(),
        r#type: payload.header_type().map_or_else(
            || header.r#type.to_string(),
            |known| known.as_str_name().to_owned(),
        ),
        channel_id: header.channel_id.clone(),
        timestamp: header.timestamp.map(|time| time.to_string()),
        creator: (!creator.is_empty()).then(|| Who::new(creator)),
        body: Part::new(body, &payload.data),
    })
}
