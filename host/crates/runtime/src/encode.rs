//! From what a compiler makes to a component.

use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use crate::refusal::{Refusal, RefusalKind};

/// Bytes of the largest core module or component that is looked at.
pub const COMPONENT_BYTES_MAX: usize = 20 * 1024 * 1024;

/// The prefix of the custom sections in which binding generators leave the world's types.
const TYPES_SECTION: &str = "component-type";

/// Makes a component of a core module that a binding generator prepared; a component is given back as it is.
///
/// `cargo build --target wasm32-unknown-unknown` makes such a core module of a contract written with the SDK. Nothing
/// is checked here beyond what encoding needs: [`Engine::check`](crate::Engine::check) does that.
///
/// # Errors
/// - [`RefusalKind::TooLarge`]: more than [`COMPONENT_BYTES_MAX`] bytes.
/// - [`RefusalKind::NotAComponent`]: not WebAssembly, or a core module without the types of a world.
/// - [`RefusalKind::Invalid`]: the module is broken, or does not fit the world that it names.
pub fn encode_component(wasm: &[u8]) -> Result<Vec<u8>, Refusal> {
    refuse_too_large(wasm)?;
    if Parser::is_component(wasm) {
        return Ok(wasm.to_vec());
    }
    if !Parser::is_core_wasm(wasm) {
        return Err(Refusal::new(
            RefusalKind::NotAComponent,
            "these bytes are no WebAssembly binary",
            "give the .wasm file that the compiler wrote",
        ));
    }
    if !names_a_world(wasm)? {
        return Err(Refusal::new(
            RefusalKind::NotAComponent,
            "a core module without the types of a world (no component-type section)",
            "build it with the Weft SDK or with wit-bindgen for weft:chaincode",
        ));
    }
    ComponentEncoder::default()
        .validate(true)
        .reject_legacy_names(false)
        .module(wasm)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| Refusal::invalid(&format!("{error:#}")))
}

/// Refuses more bytes than a contract may have.
pub(crate) fn refuse_too_large(wasm: &[u8]) -> Result<(), Refusal> {
    if wasm.len() <= COMPONENT_BYTES_MAX {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalKind::TooLarge,
        format!(
            "{} bytes, at most {COMPONENT_BYTES_MAX} are allowed",
            wasm.len()
        ),
        "strip debug information and build for size",
    ))
}

fn names_a_world(wasm: &[u8]) -> Result<bool, Refusal> {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CustomSection(section) =
            payload.map_err(|error| Refusal::invalid(&error))?
            && section.name().starts_with(TYPES_SECTION)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
