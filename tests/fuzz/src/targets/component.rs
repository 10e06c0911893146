//! WebAssembly as a caller installs it: checks only, nothing is compiled.

use std::sync::OnceLock;

use runtime::{Config, Engine, encode_component};

use crate::network;

pub(super) fn run(bytes: &[u8]) {
    if let Ok(component) = encode_component(bytes) {
        check(&component);
    }
    check(bytes);
}

/// What passes is given back as it is; what does not has a kind and a reason.
fn check(bytes: &[u8]) {
    match engine().check(bytes) {
        Ok(checked) => {
            assert_eq!(checked.bytes(), bytes);
            assert_eq!(checked.hash(), &model::hash::sha256(bytes));
        }
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            let _ = refusal.kind.code();
        }
    }
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let config = Config {
            threads: 1,
            ..Config::default()
        };
        Engine::new(config, &mut network::fill(1)).expect("an engine starts here")
    })
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![b"\0asm\x01\0\0\0".to_vec(), b"\0asm\x0d\0\x01\0".to_vec()];
    seeds.extend(MODULES.iter().map(|text| wat::parse_str(text).unwrap()));
    seeds
}

/// Small modules and components with something of each section in them.
const MODULES: [&str; 3] = [
    r#"(module (type (func (param i32) (result i32))) (memory (export "memory") 1 2) (table 1 funcref)
        (global $g (mut i32) (i32.const 7)) (elem (i32.const 0) $f) (data (i32.const 0) "hello")
        (func $f (type 0) (local i64) local.get 0 global.get $g i32.add) (export "f" (func $f)))"#,
    r#"(component (core module $m (func (export "f") (param i32) (result i32) local.get 0))
        (core instance $i (instantiate $m))
        (func $f (param "a" u32) (result u32) (canon lift (core func $i "f"))) (export "f" (func $f)))"#,
    r#"(component (import "weft:chaincode/state@0.2.0" (instance (export "r" (type (sub resource)))
        (type $t (list u8)) (export "e" (type (eq $t))) (export "get" (func (param "key" string) (result (option $t))))))
        (component (type (record (field "a" string) (field "b" (tuple u8 char))))))"#,
];
