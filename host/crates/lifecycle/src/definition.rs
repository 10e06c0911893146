//! What a channel has agreed that a chaincode is.

use bytes::Bytes;
use proto::{
    lifecycle::{ChaincodeEndorsementInfo, ChaincodeValidationInfo, state_data},
    protos::{CollectionConfigPackage, StaticCollectionConfig, collection_config::Payload},
};
use rwset::{Simulator, StateReader};

use crate::{
    Error,
    keys::{NAMESPACE, NAMESPACES, definition_keys, metadata_key, sequence_key},
    place::Place,
    record::{Record, bytes, read_message, read_metadata, read_number},
};

/// The state's name for a definition's record.
const DATATYPE: &str = "ChaincodeDefinition";
/// The state's name for the part that organisations approve.
const PARAMETERS: &str = "ChaincodeParameters";

const SEQUENCE: &str = "Sequence";
const ENDORSEMENT_INFO: &str = "EndorsementInfo";
const VALIDATION_INFO: &str = "ValidationInfo";
const COLLECTIONS: &str = "Collections";

/// A chaincode's definition as committed on a channel, or as proposed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Definition {
    /// The chaincode's name on the channel, which is its namespace.
    pub name: String,
    /// Counts definitions of this name; the first is 1.
    pub sequence: i64,
    /// Free text; it goes into every transaction.
    pub version: String,
    /// How results are signed; `escc` is the built-in way.
    pub endorsement_plugin: String,
    /// How transactions are validated; `vscc` is the built-in way.
    pub validation_plugin: String,
    /// A marshalled `ApplicationPolicy`: who must endorse.
    pub validation_parameter: Bytes,
    /// The declared collections.
    pub collections: CollectionConfigPackage,
    /// Whether the chaincode must be initialised once before it is called.
    pub init_required: bool,
}

impl Definition {
    /// The declared collection of that name.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&StaticCollectionConfig> {
        static_collections(&self.collections).find(|collection| collection.name == name)
    }

    /// Whether transactions of this chaincode can be validated at all; Fabric's code for those of another is INVALID_CHAINCODE.
    #[must_use]
    pub fn can_be_validated(&self) -> bool {
        !self.validation_plugin.is_empty() && !self.validation_parameter.is_empty()
    }

    /// The record that is committed.
    pub(crate) fn record(&self) -> Record {
        let mut fields = vec![(SEQUENCE, state_data::Type::Int64(self.sequence))];
        fields.extend(self.parameter_fields());
        Record {
            datatype: DATATYPE,
            fields,
        }
    }

    /// The record that an organisation approves: all but the sequence, which is in its name.
    pub(crate) fn parameters(&self) -> Record {
        Record {
            datatype: PARAMETERS,
            fields: self.parameter_fields(),
        }
    }

    fn parameter_fields(&self) -> Vec<(&'static str, state_data::Type)> {
        let endorsement = ChaincodeEndorsementInfo {
            version: self.version.clone(),
            init_required: self.init_required,
            endorsement_plugin: self.endorsement_plugin.clone(),
        };
        let validation = ChaincodeValidationInfo {
            validation_plugin: self.validation_plugin.clone(),
            validation_parameter: self.validation_parameter.clone(),
        };
        vec![
            (ENDORSEMENT_INFO, bytes(&endorsement)),
            (VALIDATION_INFO, bytes(&validation)),
            (COLLECTIONS, bytes(&self.collections)),
        ]
    }

    /// The first parameter in which `passed` is not like this one, in Fabric's words; the sequence is not compared.
    pub(crate) fn difference(&self, passed: &Self) -> Option<String> {
        let text =
            |field: &str, expected: &dyn std::fmt::Display, passed: &dyn std::fmt::Display| {
                Some(format!(
                    "expected {field} '{expected}' does not match passed {field} '{passed}'"
                ))
            };
        if self.version != passed.version {
            text("Version", &self.version, &passed.version)
        } else if self.endorsement_plugin != passed.endorsement_plugin {
            text(
                "EndorsementPlugin",
                &self.endorsement_plugin,
                &passed.endorsement_plugin,
            )
        } else if self.init_required != passed.init_required {
            text("InitRequired", &self.init_required, &passed.init_required)
        } else if self.validation_plugin != passed.validation_plugin {
            text(
                "ValidationPlugin",
                &self.validation_plugin,
                &passed.validation_plugin,
            )
        } else if self.validation_parameter != passed.validation_parameter {
            text(
                "ValidationParameter",
                &hex::encode(&self.validation_parameter),
                &hex::encode(&passed.validation_parameter),
            )
        } else if self.collections != passed.collections {
            Some("Collections do not match".to_owned())
        } else {
            None
        }
    }
}

