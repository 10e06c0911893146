//! `weft events`: what a chaincode announces, or what becomes of transactions, as it is committed.

use clap_complete::ArgValueCandidates;
use decoded::Text;
use model::{TxValidationCode, codes};
use proto::common::HeaderType;
use proto::protos::filtered_transaction::Data;
use proto::protos::{FilteredBlock, FilteredTransaction};
use serde::Serialize;

use super::blocks::{Summary, ended};
use super::global::Global;
use super::output::one_line;
use super::{complete, table};
use crate::client::{BlocksFrom, Client, Delivered};

/// Which events to follow.
#[derive(Debug, clap::Args)]
pub(super) struct EventsArgs {
    /// The chaincode.
    #[arg(required_unless_present_any = ["blocks", "filtered"], add = ArgValueCandidates::new(complete::chaincodes))]
    chaincode: Option<String>,
    /// Follow blocks instead.
    #[arg(long, conflicts_with = "chaincode")]
    blocks: bool,
    /// Follow blocks without contents instead: ids, codes and names of events.
    #[arg(long, conflicts_with_all = ["chaincode", "blocks"])]
    filtered: bool,
    /// The first block to look at; else the next one that is committed.
    #[arg(long, value_name = "BLOCK")]
    from: Option<u64>,
    /// End after so many events or blocks; else never.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

#[derive(Serialize)]
struct Event {
    block: u64,
    tx_id: String,
    chaincode: String,
    name: String,
    payload: Text,
}

/// A block without contents; the JSON is that of REST's filtered blocks.
#[derive(Serialize)]
struct Filtered {
    number: u64,
    transactions: Vec<Outcome>,
}

#[derive(Serialize)]
struct Outcome {
    tx_id: String,
    r#type: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Announced>,
}

#[derive(Serialize)]
struct Announced {
    chaincode: String,
    name: String,
}

/// Prints events until there were enough.
pub(super) async fn run(args: EventsArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    match &args.chaincode {
        Some(chaincode) => of_chaincode(&client, chaincode, &args, global).await,
        None => of_blocks(&client, &args, global).await,
    }
}

async fn of_chaincode(
    client: &Client,
    chaincode: &str,
    args: &EventsArgs,
    global: &Global,
) -> anyhow::Result<()> {
    let output = global.output();
    let mut events = client.events(chaincode, args.from).await?;
    let mut printed = 0;
    while let Some(answer) = events.next().await? {
        for event in answer.events {
            let event = Event {
                block: answer.block_number,
                tx_id: event.tx_id,
                chaincode: event.chaincode_id,
                name: event.event_name,
                payload: Text(event.payload),
            };
            output.item(&event, Event::line)?;
            printed += 1;
            if args.count.is_some_and(|count| printed >= count) {
                return Ok(());
            }
        }
    }
    Err(ended().into())
}

async fn of_blocks(client: &Client, args: &EventsArgs, global: &Global) -> anyhow::Result<()> {
    let output = global.output();
    let from = args.from.map_or(BlocksFrom::Next, BlocksFrom::Number);
    let mut blocks = client.blocks(from, args.filtered).await?;
    let mut printed = 0;
    while let Some(delivered) = blocks.next().await? {
        match delivered {
            Delivered::Block(block) => {
                let summary = Summary::new(&block);
                output.item(&decoded::Block::new(&block), |_| summary.line())?;
            }
            Delivered::Filtered(block) => output.item(&Filtered::new(block), Filtered::lines)?,
        }
        printed += 1;
        if args.count.is_some_and(|count| printed >= count) {
            return Ok(());
        }
    }
    Err(ended().into())
}

impl Event {
    fn line(&self) -> String {
        let payload = match std::str::from_utf8(&self.payload.0) {
            Ok(text) => text.to_owned(),
            Err(_) => hex::encode(&self.payload.0),
        };
        let Self {
            block, tx_id, name, ..
        } = self;
        let line = format!(
            "block {block}  {}  {name}  {}",
            table::short(tx_id),
            table::short(&payload)
        );
        one_line(&line)
    }
}

impl Filtered {
    fn new(block: FilteredBlock) -> Self {
        let transactions = block.filtered_transactions.into_iter().map(Outcome::new);
        Self {
            number: block.number,
            transactions: transactions.collect(),
        }
    }

    fn lines(&self) -> String {
        let lines = self.transactions.iter().map(|tx| {
            let event = tx.event.as_ref();
            let event = event.map(|event| format!("  {} {}", event.chaincode, event.name));
            let line = format!(
                "block {}  {}  {}  {}{}",
                self.number,
                tx.tx_id,
                tx.code,
                tx.r#type,
                event.unwrap_or_default()
            );
            one_line(&line)
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Outcome {
    fn new(tx: FilteredTransaction) -> Self {
        let code = TxValidationCode::try_from(tx.tx_validation_code);
        let kind = HeaderType::try_from(tx.r#type);
        let actions = match tx.data {
            Some(Data::TransactionActions(actions)) => actions.chaincode_actions,
            None => Vec::new(),
        };
        let mut events = actions
            .into_iter()
            .filter_map(|action| action.chaincode_event);
        Self {
            tx_id: tx.txid,
            r#type: kind.map_or("UNKNOWN", |kind| kind.as_str_name()).to_owned(),
            code: code.map_or("UNKNOWN", codes::name),
            event: events.next().map(|event| Announced {
                chaincode: event.chaincode_id,
                name: event.event_name,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Announced, Event, Filtered, Outcome};
    use decoded::Text;

    #[test]
    fn each_event_is_one_line_whatever_stands_in_it() {
        let event = Event {
            block: 7,
            tx_id: "ab".into(),
            chaincode: "basic".into(),
            name: "Cr\u{1b}[2Jeated\nblock 8".into(),
            payload: Text("a\u{202e}\nb".into()),
        };
        assert_eq!(
            event.line(),
            "block 7  ab  Cr\\u{1b}[2Jeated\\u{a}block 8  a\\u{202e}\\u{a}b"
        );
        let filtered = Filtered {
            number: 7,
            transactions: vec![Outcome {
                tx_id: "a\nb".into(),
                r#type: "ENDORSER_TRANSACTION".into(),
                code: "VALID",
                event: Some(Announced {
                    chaincode: "basic".into(),
                    name: "\u{9b}".into(),
                }),
            }],
        };
        assert_eq!(
            filtered.lines(),
            "block 7  a\\u{a}b  VALID  ENDORSER_TRANSACTION  basic \\u{9b}"
        );
    }
}
