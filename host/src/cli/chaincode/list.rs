//! `weft chaincode list`: definitions in force, and packages on the peer.

use std::collections::BTreeMap;

use clap_complete::ArgValueCandidates;
use lifecycle::described::{collection_names, policy_words};
use proto::lifecycle::{
    QueryChaincodeDefinitionArgs, QueryChaincodeDefinitionResult, QueryChaincodeDefinitionsArgs,
    QueryChaincodeDefinitionsResult, QueryInstalledChaincodesArgs, QueryInstalledChaincodesResult,
};
use serde::Serialize;

use super::{ask, decode};
use crate::cli::global::Global;
use crate::cli::{complete, table};
use crate::client::Client;

const DEFINITION: &str = "QueryChaincodeDefinition";
const DEFINITIONS: &str = "QueryChaincodeDefinitions";
const INSTALLED: &str = "QueryInstalledChaincodes";
/// What is shown of every definition.
const HEADS: [&str; 6] = [
    "name",
    "version",
    "sequence",
    "init",
    "policy",
    "collections",
];

/// What to list.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArgs {
    /// What is installed on the profile's peer, instead of definitions; needs an admin.
    #[arg(long, conflicts_with = "name")]
    installed: bool,
    /// Only this chaincode's definition, and who approved it.
    #[arg(long, add = ArgValueCandidates::new(complete::chaincodes))]
    name: Option<String>,
}

/// Which definition to show.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowArgs {
    /// The chaincode.
    #[arg(add = ArgValueCandidates::new(complete::chaincodes))]
    name: String,
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
    let output = global.output();
    match args {
        ListArgs {
            installed: true, ..
        } => output.value(&installed(&client).await?, |found| {
            let heads = ["package", "channel", "used by"];
            table::columns(heads, found.iter().flat_map(Installed::rows))
        })?,
        ListArgs {
            name: Some(name), ..
        } => output.value(&[definition(&client, name).await?], |found| {
            table_with_approvals(found)
        })?,
        ListArgs { .. } => output.value(&definitions(&client).await?, |found| table_of(found))?,
    }
    Ok(())
}

/// Shows one definition.
pub(super) async fn show(args: ShowArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let found = definition(&client, args.name).await?;
    global.output().value(&found, table::tree)?;
    Ok(())
}

/// The names of the definitions in force.
pub(super) async fn names(client: &Client) -> anyhow::Result<Vec<String>> {
    let found = definitions(client).await?.into_iter();
    Ok(found.map(|one| one.name).collect())
}

/// The ids of the packages on the peer.
pub(super) async fn packages(client: &Client) -> anyhow::Result<Vec<String>> {
    let found = installed(client).await?.into_iter();
    Ok(found.map(|one| one.package_id).collect())
}

fn table_of(found: &[Defined]) -> String {
    table::columns(HEADS, found.iter().map(Defined::row))
}

/// As [`table_of`], and who has approved: the peer tells that of one definition at a time.
fn table_with_approvals(found: &[Defined]) -> String {
    let [name, version, sequence, init, policy, collections] = HEADS;
    let heads = [
        name,
        version,
        sequence,
        init,
        policy,
        collections,
        "approved by",
    ];
    table::columns(heads, found.iter().map(Defined::row_with_approvals))
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
        policy: policy_words(&one.validation_parameter),
        init_required: one.init_required,
        collections: collection_names(&one.collections.unwrap_or_default()),
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
        policy: policy_words(&one.validation_parameter),
        init_required: one.init_required,
        collections: collection_names(&one.collections.unwrap_or_default()),
        approvals: one.approvals.into_iter().collect(),
    })
}

impl Installed {
    fn rows(&self) -> Vec<[String; 3]> {
        let row = |channel: &str, used: String| [self.package_id.clone(), channel.to_owned(), used];
        if self.used.is_empty() {
            return vec![row("-", "-".to_owned())];
        }
        let used = self.used.iter();
        used.map(|(channel, used)| row(channel, table::list(used)))
            .collect()
    }
}

impl Defined {
    fn row(&self) -> [String; 6] {
        let init = if self.init_required { "required" } else { "-" };
        [
            self.name.clone(),
            self.version.clone(),
            self.sequence.to_string(),
            init.to_owned(),
            self.policy.clone(),
            table::list(&self.collections),
        ]
    }

    fn row_with_approvals(&self) -> [String; 7] {
        let [name, version, sequence, init, policy, collections] = self.row();
        let approved = self.approvals.iter().filter(|(_, approved)| **approved);
        let approved = table::list(approved.map(|(msp_id, _)| msp_id));
        [name, version, sequence, init, policy, collections, approved]
    }
}

#[cfg(test)]
mod tests {
    use super::{Defined, Installed, table_of, table_with_approvals};
    use crate::cli::table;
    use expect_test::expect;

    #[test]
    fn definitions_are_a_line_each_whatever_their_names() {
        let defined = |name: &str, version: &str| Defined {
            name: name.into(),
            version: version.into(),
            sequence: 2,
            policy: "OR('Org1MSP.peer')".into(),
            init_required: name == "basic",
            collections: vec!["c1".into(), "c2".into()],
            approvals: [("Org1MSP".into(), true), ("Org2MSP".into(), false)].into(),
        };
        let found = [
            defined("basic", "1.0"),
            defined("evil", "1\u{1b}[2J\nbasic  9"),
        ];
        expect![[r#"
            NAME   VERSION                  SEQUENCE  INIT      POLICY              COLLECTIONS  APPROVED BY
            basic  1.0                      2         required  OR('Org1MSP.peer')  c1, c2       Org1MSP
            evil   1\u{1b}[2J\u{a}basic  9  2         -         OR('Org1MSP.peer')  c1, c2       Org1MSP"#]].assert_eq(&table_with_approvals(&found));
        expect![[r#"
            NAME   VERSION  SEQUENCE  INIT      POLICY              COLLECTIONS
            basic  1.0      2         required  OR('Org1MSP.peer')  c1, c2"#]]
        .assert_eq(&table_of(&found[..1]));
    }

    #[test]
    fn a_package_has_a_line_for_each_channel_that_uses_it() {
        let installed = |label: &str, channels: &[&str]| Installed {
            package_id: format!("{label}:00"),
            label: label.into(),
            used: channels
                .iter()
                .map(|channel| ((*channel).to_owned(), vec!["basic 1".to_owned()]))
                .collect(),
        };
        let found = [installed("a", &["ch1", "ch2"]), installed("b", &[])];
        let rows = found.iter().flat_map(Installed::rows);
        expect![[r#"
            PACKAGE  CHANNEL  USED BY
            a:00     ch1      basic 1
            a:00     ch2      basic 1
            b:00     -        -"#]]
        .assert_eq(&table::columns(["package", "channel", "used by"], rows));
    }
}
