//! `weft submit` and `weft evaluate`: calls of a chaincode.

use std::collections::BTreeMap;

use bytes::Bytes;
use clap_complete::ArgValueCandidates;
use decoded::Text;
use model::{ErrorCode, TxValidationCode, codes};
use serde::Serialize;

use super::failure::{Failure, Transaction};
use super::global::Global;
use super::output::{self, Format};
use super::{complete, tx};
use crate::client::{Call, Committed};

/// What to submit.
#[derive(Debug, clap::Args)]
pub(super) struct SubmitArgs {
    #[command(flatten)]
    call: CallArgs,
    /// This is the chaincode's initialisation.
    #[arg(long)]
    init: bool,
}

/// What to evaluate.
#[derive(Debug, clap::Args)]
pub(super) struct EvaluateArgs {
    #[command(flatten)]
    call: CallArgs,
}

#[derive(Debug, clap::Args)]
struct CallArgs {
    /// The chaincode.
    #[arg(add = ArgValueCandidates::new(complete::chaincodes))]
    chaincode: String,
    /// Its function.
    function: String,
    /// The function's arguments; after `--` they may begin with a dash.
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// Data for the chaincode that never reaches the ledger; may be given several times.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    transient: Vec<(String, String)>,
    /// Organisation whose peers are asked, instead of those that the policy needs; several with commas or repeated.
    #[arg(long = "org", value_name = "MSPID", value_delimiter = ',')]
    organizations: Vec<String>,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it is not of the form KEY=VALUE".to_owned()),
    }
}

impl CallArgs {
    fn into_call(self, is_init: bool) -> anyhow::Result<Call> {
        let mut transient = BTreeMap::new();
        for (key, value) in self.transient {
            if transient.insert(key.clone(), Bytes::from(value)).is_some() {
                let what = format!("--transient {key} is given twice");
                return Err(Failure::new(ErrorCode::UsageWrong, what).into());
            }
        }
        let args = std::iter::once(self.function).chain(self.arguments);
        Ok(Call {
            chaincode: self.chaincode,
            args: args.map(Bytes::from).collect(),
            transient,
            organizations: self.organizations,
            is_init,
        })
    }
}

#[derive(Serialize)]
struct Submitted {
    tx_id: String,
    block: u64,
    code: &'static str,
    result: Text,
}

#[derive(Serialize)]
struct Evaluated {
    result: Text,
}

/// Submits and prints the result; fails if the transaction is not valid.
pub(super) async fn submit(args: SubmitArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let output = global.output();
    let submitting = client.submit(args.call.into_call(args.init)?);
    let committed = output.during("waiting for the commit", submitting).await?;
    match output.format {
        Format::Table => {
            output.note(&summary(&committed));
            if committed.code == TxValidationCode::Valid {
                output::payload(&committed.result)?;
            }
        }
        Format::Json | Format::Yaml => {
            let submitted = Submitted {
                tx_id: committed.tx_id.as_str().to_owned(),
                block: committed.block,
                code: codes::name(committed.code),
                result: Text(committed.result.clone()),
            };
            output.value(&submitted, |_| String::new())?;
        }
    }
    require_valid(&committed)
}

/// Evaluates and prints the result.
pub(super) async fn evaluate(args: EvaluateArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let output = global.output();
    let evaluating = client.evaluate(args.call.into_call(false)?);
    let result = output
        .during("waiting for the answer", evaluating)
        .await?
        .payload;
    match output.format {
        Format::Table => output::payload(&result)?,
        Format::Json | Format::Yaml => {
            let evaluated = Evaluated {
                result: Text(result),
            };
            output.value(&evaluated, |_| String::new())?;
        }
    }
    Ok(())
}

/// One line about what became of a transaction.
pub(super) fn summary(committed: &Committed) -> String {
    let Committed {
        tx_id, block, code, ..
    } = committed;
    format!(
        "transaction {} in block {block}: {}",
        tx_id.as_str(),
        codes::name(*code)
    )
}

/// A failure, with what to do about it, unless the transaction is valid.
pub(super) fn require_valid(committed: &Committed) -> anyhow::Result<()> {
    if committed.code == TxValidationCode::Valid {
        return Ok(());
    }
    let about = Transaction {
        tx_id: Some(committed.tx_id.as_str().to_owned()),
        block: Some(committed.block),
        validation_code: None,
    };
    Err(tx::invalid(committed.code, about).into())
}
