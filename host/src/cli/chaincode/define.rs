//! `weft chaincode approve` and `commit`: definitions, first one organisation's, then the channel's.

use anyhow::Context as _;
use bytes::Bytes;
use clap_complete::ArgValueCandidates;
use lifecycle::described::{self, DescribedDefinition, PolicyText};
use model::ErrorCode;
use proto::lifecycle::CheckCommitReadinessResult;
use proto::protos::CollectionConfigPackage;
use serde::Serialize;

use super::{LIFECYCLE, decode};
use crate::cli::failure::Failure;
use crate::cli::global::Global;
use crate::cli::{complete, file, output, table, transact};
use crate::client::{Call, Client, ClientError, Committed};

const READINESS: &str = "CheckCommitReadiness";

/// A chaincode's definition; all organisations must approve the same.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct DefinitionArgs {
    /// The chaincode's name.
    #[arg(long, add = ArgValueCandidates::new(complete::chaincodes))]
    name: String,
    /// Its version, any text.
    #[arg(long)]
    version: String,
    /// 1 for the first definition, then one more for each.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    sequence: i64,
    /// Who must endorse, such as `AND('Org1MSP.peer','Org2MSP.peer')` [default: as the channel says].
    #[arg(long, conflicts_with = "policy_ref")]
    policy: Option<String>,
    /// The channel's policy that says who must endorse, such as `/Channel/Application/Endorsement`.
    #[arg(long, value_name = "PATH")]
    policy_ref: Option<String>,
    /// The chaincode must be initialised (`weft submit --init`) before anything else.
    #[arg(long)]
    init_required: bool,
    /// The private data collections, JSON as Fabric's tools take it; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    collections: Option<file::Path>,
}

/// What to approve.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ApproveArgs {
    #[command(flatten)]
    definition: DefinitionArgs,
    /// The package that this organisation's peers run; without it they only validate.
    #[arg(long, value_name = "ID")]
    package_id: Option<String>,
}

/// What to commit.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CommitArgs {
    #[command(flatten)]
    definition: DefinitionArgs,
    /// Organisation whose peers endorse, instead of those that the policy needs; several with commas or repeated.
    #[arg(long = "org", value_name = "MSPID", value_delimiter = ',')]
    organizations: Vec<String>,
}

/// What to compare approvals with.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReadinessArgs {
    #[command(flatten)]
    definition: DefinitionArgs,
}

/// What one organisation says of a definition.
#[derive(Serialize)]
struct Approval {
    organization: String,
    approved: bool,
    /// What it has approved otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differs_in: Vec<String>,
}

/// What the options describe.
fn described(args: DefinitionArgs) -> anyhow::Result<DescribedDefinition> {
    let policy = match (args.policy, args.policy_ref) {
        (Some(text), _) => Some(PolicyText::Signature(text)),
        (None, path) => path.map(PolicyText::Reference),
    };
    let validation_parameter = described::policy(policy.as_ref()).context(
        Failure::new(ErrorCode::RequestInvalid, "the policy cannot be read")
            .hint("such as OR('Org1MSP.peer','Org2MSP.peer')"),
    )?;
    Ok(DescribedDefinition {
        name: args.name,
        version: args.version,
        sequence: args.sequence,
        validation_parameter,
        init_required: args.init_required,
        collections: args.collections.as_ref().map(collections).transpose()?,
    })
}

fn collections(file: &file::Path) -> anyhow::Result<CollectionConfigPackage> {
    described::collections_of_json(&file.read()?).context(Failure::new(
        ErrorCode::RequestInvalid,
        "the collections cannot be read",
    ))
}

fn words(definition: &DescribedDefinition) -> String {
    let DescribedDefinition {
        name,
        version,
        sequence,
        ..
    } = definition;
    format!("{name} {version} sequence {sequence}")
}

/// Approves, and says so.
pub(super) async fn approve(args: ApproveArgs, global: &Global) -> anyhow::Result<()> {
    let definition = described(args.definition)?;
    let (client, _) = global.client()?;
    let argument = definition.to_approve(args.package_id);
    let own = vec![client.msp_id().to_owned()];
    let function = "ApproveChaincodeDefinitionForMyOrg";
    let submitting = submit(&client, function, argument, own);
    let committed = global
        .output()
        .during("waiting for the commit", submitting)
        .await?;
    let done = format!("approved {} for {}", words(&definition), client.msp_id());
    finish(&done, &committed, global)
}

