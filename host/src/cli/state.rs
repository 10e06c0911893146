//! `weft state`: what a chaincode's keys hold on the peer, and what they held.

use clap::Subcommand;
use clap_complete::ArgValueCandidates;
use decoded::Text;
use proto::weft::range_request::Keys;
use proto::weft::{CompositeKeys, KeyChange, KeyRange, StateEntry};
use serde::Serialize;

use super::global::Global;
use super::output::{self, Format};
use super::{complete, table};
use crate::client::{Client, PageOf};

/// What to ask of the state. Private data is never shown.
#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// Show the present value of a key.
    Get(GetArgs),
    /// List keys and their values, in the order of the keys' bytes.
    List(ListArgs),
    /// Show the changes of a key, the newest first.
    History(HistoryArgs),
}

/// Which key to show.
#[derive(Debug, clap::Args)]
pub(super) struct GetArgs {
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Debug, clap::Args)]
struct KeyArgs {
    /// The chaincode.
    #[arg(add = ArgValueCandidates::new(complete::chaincodes))]
    chaincode: String,
    /// The key; or the object type of a composite key, if --attribute is given.
    key: String,
    /// Attribute of a composite key; as many times as it has some, in order.
    #[arg(long = "attribute", value_name = "TEXT")]
    attributes: Vec<String>,
}

/// Which keys to list.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// The chaincode.
    #[arg(add = ArgValueCandidates::new(complete::chaincodes))]
    chaincode: String,
    /// Keys that begin with this text.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["start", "end", "object_type"])]
    prefix: Option<String>,
    /// Keys from this one on.
    #[arg(long, value_name = "KEY", conflicts_with = "object_type")]
    start: Option<String>,
    /// Keys before this one.
    #[arg(long, value_name = "KEY", conflicts_with = "object_type")]
    end: Option<String>,
    /// Composite keys of this type.
    #[arg(long, value_name = "TYPE")]
    object_type: Option<String>,
    /// First attributes of the composite keys; as many times as wanted, in order.
    #[arg(long = "attribute", value_name = "TEXT", requires = "object_type")]
    attributes: Vec<String>,
    #[command(flatten)]
    page: PageArgs,
}

/// Whose changes to show.
#[derive(Debug, clap::Args)]
pub(super) struct HistoryArgs {
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Debug, clap::Args)]
struct PageArgs {
    /// The most entries to show.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Go on where a page ended: the bookmark that it showed.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    bookmark: String,
}

impl PageArgs {
    fn into_page(self) -> PageOf {
        PageOf {
            limit: self.limit,
            bookmark: self.bookmark,
        }
    }
}

/// A key's present value; the JSON is REST's.
#[derive(Serialize)]
struct Entry {
    key: String,
    value: Text,
    version: Version,
}

#[derive(Serialize)]
struct Version {
    block: u64,
    tx: u64,
}

#[derive(Serialize)]
struct Change {
    tx_id: String,
    version: Version,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Text>,
    deleted: bool,
}

#[derive(Serialize)]
struct Page<T> {
    entries: Vec<T>,
    height: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bookmark: Option<String>,
}

/// Asks.
pub(super) async fn run(command: StateCommand, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    match command {
        StateCommand::Get(args) => get(&client, args, global).await,
        StateCommand::List(args) => list(&client, args, global).await,
        StateCommand::History(args) => history(&client, args, global).await,
    }
}

async fn get(client: &Client, args: GetArgs, global: &Global) -> anyhow::Result<()> {
    let output = global.output();
    let found = client.state(&args.key.chaincode, &args.key.key()?).await?;
    if output.format == Format::Table {
        let (block, tx) = (found.block, found.tx);
        output.note(&format!("written by transaction {tx} of block {block}"));
        return Ok(output::payload(&found.value)?);
    }
    Ok(output.value(&Entry::from(found), |_| String::new())?)
}

async fn list(client: &Client, args: ListArgs, global: &Global) -> anyhow::Result<()> {
    let (chaincode, keys, page) = args.into_parts();
    let found = client.range(&chaincode, keys, page).await?;
    let page = Page {
        entries: found.entries.into_iter().map(Entry::from).collect(),
        height: found.height,
        bookmark: Some(found.bookmark).filter(|bookmark| !bookmark.is_empty()),
    };
    show(&page, global, |entries| {
        let rows = entries.iter().map(|entry| {
            let Version { block, tx } = entry.version;
            [
                entry.key.clone(),
                text(&entry.value),
                format!("{block}:{tx}"),
            ]
        });
        table::columns(["key", "value", "version"], rows)
    })
}

