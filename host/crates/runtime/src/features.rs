//! Which WebAssembly features a contract may use.
//!
//! The list is closed: a feature that a later wasmtime knows and turns on by default stays off until it is named
//! here with its reason. Everything allowed is deterministic; floats are, with canonical NaN.

use wasmtime::WasmFeatures;

/// Features that contracts may use, and why each is here.
pub(crate) fn allowed() -> WasmFeatures {
    // WebAssembly 1.0 and what rustc 1.95 uses by default for wasm32-unknown-unknown.
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        // For the long form of call_indirect that LLVM writes, and for table.grow and table.fill of function tables;
        // externref stays refused, since GC_TYPES is not here.
        | WasmFeatures::REFERENCE_TYPES
        // f32 and f64; without them hardly a program compiles.
        | WasmFeatures::FLOATS
        // The form in which contracts come.
        | WasmFeatures::COMPONENT_MODEL
}

/// Turns on what is allowed and explicitly off everything else that this wasmtime knows.
pub(crate) fn configure(config: &mut wasmtime::Config) {
    let allowed = allowed();
    for flag in WasmFeatures::all().iter() {
        if !allowed.contains(flag) {
            config.wasm_features(flag, false);
        }
    }
    config.wasm_features(allowed, true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_by_name_is_off() {
        let config = crate::settings::config(1).expect("this machine runs contracts");
        let on = wasmtime::Engine::new(&config)
            .expect("an engine")
            .get_wasm_features();
        assert_eq!(on, allowed(), "{:?}", on.symmetric_difference(allowed()));
        assert!(
            WasmFeatures::all().iter().count() > 30,
            "the features are not enumerated"
        );
    }
}
