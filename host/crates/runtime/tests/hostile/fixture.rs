//! Contracts made of text, and a node's worth of runtime to run them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rwset::{MemoryState, Simulator};
use wit_component::StringEncoding;
use wit_parser::{ManglingAndAbi, Resolve, WorldId};

use crate::{
    Answer, Config, Contract, Engine, Entry, Executor, Hooks, Invocation, Outcome, Trap, TxContext,
    encode_component,
};

pub(crate) const TX_ID: &str = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
const PRELUDE: &str = include_str!("prelude.wat");
const CONTRACT: &str = "weft:chaincode/contract@0.2.0";

/// The text of a core module: items beside the prelude's, and the bodies of the contract's functions.
#[derive(Clone, Default)]
pub(crate) struct Source {
    pub(crate) items: String,
    pub(crate) invoke: String,
    pub(crate) init: String,
    pub(crate) metadata: String,
    pub(crate) prelude: Option<String>,
}

impl Source {
    pub(crate) fn invoke(body: &str) -> Self {
        Self {
            invoke: body.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn items(mut self, items: &str) -> Self {
        self.items.push_str(items);
        self
    }

    /// The core module, without the world's types.
    pub(crate) fn core(&self) -> Vec<u8> {
        let Self {
            items,
            invoke,
            init,
            metadata,
            prelude,
        } = self;
        let prelude = prelude.as_deref().unwrap_or(PRELUDE);
        let code = format!("{items} {invoke} {init} {metadata}");
        let imports = imports(&code);
        let locals = "(local $i i32) (local $j i32) (local $h i32) (local $l i64) (local $f f64)";
        let metadata = if metadata.is_empty() {
            "(i32.const 40)"
        } else {
            metadata
        };
        let text = format!(
            r#"(module {imports} {prelude} {items}
  (func $invoke (export "{CONTRACT}#invoke") (param $args i32) (param $count i32) (result i32) {locals}
    {invoke} (call $answer (i32.const 200)))
  (func (export "{CONTRACT}#init") (param $args i32) (param $count i32) (result i32) {locals}
    {init} (call $answer (i32.const 200)))
  (func (export "{CONTRACT}#metadata") (result i32) {metadata}))"#
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let core = typed(self.core());
        encode_component(&core).unwrap_or_else(|refusal| panic!("{refusal}"))
    }
}

/// Adds the world's types to a core module, as a binding generator does.
pub(crate) fn typed(core: Vec<u8>) -> Vec<u8> {
    let (resolve, world) = world();
    typed_in(core, &resolve, world)
}

/// Adds the types of any world to a core module.
pub(crate) fn typed_in(mut core: Vec<u8>, resolve: &Resolve, world: WorldId) -> Vec<u8> {
    wit_component::embed_component_metadata(&mut core, resolve, world, StringEncoding::UTF8)
        .expect("the world's types can be embedded");
    core
}

/// The WIT world, read from the SDK.
pub(crate) fn world() -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(root().join("chaincode-sdk/wit"))
        .expect("the world parses");
    let world = resolve
        .select_world(&[package], None)
        .expect("there is one world");
    (resolve, world)
}

/// A component that imports and exports all of a world and does nothing.
pub(crate) fn dummy(resolve: &Resolve, world: WorldId) -> Vec<u8> {
    let abi = ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync);
    let core = wit_component::dummy_module(resolve, world, abi);
    encode_component(&typed_in(core, resolve, world)).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// Such a component of the SDK's world with one text replaced by another.
pub(crate) fn variant(from: &str, to: &str) -> Vec<u8> {
    let path = root().join("chaincode-sdk/wit/chaincode.wit");
    let wit = std::fs::read_to_string(&path).expect("the world");
    assert!(wit.contains(from), "the world has no {from}");
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str(&path, &wit.replace(from, to))
        .expect("the variant parses");
    let world = resolve
        .select_world(&[package], None)
        .expect("there is one world");
    dummy(&resolve, world)
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Appends a core module to a component, so that it is checked and compiled and never instantiated.
pub(crate) fn with_module(component: &[u8], module: &[u8]) -> Vec<u8> {
    let mut out = component.to_vec();
    out.push(1);
    let mut len = module.len();
    loop {
        let byte = u8::try_from(len & 0x7f).expect("seven bits");
        len >>= 7;
        out.push(if len == 0 { byte } else { byte | 0x80 });
        if len == 0 {
            break;
        }
    }
    out.extend_from_slice(module);
    out
}

/// Every function of the world as a core import: interface, name, and how many i32 parameters it has.
const FUNCTIONS: [(&str, &str, usize); 43] = [
    ("state", "get", 3),
    ("state", "get-many", 3),
    ("state", "put", 5),
    ("state", "del", 3),
    ("state", "range", 5),
    ("state", "partial-composite", 5),
    ("state", "range-page", 8),
    ("state", "partial-composite-page", 8),
    ("state", "composite-page", 4),
    ("state", "get-validation-parameter", 3),
    ("state", "set-validation-parameter", 5),
    ("state", "[method]cursor.next", 3),
    ("state", "[resource-drop]cursor", 1),
    ("private-data", "get", 5),
    ("private-data", "get-many", 5),
    ("private-data", "get-hash", 5),
    ("private-data", "put", 7),
    ("private-data", "del", 5),
    ("private-data", "purge", 5),
    ("private-data", "range", 7),
    ("private-data", "partial-composite", 7),
    ("private-data", "get-validation-parameter", 5),
    ("private-data", "set-validation-parameter", 7),
    ("history", "of-key", 3),
    ("history", "[method]cursor.next", 3),
    ("history", "[resource-drop]cursor", 1),
    ("query", "run", 3),
    ("query", "run-page", 6),
    ("query", "run-private", 5),
    ("context", "tx-id", 1),
    ("context", "channel-id", 1),
    ("context", "creator", 1),
    ("context", "tx-timestamp", 1),
    ("context", "transient", 1),
    ("context", "binding", 1),
    ("context", "decorations", 1),
    ("context", "signed-proposal", 1),
    ("event", "set", 5),
    ("log", "write", 3),
    ("log", "panicked", 6),
    ("call", "invoke-chaincode", 7),
    ("state", "unknown-function", 1),
    ("unknown-interface", "get", 3),
];

/// Declares the functions that a text uses, as `$interface.name`.
fn imports(code: &str) -> String {
    FUNCTIONS
        .iter()
        .map(|(interface, name, params)| (interface, name, params, identifier(interface, name)))
        .filter(|(.., identifier)| code.contains(&format!("{identifier} ")))
        .map(|(interface, name, params, identifier)| {
            let params = "i32 ".repeat(*params);
            format!(
                r#"(import "weft:chaincode/{interface}@0.2.0" "{name}" (func {identifier} (param {params})))"#
            )
        })
        .collect()
}

pub(crate) fn identifier(interface: &str, name: &str) -> String {
    let name = name
        .trim_start_matches("[method]")
        .replace("[resource-drop]", "drop.");
    format!("${interface}.{name}")
}

/// An engine with its threads, as a node has them.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) executor: Executor,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self::with(Config {
            threads: 1,
            ..Config::default()
        })
    }

    pub(crate) fn with(config: Config) -> Self {
        let mut counter = 0_u8;
        let mut random = |secret: &mut [u8]| {
            for byte in secret {
                counter = counter.wrapping_add(1);
                *byte = counter;
            }
        };
        let engine = Engine::new(config, &mut random).expect("an engine");
        let executor = Executor::start(&engine).expect("threads");
        Self { engine, executor }
    }

    pub(crate) fn load(&self, source: &Source) -> Arc<Contract> {
        self.engine
            .load(&source.component())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn run(&self, invocation: Invocation) -> Outcome {
        let deadline = Instant::now() + Duration::from_secs(120);
        let pending = self
            .executor
            .submit(deadline, |worker| worker.invoke(invocation));
        pending.expect("not busy").wait().expect("a result")
    }

    /// Runs `invoke` of a contract over an empty state.
    pub(crate) fn invoke(&self, source: &Source) -> Outcome {
        self.run(invocation(&self.load(source), MemoryState::default()))
    }

    /// Runs a contract that must trap.
    pub(crate) fn trap(&self, source: &Source) -> Trap {
        let outcome = self.invoke(source);
        assert_eq!(
            outcome.fuel_used,
            runtime::world::FUEL_PER_CALL,
            "a trap takes the whole fuel"
        );
        outcome.result.expect_err("a trap")
    }

    /// Runs a contract that must answer, and gives what it printed.
    pub(crate) fn print(&self, source: &Source) -> String {
        printed(&answer(self.invoke(source)))
    }
}

