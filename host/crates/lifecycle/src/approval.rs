//! What an organisation has said of a definition, and whether its peers may run the chaincode.

use bytes::Bytes;
use proto::lifecycle::state_data;
use rwset::StateReader;

use crate::{
    Definition, Error,
    keys::{NAMESPACES, SOURCES, approval_name, field_key, implicit_collection},
    place::Hashes,
    record::{Record, encode, is_hash_of},
};

/// The state's name for the record of a package.
pub(crate) const LOCAL_PACKAGE: &str = "ChaincodeLocalPackage";
pub(crate) const PACKAGE_ID: &str = "PackageID";

/// Whether this peer may run a committed chaincode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocability {
    /// It may, with this installed package.
    Ready {
        /// Id of the package.
        package_id: String,
    },
    /// Its organisation has not approved this definition.
    NotApproved,
    /// Its organisation has, but the package it named is not installed here, or it named none.
    NotInstalled,
}

/// The record of the package that an organisation runs; an empty id is none.
pub(crate) fn package_record(package_id: &str) -> Record {
    Record {
        datatype: LOCAL_PACKAGE,
        fields: vec![(PACKAGE_ID, state_data::Type::String(package_id.to_owned()))],
    }
}

/// Whether a peer of organisation `msp_id` on which `installed` are installed may run a committed definition.
///
/// Decided by the hashes of the organisation's approval, as in Fabric: so a peer that never received the approval in the
/// clear, one that was down or came later, comes to the same answer.
///
/// # Errors
/// [`Error::State`].
pub fn invocability<'a>(
    reader: &dyn StateReader,
    msp_id: &str,
    definition: &Definition,
    installed: impl IntoIterator<Item = &'a str>,
) -> Result<Invocability, Error> {
    let collection = implicit_collection(msp_id);
    let mut hashes = Hashes::Committed(reader, &collection);
    let name = approval_name(&definition.name, definition.sequence);
    let parameters = definition.parameters();
    if !parameters
        .mismatches(NAMESPACES, &name, &mut hashes)?
        .is_empty()
    {
        return Ok(Invocability::NotApproved);
    }
    if !package_record("").metadata_matches(SOURCES, &name, &mut hashes)? {
        return Ok(Invocability::NotInstalled);
    }
    let hash: Option<Bytes> = hashes.get(&field_key(SOURCES, &name, PACKAGE_ID))?;
    // No package has an empty id; an approval with one names no package.
    let named = |package_id: &&str| {
        if package_id.is_empty() {
            return false;
        }
        let value = encode(&state_data::Type::String((*package_id).to_owned()));
        is_hash_of(hash.as_ref(), &value)
    };
    Ok(installed
        .into_iter()
        .find(named)
        .map_or(Invocability::NotInstalled, |package_id| {
            Invocability::Ready {
                package_id: package_id.to_owned(),
            }
        }))
}

/// Whether organisation `msp_id` has approved exactly this definition.
///
/// # Errors
/// [`Error::State`].
pub fn is_approved(
    reader: &dyn StateReader,
    msp_id: &str,
    definition: &Definition,
) -> Result<bool, Error> {
    let collection = implicit_collection(msp_id);
    let mut hashes = Hashes::Committed(reader, &collection);
    let name = approval_name(&definition.name, definition.sequence);
    let mismatches = definition
        .parameters()
        .mismatches(NAMESPACES, &name, &mut hashes)?;
    Ok(mismatches.is_empty())
}