async fn history(client: &Client, args: HistoryArgs, global: &Global) -> anyhow::Result<()> {
    let key = args.key.key()?;
    let found = client
        .history(&args.key.chaincode, &key, args.page.into_page())
        .await?;
    let page = Page {
        entries: found.changes.into_iter().map(Change::from).collect(),
        height: found.height,
        bookmark: Some(found.bookmark).filter(|bookmark| !bookmark.is_empty()),
    };
    show(&page, global, |changes| {
        let rows = changes.iter().map(|change| {
            let Version { block, tx } = change.version;
            [
                format!("{block}:{tx}"),
                change.timestamp.clone().unwrap_or_else(|| "-".to_owned()),
                change.value.as_ref().map_or("(deleted)".to_owned(), text),
                change.tx_id.clone(),
            ]
        });
        table::columns(["version", "time", "value", "transaction"], rows)
    })
}

/// Prints a page, and says how to get the next one.
fn show<T: Serialize>(
    page: &Page<T>,
    global: &Global,
    table: impl FnOnce(&[T]) -> String,
) -> anyhow::Result<()> {
    let output = global.output();
    output.value(page, |page| table(&page.entries))?;
    if let Some(bookmark) = page
        .bookmark
        .as_ref()
        .filter(|_| output.format == Format::Table)
    {
        output.note(&format!("there is more: --bookmark '{bookmark}'"));
    }
    Ok(())
}

fn text(value: &Text) -> String {
    match std::str::from_utf8(&value.0) {
        Ok(text) => text.to_owned(),
        Err(_) => hex::encode(&value.0),
    }
}

impl KeyArgs {
    fn key(&self) -> Result<String, inspect::Error> {
        match self.attributes.is_empty() {
            true => Ok(self.key.clone()),
            false => inspect::composite_key(&self.key, &self.attributes),
        }
    }
}

impl ListArgs {
    fn into_parts(self) -> (String, Option<Keys>, PageOf) {
        let keys = match (self.prefix, self.object_type, self.start, self.end) {
            (Some(prefix), ..) => Some(Keys::Prefix(prefix)),
            (None, Some(object_type), ..) => Some(Keys::Composite(CompositeKeys {
                object_type,
                attributes: self.attributes,
            })),
            (None, None, None, None) => None,
            (None, None, start, end) => Some(Keys::Range(KeyRange {
                start: start.unwrap_or_default(),
                end: end.unwrap_or_default(),
            })),
        };
        (self.chaincode, keys, self.page.into_page())
    }
}

impl From<StateEntry> for Entry {
    fn from(entry: StateEntry) -> Self {
        Self {
            key: entry.key,
            value: Text(entry.value),
            version: Version {
                block: entry.block,
                tx: entry.tx,
            },
        }
    }
}

impl From<KeyChange> for Change {
    fn from(change: KeyChange) -> Self {
        Self {
            tx_id: change.tx_id,
            version: Version {
                block: change.block,
                tx: change.tx,
            },
            timestamp: change.timestamp.map(|time| time.to_string()),
            value: (!change.is_delete).then_some(Text(change.value)),
            deleted: change.is_delete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyArgs, ListArgs, PageArgs};
    use proto::weft::range_request::Keys;

    fn all() -> ListArgs {
        ListArgs {
            chaincode: "basic".into(),
            prefix: None,
            start: None,
            end: None,
            object_type: None,
            attributes: Vec::new(),
            page: PageArgs {
                limit: 100,
                bookmark: String::new(),
            },
        }
    }

    #[test]
    fn an_open_end_is_no_end() {
        assert_eq!(all().into_parts().1, None);
        let from = ListArgs {
            start: Some("a".into()),
            ..all()
        };
        let Some(Keys::Range(range)) = from.into_parts().1 else {
            panic!("no range");
        };
        assert_eq!((range.start.as_str(), range.end.as_str()), ("a", ""));
    }

    #[test]
    fn a_composite_key_is_made_of_its_parts() {
        let args = KeyArgs {
            chaincode: "basic".into(),
            key: "owner".into(),
            attributes: vec!["Tom".into(), "1".into()],
        };
        assert_eq!(args.key().unwrap(), "\u{0}owner\u{0}Tom\u{0}1\u{0}");
    }
}
