//! Everything that is checked before a component reaches the compiler.
//!
//! A compiler may need minutes and gigabytes for a few crafted kilobytes, so structure is capped here first; then the
//! component is validated, and its imports and its export are held against the world.

pub(crate) mod caps;
mod code;
mod names;

use sha2::{Digest as _, Sha256};
use wasmparser::{FuncValidatorAllocations, Parser, Payload, ValidPayload, Validator};

use crate::encode::refuse_too_large;
use crate::features;
use crate::refusal::{Refusal, RefusalKind};

use self::caps::Counts;

/// A component that passed every check made before compiling.
#[derive(Debug, Clone)]
pub struct Checked {
    hash: [u8; 32],
    bytes: Vec<u8>,
}

impl Checked {
    /// SHA-256 of the component's bytes: what names it in caches.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The component, as it was given.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Gives the hash that names a component.
pub(crate) fn hash_of(component: &[u8]) -> [u8; 32] {
    Sha256::digest(component).into()
}

/// Checks a component: size, structure, names, features, validity, imports and the exported contract.
///
/// # Errors
/// A [`Refusal`] of any kind; the first rule broken, in the order of the bytes.
pub(crate) fn check(component: &[u8]) -> Result<Checked, Refusal> {
    refuse_too_large(component)?;
    if !Parser::is_component(component) {
        return Err(Refusal::new(
            RefusalKind::NotAComponent,
            "these bytes are no WebAssembly component",
            "make a component of the core module first (weft chaincode package does)",
        ));
    }
    walk(component)?;
    Ok(Checked {
        hash: hash_of(component),
        bytes: component.to_vec(),
    })
}

fn walk(component: &[u8]) -> Result<(), Refusal> {
    let mut validator = Validator::new_with_features(features::allowed());
    let mut allocations = FuncValidatorAllocations::default();
    let mut counts = Counts::default();
    let mut contract_exported = false;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| Refusal::invalid(&error))?;
        counts.count(&payload)?;
        names::check(&payload, counts.is_outermost(), &mut contract_exported)?;
        let valid = validator
            .payload(&payload)
            .map_err(|error| Refusal::invalid(&error))?;
        if let ValidPayload::Func(function, body) = valid {
            counts.add_locals(code::check(&body)?)?;
            let mut validator = function.into_validator(std::mem::take(&mut allocations));
            validator
                .validate(&body)
                .map_err(|error| Refusal::invalid(&error))?;
            allocations = validator.into_allocations();
        }
        if let Payload::End(_) = payload {
            counts.leave();
        }
    }
    if contract_exported {
        Ok(())
    } else {
        Err(names::contract_missing())
    }
}