/// A call of `invoke` without arguments, in the namespace `cc` of the channel `ch`.
pub(crate) fn invocation(contract: &Arc<Contract>, state: MemoryState) -> Invocation {
    Invocation {
        contract: Arc::clone(contract),
        namespace: "cc".to_owned(),
        channel: "ch".to_owned(),
        entry: Entry::Invoke,
        args: Vec::new(),
        context: Arc::new(TxContext {
            tx_id: TX_ID.to_owned(),
            creator_msp_id: "Org1MSP".to_owned(),
            creator_certificate: Bytes::from_static(b"-----BEGIN CERTIFICATE-----"),
            timestamp: prost_types::Timestamp {
                seconds: 1_700_000_000,
                nanos: 42,
            },
            transient: [("secret".to_owned(), Bytes::from_static(b"s"))].into(),
            binding: Bytes::from_static(&[7; 32]),
            decorations: [("colour".to_owned(), Bytes::from_static(b"red"))].into(),
            signed_proposal: Bytes::from_static(b"proposal"),
        }),
        simulator: Simulator::new(Box::new(state), TX_ID),
        hooks: Hooks::none(),
    }
}

pub(crate) fn answer(outcome: Outcome) -> Answer {
    outcome.result.unwrap_or_else(|trap| panic!("{trap:?}"))
}

pub(crate) fn printed(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.reply.payload).into_owned()
}

/// The bytes of the public read-write set.
pub(crate) fn results(answer: Answer) -> Bytes {
    answer.simulator.finish().expect("a read-write set").results
}
