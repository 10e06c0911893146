//! `_lifecycle` and `cscc` of the peer itself: questions as messages, answers as what REST shows.

use std::collections::BTreeMap;

use bytes::Bytes;
use lifecycle::described::{collection_names, policy_words};
use model::ErrorCode;
use prost::Message;
use proto::lifecycle::{
    CheckCommitReadinessResult, GetInstalledChaincodePackageArgs,
    GetInstalledChaincodePackageResult, InstallChaincodeArgs, InstallChaincodeResult,
    QueryApprovedChaincodeDefinitionsArgs, QueryApprovedChaincodeDefinitionsResult,
    QueryChaincodeDefinitionArgs, QueryChaincodeDefinitionResult, QueryChaincodeDefinitionsArgs,
    QueryChaincodeDefinitionsResult, QueryInstalledChaincodeArgs, QueryInstalledChaincodeResult,
    QueryInstalledChaincodesArgs, QueryInstalledChaincodesResult, chaincode_source,
};

use crate::WalletIdentity;
use crate::api::Api;
use crate::definitions::{Definition, Readiness};
use crate::packages::{Approved, Package, Used};
use crate::peer_client::ask;
use crate::problem::Problem;

/// The built-in chaincode of definitions and packages.
pub(crate) const LIFECYCLE: &str = "_lifecycle";

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) api: &'a Api,
    pub(crate) identity: &'a WalletIdentity,
}

impl Asker<'_> {
    /// Installs a package: its id and its label.
    pub(crate) async fn install(self, package: Bytes) -> Result<(String, String), Problem> {
        let args = InstallChaincodeArgs {
            chaincode_install_package: package,
        };
        let installed: InstallChaincodeResult =
            self.ask("", "InstallChaincode", encoded(&args)).await?;
        Ok((installed.package_id, installed.label))
    }

    /// All packages on the peer.
    pub(crate) async fn packages(self) -> Result<Vec<Package>, Problem> {
        let args = encoded(&QueryInstalledChaincodesArgs {});
        let found: QueryInstalledChaincodesResult =
            self.ask("", "QueryInstalledChaincodes", args).await?;
        let packages = found.installed_chaincodes.into_iter().map(|one| {
            let used = one.references.into_iter().map(|(channel, references)| {
                let used = references.chaincodes.into_iter().map(|one| Used {
                    name: one.name,
                    version: one.version,
                });
                (channel, used.collect())
            });
            Package {
                package_id: one.package_id,
                label: one.label,
                used: used.collect(),
            }
        });
        Ok(packages.collect())
    }

    /// One package.
    pub(crate) async fn package(self, package_id: String) -> Result<Package, Problem> {
        let args = encoded(&QueryInstalledChaincodeArgs { package_id });
        let one: QueryInstalledChaincodeResult =
            self.ask("", "QueryInstalledChaincode", args).await?;
        let used = one.references.into_iter().map(|(channel, references)| {
            let used = references.chaincodes.into_iter().map(|one| Used {
                name: one.name,
                version: one.version,
            });
            (channel, used.collect())
        });
        Ok(Package {
            package_id: one.package_id,
            label: one.label,
            used: used.collect(),
        })
    }

    /// A package as it was installed.
    pub(crate) async fn package_bytes(self, package_id: String) -> Result<Bytes, Problem> {
        let args = encoded(&GetInstalledChaincodePackageArgs { package_id });
        let found: GetInstalledChaincodePackageResult =
            self.ask("", "GetInstalledChaincodePackage", args).await?;
        Ok(found.chaincode_install_package)
    }

    /// What the organisation has approved on a channel with that package.
    pub(crate) async fn approved(
        self,
        channel_id: &str,
        package_id: &str,
    ) -> Result<Vec<Approved>, Problem> {
        let args = encoded(&QueryApprovedChaincodeDefinitionsArgs {});
        let found: QueryApprovedChaincodeDefinitionsResult = self
            .ask(channel_id, "QueryApprovedChaincodeDefinitions", args)
            .await?;
        let all = found.approved_chaincode_definitions.into_iter();
        let of_package = all.filter(|one| {
            let source = one.source.as_ref().and_then(|source| source.r#type.as_ref());
            matches!(source, Some(chaincode_source::Type::LocalPackage(local)) if local.package_id == package_id)
        });
        let shown = of_package.map(|one| Approved {
            name: one.name,
            version: one.version,
            sequence: one.sequence,
        });
        Ok(shown.collect())
    }

    /// All definitions in force on a channel.
    pub(crate) async fn definitions(self, channel_id: &str) -> Result<Vec<Definition>, Problem> {
        let args = encoded(&QueryChaincodeDefinitionsArgs {});
        let found: QueryChaincodeDefinitionsResult = self
            .ask(channel_id, "QueryChaincodeDefinitions", args)
            .await?;
        let all = found.chaincode_definitions.into_iter();
        let definitions = all.map(|one| Definition {
            name: one.name,
            version: one.version,
            sequence: one.sequence,
            policy: policy_words(&one.validation_parameter),
            init_required: one.init_required,
            collections: collection_names(&one.collections.unwrap_or_default()),
            approvals: None,
        });
        Ok(definitions.collect())
    }

    /// A definition in force, and who has approved it.
    pub(crate) async fn definition(
        self,
        channel_id: &str,
        name: String,
    ) -> Result<Definition, Problem> {
        let args = encoded(&QueryChaincodeDefinitionArgs { name: name.clone() });
        let one: QueryChaincodeDefinitionResult = self
            .ask(channel_id, "QueryChaincodeDefinition", args)
            .await?;
        Ok(Definition {
            name,
            version: one.version,
            sequence: one.sequence,
            policy: policy_words(&one.validation_parameter),
            init_required: one.init_required,
            collections: collection_names(&one.collections.unwrap_or_default()),
            approvals: Some(one.approvals.into_iter().collect()),
        })
    }

    /// Who has approved a definition that is to come; `args` is the encoded question.
    pub(crate) async fn readiness(
        self,
        channel_id: &str,
        args: Bytes,
    ) -> Result<Readiness, Problem> {
        let found: CheckCommitReadinessResult =
            self.ask(channel_id, "CheckCommitReadiness", args).await?;
        let mismatches = found.mismatches.into_iter();
        let mismatches: BTreeMap<_, _> = mismatches
            .filter(|(_, mismatches)| !mismatches.items.is_empty())
            .map(|(msp_id, mismatches)| (msp_id, mismatches.items))
            .collect();
        Ok(Readiness {
            approvals: found.approvals.into_iter().collect(),
            mismatches,
        })
    }

    async fn ask<A: Message + Default>(
        self,
        channel_id: &str,
        function: &'static str,
        args: Bytes,
    ) -> Result<A, Problem> {
        let args = vec![Bytes::from_static(function.as_bytes()), args];
        let answer = ask(self.api, self.identity, channel_id, LIFECYCLE, args).await?;
        A::decode(answer).map_err(|_| {
            let text = format!("the peer's answer to {function} does not decode");
            Problem::new(ErrorCode::NodeBroken, text)
        })
    }
}

fn encoded(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}
