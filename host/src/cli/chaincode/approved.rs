//! `weft chaincode query-approved`: what the profile's organisation has approved.

use clap_complete::ArgValueCandidates;
use lifecycle::described::{collection_names, policy_words};
use proto::lifecycle::{
    QueryApprovedChaincodeDefinitionArgs, QueryApprovedChaincodeDefinitionResult, chaincode_source,
};
use serde::Serialize;

use super::{ask, decode};
use crate::cli::global::Global;
use crate::cli::{complete, table};

const APPROVED: &str = "QueryApprovedChaincodeDefinition";

/// Whose approval to show.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ApprovedArgs {
    /// The chaincode.
    #[arg(long, add = ArgValueCandidates::new(complete::chaincodes))]
    name: String,
    /// The definition's sequence; else the newest that is approved.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    sequence: Option<i64>,
}

#[derive(Serialize)]
struct Approved {
    name: String,
    version: String,
    sequence: i64,
    policy: String,
    init_required: bool,
    collections: Vec<String>,
    /// None where the organisation's peers only validate.
    #[serde(skip_serializing_if = "Option::is_none")]
    package_id: Option<String>,
}

/// Shows it.
pub(super) async fn run(args: ApprovedArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let argument = QueryApprovedChaincodeDefinitionArgs {
        name: args.name.clone(),
        sequence: args.sequence.unwrap_or_default(),
    };
    let answer = ask(&client, client.channel_id(), APPROVED, &argument).await?;
    let answer: QueryApprovedChaincodeDefinitionResult = decode(APPROVED, answer)?;
    let package_id = match answer.source.and_then(|source| source.r#type) {
        Some(chaincode_source::Type::LocalPackage(local)) => Some(local.package_id),
        _ => None,
    };
    let approved = Approved {
        name: args.name,
        version: answer.version,
        sequence: answer.sequence,
        policy: policy_words(&answer.validation_parameter),
        init_required: answer.init_required,
        collections: collection_names(&answer.collections.unwrap_or_default()),
        package_id,
    };
    global.output().value(&approved, table::tree)?;
    Ok(())
}
