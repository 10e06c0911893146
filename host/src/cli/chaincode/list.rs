//! `weft chaincode list`: definitions in force, and packages on the peer.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message as _;
use proto::lifecycle::{
    QueryChaincodeDefinitionArgs, QueryChaincodeDefinitionResult, QueryChaincodeDefinitionsArgs,
    QueryChaincodeDefinitionsResult, QueryInstalledChaincodesArgs, QueryInstalledChaincodesResult,
};
use proto::protos::{
    ApplicationPolicy, CollectionConfigPackage, application_policy, collection_config,
};
use serde::Serialize;

use super::{ask, decode};
use crate::cli::{Global, output};
use crate::client::Client;

const DEFINITION: &str = "QueryChaincodeDefinition";
const DEFINITIONS: &str = "QueryChaincodeDefinitions";
const INSTALLED: &str = "QueryInstalledChaincodes";

/// What to list.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArgs {
    /// What is installed on the profile's peer, instead of definitions; needs an admin.
    #[arg(long, conflicts_with = "name")]
    installed: bool,
    /// Only this chaincode's definition, and who approved it.
    #[arg(long)]
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Installed {
    package_id: String,
    label: String,
    /// By channel: the definitions that run it, `name version`.
    used: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
struct Defined {
    name: String,
    version: String,
    sequence: i64,
    policy: String,
    init_required: bool,
    collections: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    approvals: BTreeMap<String, bool>,
}

/// Lists.
pub(super) async fn run(args: ListArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    match args {
        ListArgs {
            installed: true,
            json,
            ..
        } => show(&installed(&client).await?, json, Installed::line),
        ListArgs {
            name: Some(name),
            json,
            ..
        } => show(&[definition(&client, name).await?], json, Defined::line),
        ListArgs { json, .. } => show(&definitions(&client).await?, json, Defined::line),
    }
}

fn show<T: Serialize>(found: &[T], json: bool, line: fn(&T) -> String) -> anyhow::Result<()> {
    if json {
        output::json(&found)?;
        return Ok(());
    }
    for one in found {
        output::line(&line(one))?;
    }
    Ok(())
}

async fn installed(client: &Client) -> anyhow::Result<Vec<Installed>> {
    let answer = ask(client, "", INSTALLED, &QueryInstalledChaincodesArgs {}).await?;
    let answer: QueryInstalledChaincodesResult = decode(INSTALLED, answer)?;
    let found = answer
        .installed_chaincodes
        .into_iter()
        .map(|one| Installed {
            package_id: one.package_id,
            label: one.label,
            used: one
                .references
                .into_iter()
                .map(|(channel, used)| {
                    let used = used.chaincodes.into_iter();
                    (
                        channel,
                        used.map(|one| format!("{} {}", one.name, one.version))
                            .collect(),
                    )
                })
                .collect(),
        });
    Ok(found.collect())
}

async fn definitions(client: &Client) -> anyhow::Result<Vec<Defined>> {
    let answer = ask(
        client,
        client.channel_id(),
        DEFINITIONS,
        &QueryChaincodeDefinitionsArgs {},
    )
    .await?;
    let answer: QueryChaincodeDefinitionsResult = decode(DEFINITIONS, answer)?;
    let found = answer.chaincode_definitions.into_iter().map(|one| Defined {
        name: one.name,
        version: one.version,
        sequence: one.sequence,
        policy: policy(&one.validation_parameter),
        init_required: one.init_required,
        collections: collections(one.collections),
        approvals: BTreeMap::new(),
    });
    Ok(found.collect())
}

async fn definition(client: &Client, name: String) -> anyhow::Result<Defined> {
    let argument = QueryChaincodeDefinitionArgs { name: name.clone() };
    let answer = ask(client, client.channel_id(), DEFINITION, &argument).await?;
    let one: QueryChaincodeDefinitionResult = decode(DEFINITION, answer)?;
    Ok(Defined {
        name,
        version: one.version,
        sequence: one.sequence,
        policy: policy(&one.validation_parameter),
        init_required: one.init_required,
        collections: collections(one.collections),
        approvals: one.approvals.into_iter().collect(),
    })
}

fn policy(parameter: &Bytes) -> String {
    match ApplicationPolicy::decode(parameter.clone())
        .ok()
        .and_then(|policy| policy.r#type)
    {
        Some(application_policy::Type::SignaturePolicy(policy)) => {
            msp::policy::dsl::to_text(&policy)
        }
        Some(application_policy::Type::ChannelConfigPolicyReference(path)) => path,
        None => hex::encode(parameter),
    }
}

fn collections(package: Option<CollectionConfigPackage>) -> Vec<String> {
    let configs = package.unwrap_or_default().config.into_iter();
    let names = configs.filter_map(|config| {
        let collection_config::Payload::StaticCollectionConfig(config) = config.payload?;
        Some(config.name)
    });
    names.collect()
}

impl Installed {
    fn line(&self) -> String {
        let mut line = self.package_id.clone();
        for (channel, used) in &self.used {
            line.push_str(&format!("  {channel}: {}", used.join(", ")));
        }
        line
    }
}

impl Defined {
    fn line(&self) -> String {
        let mut line = format!(
            "{}  version {}  sequence {}  policy {}",
            self.name, self.version, self.sequence, self.policy
        );
        if self.init_required {
            line.push_str("  init required");
        }
        if !self.collections.is_empty() {
            line.push_str(&format!("  collections {}", self.collections.join(", ")));
        }
        if !self.approvals.is_empty() {
            let approvals = self.approvals.iter();
            let approvals = approvals
                .map(|(msp_id, yes)| format!("{msp_id} {}", if *yes { "yes" } else { "no" }));
            line.push_str(&format!(
                "  approved {}",
                approvals.collect::<Vec<_>>().join(", ")
            ));
        }
        line
    }
}
