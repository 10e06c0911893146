//! A chaincode's state and its history, as they are on this peer.

use ::channel::Resource;
use axum::Json;
use axum::extract::State;
use decoded::Text;
use inspect::{Keys, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page};
use joined::Channel;
use model::Version;
use rwset::KeyModification;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::caller::Caller;
use crate::document::{ChaincodePath, ChannelPath, KeyPath};
use crate::problem::Problem;
use crate::query::{Path, Query};
use crate::{access, reading};

/// Longest beginning or bound of keys in a query, in characters.
const PART_CHARACTERS_MAX: usize = 1_024;
/// Attributes of a composite key in a query.
const ATTRIBUTES_MAX: usize = 32;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(show))
        .routes(routes!(list))
        .routes(routes!(history))
}

/// A key's present value.
#[derive(Debug, Serialize, ToSchema)]
struct StateEntry {
    /// The key.
    key: Text,
    /// The value.
    value: Text,
    /// The transaction that wrote it last.
    version: WrittenAt,
}

/// Where a transaction stands.
#[derive(Debug, Serialize, ToSchema)]
struct WrittenAt {
    /// The block's number.
    block: u64,
    /// Its place in the block.
    tx: u64,
}

/// Some present values, in the order of their keys' bytes.
#[derive(Debug, Serialize, ToSchema)]
struct StateList {
    entries: Vec<StateEntry>,
    /// The height at which they were read. Pages may be of different heights.
    height: u64,
    /// Leads to the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bookmark: Option<String>,
}

/// One change of a key.
#[derive(Debug, Serialize, ToSchema)]
struct Modification {
    /// The transaction that made it.
    tx_id: String,
    /// Where the transaction stands.
    version: WrittenAt,
    /// The time that its creator stated, by RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    timestamp: Option<String>,
    /// The value written; missing for a deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value: Option<Text>,
    /// Whether the key was deleted.
    deleted: bool,
}

/// Some changes of a key, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct History {
    entries: Vec<Modification>,
    /// The height at which they were read.
    height: u64,
    /// Leads to the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bookmark: Option<String>,
}

impl From<Version> for WrittenAt {
    fn from(version: Version) -> Self {
        Self {
            block: version.block,
            tx: version.tx,
        }
    }
}

impl From<inspect::Entry> for StateEntry {
    fn from(entry: inspect::Entry) -> Self {
        Self {
            key: Text(entry.key.into()),
            value: Text(entry.value),
            version: entry.version.into(),
        }
    }
}

impl From<Page<inspect::Entry>> for StateList {
    fn from(page: Page<inspect::Entry>) -> Self {
        Self {
            entries: page.entries.into_iter().map(StateEntry::from).collect(),
            height: page.height,
            bookmark: page.bookmark,
        }
    }
}

impl From<KeyModification> for Modification {
    fn from(change: KeyModification) -> Self {
        Self {
            tx_id: change.tx_id,
            version: change.version.into(),
            timestamp: change.timestamp.map(|time| time.to_string()),
            value: (!change.is_delete).then_some(Text(change.value)),
            deleted: change.is_delete,
        }
    }
}

impl From<Page<KeyModification>> for History {
    fn from(page: Page<KeyModification>) -> Self {
        Self {
            entries: page.entries.into_iter().map(Modification::from).collect(),
            height: page.height,
            bookmark: page.bookmark,
        }
    }
}

/// Show the value of a key.
///
/// As it is now on this peer, without running the chaincode. Needs what the channel's access rules ask for
/// `qscc/GetBlockByNumber`: who may read the blocks may read what follows from them. Private values are never shown.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/chaincodes/{name}/state/{key}",
    operation_id = "show_state",
    tag = "State",
    params(ChannelPath, ChaincodePath, KeyPath),
    responses((status = 200, description = "The value.", body = StateEntry)),
)]
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path((id, chaincode, key)): Path<(String, String, String)>,
    query: Query,
) -> Result<Json<StateEntry>, Problem> {
    query.end()?;
    let entry = look(&api, &caller, &id, move |channel| {
        inspect::state(channel, &chaincode, &key)
    });
    Ok(Json(entry.await?.into()))
}

