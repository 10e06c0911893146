//! Approving a definition for the peer's organisation, into its implicit collection.

use proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, ApproveChaincodeDefinitionForMyOrgResult,
    chaincode_source,
};

use super::{Call, input::set_defaults};
use crate::{
    Definition, Error,
    approval::{LOCAL_PACKAGE, PACKAGE_ID, package_record},
    definition::{read_approved_parameters, read_definition, read_sequence},
    keys::{NAMESPACES, SOURCES, approval_name, implicit_collection},
    place::Place,
    record::{read_metadata, read_text},
};

impl Call<'_, '_> {
    pub(super) fn approve(
        &mut self,
        args: ApproveChaincodeDefinitionForMyOrgArgs,
    ) -> Result<ApproveChaincodeDefinitionForMyOrgResult, Error> {
        let package_id = match args
            .source
            .as_ref()
            .and_then(|source| source.r#type.as_ref())
        {
            Some(chaincode_source::Type::LocalPackage(local)) => local.package_id.clone(),
            _ => String::new(),
        };
        let mut definition = Definition::from(args);
        self.validate(&definition)?;
        let channel = self.channel()?;
        let collection = implicit_collection(self.context.local_msp_id);
        let simulator = self.simulator()?;

        let current = read_sequence(&definition.name, &mut Place::Public(simulator))?;
        check_sequence(current, definition.sequence)?;
        set_defaults(&mut definition, &channel)?;
        let redefines = if definition.sequence == current {
            same_as_committed(&definition, &mut Place::Public(simulator))?;
            format!(
                "attempted to redefine the current committed sequence ({current}) for namespace {}",
                definition.name
            )
        } else {
            format!(
                "attempted to redefine uncommitted sequence ({}) for namespace {} with unchanged content",
                definition.sequence, definition.name
            )
        };
        let name = approval_name(&definition.name, definition.sequence);
        let mut place = Place::Collection(simulator, &collection);
        if is_unchanged(&definition, &name, &package_id, &mut place)? {
            return Err(Error::refused(redefines));
        }
        definition
            .parameters()
            .write(NAMESPACES, &name, &mut place)
            .map_err(|error| error.within("could not serialize chaincode parameters to state"))?;
        package_record(&package_id)
            .write(SOURCES, &name, &mut place)
            .map_err(|error| error.within("could not serialize chaincode package info to state"))?;
        Ok(ApproveChaincodeDefinitionForMyOrgResult {})
    }
}

fn check_sequence(current: i64, requested: i64) -> Result<(), Error> {
    let next = current.saturating_add(1);
    let reason = if current == requested && requested == 0 {
        "requested sequence is 0, but first definable sequence number is 1".to_owned()
    } else if requested < current {
        format!(
            "currently defined sequence {current} is larger than requested sequence {requested}"
        )
    } else if requested > next {
        format!(
            "requested sequence {requested} is larger than the next available sequence number {next}"
        )
    } else {
        return Ok(());
    };
    Err(Error::refused(reason))
}

/// A committed sequence can be approved late, but only as it was committed.
fn same_as_committed(definition: &Definition, place: &mut Place<'_>) -> Result<(), Error> {
    let Some(committed) = read_definition(&definition.name, place)? else {
        return Err(Error::refused(format!(
            "missing metadata for currently committed sequence number ({})",
            definition.sequence
        )));
    };
    match committed.difference(definition) {
        None => Ok(()),
        Some(difference) => Err(Error::refused(format!(
            "attempted to redefine the current committed sequence ({}) for namespace {} with different parameters: {difference}",
            definition.sequence, definition.name
        ))),
    }
}

/// Whether the organisation has approved exactly this before; there would be nothing to write.
fn is_unchanged(
    definition: &Definition,
    name: &str,
    package_id: &str,
    place: &mut Place<'_>,
) -> Result<bool, Error> {
    let Some(approved) = read_approved_parameters(&definition.name, name, place)? else {
        return Ok(false);
    };
    if approved.difference(definition).is_some() {
        return Ok(false);
    }
    Ok(read_package_id(name, place)?.is_some_and(|approved| approved == package_id))
}

/// The package named with an approval; `None` if nothing was said, empty if none was named.
pub(super) fn read_package_id(name: &str, place: &mut Place<'_>) -> Result<Option<String>, Error> {
    let Some(metadata) = read_metadata(SOURCES, name, place)? else {
        return Ok(None);
    };
    if metadata.datatype != LOCAL_PACKAGE {
        return Err(Error::refused(format!(
            "not a chaincode local package type: {}",
            metadata.datatype
        )));
    }
    read_text(SOURCES, name, PACKAGE_ID, place).map(Some)
}
