//! The contract of these tests: the one that ran in the recorded channel, written again as text of WebAssembly, and some
//! functions that end badly.

use bytes::Bytes;
use prost::Message as _;
use wit_component::StringEncoding;
use wit_parser::Resolve;

const PRELUDE: &str = include_str!("contract.wat");
const EXPORT: &str = "weft:chaincode/contract@0.2.0";
/// Where constants begin.
const CONSTANTS: usize = 1_024;

/// Imported functions: interface, name, and how many i32 parameters the core function has.
const IMPORTS: [(&str, &str, usize); 20] = [
    ("state", "get", 3),
    ("state", "put", 5),
    ("state", "del", 3),
    ("state", "range", 5),
    ("state", "range-page", 8),
    ("state", "partial-composite", 5),
    ("state", "[method]cursor.next", 3),
    ("state", "get-validation-parameter", 3),
    ("state", "set-validation-parameter", 5),
    ("private-data", "get", 5),
    ("private-data", "get-hash", 5),
    ("private-data", "put", 7),
    ("private-data", "del", 5),
    ("private-data", "purge", 5),
    ("context", "tx-id", 1),
    ("context", "transient", 1),
    ("context", "channel-id", 1),
    ("event", "set", 5),
    ("log", "panicked", 6),
    ("call", "invoke-chaincode", 7),
];