/// List values.
///
/// Either all keys with a `prefix`, or those from `start` on to before `end`, or the composite keys of an `object_type` whose
/// first attributes are those given; without any of them all simple keys.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/chaincodes/{name}/state",
    operation_id = "list_state",
    tag = "State",
    params(
        ChannelPath,
        ChaincodePath,
        ("prefix" = Option<String>, Query, description = "What the keys begin with.", max_length = 1024, nullable = false),
        ("start" = Option<String>, Query, description = "The first key.", max_length = 1024, nullable = false),
        ("end" = Option<String>, Query, description = "The first key that is no more meant.", max_length = 1024, nullable = false),
        ("object_type" = Option<String>, Query, description = "The object type of composite keys.", max_length = 1024, nullable = false),
        ("attribute" = Option<Vec<String>>, Query, description = "An attribute of composite keys; repeat it for the next one.", max_items = 32, nullable = false),
        ("limit" = Option<u64>, Query, description = "How many entries at most; 100 if missing.", minimum = 1, maximum = 1000, nullable = false),
        ("bookmark" = Option<String>, Query, description = "From the answer before, with the same question.", pattern = "^[A-Za-z0-9_-]+$", nullable = false),
    ),
    responses((status = 200, description = "The values.", body = StateList)),
)]
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path((id, chaincode)): Path<(String, String)>,
    mut query: Query,
) -> Result<Json<StateList>, Problem> {
    let keys = keys(&mut query)?;
    let (limit, bookmark) = page(&mut query)?;
    query.end()?;
    let page = look(&api, &caller, &id, move |channel| {
        inspect::range(channel, &chaincode, &keys, limit, bookmark.as_deref())
    });
    Ok(Json(page.await?.into()))
}

/// List the changes of a key.
///
/// The newest first. A key that was never written has none.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/chaincodes/{name}/history/{key}",
    operation_id = "show_history",
    tag = "State",
    params(
        ChannelPath,
        ChaincodePath,
        KeyPath,
        ("limit" = Option<u64>, Query, description = "How many changes at most; 100 if missing.", minimum = 1, maximum = 1000, nullable = false),
        ("bookmark" = Option<String>, Query, description = "From the answer before, with the same question.", pattern = "^[A-Za-z0-9_-]+$", nullable = false),
    ),
    responses((status = 200, description = "The changes.", body = History)),
)]
async fn history(
    State(api): State<Api>,
    caller: Caller,
    Path((id, chaincode, key)): Path<(String, String, String)>,
    mut query: Query,
) -> Result<Json<History>, Problem> {
    let (limit, bookmark) = page(&mut query)?;
    query.end()?;
    let page = look(&api, &caller, &id, move |channel| {
        inspect::history(channel, &chaincode, &key, limit, bookmark.as_deref())
    });
    Ok(Json(page.await?.into()))
}

/// Looks into a channel that the caller may read.
async fn look<T: Send + 'static>(
    api: &Api,
    caller: &Caller,
    id: &str,
    look: impl FnOnce(&Channel) -> Result<T, inspect::Error> + Send + 'static,
) -> Result<T, Problem> {
    let channel = access::reader(api, caller, id, Resource::QsccGetBlockByNumber)?;
    let found = reading::blocking(move || look(&channel)).await?;
    found.map_err(reading::problem)
}

/// Which keys a query means.
fn keys(query: &mut Query) -> Result<Keys, Problem> {
    let mut text = |name| short(name, query.one(name)?);
    let (prefix, start, end) = (text("prefix")?, text("start")?, text("end")?);
    let object_type = text("object_type")?;
    let attributes = query.all("attribute");
    if attributes.len() > ATTRIBUTES_MAX {
        let text = format!("'attribute' is given more than {ATTRIBUTES_MAX} times");
        return Err(Problem::invalid(text));
    }
    let range = start.is_some() || end.is_some();
    match (prefix, range, object_type) {
        (prefix, false, None) if attributes.is_empty() => {
            Ok(Keys::Prefix(prefix.unwrap_or_default()))
        }
        (None, true, None) if attributes.is_empty() => Ok(Keys::Range {
            start: start.unwrap_or_default(),
            end: end.unwrap_or_default(),
        }),
        (None, false, Some(object_type)) => Ok(Keys::Composite {
            object_type,
            attributes,
        }),
        (None, false, None) => Err(Problem::invalid("'attribute' needs 'object_type'")),
        _ => Err(Problem::invalid(
            "'prefix', 'start' with 'end', and 'object_type' exclude each other",
        )),
    }
}

/// A part of a key, if it is not longer than the document says.
fn short(name: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    if text
        .as_ref()
        .is_some_and(|text| text.chars().count() > PART_CHARACTERS_MAX)
    {
        let text = format!("'{name}' has more than {PART_CHARACTERS_MAX} characters");
        return Err(Problem::invalid(text));
    }
    Ok(text)
}

/// How much, and from where on.
fn page(query: &mut Query) -> Result<(usize, Option<String>), Problem> {
    let max = u64::try_from(PAGE_LIMIT_MAX).unwrap_or(u64::MAX);
    let limit = query.number("limit", 1..=max)?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    Ok((limit.unwrap_or(PAGE_LIMIT_DEFAULT), query.one("bookmark")?))
}
