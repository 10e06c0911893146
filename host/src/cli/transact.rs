//! `weft submit` and `weft evaluate`: calls of a chaincode.

use std::collections::BTreeMap;

use bytes::Bytes;
use decoded::Text;
use model::{TxValidationCode, codes};
use serde::Serialize;

use super::{Global, failure::Hinted, output};
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
    /// Print one JSON object instead of the plain result.
    #[arg(long)]
    json: bool,
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
                anyhow::bail!("--transient {key} is given twice");
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
    let json = args.call.json;
    let committed = client.submit(args.call.into_call(args.init)?).await?;
    if json {
        output::json_line(&Submitted {
            tx_id: committed.tx_id.as_str().to_owned(),
            block: committed.block,
            code: codes::name(committed.code),
            result: Text(committed.result.clone()),
        })?;
    } else {
        output::note(&summary(&committed));
        if committed.code == TxValidationCode::Valid {
            output::payload(&committed.result)?;
        }
    }
    require_valid(&committed)
}

/// Evaluates and prints the result.
pub(super) async fn evaluate(args: EvaluateArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let json = args.call.json;
    let response = client.evaluate(args.call.into_call(false)?).await?;
    if json {
        output::json_line(&Evaluated {
            result: Text(response.payload),
        })?;
    } else {
        output::payload(&response.payload)?;
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
    let code = committed.code;
    if code == TxValidationCode::Valid {
        return Ok(());
    }
    let (name, words) = (codes::name(code), codes::words(code));
    let failure = Hinted::new(format!(
        "the transaction is in block {}, but {name}: {words}",
        committed.block
    ));
    let failure = match code {
        TxValidationCode::MvccReadConflict | TxValidationCode::PhantomReadConflict => {
            failure.hint("nothing was written; submit again")
        }
        _ => failure.hint(format!(
            "`weft tx {}` shows what it read and wrote",
            committed.tx_id.as_str()
        )),
    };
    Err(failure.into())
}
