//! Case 3 as decided here: WASI is answered, by fixed answers.

use std::sync::Arc;

use runtime::TrapCode;
use rwset::MemoryState;
use wit_parser::Resolve;

use crate::encode_component;
use crate::fixture::{Node, Source, answer, invocation, printed, root, typed_in};

/// The parts of WASI 0.2 that these contracts use, as its interfaces declare them.
const WASI: &str = r#"
package test:guest;
world guest {
  include weft:chaincode/chaincode@0.2.0;
  import wasi:cli/exit@0.2.3;
  import wasi:cli/environment@0.2.3;
  import wasi:cli/stdout@0.2.3;
  import wasi:cli/stdin@0.2.3;
  import wasi:clocks/wall-clock@0.2.3;
  import wasi:clocks/monotonic-clock@0.2.3;
  import wasi:random/random@0.2.3;
  import wasi:random/insecure-seed@0.2.3;
  import wasi:sockets/tcp-create-socket@0.2.3;
  import wasi:filesystem/preopens@0.2.3;
}
package wasi:io@0.2.3 {
  interface error { resource error { to-debug-string: func() -> string; } }
  interface poll {
    resource pollable { ready: func() -> bool; block: func(); }
    poll: func(in: list<borrow<pollable>>) -> list<u32>;
  }
  interface streams {
    use error.{error};
    use poll.{pollable};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream {
      read: func(len: u64) -> result<list<u8>, stream-error>;
      subscribe: func() -> pollable;
    }
    resource output-stream {
      check-write: func() -> result<u64, stream-error>;
      write: func(contents: list<u8>) -> result<_, stream-error>;
      blocking-flush: func() -> result<_, stream-error>;
    }
  }
}
package wasi:cli@0.2.3 {
  interface exit { exit: func(status: result); }
  interface environment {
    get-environment: func() -> list<tuple<string, string>>;
    get-arguments: func() -> list<string>;
    initial-cwd: func() -> option<string>;
  }
  interface stdout { use wasi:io/streams@0.2.3.{output-stream}; get-stdout: func() -> output-stream; }
  interface stdin { use wasi:io/streams@0.2.3.{input-stream}; get-stdin: func() -> input-stream; }
}
package wasi:clocks@0.2.3 {
  interface wall-clock {
    record datetime { seconds: u64, nanoseconds: u32 }
    now: func() -> datetime;
    resolution: func() -> datetime;
  }
  interface monotonic-clock {
    use wasi:io/poll@0.2.3.{pollable};
    now: func() -> u64;
    subscribe-duration: func(when: u64) -> pollable;
  }
}
package wasi:random@0.2.3 {
  interface random { get-random-bytes: func(len: u64) -> list<u8>; get-random-u64: func() -> u64; }
  interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
}
package wasi:sockets@0.2.3 {
  interface network {
    enum error-code {
      unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
      not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
      remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
      name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
    }
    enum ip-address-family { ipv4, ipv6 }
  }
  interface tcp { use network.{error-code}; resource tcp-socket { start-listen: func() -> result<_, error-code>; } }
  interface tcp-create-socket {
    use network.{error-code, ip-address-family};
    use tcp.{tcp-socket};
    create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
  }
}
package wasi:filesystem@0.2.3 {
  interface types { resource descriptor { sync: func(); } }
  interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
}
"#;

