//! Case 39: nothing of one instance is seen by the next, whatever slot of the pool it gets.

use crate::fixture::{Node, Source, answer, printed};

/// Writes a pattern over all memory that the limits give, into a global and into a table.
fn dirty(end: &str) -> Source {
    Source::invoke(&format!(
        "(drop (memory.grow (i32.const 1000)))
         (memory.fill (i32.const 65536) (i32.const 0xa5) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536)))
         (global.set $secret (i64.const 0x5ec2e7))
         (drop (table.grow $table (ref.func $line) (i32.const 9000)))
         (table.fill $table (i32.const 0) (ref.func $line) (i32.const 9000)) {end}"
    ))
    .items("(global $secret (mut i64) (i64.const 0)) (table $table 10 funcref) (elem declare func $line)")
}

/// Prints how many bytes beyond the prelude's own are not zero, the global, and how many table elements are set.
fn clean() -> Source {
    Source::invoke(
        "(drop (memory.grow (i32.const 1000)))
         (local.set $i (i32.const 65536))
         (block $end (loop $next
            (br_if $end (i32.ge_u (local.get $i) (i32.mul (memory.size) (i32.const 65536))))
            (if (i64.ne (i64.load (local.get $i)) (i64.const 0)) (then (local.set $j (i32.add (local.get $j) (i32.const 1)))))
            (local.set $i (i32.add (local.get $i) (i32.const 8)))
            (br $next)))
         (call $emit_number (local.get $j)) (call $line)
         (call $emit_number (i32.wrap_i64 (global.get $secret))) (call $line)
         (drop (table.grow $table (ref.null func) (i32.const 9000)))
         (local.set $i (i32.const 0)) (local.set $j (i32.const 0))
         (block $end (loop $next
            (br_if $end (i32.ge_u (local.get $i) (table.size $table)))
            (if (i32.eqz (ref.is_null (table.get $table (local.get $i)))) (then (local.set $j (i32.add (local.get $j) (i32.const 1)))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $next)))
         (call $emit_number (local.get $j))",
    )
    .items("(global $secret (mut i64) (i64.const 0)) (table $table 10 funcref)")
}

#[test]
fn an_instance_sees_nothing_of_the_one_before() {
    let node = Node::new();
    for _ in 0..3 {
        for end in ["", "unreachable", "(drop (i32.load (i32.const -1)))"] {
            let _ = node.invoke(&dirty(end));
            assert_eq!(
                node.print(&clean()),
                "0\n0\n0",
                "after a run that ended with {end:?}"
            );
        }
    }
}

#[test]
fn a_contract_sees_nothing_of_its_own_earlier_call() {
    let node = Node::new();
    let source = Source::invoke(
        "(call $emit_number (global.get $count)) (call $emit_number (i32.load (i32.const 70000)))
         (global.set $count (i32.const 1)) (i32.store (i32.const 70000) (i32.const 1))",
    )
    .items("(global $count (mut i32) (i32.const 0))");
    for _ in 0..10 {
        assert_eq!(printed(&answer(node.invoke(&source))), "00");
    }
}
