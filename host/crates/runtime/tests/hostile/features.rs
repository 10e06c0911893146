//! Case 6: every feature after WebAssembly 1.0 that is not allowed by name is refused; and the fuel bypasses.

use runtime::RefusalKind;

use crate::fixture::{Node, Source, with_module};

/// A module for each core feature that must be off.
const MODULES: [(&str, &str); 19] = [
    ("threads: shared memory", "(module (memory 1 1 shared))"),
    (
        "threads: atomics",
        "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
    ),
    ("tail call", "(module (func $f (return_call $f)))"),
    ("memory64", "(module (memory i64 1))"),
    ("table64", "(module (table i64 1 funcref))"),
    ("simd", "(module (func (drop (v128.const i32x4 0 0 0 0))))"),
    (
        "relaxed simd",
        "(module (func (param v128) (result v128)
            (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
    ),
    (
        "function references: call_ref",
        "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))",
    ),
    ("gc: struct", "(module (type (struct (field i32))))"),
    ("gc: array", "(module (type (array i8)))"),
    ("gc: i31", "(module (func (drop (ref.i31 (i32.const 1)))))"),
    ("exceptions: tag", "(module (tag))"),
    (
        "exceptions: throw_ref",
        "(module (func (param exnref) (throw_ref (local.get 0))))",
    ),
    ("externref tables", "(module (table 1 externref))"),
    ("externref parameters", "(module (func (param externref)))"),
    (
        "extended constants",
        "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
    ),
    ("custom page sizes", "(module (memory 1 (pagesize 1)))"),
    (
        "wide arithmetic",
        "(module (func (param i64) (result i64 i64)
            (i64.mul_wide_u (local.get 0) (local.get 0))))",
    ),
    (
        "stack switching",
        "(module (type $f (func)) (type (cont $f)))",
    ),
];

/// A component for each feature of the component model that must be off.
const COMPONENTS: [(&str, &str); 6] = [
    ("streams", "(component (type (stream u8)))"),
    ("futures", "(component (type (future u8)))"),
    ("error context", "(component (type error-context))"),
    ("fixed-length lists", "(component (type (list u8 4)))"),
    ("maps", "(component (type (map string u8)))"),
    (
        "async builtins",
        "(component (core func (canon backpressure.inc)))",
    ),
];

#[test]
fn core_features_that_are_not_allowed_are_refused() {
    let (node, good) = (Node::new(), Source::default().component());
    for (name, text) in MODULES {
        let module = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let refusal = node
            .engine
            .check(&with_module(&good, &module))
            .expect_err(name);
        assert_eq!(refusal.kind, RefusalKind::Invalid, "{name}: {refusal}");
    }
}

#[test]
fn component_features_that_are_not_allowed_are_refused() {
    let node = Node::new();
    for (name, text) in COMPONENTS {
        let component = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let refusal = node.engine.check(&component).expect_err(name);
        assert_eq!(refusal.kind, RefusalKind::Invalid, "{name}: {refusal}");
    }
}

#[test]
fn what_compilers_write_by_default_is_allowed() {
    let node = Node::new();
    let items = r#"
        (global $mutable (export "mutable") (mut i32) (i32.const 0))
        (table $t 2 funcref)
        (elem $passive func $two)
        (data $segment "abc")
        (type $void (func))
        (func $two (result i32 i32) (i32.const 1) (i32.const 2))
        (func (export "all") (param f64)
            (drop (i32.extend8_s (i32.trunc_sat_f64_s (local.get 0))))
            (memory.init $segment (i32.const 900) (i32.const 0) (i32.const 3))
            (data.drop $segment)
            (memory.fill (i32.const 900) (i32.const 0) (i32.const 3))
            (table.init $t $passive (i32.const 0) (i32.const 0) (i32.const 1))
            (elem.drop $passive)
            (drop (table.grow $t (ref.null func) (i32.const 1)))
            (call_indirect $t (type $void) (i32.const 0)))"#;
    assert_eq!(node.print(&Source::default().items(items)), "");
}

/// The two modules by which fuel could be bypassed in wasmtime 48.0.0.
#[test]
fn the_known_fuel_bypasses_are_refused_for_their_features() {
    let Some(folder) = recordings::shared("sandbox/wat") else {
        return;
    };
    let (node, good) = (Node::new(), Source::default().component());
    for name in ["call-ref-fuel.wat", "throw-catch-fuel.wat"] {
        let module = wat::parse_file(folder.join(name)).unwrap_or_else(|error| panic!("{error}"));
        let refusal = node
            .engine
            .check(&with_module(&good, &module))
            .expect_err(name);
        assert_eq!(refusal.kind, RefusalKind::Invalid, "{refusal}");
    }
}