const IMPORTS: &str = r#"
  (import "wasi:cli/exit@0.2.3" "exit" (func $exit (param i32)))
  (import "wasi:cli/environment@0.2.3" "get-environment" (func $environment (param i32)))
  (import "wasi:cli/environment@0.2.3" "get-arguments" (func $arguments (param i32)))
  (import "wasi:cli/stdout@0.2.3" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stdin@0.2.3" "get-stdin" (func $stdin (result i32)))
  (import "wasi:io/streams@0.2.3" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.3" "[method]input-stream.read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.3" "[resource-drop]output-stream" (func $close (param i32)))
  (import "wasi:clocks/wall-clock@0.2.3" "now" (func $now (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $ticks (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.3" "subscribe-duration" (func $sleep (param i64) (result i32)))
  (import "wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:random/random@0.2.3" "get-random-u64" (func $random (result i64)))
  (import "wasi:random/random@0.2.3" "get-random-bytes" (func $bytes (param i64 i32)))
  (import "wasi:sockets/tcp-create-socket@0.2.3" "create-tcp-socket" (func $socket (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.3" "[method]tcp-socket.start-listen" (func $listen (param i32 i32)))
  (import "wasi:filesystem/preopens@0.2.3" "get-directories" (func $directories (param i32)))
"#;

fn component(body: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve
        .push_dir(root().join("chaincode-sdk/wit"))
        .expect("the world parses");
    let package = resolve.push_str("guest.wit", WASI).expect("WASI parses");
    let world = resolve
        .select_world(&[package], Some("guest"))
        .expect("the guest's world");
    let prelude = format!("{IMPORTS} {}", include_str!("prelude.wat"));
    let source = Source {
        prelude: Some(prelude),
        ..Source::invoke(body)
    };
    encode_component(&typed_in(source.core(), &resolve, world))
        .unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn run(node: &Node, body: &str, tx_id: &str) -> crate::Outcome {
    let contract = node
        .engine
        .load(&component(body))
        .unwrap_or_else(|error| panic!("{error}"));
    let mut invocation = invocation(&contract, MemoryState::default());
    let mut context = (*invocation.context).clone();
    context.tx_id = tx_id.to_owned();
    invocation.context = Arc::new(context);
    node.run(invocation)
}

fn print(body: &str) -> String {
    printed(&answer(run(&Node::new(), body, "t1")))
}

#[test]
fn clocks_stand_still_at_the_transactions_time() {
    let now = "(call $now (i32.const 256))
        (call $emit_number (i32.wrap_i64 (i64.load (i32.const 256)))) (call $line)
        (call $emit_number (i32.load (i32.const 264))) (call $line)";
    assert_eq!(print(&now.repeat(2)), "1700000000\n42\n1700000000\n42\n");
    let still = "(call $emit_number (i64.eq (call $ticks) (call $ticks)))";
    assert_eq!(print(still), "1");
}

#[test]
fn waiting_ends_at_once() {
    let begun = std::time::Instant::now();
    assert_eq!(
        print("(call $block (call $sleep (i64.const 3600000000000))) (call $line)"),
        "\n"
    );
    assert!(begun.elapsed().as_secs() < 600);
}

#[test]
fn randomness_is_the_same_for_a_transaction_and_differs_between_two() {
    let node = Node::new();
    let body = "(call $emit_number (i32.wrap_i64 (call $random))) (call $line)
        (call $bytes (i64.const 40) (i32.const 256)) (call $emit_number (i32.load (i32.load (i32.const 256))))";
    let run = |tx_id| printed(&answer(run(&node, body, tx_id)));
    assert_eq!(run("t1"), run("t1"));
    assert_ne!(run("t1"), run("t2"));
}

#[test]
fn there_are_no_files_sockets_arguments_or_environment() {
    let empty = |name: &str| {
        format!("(call ${name} (i32.const 256)) (call $emit_number (i32.load (i32.const 260)))")
    };
    assert_eq!(print(&empty("environment")), "0");
    assert_eq!(print(&empty("arguments")), "0");
    assert_eq!(print(&empty("directories")), "0");
    // An error, the third of its enum: not supported.
    let socket = "(call $socket (i32.const 0) (i32.const 256))
        (call $emit_number (i32.load8_u (i32.const 256))) (call $emit_number (i32.load8_u (i32.const 260)))";
    assert_eq!(print(socket), "12");
    let input = "(call $read (call $stdin) (i64.const 10) (i32.const 256)) (call $emit_number (i32.load8_u (i32.const 256)))
        (call $emit_number (i32.load8_u (i32.const 260)))";
    assert_eq!(print(input), "11");
}

#[test]
fn what_is_printed_is_logged() {
    let node = Node::new();
    let body = "(local.set $h (call $stdout))
        (call $write (local.get $h) (i32.const 600) (i32.const 2) (i32.const 256))
        (call $write (local.get $h) (i32.const 614) (i32.const 1) (i32.const 256))
        (call $write (local.get $h) (i32.const 609) (i32.const 4) (i32.const 256))
        (call $close (local.get $h))";
    let outcome = run(&node, body, "t1");
    let lines: Vec<_> = outcome.log.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["ok", "none"]);
}

#[test]
fn ending_oneself_and_what_is_not_there_trap() {
    let node = Node::new();
    let code = |body| run(&node, body, "t1").result.expect_err("a trap").code;
    assert_eq!(code("(call $exit (i32.const 0))"), TrapCode::Exited);
    assert_eq!(
        code("(call $listen (i32.const 0) (i32.const 256))"),
        TrapCode::CanonicalAbi
    );
    assert_eq!(
        code("(call $bytes (i64.const 1000000000) (i32.const 256))"),
        TrapCode::DisabledFeature
    );
}

#[test]
fn wasi_calls_are_paid_for() {
    let node = Node::new();
    let begun = std::time::Instant::now();
    let outcome = run(&node, "(loop $l (drop (call $random)) (br $l))", "t1");
    assert_eq!(
        outcome.result.expect_err("no end").code,
        TrapCode::OutOfFuel
    );
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
