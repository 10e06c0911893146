//! What an administrator asks of an organisation's own peer.

use bytes::Bytes;
use lifecycle::{Definition, Package};
use model::TxValidationCode;
use prost::Message;
use proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, ChaincodeSource, CommitChaincodeDefinitionArgs,
    InstallChaincodeArgs, QueryApprovedChaincodeDefinitionArgs,
    QueryApprovedChaincodeDefinitionResult, QueryChaincodeDefinitionArgs,
    QueryChaincodeDefinitionResult, QueryInstalledChaincodesArgs, QueryInstalledChaincodesResult,
    chaincode_source,
};

use super::DeployError;
use crate::client::{Call, Client, ClientError};

const LIFECYCLE: &str = "_lifecycle";
/// What `_lifecycle` answers where there is no definition.
const NOT_FOUND: i32 = 404;

/// An organisation's peer, asked in its administrator's name.
pub(super) struct Peer<'a>(&'a Client);

impl<'a> Peer<'a> {
    pub(super) fn new(admin: &'a Client) -> Self {
        Self(admin)
    }

    pub(super) fn msp_id(&self) -> &str {
        self.0.msp_id()
    }

    pub(super) async fn has_installed(&self, package_id: &str) -> Result<bool, DeployError> {
        let function = "QueryInstalledChaincodes";
        let asked = self.ask("", function, &QueryInstalledChaincodesArgs {});
        let answer: QueryInstalledChaincodesResult =
            asked.await.map_err(self.failed("listing packages"))?;
        let mut installed = answer.installed_chaincodes.iter();
        Ok(installed.any(|one| one.package_id == package_id))
    }

    pub(super) async fn install(&self, package: &Package) -> Result<(), DeployError> {
        let argument = InstallChaincodeArgs {
            chaincode_install_package: package.bytes.clone(),
        };
        let argument = [argument.encode_to_vec().into()];
        let asked = self
            .0
            .ask_peer("", LIFECYCLE, "InstallChaincode", &argument);
        let installed = asked.await.map(|_| ());
        installed.map_err(self.failed("installing the package"))
    }

    /// The definition in force, as far as the peer has got.
    pub(super) async fn definition(&self, name: &str) -> Result<Option<Definition>, DeployError> {
        let argument = QueryChaincodeDefinitionArgs {
            name: name.to_owned(),
        };
        let asked = self.ask(self.0.channel_id(), "QueryChaincodeDefinition", &argument);
        let found: QueryChaincodeDefinitionResult = match asked.await {
            Ok(found) => found,
            Err(ClientError::Refused {
                status: NOT_FOUND, ..
            }) => return Ok(None),
            Err(other) => return Err(self.failed("looking for the definition")(other)),
        };
        Ok(Some(Definition {
            name: name.to_owned(),
            sequence: found.sequence,
            version: found.version,
            endorsement_plugin: found.endorsement_plugin,
            validation_plugin: found.validation_plugin,
            validation_parameter: found.validation_parameter,
            collections: found.collections.unwrap_or_default(),
            init_required: found.init_required,
        }))
    }

    /// The package with which the organisation approved a sequence; `None` if it did not, or without a package.
    pub(super) async fn approved_package(
        &self,
        name: &str,
        sequence: i64,
    ) -> Result<Option<String>, DeployError> {
        let approved = self.approved(name, sequence).await?;
        Ok(approved.and_then(|approved| package_of(&approved)))
    }

    /// Whether the organisation has approved this very definition with this very package.
    pub(super) async fn has_approved(
        &self,
        definition: &Definition,
        package_id: &str,
    ) -> Result<bool, DeployError> {
        let approved = self.approved(&definition.name, definition.sequence).await?;
        Ok(approved.is_some_and(|approved| {
            package_of(&approved).as_deref() == Some(package_id) && fits(definition, &approved)
        }))
    }