/// The static ones among declared collections; Fabric has no others.
pub(crate) fn static_collections(
    package: &CollectionConfigPackage,
) -> impl Iterator<Item = &StaticCollectionConfig> {
    package
        .config
        .iter()
        .filter_map(|config| config.payload.as_ref())
        .map(|Payload::StaticCollectionConfig(collection)| collection)
}

/// The committed definition of a chaincode; `None` if there is none.
///
/// Nothing is recorded: for the committer, the gateway, and caches.
///
/// # Errors
/// [`Error::State`] and [`Error::Corrupt`].
pub fn definition(reader: &dyn StateReader, name: &str) -> Result<Option<Definition>, Error> {
    read_definition(name, &mut Place::Committed(reader))
}

/// Reads a committed definition: its metadata, and if that is there, its four fields.
pub(crate) fn read_definition(
    name: &str,
    place: &mut Place<'_>,
) -> Result<Option<Definition>, Error> {
    let Some(metadata) = read_metadata(NAMESPACES, name, place)? else {
        return Ok(None);
    };
    if metadata.datatype != DATATYPE {
        return Err(Error::Corrupt {
            key: metadata_key(NAMESPACES, name),
            reason: format!("not a chaincode type: {}", metadata.datatype),
        });
    }
    let sequence = read_number(NAMESPACES, name, SEQUENCE, place)?;
    let parameters = read_parameters(name, name, place)?;
    Ok(Some(Definition {
        sequence,
        ..parameters
    }))
}

/// Reads the parameters recorded under `record_name`; the sequence stays 0.
pub(crate) fn read_parameters(
    name: &str,
    record_name: &str,
    place: &mut Place<'_>,
) -> Result<Definition, Error> {
    let endorsement: ChaincodeEndorsementInfo =
        read_message(NAMESPACES, record_name, ENDORSEMENT_INFO, place)?;
    let validation: ChaincodeValidationInfo =
        read_message(NAMESPACES, record_name, VALIDATION_INFO, place)?;
    let collections = read_message(NAMESPACES, record_name, COLLECTIONS, place)?;
    Ok(Definition {
        name: name.to_owned(),
        sequence: 0,
        version: endorsement.version,
        endorsement_plugin: endorsement.endorsement_plugin,
        validation_plugin: validation.validation_plugin,
        validation_parameter: validation.validation_parameter,
        collections,
        init_required: endorsement.init_required,
    })
}

/// Reads parameters approved under `record_name` after their metadata; `None` if there are none.
pub(crate) fn read_approved_parameters(
    name: &str,
    record_name: &str,
    place: &mut Place<'_>,
) -> Result<Option<Definition>, Error> {
    let Some(metadata) = read_metadata(NAMESPACES, record_name, place)? else {
        return Ok(None);
    };
    if metadata.datatype != PARAMETERS {
        return Err(Error::refused(format!(
            "not a chaincode parameters type: {}",
            metadata.datatype
        )));
    }
    read_parameters(name, record_name, place).map(Some)
}

/// The sequence of the committed definition; 0 if there is none.
pub(crate) fn read_sequence(name: &str, place: &mut Place<'_>) -> Result<i64, Error> {
    read_number(NAMESPACES, name, SEQUENCE, place)
        .map_err(|error| error.within("could not get current sequence"))
}

/// Records the reads of a definition that Fabric's endorser leaves in every transaction of a chaincode.
///
/// Always the sequence; with `all_five` (the transaction touches a collection, or the chaincode must be initialised) the
/// metadata and the other fields too. So a transaction endorsed before an upgrade fails after it. Call it once a call
/// of a chaincode, the called ones included; a second time changes nothing.
///
/// # Errors
/// [`Error::State`].
pub fn record_reads(simulator: &mut Simulator, name: &str, all_five: bool) -> Result<(), Error> {
    if all_five {
        let keys = definition_keys(name);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        simulator.get_states(NAMESPACE, &keys)?;
    } else {
        simulator.get_state(NAMESPACE, &sequence_key(name))?;
    }
    Ok(())
}
