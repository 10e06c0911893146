//! `weft tx`: a transaction, decoded, what became of it, and why.

mod explanation;

use anyhow::Context as _;
use clap::Subcommand;
use model::{ErrorCode, TxValidationCode, codes};
use serde::Serialize;

use super::failure::{Failure, Transaction};
use super::global::Global;
use super::{blocks, explain, file, table};
use crate::client::{Client, ClientError};

/// Which transaction to show.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct TxArgs {
    /// The transaction's id.
    #[arg(required = true)]
    tx_id: Option<String>,
    /// Write the encoded `protos.ProcessedTransaction` to this file instead; `-` is stdout.
    #[arg(long, value_name = "FILE")]
    raw: Option<file::Path>,
    #[command(subcommand)]
    command: Option<TxCommand>,
}

/// What to ask of a transaction.
#[derive(Debug, Subcommand)]
enum TxCommand {
    /// Show what became of a transaction: valid, invalid, or not in a block yet. Ends with 0, 4 or 5.
    Status(StatusArgs),
    /// Say why a transaction is valid or not: its validation code in words, the cause, and what to do next.
    ///
    /// The cause names keys, versions and transactions, or the leaves of a policy and whose signature they lack.
    Explain(explanation::ExplainArgs),
}

#[derive(Debug, clap::Args)]
struct StatusArgs {
    /// The transaction's id.
    tx_id: String,
    /// Wait until it is in a block.
    #[arg(long)]
    wait: bool,
}

#[derive(Serialize)]
struct Status {
    tx_id: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'static str>,
}

/// Prints a transaction or its status.
pub(super) async fn run(args: TxArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    match args.command {
        None => {}
        Some(TxCommand::Status(args)) => return status(&client, args, global).await,
        Some(TxCommand::Explain(args)) => return explanation::run(&client, args, global).await,
    }
    let tx_id = args.tx_id.unwrap_or_default();
    if let Some(file) = args.raw {
        return file.write(&client.transaction(&tx_id).await?);
    }
    let block = blocks::decode(client.block_of(&tx_id).await?)?;
    let located = decoded::Located::new(&tx_id, &block).ok_or_else(missing)?;
    global.output().value(&located, table::tree)?;
    Ok(())
}

fn missing() -> ClientError {
    ClientError::answer("GetBlockByTxID", "the block does not hold the transaction")
}

async fn status(client: &Client, args: StatusArgs, global: &Global) -> anyhow::Result<()> {
    let tx_id = args.tx_id;
    let output = global.output();
    let found = if args.wait {
        let waiting = client.commit_status(&tx_id);
        Some(output.during("waiting for the block", waiting).await?)
    } else {
        in_ledger(client, &tx_id).await?
    };
    let status = Status::new(tx_id, found);
    output.value(&status, Status::text)?;
    match found {
        None => Err(Failure::new(
            ErrorCode::CommitUnknown,
            "no block of this peer holds the transaction",
        )
        .hint("wait for it with --wait; if it was never ordered, none will hold it")
        .about(status.about())
        .into()),
        Some((_, TxValidationCode::Valid)) => Ok(()),
        Some((_, code)) => Err(invalid(code, status.about()).into()),
    }
}

/// The block and the code of a transaction that is in the ledger.
async fn in_ledger(
    client: &Client,
    tx_id: &str,
) -> anyhow::Result<Option<(u64, TxValidationCode)>> {
    let block = match client.block_of(tx_id).await {
        Err(error) if error.code() == ErrorCode::TransactionNotFound => return Ok(None),
        answer => blocks::decode(answer?)?,
    };
    let mut entries = block.data.iter();
    let index = entries.position(|entry| model::envelope::tx_id_as_exported(entry) == tx_id);
    let code = index.and_then(|index| block.validation_code(index));
    Ok(Some((
        block.number,
        code.ok_or_else(missing).context("no validation code")?,
    )))
}

/// What is told of a transaction without effect.
pub(super) fn invalid(code: TxValidationCode, about: Transaction) -> Failure {
    let (name, words) = (codes::name(code), codes::words(code));
    let block = about
        .block
        .map(|block| format!(" {block}"))
        .unwrap_or_default();
    let error = explain::error_code(code).unwrap_or(ErrorCode::CommitInvalid);
    let what = format!("the transaction is in block{block}, but {name}: {words}");
    let failure = match &about.tx_id {
        Some(tx_id) => {
            Failure::new(error, what).hint(format!("`weft tx explain {tx_id}` names the cause"))
        }
        None => Failure::new(error, what),
    };
    failure.about(Transaction {
        validation_code: Some(name),
        ..about
    })
}

impl Status {
    fn new(tx_id: String, found: Option<(u64, TxValidationCode)>) -> Self {
        let code = found.map(|(_, code)| code);
        Self {
            tx_id,
            state: match code {
                None => "pending",
                Some(TxValidationCode::Valid) => "valid",
                Some(_) => "invalid",
            },
            block: found.map(|(block, _)| block),
            code: code.map(codes::name),
            meaning: code.map(codes::words),
        }
    }

    fn about(&self) -> Transaction {
        Transaction {
            tx_id: Some(self.tx_id.clone()),
            block: self.block,
            validation_code: None,
        }
    }

    fn text(&self) -> String {
        let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
        table::fields([
            ("transaction", self.tx_id.clone()),
            ("state", self.state.to_owned()),
            (
                "block",
                self.block.map_or("-".to_owned(), |block| block.to_string()),
            ),
            ("code", text(self.code)),
            ("meaning", text(self.meaning)),
        ])
    }
}