/// The functions: name, and the core expression that gives the response. `A1` stands for pointer and length of an argument.
const FUNCTIONS: [(&str, &str); 30] = [
    ("nop", "(call $success)"),
    ("put", "(call $state.put A1 A2 RET) (call $done)"),
    (
        "putn",
        r"(local.set $n (call $number (i32.const 2)))
          (memory.copy (i32.const 768) A1)
          (block $end (loop $next
            (br_if $end (i32.eq (local.get $i) (local.get $n)))
            (memory.copy (i32.add (i32.const 768) (call $len (i32.const 1)))
              (call $digits (local.get $i) (i32.const 4)) (i32.const 4))
            (local.set $at (call $digits (local.get $i) (i32.const 1)))
            (call $state.put (i32.const 768) (i32.add (call $len (i32.const 1)) (i32.const 4))
              (local.get $at) (i32.sub (i32.const 532) (local.get $at)) RET)
            (if (call $failed) (then (return (call $failure))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $next)))
          (call $success)",
    ),
    ("get", "(call $state.get A1 RET) (call $value)"),
    (
        "rw",
        "(call $state.get A1 RET) (call $state.put A1 A2 RET) (call $state.get A1 RET) (call $value)",
    ),
    ("del", "(call $state.del A1 RET) (call $done)"),
    (
        "range",
        r"(call $state.range A1 A2 RET)
          (if (call $failed) (then (return (call $failure))))
          (local.set $h (i32.load (i32.const 260)))
          (call $context.tx-id RET)
          (call $state.put (i32.const TEXT_R) (i32.const 1) (i32.load (i32.const 256)) (i32.const 4) RET)
          (local.set $n (i32.const -1))
          (if (i32.gt_u (global.get $count) (i32.const 3)) (then (local.set $n (call $number (i32.const 3)))))
          (call $drain (local.get $h) (local.get $n))",
    ),
    (
        "page",
        "(call $state.range-page A1 A2 (call $number (i32.const 3)) (i32.const 0) (i32.const 0) RET) (call $done)",
    ),
    (
        "comp",
        r"(local.set $i (i32.const 2))
          (block $end (loop $next
            (br_if $end (i32.eq (local.get $i) (global.get $count)))
            (local.set $at (i32.const 768))
            (i32.store8 (local.get $at) (i32.const 0))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (memory.copy (local.get $at) A1)
            (local.set $at (i32.add (local.get $at) (call $len (i32.const 1))))
            (i32.store8 (local.get $at) (i32.const 0))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (memory.copy (local.get $at) (call $ptr (local.get $i)) (call $len (local.get $i)))
            (local.set $at (i32.add (local.get $at) (call $len (local.get $i))))
            (i32.store (local.get $at) (i32.const 0x007a00))
            (local.set $at (i32.add (local.get $at) (i32.const 3)))
            (call $state.put (i32.const 768) (i32.sub (local.get $at) (i32.const 768))
              (i32.const TEXT_NUL) (i32.const 1) RET)
            (if (call $failed) (then (return (call $failure))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $next)))
          (call $success)",
    ),
    (
        "rcomp",
        r"(call $state.partial-composite A1 (call $list (i32.const 2)) (i32.sub (global.get $count) (i32.const 2)) RET)
          (if (call $failed) (then (return (call $failure))))
          (call $drain (i32.load (i32.const 260)) (i32.const -1))",
    ),
    (
        "event",
        "(call $state.put (i32.const TEXT_E) (i32.const 1) A2 RET) (call $event.set A1 A2 RET) (call $done)",
    ),
    (
        "sbe",
        "(call $state.set-validation-parameter A1 (i32.const TEXT_POLICY) (i32.const LEN_POLICY) RET) (call $done)",
    ),
    (
        "sbeget",
        "(call $state.get-validation-parameter A1 RET) (call $value)",
    ),
    (
        "pput",
        r"(call $context.transient RET)
          (if (i32.eqz (i32.load (i32.const 260))) (then (unreachable)))
          (local.set $at (i32.load (i32.const 256)))
          (call $private-data.put A1 A2 (i32.load offset=8 (local.get $at)) (i32.load offset=12 (local.get $at)) RET)
          (call $done)",
    ),
    ("pget", "(call $private-data.get A1 A2 RET) (call $value)"),
    (
        "phash",
        "(call $private-data.get-hash A1 A2 RET) (call $value)",
    ),
    ("pdel", "(call $private-data.del A1 A2 RET) (call $done)"),
    (
        "ppurge",
        "(call $private-data.purge A1 A2 RET) (call $done)",
    ),
    (
        "mget",
        r"(local.set $i (i32.const 1))
          (block $end (loop $next
            (br_if $end (i32.eq (local.get $i) (global.get $count)))
            (call $state.get (call $ptr (local.get $i)) (call $len (local.get $i)) RET)
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $next)))
          (call $success)",
    ),
    (
        "status",
        "(call $reply (call $number (i32.const 1)) (i32.const 50) (i32.const 1) (i32.const 51) (i32.const 1))",
    ),
    // A status and a message.
    (
        "refuse",
        "(call $reply (call $number (i32.const 1)) A2 (i32.const 0) (i32.const 0))",
    ),
    // A status, a message and a payload.
    (
        "respond",
        "(call $reply (call $number (i32.const 1)) A2 A3)",
    ),
    // Writes, then answers with a status.
    (
        "putstatus",
        r"(call $state.put A1 A2 RET)
          (call $reply (call $number (i32.const 3)) (i32.const 50) (i32.const 1) (i32.const 51) (i32.const 1))",
    ),
    (
        "call",
        r"(call $call.invoke-chaincode A1 (call $list (i32.const 3)) (i32.sub (global.get $count) (i32.const 3)) A2 RET)
          (if (call $failed) (then (return (call $failure))))
          (call $reply (i32.load (i32.const 260)) (i32.load (i32.const 264)) (i32.load (i32.const 268))
            (i32.load (i32.const 272)) (i32.load (i32.const 276)))",
    ),
    // Calls as "call" does, then writes "k".
    (
        "callput",
        r"(call $call.invoke-chaincode A1 (call $list (i32.const 3)) (i32.sub (global.get $count) (i32.const 3)) A2 RET)
          (call $state.put (i32.const TEXT_K) (i32.const 1) (i32.const TEXT_K) (i32.const 1) RET)
          (call $done)",
    ),
    (
        "channel",
        r"(call $context.channel-id RET)
          (call $reply (i32.const 200) (i32.const 0) (i32.const 0) (i32.load (i32.const 256)) (i32.load (i32.const 260)))",
    ),
    (
        "panic",
        r"(call $state.put (i32.const TEXT_K) (i32.const 1) (i32.const TEXT_K) (i32.const 1) RET)
          (call $log.panicked A1 (i32.const TEXT_FILE) (i32.const LEN_FILE) (i32.const 7) (i32.const 3)) (unreachable)",
    ),
    ("trap", "(unreachable)"),
    ("burn", "(loop $for_ever (br $for_ever)) (unreachable)"),
    (
        "wrongstatus",
        "(call $reply (i32.const 99) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
];

/// The contract as a component.
pub(super) fn component() -> Bytes {
    let mut constants = Constants::default();
    let policy = super::peer_of_org1().encode_to_vec();
    let texts: [(&str, &[u8]); 6] = [
        ("NUL", b"\0"),
        ("R", b"r"),
        ("E", b"e"),
        ("K", b"k"),
        ("POLICY", &policy),
        ("FILE", b"src/lib.rs"),
    ];
    let mut code = String::new();
    for (name, body) in FUNCTIONS {
        let (at, len) = constants.place(name.as_bytes());
        code.push_str(&format!(
            "(if (call $is (i32.const {at}) (i32.const {len})) (then (return (block (result i32) {body}))))\n"
        ));
    }
    for (name, text) in texts {
        let (at, len) = constants.place(text);
        code = code.replace(&format!("TEXT_{name})"), &format!("{at})"));
        code = code.replace(&format!("LEN_{name})"), &format!("{len})"));
    }
    for index in 1..=3 {
        let argument = format!("(call $ptr (i32.const {index})) (call $len (i32.const {index}))");
        code = code.replace(&format!("A{index}"), &argument);
    }
    let code = code.replace("RET", "(i32.const 256)");
    let (imports, data) = (imports(), constants.data());
    let text = format!(
        r#"(module {imports} {PRELUDE} {data}
  (func $main (result i32) (local $i i32) (local $n i32) (local $h i32) (local $at i32)
    {code} (unreachable))
  (func (export "{EXPORT}#invoke") (param $list i32) (param $len i32) (result i32)
    (global.set $args (local.get $list)) (global.set $count (local.get $len)) (call $main))
  (func (export "{EXPORT}#init") (param $list i32) (param $len i32) (result i32)
    (global.set $args (local.get $list)) (global.set $count (local.get $len)) (call $main))
  (func (export "{EXPORT}#metadata") (result i32) (i32.const 40)))"#
    );
    typed(&text)
}

/// A contract whose metadata cannot be asked for, or that imports what nobody offers.
pub(super) fn unfit() -> Bytes {
    typed(&format!(
        r#"(module (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "{EXPORT}#invoke") (param i32 i32) (result i32) (unreachable))
  (func (export "{EXPORT}#init") (param i32 i32) (result i32) (unreachable))
  (func (export "{EXPORT}#metadata") (result i32) (unreachable)))"#
    ))
}

/// Adds the world's types to a core module and makes a component of it.
fn typed(text: &str) -> Bytes {
    let mut core = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut resolve = Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../chaincode-sdk/wit");
    let (package, _) = resolve.push_dir(wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    wit_component::embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)
        .unwrap();
    runtime::encode_component(&core).unwrap().into()
}

fn imports() -> String {
    let import = |(interface, name, params): (&str, &str, usize)| {
        let params = "i32 ".repeat(params);
        let identifier = name.trim_start_matches("[method]");
        format!(
            "(import \"weft:chaincode/{interface}@0.2.0\" \"{name}\" (func ${interface}.{identifier} (param {params})))\n"
        )
    };
    IMPORTS.into_iter().map(import).collect()
}

#[derive(Default)]
struct Constants(Vec<u8>);

impl Constants {
    fn place(&mut self, bytes: &[u8]) -> (usize, usize) {
        let at = CONSTANTS + self.0.len();
        self.0.extend_from_slice(bytes);
        (at, bytes.len())
    }

    fn data(&self) -> String {
        let bytes: String = self.0.iter().map(|byte| format!("\\{byte:02x}")).collect();
        format!("(data (i32.const {CONSTANTS}) \"{bytes}\")")
    }
}