    async fn approved(
        &self,
        name: &str,
        sequence: i64,
    ) -> Result<Option<QueryApprovedChaincodeDefinitionResult>, DeployError> {
        let argument = QueryApprovedChaincodeDefinitionArgs {
            name: name.to_owned(),
            sequence,
        };
        let function = "QueryApprovedChaincodeDefinition";
        match self.ask(self.0.channel_id(), function, &argument).await {
            Ok(approved) => Ok(Some(approved)),
            // It answers so where nothing is approved; who may not ask may not approve either, and hears of it then.
            Err(ClientError::Refused { .. }) => Ok(None),
            Err(other) => Err(self.failed("looking for the approval")(other)),
        }
    }

    pub(super) async fn approve(
        &self,
        definition: &Definition,
        package_id: &str,
    ) -> Result<(), DeployError> {
        let source = chaincode_source::Local {
            package_id: package_id.to_owned(),
        };
        let source = chaincode_source::Type::LocalPackage(source);
        let definition = definition.clone();
        let argument = ApproveChaincodeDefinitionForMyOrgArgs {
            sequence: definition.sequence,
            name: definition.name,
            version: definition.version,
            endorsement_plugin: definition.endorsement_plugin,
            validation_plugin: definition.validation_plugin,
            validation_parameter: definition.validation_parameter,
            collections: Some(definition.collections),
            init_required: definition.init_required,
            source: Some(ChaincodeSource {
                r#type: Some(source),
            }),
        };
        let own = vec![self.msp_id().to_owned()];
        let function = "ApproveChaincodeDefinitionForMyOrg";
        self.submit("approving", function, &argument, own).await
    }

    pub(super) async fn commit(&self, definition: &Definition) -> Result<(), DeployError> {
        let definition = definition.clone();
        let argument = CommitChaincodeDefinitionArgs {
            sequence: definition.sequence,
            name: definition.name,
            version: definition.version,
            endorsement_plugin: definition.endorsement_plugin,
            validation_plugin: definition.validation_plugin,
            validation_parameter: definition.validation_parameter,
            collections: Some(definition.collections),
            init_required: definition.init_required,
        };
        let function = "CommitChaincodeDefinition";
        self.submit("committing", function, &argument, Vec::new())
            .await
    }

    async fn ask<M: Message + Default>(
        &self,
        channel_id: &str,
        function: &'static str,
        argument: &impl Message,
    ) -> Result<M, ClientError> {
        let argument = [argument.encode_to_vec().into()];
        let asked = self.0.ask_peer(channel_id, LIFECYCLE, function, &argument);
        M::decode(asked.await?).map_err(|error| ClientError::answer(function, error))
    }

    async fn submit(
        &self,
        doing: &'static str,
        function: &str,
        argument: &impl Message,
        organizations: Vec<String>,
    ) -> Result<(), DeployError> {
        let function = Bytes::copy_from_slice(function.as_bytes());
        let call = Call {
            chaincode: LIFECYCLE.to_owned(),
            args: vec![function, argument.encode_to_vec().into()],
            organizations,
            ..Call::default()
        };
        let committed = self.0.submit(call).await.map_err(self.failed(doing))?;
        if committed.code == TxValidationCode::Valid {
            return Ok(());
        }
        Err(DeployError::Invalid {
            doing,
            msp_id: self.msp_id().to_owned(),
            tx_id: committed.tx_id.as_str().to_owned(),
            words: model::codes::words(committed.code),
        })
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(ClientError) -> DeployError {
        let msp_id = self.msp_id().to_owned();
        move |source| DeployError::Call {
            doing,
            msp_id,
            source,
        }
    }
}

fn package_of(approved: &QueryApprovedChaincodeDefinitionResult) -> Option<String> {
    match approved.source.as_ref()?.r#type.as_ref()? {
        chaincode_source::Type::LocalPackage(local) => Some(local.package_id.clone()),
        chaincode_source::Type::Unavailable(_) => None,
    }
}

/// Whether the approved definition is this one; what is empty here was filled in when it was approved.
fn fits(definition: &Definition, approved: &QueryApprovedChaincodeDefinitionResult) -> bool {
    let policy = &definition.validation_parameter;
    definition.version == approved.version
        && definition.init_required == approved.init_required
        && Some(&definition.collections) == approved.collections.as_ref()
        && (policy.is_empty() || *policy == approved.validation_parameter)
}