/// Commits, and says so.
pub(super) async fn commit(args: CommitArgs, global: &Global) -> anyhow::Result<()> {
    let definition = described(args.definition)?;
    let (client, _) = global.client()?;
    let argument = definition.to_commit();
    let function = "CommitChaincodeDefinition";
    let submitting = submit(&client, function, argument, args.organizations);
    let output = global.output();
    let committed = match output.during("waiting for the commit", submitting).await {
        Ok(committed) => committed,
        Err(error) => return Err(with_missing_approvals(error, &client, &definition).await),
    };
    let done = format!(
        "committed {} on {}",
        words(&definition),
        client.channel_id()
    );
    finish(&done, &committed, global)
}

/// Shows who has approved the definition, and what others have approved in its place.
pub(super) async fn readiness(args: ReadinessArgs, global: &Global) -> anyhow::Result<()> {
    let definition = described(args.definition)?;
    let (client, _) = global.client()?;
    let mut mismatches = check(&client, &definition).await?;
    let mut approvals: Vec<Approval> = Vec::new();
    for (organization, approved) in std::mem::take(&mut mismatches.approvals) {
        let differs = mismatches.mismatches.remove(&organization);
        approvals.push(Approval {
            organization,
            approved,
            differs_in: differs.unwrap_or_default().items,
        });
    }
    approvals.sort_by(|one, other| one.organization.cmp(&other.organization));
    global.output().value(&approvals, |approvals| {
        let rows = approvals.iter().map(|one| {
            let approved = if one.approved { "yes" } else { "no" };
            let differs = table::list(&one.differs_in);
            [one.organization.clone(), approved.to_owned(), differs]
        });
        table::columns(["organization", "approved", "differs in"], rows)
    })?;
    Ok(())
}

async fn check(
    client: &Client,
    definition: &DescribedDefinition,
) -> Result<CheckCommitReadinessResult, ClientError> {
    let channel = client.channel_id();
    let answer = client
        .ask_peer(channel, LIFECYCLE, READINESS, &[definition.to_check()])
        .await?;
    decode(READINESS, answer)
}

async fn submit(
    client: &Client,
    function: &str,
    argument: Bytes,
    organizations: Vec<String>,
) -> anyhow::Result<Committed> {
    let args = vec![Bytes::copy_from_slice(function.as_bytes()), argument];
    let call = Call {
        chaincode: LIFECYCLE.to_owned(),
        args,
        organizations,
        ..Call::default()
    };
    Ok(client.submit(call).await?)
}

/// What came of a call that changes a definition.
#[derive(Serialize)]
struct Done<'a> {
    done: &'a str,
    tx_id: &'a str,
    block: u64,
}

fn finish(done: &str, committed: &Committed, global: &Global) -> anyhow::Result<()> {
    let output = global.output();
    output.note(&transact::summary(committed));
    transact::require_valid(committed)?;
    let tx_id = committed.tx_id.as_str();
    let block = committed.block;
    output.value(&Done { done, tx_id, block }, |_| output::harmless(done))?;
    Ok(())
}

/// The failure, and who has not approved this very definition, where that can be found out.
async fn with_missing_approvals(
    error: anyhow::Error,
    client: &Client,
    definition: &DescribedDefinition,
) -> anyhow::Error {
    let Ok(readiness) = check(client, definition).await else {
        return error;
    };
    let missing = readiness
        .approvals
        .iter()
        .filter(|(_, approved)| !**approved);
    let missing: Vec<&str> = missing.map(|(msp_id, _)| msp_id.as_str()).collect();
    if missing.is_empty() {
        return error;
    }
    let what = format!("cannot commit {}", words(definition));
    let failure = Failure::new(ErrorCode::LifecycleNotReady, what);
    error.context(failure.hint(format!(
        "exactly this definition is not approved by {}",
        missing.join(", ")
    )))
}
