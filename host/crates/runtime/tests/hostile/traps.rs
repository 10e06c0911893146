//! Cases 5, 7, 26, 31 and 32: how instances end, by which code.

use runtime::TrapCode;

use crate::fixture::{Node, Source, answer, printed};

/// Bodies that trap, with what they need beside the prelude and the code they must give.
const TRAPS: [(&str, &str, &str, TrapCode); 24] = [
    ("unreachable", "", "unreachable", TrapCode::Unreachable),
    (
        "division by zero",
        "",
        "(drop (i32.div_u (i32.const 1) (local.get $i)))",
        TrapCode::DivisionByZero,
    ),
    (
        "remainder by zero",
        "",
        "(drop (i64.rem_s (i64.const 1) (local.get $l)))",
        TrapCode::DivisionByZero,
    ),
    (
        "overflow",
        "",
        "(drop (i32.div_s (i32.const 0x80000000) (i32.sub (local.get $i) (i32.const 1))))",
        TrapCode::IntegerOverflow,
    ),
    (
        "float too large",
        "",
        "(drop (i32.trunc_f64_s (f64.add (local.get $f) (f64.const 1e300))))",
        TrapCode::IntegerOverflow,
    ),
    (
        "float is no number",
        "",
        "(drop (i32.trunc_f64_s (f64.div (local.get $f) (local.get $f))))",
        TrapCode::BadConversion,
    ),
    (
        "load at -1",
        "",
        "(drop (i32.load8_u (i32.const -1)))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "load over the end",
        "",
        "(drop (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "store at -1",
        "",
        "(i64.store (i32.const -1) (i64.const 0))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "store with a large offset",
        "",
        "(i32.store offset=4294967295 (i32.const -1) (i32.const 0))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "fill over the end",
        "",
        "(memory.fill (i32.const -1) (i32.const 0) (i32.const 2))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "copy over the end",
        "",
        "(memory.copy (i32.const 0) (i32.const -1) (i32.const 2))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "init of a dropped segment",
        "(data $d \"abc\")",
        "(data.drop $d) (memory.init $d (i32.const 900) (i32.const 0) (i32.const 1))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "init with a wrapping offset",
        "(data $d \"abc\")",
        "(memory.init $d (i32.const 900) (i32.const -1) (i32.const 2))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "copy of more than there is",
        "",
        "(memory.copy (i32.const 8) (i32.const 0) (i32.const 0x0fffffff))",
        TrapCode::MemoryOutOfBounds,
    ),
    (
        "table over the end",
        "(table $t 1 funcref)",
        "(drop (ref.is_null (table.get $t (i32.const 1))))",
        TrapCode::TableOutOfBounds,
    ),
    (
        "table init of a dropped segment",
        "(table $t 1 funcref) (elem $e func $line)",
        "(elem.drop $e) (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))",
        TrapCode::TableOutOfBounds,
    ),
    (
        "table copy over the end",
        "(table $t 1 funcref)",
        "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1))",
        TrapCode::TableOutOfBounds,
    ),
    (
        "table fill over the end",
        "(table $t 1 funcref)",
        "(table.fill $t (i32.const 0) (ref.null func) (i32.const 2))",
        TrapCode::TableOutOfBounds,
    ),
    (
        "indirect call of nothing",
        "(table $t 1 funcref) (type $v (func))",
        "(call_indirect $t (type $v) (i32.const 0))",
        TrapCode::IndirectCallToNull,
    ),
    (
        "indirect call over the end",
        "(table $t 1 funcref) (type $v (func))",
        "(call_indirect $t (type $v) (i32.const 7))",
        TrapCode::TableOutOfBounds,
    ),
    (
        "indirect call of another type",
        "(table $t funcref (elem $line)) (type $v (func (param i64)))",
        "(call_indirect $t (type $v) (i64.const 0) (i32.const 0))",
        TrapCode::BadSignature,
    ),
    (
        "recursion",
        "(func $again (call $again))",
        "(call $again)",
        TrapCode::StackExhausted,
    ),
    (
        "recursion with large frames",
        "(func $wide (param i64) (result i64) (local i64 i64 i64 i64 i64 i64 i64 i64)
            (local.set 1 (call $wide (i64.add (local.get 0) (i64.const 1))))
            (local.set 2 (call $wide (local.get 1))) (local.set 3 (call $wide (local.get 2)))
            (i64.add (local.get 1) (i64.add (local.get 2) (local.get 3))))",
        "(drop (call $wide (i64.const 0)))",
        TrapCode::StackExhausted,
    ),
];

