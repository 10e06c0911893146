//! `weft chaincode deploy`: from source to a definition in force, as far as that is not done yet.

use anyhow::Context as _;
use clap_complete::ArgValueCandidates;
use serde::Serialize;

use crate::cli::global::Global;
use crate::cli::{complete, output};
use crate::client::Client;
use crate::deploy::{self, Contract, Deployed};

/// What to deploy, and for whom.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DeployArgs {
    /// A crate's folder, a `.wasm` file or a package; the chaincode is called NAME, else as its folder or label.
    #[arg(value_name = "PATH[=NAME]", value_parser = contract)]
    contract: Contract,
    /// Context of another organisation's admin, whose peer gets it too; several with commas or repeated.
    #[arg(long = "with", value_name = "CONTEXT", value_delimiter = ',',
          add = ArgValueCandidates::new(complete::contexts))]
    others: Vec<String>,
}

#[derive(Serialize)]
struct Outcome {
    chaincode: String,
    package_id: String,
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<i64>,
}

fn contract(text: &str) -> Result<Contract, std::convert::Infallible> {
    text.parse()
}

/// Deploys.
pub(super) async fn run(args: DeployArgs, global: &Global) -> anyhow::Result<()> {
    let say = if global.quiet {
        |_: &str| ()
    } else {
        output::note
    };
    let (client, _) = global.client()?;
    let mut admins: Vec<Client> = vec![client];
    for name in &args.others {
        let other = Global {
            context: Some(name.clone()),
            channel: global.channel.clone(),
            ..Global::default()
        };
        let (client, _) = other.client().with_context(|| format!("context {name}"))?;
        admins.push(client);
    }
    let packaged = args.contract.package(say)?;
    let deploying = deploy::deploy(&admins, &packaged, say);
    let deployed = global.output().during("deploying", deploying).await?;
    let outcome = Outcome {
        chaincode: packaged.name,
        package_id: packaged.package.package_id,
        changed: deployed != Deployed::Unchanged,
        sequence: match deployed {
            Deployed::Unchanged => None,
            Deployed::Committed(sequence) => Some(sequence),
        },
    };
    global.output().value(&outcome, |outcome| {
        let name = &outcome.chaincode;
        output::harmless(&match outcome.sequence {
            None => format!("chaincode {name} is as it was"),
            Some(sequence) => format!("chaincode {name} is in force, sequence {sequence}"),
        })
    })?;
    Ok(())
}
