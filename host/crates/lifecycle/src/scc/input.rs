//! A definition as a client proposes it: its form, its defaults, and its place in the row of definitions.

use bytes::Bytes;
use model::{ChaincodeName, IdError};
use proto::{
    lifecycle::{
        ApproveChaincodeDefinitionForMyOrgArgs, CheckCommitReadinessArgs,
        CommitChaincodeDefinitionArgs,
    },
    protos::CollectionConfigPackage,
};

use super::Call;
use crate::{
    Definition, Error,
    collections::{check, check_against_committed},
    definition::read_definition,
    keys::OLD_NAMESPACE,
    place::Place,
    policy::{Channel, default_policy},
};

/// The argument messages of three functions hold a definition in fields of the same names.
macro_rules! definition_from {
    ($($args:ty),+) => {
        $(impl From<$args> for Definition {
            fn from(args: $args) -> Self {
                Self {
                    name: args.name,
                    sequence: args.sequence,
                    version: args.version,
                    endorsement_plugin: args.endorsement_plugin,
                    validation_plugin: args.validation_plugin,
                    validation_parameter: args.validation_parameter,
                    collections: args.collections.unwrap_or_default(),
                    init_required: args.init_required,
                }
            }
        })+
    };
}

definition_from!(
    ApproveChaincodeDefinitionForMyOrgArgs,
    CheckCommitReadinessArgs,
    CommitChaincodeDefinitionArgs
);

/// Fills in what the client left to the channel; it counts as if the client had written it.
pub(super) fn set_defaults(
    definition: &mut Definition,
    channel: &Channel<'_>,
) -> Result<(), Error> {
    if definition.endorsement_plugin.is_empty() {
        "escc".clone_into(&mut definition.endorsement_plugin);
    }
    if definition.validation_plugin.is_empty() {
        "vscc".clone_into(&mut definition.validation_plugin);
    }
    if definition.validation_parameter.is_empty() {
        definition.validation_parameter = default_policy(channel).map_err(|error| {
            error.within(&format!(
                "could not set defaults for chaincode definition in channel {}",
                channel.id
            ))
        })?;
    }
    Ok(())
}

impl Call<'_, '_> {
    /// Checks name, version and collections, also against the committed definition, which it reads whole for that.
    pub(super) fn validate(&mut self, definition: &Definition) -> Result<(), Error> {
        let channel = self.channel()?;
        check_name(&definition.name)
            .and_then(|()| check_version(&definition.version))
            .and_then(|()| check(&definition.collections, channel.msps))
            .and_then(|()| {
                self.validate_against_committed(&definition.name, &definition.collections)
            })
            .map_err(|error| error.within("error validating chaincode definition"))
    }

    fn validate_against_committed(
        &mut self,
        name: &str,
        collections: &CollectionConfigPackage,
    ) -> Result<(), Error> {
        let simulator = self.simulator()?;
        let committed = read_definition(name, &mut Place::Public(simulator)).map_err(|error| {
            error.within(&format!(
                "could not retrieve committed definition for chaincode '{name}'"
            ))
        })?;
        if let Some(committed) = committed {
            return check_against_committed(collections, &committed.collections);
        }
        // Fabric asks its old lifecycle then, and the read is in the transaction.
        let _never_there: Option<Bytes> = simulator.get_state(OLD_NAMESPACE, name)?;
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let reason = match ChaincodeName::parse(name) {
        Ok(_) => return Ok(()),
        Err(IdError::Reserved { .. }) => {
            format!("chaincode name '{name}' is the name of a system chaincode")
        }
        Err(IdError::TooLong { bytes_max, .. }) => {
            format!("invalid chaincode name. Names can have at most {bytes_max} characters")
        }
        Err(_) => format!(
            "invalid chaincode name '{name}'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics"
        ),
    };
    Err(Error::refused(reason))
}

/// Fabric's `^[A-Za-z0-9_.+-]+$`.
fn check_version(version: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte);
    if !version.is_empty() && version.bytes().all(allowed) {
        return Ok(());
    }
    Err(Error::refused(format!(
        "invalid chaincode version '{version}'. Versions can only consist of alphanumerics, '_', '-', '+', and '.'"
    )))
}
