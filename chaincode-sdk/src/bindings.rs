//! The imports and exports of the WIT world, generated.
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::missing_errors_doc,
    clippy::unwrap_used,
    reason = "generated code: pointers and lengths cross the border between guest and host here"
)]

wit_bindgen::generate!({
    path: "wit",
    world: "chaincode",
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "chaincode_sdk::bindings",
});