#[test]
fn every_trap_has_its_code_and_takes_the_whole_fuel() {
    let node = Node::new();
    // Work before the trap: the engine's own counter forgets it for some kinds of traps.
    let burn = "(local.set $j (i32.const 100000))
        (loop $burn (br_if $burn (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))";
    for (name, items, body, code) in TRAPS {
        for body in [body.to_owned(), format!("{burn} {body}")] {
            let trap = node.trap(&Source::invoke(&body).items(items));
            assert_eq!(trap.code, code, "{name}: {trap:?}");
        }
    }
}

#[test]
fn an_instance_that_trapped_does_not_spoil_the_next() {
    let node = Node::new();
    let source = Source::invoke("(call $emit (i32.const 600) (i32.const 2))");
    for (_, items, body, _) in TRAPS {
        let _ = node.invoke(&Source::invoke(body).items(items));
        assert_eq!(node.print(&source), "ok");
    }
}

#[test]
fn values_that_break_the_component_abi_trap() {
    let node = Node::new();
    let write = |pointer: &str, len: &str| {
        format!("(call $log.write (i32.const 0) (i32.const {pointer}) (i32.const {len}))")
    };
    let cases = [
        ("a string over the end", write("0", "2147483647")),
        ("a string with a wrapping end", write("-1", "2")),
        (
            "a string that is no UTF-8",
            format!(
                "(i32.store8 (i32.const 900) (i32.const 255)) {}",
                write("900", "1")
            ),
        ),
        (
            "a surrogate",
            format!(
                "(i32.store (i32.const 900) (i32.const 0x80a0ed)) {}",
                write("900", "3")
            ),
        ),
        (
            "a forged handle",
            "(call $state.cursor.next (i32.const 77) (i32.const 1) (i32.const 256))".to_owned(),
        ),
        (
            "a dropped handle",
            "(call $state.drop.cursor (i32.const 5))".to_owned(),
        ),
        (
            "a handle of another type",
            "(call $history.of-key (i32.const 600) (i32.const 2) (i32.const 256))
             (call $state.cursor.next (i32.load (i32.const 260)) (i32.const 1) (i32.const 256))"
                .to_owned(),
        ),
        (
            "a handle dropped twice",
            "(call $history.of-key (i32.const 600) (i32.const 2) (i32.const 256))
             (local.set $h (i32.load (i32.const 260)))
             (call $history.drop.cursor (local.get $h)) (call $history.drop.cursor (local.get $h))"
                .to_owned(),
        ),
        (
            "a place for the result over the end",
            "(call $context.tx-id (i32.const -4))".to_owned(),
        ),
        (
            "a place for the result that is not aligned",
            "(call $context.tx-id (i32.const 257))".to_owned(),
        ),
    ];
    for (name, body) in cases {
        let trap = node.trap(&Source::invoke(&body));
        assert_eq!(trap.code, TrapCode::CanonicalAbi, "{name}: {trap:?}");
    }
}

#[test]
fn a_start_function_runs_on_the_calls_fuel() {
    let node = Node::new();
    let trap =
        node.trap(&Source::default().items("(func $start (loop $l (br $l))) (start $start)"));
    assert_eq!(trap.code, TrapCode::OutOfFuel);
    let trap = node.trap(&Source::default().items("(func $start unreachable) (start $start)"));
    assert_eq!(trap.code, TrapCode::Unreachable);
}

#[test]
fn a_segment_outside_its_memory_traps_when_the_instance_is_made() {
    let node = Node::new();
    let trap = node.trap(&Source::default().items("(data (i32.const 0x7fffffff) \"x\")"));
    assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
    let trap = node.trap(
        &Source::default().items("(table $t 1 funcref) (elem (table $t) (i32.const 1) func $line)"),
    );
    assert_eq!(trap.code, TrapCode::TableOutOfBounds);
}

#[test]
fn what_is_no_number_has_the_same_bits_everywhere() {
    let node = Node::new();
    let bits = |operation: &str| {
        node.print(&Source::invoke(&format!(
            "(call $emit_number (i32.reinterpret_f32 (f32.demote_f64 {operation})))"
        )))
    };
    let canonical = 0x7fc0_0000.to_string();
    assert_eq!(bits("(f64.div (local.get $f) (local.get $f))"), canonical);
    assert_eq!(
        bits("(f64.sqrt (f64.sub (local.get $f) (f64.const 1)))"),
        canonical
    );
    assert_eq!(
        bits("(f64.add (local.get $f) (f64.reinterpret_i64 (i64.const 0xfff8000000000001)))"),
        canonical
    );
}

#[test]
fn a_panic_reaches_the_client_with_message_and_place() {
    let node = Node::new();
    let source = Source::invoke(
        "(call $log.panicked (i32.const 1024) (i32.const 4) (i32.const 1028) (i32.const 10)
            (i32.const 12) (i32.const 5)) unreachable",
    )
    .items(r#"(data (i32.const 1024) "boomsrc/lib.rs")"#);
    let outcome = node.invoke(&source);
    let text = "chaincode panicked: boom (src/lib.rs:12:5)";
    assert_eq!(outcome.log[0].text, text);
    let trap = outcome.result.expect_err("a panic");
    assert_eq!(
        (trap.code, trap.message.as_str()),
        (TrapCode::Unreachable, text)
    );
}

#[test]
fn a_panic_that_is_only_said_is_only_logged() {
    let node = Node::new();
    let source = Source::invoke(
        "(call $log.panicked (i32.const 600) (i32.const 2) (i32.const 600) (i32.const 2)
            (i32.const 1) (i32.const 1)) (call $line)",
    );
    let outcome = node.invoke(&source);
    assert_eq!(outcome.log.len(), 1);
    assert_eq!(printed(&answer(outcome)), "\n");
}

#[test]
fn responses_outside_the_limits_are_failures_of_the_chaincode() {
    let node = Node::new();
    for status in ["0", "199", "600", "-1"] {
        let trap = node.trap(&Source::invoke(&format!(
            "(return (call $answer (i32.const {status})))"
        )));
        assert_eq!(trap.code, TrapCode::BadResponse, "{status}");
    }
    for (place, len) in [(24, 65_537), (32, 8_388_609)] {
        let body = format!(
            "(drop (memory.grow (i32.const 200))) (drop (call $answer (i32.const 200)))
             (i32.store (i32.const 20) (i32.const 131072)) (i32.store (i32.const {place}) (i32.const {len})) (return (i32.const 16))"
        );
        assert_eq!(
            node.trap(&Source::invoke(&body)).code,
            TrapCode::BadResponse,
            "{len}"
        );
    }
    for status in [200, 399, 404, 500, 599] {
        let body = format!("(return (call $answer (i32.const {status})))");
        assert_eq!(
            answer(node.invoke(&Source::invoke(&body))).reply.status,
            status
        );
    }
}
