//! `weft events`: a chaincode's events as they are committed.

use serde::Serialize;

use decoded::Text;

use super::{Global, output};

/// Which events to follow.
#[derive(Debug, clap::Args)]
pub(super) struct EventsArgs {
    /// The chaincode.
    chaincode: String,
    /// The first block to look at; else the next one that is committed.
    #[arg(long, value_name = "BLOCK")]
    from: Option<u64>,
    /// End after so many events; else never.
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

/// Prints events until there were enough.
pub(super) async fn run(args: EventsArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let mut events = client.events(&args.chaincode, args.from).await?;
    let mut printed = 0;
    while let Some(answer) = events.next().await? {
        for event in answer.events {
            output::json_line(&Event {
                block: answer.block_number,
                tx_id: event.tx_id,
                chaincode: event.chaincode_id,
                name: event.event_name,
                payload: Text(event.payload),
            })?;
            printed += 1;
            if args.count.is_some_and(|count| printed >= count) {
                return Ok(());
            }
        }
    }
    anyhow::bail!("the peer ended the stream of events")
}
