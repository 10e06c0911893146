//! Records in the state: a struct whose fields are keys of their own, so that a change writes only what changed.
//!
//! Fabric's `core/chaincode/lifecycle/serializer.go`. The names of records and fields and their order are part of what
//! organisations compare by hash.

use bytes::Bytes;
use model::hash::sha256;
use prost::Message;
use proto::FromWire;
use proto::lifecycle::{StateData, StateMetadata, state_data};

use crate::{
    Error,
    keys::{field_key, metadata_key},
    place::{Hashes, Place},
};

/// A record ready to be written: its type's name, and its fields in the type's order.
pub(crate) struct Record {
    pub(crate) datatype: &'static str,
    pub(crate) fields: Vec<(&'static str, state_data::Type)>,
}

impl Record {
    fn metadata(&self) -> StateMetadata {
        StateMetadata {
            datatype: self.datatype.to_owned(),
            fields: self
                .fields
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        }
    }

    /// Writes the fields that differ from what is there, and the metadata if the type or the number of fields does.
    pub(crate) fn write(&self, kind: &str, name: &str, place: &mut Place<'_>) -> Result<(), Error> {
        let metadata = read_metadata(kind, name, place)?.unwrap_or_default();
        let mut existing = Vec::with_capacity(metadata.fields.len());
        for field in &metadata.fields {
            let key = field_key(kind, name, field);
            let value = place.get(&key)?;
            existing.push((key, value.unwrap_or_default()));
        }
        for (field, data) in &self.fields {
            let key = field_key(kind, name, field);
            let value = encode(data);
            let old = existing.iter().position(|(other, _)| *other == key);
            let old = old.map(|index| existing.swap_remove(index).1);
            if old.as_ref() != Some(&value) {
                place.put(&key, value)?;
            }
        }
        let left_over = !existing.is_empty();
        if left_over
            || metadata.datatype != self.datatype
            || metadata.fields.len() != self.fields.len()
        {
            let value = self.metadata().encode_to_vec().into();
            place.put(&metadata_key(kind, name), value)?;
        }
        for (key, _) in existing {
            place.delete(&key)?;
        }
        Ok(())
    }

    /// The parts in which a record known only by its hashes differs: the type's name if even that does, else fields.
    ///
    /// All hashes are read first, whatever the answer, since the reads are part of the transaction.
    pub(crate) fn mismatches(
        &self,
        kind: &str,
        name: &str,
        hashes: &mut Hashes<'_>,
    ) -> Result<Vec<&'static str>, Error> {
        let metadata = hashes.get(&metadata_key(kind, name))?;
        let mut different = Vec::new();
        for (field, data) in &self.fields {
            let hash = hashes.get(&field_key(kind, name, field))?;
            if !is_hash_of(hash.as_ref(), &encode(data)) {
                different.push(*field);
            }
        }
        if !is_hash_of(metadata.as_ref(), &self.metadata().encode_to_vec()) {
            return Ok(vec![self.datatype]);
        }
        Ok(different)
    }

    /// Whether the metadata of such a record is there, known by its hash.
    pub(crate) fn metadata_matches(
        &self,
        kind: &str,
        name: &str,
        hashes: &mut Hashes<'_>,
    ) -> Result<bool, Error> {
        let hash = hashes.get(&metadata_key(kind, name))?;
        Ok(is_hash_of(hash.as_ref(), &self.metadata().encode_to_vec()))
    }
}

pub(crate) fn is_hash_of(hash: Option<&Bytes>, value: &[u8]) -> bool {
    hash.is_some_and(|hash| hash.as_ref() == sha256(value).as_slice())
}

pub(crate) fn encode(data: &state_data::Type) -> Bytes {
    let data = StateData {
        r#type: Some(data.clone()),
    };
    data.encode_to_vec().into()
}

/// A message as a field of a record.
pub(crate) fn bytes(message: &impl Message) -> state_data::Type {
    state_data::Type::Bytes(message.encode_to_vec().into())
}

pub(crate) fn read_metadata(
    kind: &str,
    name: &str,
    place: &mut Place<'_>,
) -> Result<Option<StateMetadata>, Error> {
    let key = metadata_key(kind, name);
    place
        .get(&key)?
        .map(|value| StateMetadata::from_wire(value).map_err(|error| corrupt(&key, &error)))
        .transpose()
}

/// A field that holds a number; 0 when it is absent.
pub(crate) fn read_number(
    kind: &str,
    name: &str,
    field: &str,
    place: &mut Place<'_>,
) -> Result<i64, Error> {
    match read_field(kind, name, field, place)? {
        None => Ok(0),
        Some(state_data::Type::Int64(number)) => Ok(number),
        Some(_) => Err(wrong_type(kind, name, field, "Int64")),
    }
}

/// A field that holds text; empty when it is absent.
pub(crate) fn read_text(
    kind: &str,
    name: &str,
    field: &str,
    place: &mut Place<'_>,
) -> Result<String, Error> {
    match read_field(kind, name, field, place)? {
        None => Ok(String::new()),
        Some(state_data::Type::String(text)) => Ok(text),
        Some(_) => Err(wrong_type(kind, name, field, "String")),
    }
}

/// A field that holds a message; the empty one when it is absent.
pub(crate) fn read_message<T: FromWire>(
    kind: &str,
    name: &str,
    field: &str,
    place: &mut Place<'_>,
) -> Result<T, Error> {
    let value = match read_field(kind, name, field, place)? {
        None => Bytes::new(),
        Some(state_data::Type::Bytes(value)) => value,
        Some(_) => return Err(wrong_type(kind, name, field, "[]byte")),
    };
    T::from_wire(value).map_err(|error| corrupt(&field_key(kind, name, field), &error))
}

fn read_field(
    kind: &str,
    name: &str,
    field: &str,
    place: &mut Place<'_>,
) -> Result<Option<state_data::Type>, Error> {
    let key = field_key(kind, name, field);
    let value = place.get(&key)?.unwrap_or_default();
    let data = StateData::from_wire(value).map_err(|error| corrupt(&key, &error))?;
    Ok(data.r#type)
}

fn corrupt(key: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::Corrupt {
        key: key.to_owned(),
        reason: reason.to_string(),
    }
}

fn wrong_type(kind: &str, name: &str, field: &str, expected: &str) -> Error {
    corrupt(
        &field_key(kind, name, field),
        &format_args!("expected a value of type {expected}"),
    )
}
