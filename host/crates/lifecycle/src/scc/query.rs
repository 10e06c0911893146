//! Looking up what is approved and what is committed.

use bytes::Bytes;
use model::ErrorCode;
use proto::lifecycle::{
    ChaincodeSource, QueryApprovedChaincodeDefinitionArgs, QueryApprovedChaincodeDefinitionResult,
    QueryApprovedChaincodeDefinitionsArgs, QueryApprovedChaincodeDefinitionsResult,
    QueryChaincodeDefinitionArgs, QueryChaincodeDefinitionResult, QueryChaincodeDefinitionsArgs,
    QueryChaincodeDefinitionsResult, chaincode_source,
    query_approved_chaincode_definitions_result::ApprovedChaincodeDefinition,
    query_chaincode_definitions_result::ChaincodeDefinition,
};
use rwset::{CursorId, SimulateError, Simulator};

use super::{Call, approve::read_package_id};
use crate::{
    Definition, Error,
    definition::{read_approved_parameters, read_definition, read_sequence},
    keys::{NAMESPACE, NAMESPACES, approval_name, implicit_collection, metadata_key},
    place::Place,
    record::read_metadata,
};

/// Rows of a range taken at a time.
const ROWS: usize = 100;

impl Call<'_, '_> {
    pub(super) fn query_definition(
        &mut self,
        args: QueryChaincodeDefinitionArgs,
    ) -> Result<QueryChaincodeDefinitionResult, Error> {
        let mut place = Place::Public(self.simulator()?);
        let Some(definition) = read_definition(&args.name, &mut place)? else {
            return Err(Error::NotDefined(args.name));
        };
        let approvals = self
            .approvals(&definition)?
            .into_iter()
            .map(|(msp_id, different)| (msp_id, different.is_empty()))
            .collect();
        Ok(QueryChaincodeDefinitionResult {
            sequence: definition.sequence,
            version: definition.version,
            endorsement_plugin: definition.endorsement_plugin,
            validation_plugin: definition.validation_plugin,
            validation_parameter: definition.validation_parameter,
            collections: Some(definition.collections),
            init_required: definition.init_required,
            approvals,
        })
    }

    pub(super) fn query_all_definitions(
        &mut self,
        _args: QueryChaincodeDefinitionsArgs,
    ) -> Result<QueryChaincodeDefinitionsResult, Error> {
        let simulator = self.simulator()?;
        let (prefix, end) = metadata_range();
        let cursor = simulator.open_range(NAMESPACE, &prefix, &end)?;
        let names = names(simulator, cursor, &prefix)?;
        let mut chaincode_definitions = Vec::with_capacity(names.len());
        for name in names {
            let Some(definition) = read_definition(&name, &mut Place::Public(simulator))? else {
                continue;
            };
            chaincode_definitions.push(ChaincodeDefinition {
                name,
                sequence: definition.sequence,
                version: definition.version,
                endorsement_plugin: definition.endorsement_plugin,
                validation_plugin: definition.validation_plugin,
                validation_parameter: definition.validation_parameter,
                collections: Some(definition.collections),
                init_required: definition.init_required,
            });
        }
        Ok(QueryChaincodeDefinitionsResult {
            chaincode_definitions,
        })
    }

    pub(super) fn query_approved(
        &mut self,
        args: QueryApprovedChaincodeDefinitionArgs,
    ) -> Result<QueryApprovedChaincodeDefinitionResult, Error> {
        let channel = self.channel()?;
        let collection = implicit_collection(self.context.local_msp_id);
        let simulator = self.simulator()?;
        let sequence = match args.sequence {
            0 => latest_approved(&args.name, simulator, &collection)?,
            sequence => sequence,
        };
        let mut place = Place::Collection(simulator, &collection);
        let Some((definition, source)) = read_approval(&args.name, sequence, &mut place)? else {
            return Err(Error::because(
                ErrorCode::ChaincodeNotApproved,
                format!(
                    "could not fetch approved chaincode definition (name: '{}', sequence: '{}') on channel '{}'",
                    args.name, args.sequence, channel.id
                ),
            ));
        };
        Ok(QueryApprovedChaincodeDefinitionResult {
            sequence,
            version: definition.version,
            endorsement_plugin: definition.endorsement_plugin,
            validation_plugin: definition.validation_plugin,
            validation_parameter: definition.validation_parameter,
            collections: Some(definition.collections),
            init_required: definition.init_required,
            source: Some(source),
        })
    }

