//! What is refused when it is installed: cases 1 to 4, 8 and 9, and the caps on structure.

use runtime::{COMPONENT_BYTES_MAX, Error, RefusalKind};

use crate::encode_component;
use crate::fixture::{Node, Source, typed, variant, with_module};

fn good() -> Vec<u8> {
    Source::default().component()
}

/// Loads a component that must be refused, and gives the refusal's kind and text.
fn refused(component: &[u8]) -> (RefusalKind, String) {
    match Node::new().engine.load(component) {
        Err(Error::Refused(refusal)) => (refusal.kind, refusal.to_string()),
        other => panic!("not refused: {other:?}"),
    }
}

/// The kind of refusal of a component that has one more core module.
fn with(module: &str) -> (RefusalKind, String) {
    let module = wat::parse_str(module).unwrap_or_else(|error| panic!("{error}"));
    refused(&with_module(&good(), &module))
}

fn component(text: &str) -> (RefusalKind, String) {
    refused(&wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn a_contract_is_loaded() {
    let node = Node::new();
    let contract = node.engine.load(&good()).expect("a contract");
    assert_eq!(
        contract.hash(),
        node.engine.check(&good()).expect("checked").hash()
    );
    assert!(node.engine.loaded(contract.hash()).is_some());
}

#[test]
fn bytes_that_are_cut_short_are_refused_at_every_length() {
    let (node, component) = (Node::new(), good());
    let mut whole = 0;
    for len in 0..component.len() {
        let cut = &component[..len];
        let _ = encode_component(cut);
        if node.engine.check(cut).is_ok() {
            // Only what says who made the component stands behind its last export.
            whole += 1;
            node.engine.load(cut).expect("a whole contract");
        }
    }
    assert!(whole <= 2, "{whole} lengths pass");
}

#[test]
fn no_flipped_bit_makes_the_checks_panic() {
    let (node, component) = (Node::new(), good());
    for at in 0..component.len() {
        for bit in [0, 3, 7] {
            let mut flipped = component.clone();
            flipped[at] ^= 1 << bit;
            let _ = node.engine.check(&flipped);
        }
    }
}

#[test]
fn flipped_components_that_pass_the_checks_compile_or_are_refused() {
    let (node, component) = (Node::new(), good());
    let mut passed = 0;
    for at in (0..component.len()).step_by(97) {
        let mut flipped = component.clone();
        flipped[at] ^= 1;
        if node.engine.check(&flipped).is_ok() {
            passed += 1;
            let _ = node.engine.load(&flipped);
        }
    }
    assert!(
        passed > 0,
        "no flip passed the checks, so nothing was compiled"
    );
}

#[test]
fn an_overlong_number_is_refused() {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    module.extend([
        1, 0x86, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 1, 0x60, 0, 0, 0,
    ]);
    let (kind, _) = refused(&with_module(&good(), &module));
    assert_eq!(kind, RefusalKind::Invalid);
}

#[test]
fn more_bytes_than_allowed_are_refused_before_they_are_read() {
    let kind = encode_component(&vec![0; COMPONENT_BYTES_MAX + 1])
        .expect_err("too large")
        .kind;
    assert_eq!(kind, RefusalKind::TooLarge);
    assert_eq!(
        refused(&vec![0; COMPONENT_BYTES_MAX + 1]).0,
        RefusalKind::TooLarge
    );
}

#[test]
fn what_is_no_component_is_refused_by_name() {
    let node = Node::new();
    for bytes in [&b""[..], b"hello", b"#!/bin/sh", b"\0asm\x01\0\0\0"] {
        let refusal = node.engine.check(bytes).expect_err("refused");
        assert_eq!(refusal.kind, RefusalKind::NotAComponent);
    }
    let plain = wat::parse_str("(module)").expect("a module");
    let refusal = encode_component(&plain).expect_err("a module without the types of a world");
    assert_eq!(refusal.kind, RefusalKind::NotAComponent);
    assert!(refusal.to_string().contains("component-type"), "{refusal}");
}

#[test]
fn a_component_is_encoded_as_it_is() {
    assert_eq!(encode_component(&good()).expect("a component"), good());
}

#[test]
fn an_unknown_interface_is_refused_by_name() {
    let (kind, text) =
        component(r#"(component (import "weft:chaincode/filesystem@0.2.0" (instance)))"#);
    assert_eq!(kind, RefusalKind::UnknownImport);
    assert!(text.contains("weft:chaincode/filesystem@0.2.0"), "{text}");
    for name in ["wasi:http/types@0.2.0", "wasi:cli/environment@0.3.0", "env"] {
        let (kind, text) = component(&format!(r#"(component (import "{name}" (instance)))"#));
        assert_eq!(kind, RefusalKind::UnknownImport);
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn an_unknown_function_of_a_known_interface_is_refused_by_name() {
    let (kind, text) = refused(&variant("of-key: func", "of-all: func"));
    assert_eq!(kind, RefusalKind::UnknownImport);
    assert!(text.contains("of-all"), "{text}");
}

#[test]
fn a_known_function_with_another_signature_is_refused_by_name() {
    let (kind, text) = refused(&variant(
        "write: func(level: u32, message: string);",
        "write: func(level: u64, message: string);",
    ));
    assert_eq!(kind, RefusalKind::UnknownImport);
    assert!(
        text.contains("log@0.2.0") && text.contains("write"),
        "{text}"
    );
}

#[test]
fn another_version_of_the_world_is_refused_by_name() {
    for version in ["0.2.1", "0.3.0", "1.0.0"] {
        let to = format!("package weft:chaincode@{version};");
        let (kind, text) = refused(&variant("package weft:chaincode@0.2.0;", &to));
        assert_eq!(kind, RefusalKind::UnknownVersion);
        assert!(text.contains(version), "{text}");
    }
}

#[test]
fn an_import_that_is_no_interface_is_refused() {
    for import in [
        "(core module)",
        "(func)",
        "(component)",
        "(type (sub resource))",
    ] {
        let text = format!(r#"(component (import "weft:chaincode/log@0.2.0" {import}))"#);
        assert_eq!(component(&text).0, RefusalKind::UnknownImport, "{import}");
    }
}

#[test]
fn the_same_import_twice_is_refused() {
    let (kind, _) = component(
        r#"(component (import "weft:chaincode/log@0.2.0" (instance))
                      (import "weft:chaincode/log@0.2.0" (instance)))"#,
    );
    assert_eq!(kind, RefusalKind::Invalid);
}

#[test]
fn too_many_imports_are_refused() {
    let imports: String = (0..513)
        .map(|n| format!(r#"(import "wasi:cli/exit@0.2.{n}" (instance))"#))
        .collect();
    assert_eq!(
        component(&format!("(component {imports})")).0,
        RefusalKind::StructureLimit
    );
}

#[test]
fn the_older_wasi_is_refused_by_name() {
    let text = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#;
    let core = typed(wat::parse_str(text).expect("a module"));
    let refusal = encode_component(&core).expect_err("refused");
    assert!(
        refusal.to_string().contains("wasi_snapshot_preview1"),
        "{refusal}"
    );
}

#[test]
fn a_missing_or_differently_shaped_export_is_refused() {
    assert_eq!(component("(component)").0, RefusalKind::MissingExport);
    for (from, to) in [
        ("metadata: func() -> string;", ""),
        ("metadata: func() -> string;", "metadata: func() -> u32;"),
        (
            "init: func(args: list<list<u8>>) -> response;",
            "init: func(args: list<string>) -> response;",
        ),
        (
            "invoke: func(args: list<list<u8>>) -> response;",
            "invoke: func(args: list<list<u8>>) -> u32;",
        ),
    ] {
        let (kind, text) = refused(&variant(from, to));
        assert_eq!(kind, RefusalKind::MissingExport, "{to}: {text}");
    }
    let function = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (export "weft:chaincode/contract@0.2.0" (func $f)))"#;
    assert!(
        matches!(
            component(function).0,
            RefusalKind::MissingExport | RefusalKind::Invalid
        ),
        "a function in the interface's place"
    );
}

#[test]
fn long_and_unprintable_names_are_refused_and_not_repeated() {
    let long = "x".repeat(90_000);
    let names = [
        long.as_str(),
        "line\\nbreak",
        "\\u{1b}[2Jclear",
        "right\\u{202e}left",
        "\\u{0}",
    ];
    for name in names {
        let (kind, text) = with(&format!(r#"(module (func (export "{name}")))"#));
        assert_eq!(kind, RefusalKind::BadName);
        assert!(text.len() < 1_000, "a long name is repeated");
        assert!(!text.contains(['\u{1b}', '\n', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn memories_and_tables_beyond_the_limits_are_refused() {
    for module in [
        "(module (memory 65536))",
        "(module (memory 1025))",
        "(module (memory 1 2000))",
        r#"(module (import "a" "b" (memory 1025)))"#,
        "(module (table 10000000 funcref))",
        "(module (table 10001 funcref))",
        r#"(module (import "a" "b" (table 10001 funcref)))"#,
    ] {
        assert_eq!(with(module).0, RefusalKind::StructureLimit, "{module}");
    }
    let tables = format!("(module {})", "(table 1 funcref)".repeat(100));
    assert_eq!(with(&tables).0, RefusalKind::StructureLimit);
    // Two memories: refused by the cap before the feature is looked at.
    assert_eq!(
        with("(module (memory 1) (memory 1))").0,
        RefusalKind::StructureLimit
    );
}

#[test]
fn a_contract_without_memory_cannot_be_made() {
    let text = r#"(module
        (func (export "weft:chaincode/contract@0.2.0#invoke") (param i32 i32) (result i32) unreachable)
        (func (export "weft:chaincode/contract@0.2.0#init") (param i32 i32) (result i32) unreachable)
        (func (export "weft:chaincode/contract@0.2.0#metadata") (result i32) unreachable))"#;
    let core = typed(wat::parse_str(text).expect("a module"));
    assert!(encode_component(&core).is_err());
}

#[test]
fn a_module_instantiated_often_is_refused_for_its_memories() {
    let instances = "(core instance (instantiate $m))".repeat(3);
    let text = format!("(component (core module $m (memory 1)) {instances})");
    let (kind, _) = component(&text);
    // Without a contract it is refused for that first; with one, for its memories.
    assert_eq!(kind, RefusalKind::MissingExport);
    let many = "(core instance (instantiate $m))".repeat(65);
    let text = format!("(component (core module $m (memory 1)) {many})");
    assert_eq!(component(&text).0, RefusalKind::StructureLimit);
}

#[test]
fn what_would_cost_the_compiler_much_is_refused_quickly() {
    let function = |body: &str| format!("(module (func {body}))");
    let bombs = [
        (
            "nested blocks",
            function(&format!(
                "{}{}",
                "block ".repeat(3_000),
                "end ".repeat(3_000)
            )),
        ),
        (
            "locals of one function",
            function(&format!("(local {})", "i32 ".repeat(20_000))),
        ),
        (
            "locals of all",
            format!(
                "(module {})",
                format!("(func (local {}))", "i32 ".repeat(9_000)).repeat(8)
            ),
        ),
        (
            "parameters",
            format!("(module (func (param {})))", "i32 ".repeat(101)),
        ),
        (
            "results",
            format!("(module (type (func (result {}))))", "i32 ".repeat(101)),
        ),
        ("a large function", function(&"nop ".repeat(300_000))),
        (
            "a wide branch",
            function(&format!(
                "(br_table {} 0 (i32.const 0))",
                "0 ".repeat(20_000)
            )),
        ),
        (
            "data segments",
            format!(
                "(module (memory 1) {})",
                "(data (i32.const 0) \"\")".repeat(10_001)
            ),
        ),
        ("functions", format!("(module {})", "(func)".repeat(50_001))),
        (
            "types",
            format!("(module {})", "(type (func))".repeat(20_001)),
        ),
        (
            "globals",
            format!("(module {})", "(global i32 (i32.const 0))".repeat(20_001)),
        ),
        (
            "branches over many locals",
            function(&format!(
                "(local {}) {}",
                "i64 ".repeat(2_000),
                "(block)".repeat(2_500)
            )),
        ),
    ];
    for (name, module) in bombs {
        let (kind, text) = with(&module);
        assert_eq!(kind, RefusalKind::StructureLimit, "{name}: {text}");
    }
    let nested = format!("{}{}", "(component ".repeat(20), ")".repeat(20));
    assert_eq!(component(&nested).0, RefusalKind::StructureLimit);
}

#[test]
fn strings_in_other_encodings_are_refused() {
    for encoding in ["utf16", "latin1+utf16"] {
        let text = format!(
            r#"(component
                (core module $m (memory (export "m") 1)
                    (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable)
                    (func (export "f") (param i32 i32)))
                (core instance $i (instantiate $m))
                (func (param "s" string) (canon lift (core func $i "f") (memory $i "m")
                    (realloc (func $i "r")) string-encoding={encoding})))"#
        );
        let (kind, text) = component(&text);
        assert_eq!(kind, RefusalKind::Invalid);
        assert!(text.contains("UTF-16"), "{text}");
    }
}
