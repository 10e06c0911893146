//! `weft ledger dump`: the whole state as lines of JSON.

use std::io;
use std::ops::ControlFlow;

use decoded::{Hex, Text};
use ledger::{PeerLedger, StateRow};
use model::ErrorCode;
use serde::Serialize;

use super::offline;
use super::place::PlaceArgs;
use crate::cli::failure::Failure;
use crate::cli::global::Global;
use crate::cli::output::{Format, Output};

/// What to print.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DumpArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Only this namespace: a chaincode's name, or `_lifecycle`; the channel's configuration is in namespace "".
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Row {
    Public {
        namespace: String,
        key: Text,
        value: Text,
        version: Version,
        metadata: Hex,
    },
    Hashed {
        namespace: String,
        collection: String,
        key_hash: Hex,
        value_hash: Hex,
        version: Version,
        metadata: Hex,
    },
}

#[derive(Serialize)]
struct Version {
    block: u64,
    tx: u64,
}

/// Prints the state.
pub(super) async fn run(args: DumpArgs, global: &Global) -> anyhow::Result<()> {
    let ledgers = args.place.find(global).await?;
    let [(_, folder)] = ledgers.iter().collect::<Vec<_>>()[..] else {
        let names: Vec<_> = ledgers.iter().map(|(name, _)| name).collect();
        let what = format!(
            "one channel at a time is printed; the peer has joined {}",
            names.join(", ")
        );
        let failure = Failure::new(ErrorCode::UsageWrong, what);
        return Err(failure.hint("name one with --channel").into());
    };
    let ledger = PeerLedger::open(folder, offline()).await?;
    let output = Output {
        format: Format::Json,
        ..global.output()
    };
    let mut printed: io::Result<()> = Ok(());
    ledger.snapshot()?.walk_state(&mut |row| {
        if args
            .namespace
            .as_ref()
            .is_some_and(|wanted| *wanted != row.namespace)
        {
            return ControlFlow::Continue(());
        }
        printed = output.item(&Row::new(row), |_| String::new());
        match printed {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    ledger.close().await?;
    Ok(printed?)
}

impl Row {
    fn new(row: StateRow) -> Self {
        let version = Version {
            block: row.value.version.block,
            tx: row.value.version.tx,
        };
        let metadata = Hex(row.value.metadata);
        match row.collection {
            None => Self::Public {
                namespace: row.namespace,
                key: Text(row.key),
                value: Text(row.value.value),
                version,
                metadata,
            },
            Some(collection) => Self::Hashed {
                namespace: row.namespace,
                collection,
                key_hash: Hex(row.key),
                value_hash: Hex(row.value.value),
                version,
                metadata,
            },
        }
    }
}