    pub(super) fn query_all_approved(
        &mut self,
        _args: QueryApprovedChaincodeDefinitionsArgs,
    ) -> Result<QueryApprovedChaincodeDefinitionsResult, Error> {
        let collection = implicit_collection(self.context.local_msp_id);
        let simulator = self.simulator()?;
        let (prefix, end) = metadata_range();
        let cursor = simulator.open_private_range(NAMESPACE, &collection, &prefix, &end)?;
        let names = names(simulator, cursor, &prefix)?;
        let mut approved_chaincode_definitions = Vec::with_capacity(names.len());
        for approval in names {
            let Some((name, sequence)) = parse_approval_name(&approval) else {
                continue;
            };
            let mut place = Place::Collection(simulator, &collection);
            let Some((definition, source)) = read_approval(name, sequence, &mut place)? else {
                continue;
            };
            approved_chaincode_definitions.push(ApprovedChaincodeDefinition {
                name: name.to_owned(),
                sequence,
                version: definition.version,
                endorsement_plugin: definition.endorsement_plugin,
                validation_plugin: definition.validation_plugin,
                validation_parameter: definition.validation_parameter,
                collections: Some(definition.collections),
                init_required: definition.init_required,
                source: Some(source),
            });
        }
        Ok(QueryApprovedChaincodeDefinitionsResult {
            approved_chaincode_definitions,
        })
    }
}

/// All metadata keys; names are ASCII, so U+007F comes after each.
fn metadata_range() -> (String, String) {
    let prefix = metadata_key(NAMESPACES, "");
    let end = format!("{prefix}\u{7f}");
    (prefix, end)
}

fn names(
    simulator: &mut Simulator,
    cursor: CursorId,
    prefix: &str,
) -> Result<Vec<String>, SimulateError> {
    let mut names = Vec::new();
    loop {
        let rows: Vec<(String, Bytes)> = simulator.next(cursor, ROWS)?;
        if rows.is_empty() {
            simulator.close(cursor);
            return Ok(names);
        }
        names.extend(
            rows.iter()
                .filter_map(|(key, _)| key.strip_prefix(prefix))
                .map(str::to_owned),
        );
    }
}

fn parse_approval_name(name: &str) -> Option<(&str, i64)> {
    let (name, sequence) = name.rsplit_once('#')?;
    Some((name, sequence.parse().ok()?))
}

/// The sequence after the committed one if the organisation has approved it already, else the committed one.
fn latest_approved(name: &str, simulator: &mut Simulator, collection: &str) -> Result<i64, Error> {
    let current = read_sequence(name, &mut Place::Public(simulator))?;
    let next = current.saturating_add(1);
    let mut place = Place::Collection(simulator, collection);
    let approved = read_metadata(NAMESPACES, &approval_name(name, next), &mut place)?;
    Ok(if approved.is_some() { next } else { current })
}

fn read_approval(
    name: &str,
    sequence: i64,
    place: &mut Place<'_>,
) -> Result<Option<(Definition, ChaincodeSource)>, Error> {
    let record_name = approval_name(name, sequence);
    let Some(definition) = read_approved_parameters(name, &record_name, place)? else {
        return Ok(None);
    };
    let Some(package_id) = read_package_id(&record_name, place)? else {
        return Ok(None);
    };
    let source = if package_id.is_empty() {
        chaincode_source::Type::Unavailable(chaincode_source::Unavailable {})
    } else {
        chaincode_source::Type::LocalPackage(chaincode_source::Local { package_id })
    };
    let source = ChaincodeSource {
        r#type: Some(source),
    };
    Ok(Some((definition, source)))
}
