//! Cases 22 to 25, 27 to 30, 33 and 34: fuel, memory, and what host calls cost.

use std::time::Instant;

use runtime::{TrapCode, world};

use crate::fixture::{Node, Source};
use crate::script::{Arg, Script, Show};

#[test]
fn loops_end_by_fuel() {
    let node = Node::new();
    for (name, items, body) in [
        ("a loop", "", "(loop $l (br $l))"),
        ("a loop of operators that cost nothing", "", "(loop $l (block (nop)) (nop) (br $l))"),
        (
            "functions that call one another in a loop",
            "(func $a (param i32) (if (local.get 0) (then (call $b (i32.sub (local.get 0) (i32.const 1))))))
             (func $b (param i32) (call $a (local.get 0)))",
            "(loop $l (call $a (i32.const 50)) (br $l))",
        ),
        (
            "indirect calls in a loop",
            "(table $t funcref (elem $f)) (type $v (func)) (func $f)",
            "(loop $l (call_indirect $t (type $v) (i32.const 0)) (br $l))",
        ),
    ] {
        let trap = node.trap(&Source::invoke(body).items(items));
        assert_eq!(trap.code, TrapCode::OutOfFuel, "{name}");
    }
}

#[test]
fn filling_memory_is_paid_by_the_byte_before_it_is_done() {
    let node = Node::new();
    let body = "(drop (memory.grow (i32.const 1000)))
        (loop $l (memory.fill (i32.const 65536) (i32.const 1) (i32.const 60000000)) (br $l))";
    let begun = Instant::now();
    let trap = node.trap(&Source::invoke(body));
    assert_eq!(trap.code, TrapCode::OutOfFuel);
    // Sixteen fills of 60 MB each are what the fuel pays; a minute would be ten times what a slow machine needs.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn asking_for_memory_costs_by_the_page_and_beyond_the_limit_answers_minus_one() {
    let node = Node::new();
    let used = |pages: u32| {
        let body = format!(
            "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then (call $line)))"
        );
        let outcome = node.invoke(&Source::invoke(&body));
        let printed = crate::fixture::printed(&outcome.result.expect("no trap"));
        (outcome.fuel_used, printed)
    };
    let (one, grown) = used(1);
    let (thousand, grown_far) = used(1_000);
    assert_eq!((grown.as_str(), grown_far.as_str()), ("", ""));
    assert!(thousand - one >= 999 * 64, "{one} and {thousand}");
    // The prelude has 2 pages of the 1,024 that are allowed.
    assert_eq!(used(1_022).1, "");
    for pages in [1_023, 20_000, 65_535] {
        let (fuel, refused) = used(pages);
        assert_eq!(refused, "\n", "{pages} pages were granted");
        assert!(
            fuel - one >= u64::from(pages - 1) * 64,
            "{pages} pages cost {fuel}"
        );
    }
}

#[test]
fn a_declared_maximum_is_kept() {
    let node = Node::new();
    let prelude =
        include_str!("prelude.wat").replace("(export \"memory\") 2)", "(export \"memory\") 2 3)");
    let source = Source {
        prelude: Some(prelude),
        ..Source::invoke(
            "(call $emit_number (memory.grow (i32.const 2))) (call $line)
             (call $emit_number (memory.grow (i32.const 1)))",
        )
    };
    assert_eq!(node.print(&source), "4294967295\n2");
}

#[test]
fn growing_a_table_is_paid_and_beyond_the_limit_answers_minus_one() {
    let node = Node::new();
    let grow = |elements: u32| {
        let body =
            format!("(call $emit_number (table.grow $t (ref.null func) (i32.const {elements})))");
        node.invoke(&Source::invoke(&body).items("(table $t 10 funcref)"))
    };
    let minus_one = u32::MAX.to_string();
    for (elements, expected) in [(9_000, "10"), (9_990, "10"), (9_991, minus_one.as_str())] {
        let outcome = grow(elements);
        assert_eq!(
            crate::fixture::printed(&outcome.result.expect("no trap")),
            expected
        );
    }
    let outcome = grow(9_000_000);
    assert!(
        outcome.fuel_used >= 9_000_000,
        "a refused growth is paid too"
    );
    assert_eq!(
        crate::fixture::printed(&outcome.result.expect("no trap")),
        minus_one
    );
}

#[test]
fn tables_share_one_limit() {
    let node = Node::new();
    let source = Source::invoke(
        "(call $emit_number (table.grow $a (ref.null func) (i32.const 4000))) (call $line)
         (call $emit_number (table.grow $b (ref.null func) (i32.const 4000)))",
    )
    .items("(table $a 2000 funcref) (table $b 2000 funcref)");
    assert_eq!(node.print(&source), format!("2000\n{}", u32::MAX));
}

#[test]
fn each_host_call_costs_what_the_world_says() {
    let node = Node::new();
    let used = |script: Script| node.invoke(&script.source()).fuel_used;
    let plain = used(Script::default());
    let key = "k".repeat(100);
    // Only the parameters differ between one and two calls, so the difference is the call's price and its instructions.
    let get = |times: usize| {
        let mut script = Script::default();
        for _ in 0..times {
            script = script.call("state", "get", &[Arg::Text(&key)], Show::Value);
        }
        used(script)
    };
    let price = get(2) - get(1);
    let least = world::PRICE_CALL + world::PRICE_READ + 100 * world::PRICE_BYTE;
    assert!((least..least + 200).contains(&price), "{price} for {least}");
    assert!(plain < 1_000, "{plain}");

    let put = |bytes: usize| {
        let body = format!(
            "(drop (memory.grow (i32.const 100)))
             (call $state.put (i32.const 600) (i32.const 2) (i32.const 65536) (i32.const {bytes}) (i32.const 256))"
        );
        node.invoke(&Source::invoke(&body)).fuel_used
    };
    assert_eq!(put(1_000_001) - put(1), 1_000_000 * world::PRICE_BYTE);
}

#[test]
fn a_storm_of_host_calls_ends_by_fuel() {
    let node = Node::new();
    let begun = Instant::now();
    for body in [
        "(loop $l (call $context.tx-id (i32.const 256)) (global.set $heap (i32.const 65536)) (br $l))",
        "(loop $l (call $log.write (i32.const 2) (i32.const 600) (i32.const 40)) (br $l))",
        "(loop $l (call $state.put (i32.const 600) (i32.const 2) (i32.const 600) (i32.const 9) (i32.const 256)) (br $l))",
    ] {
        let outcome = node.invoke(&Source::invoke(body));
        assert!(outcome.log.len() <= world::LOG_LINES_MAX);
        assert_eq!(
            outcome.result.expect_err("no end").code,
            TrapCode::OutOfFuel
        );
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn fuel_that_ends_in_the_allocator_or_after_the_return_leaves_nothing() {
    let node = Node::new();
    let burn = "(func $burn (loop $l (br $l)))";
    let put = "(call $state.put (i32.const 600) (i32.const 2) (i32.const 600) (i32.const 2) (i32.const 256))";
    let slow_allocator = include_str!("prelude.wat").replace(
        "(local $at i32)\n    (local.set $at (i32.and",
        "(local $at i32) (call $burn) (local.set $at (i32.and",
    );
    assert!(slow_allocator.contains("(call $burn)"));
    let in_allocator = Source {
        prelude: Some(slow_allocator),
        ..Source::invoke(&format!("{put} (call $context.tx-id (i32.const 256))")).items(burn)
    };
    assert_eq!(node.trap(&in_allocator).code, TrapCode::OutOfFuel);

    let after_return = Source::invoke(put).items(burn).items(
        r#"(func (export "cabi_post_weft:chaincode/contract@0.2.0#invoke") (param i32) (call $burn))"#,
    );
    assert_eq!(node.trap(&after_return).code, TrapCode::OutOfFuel);

    let calls_the_host = Source::invoke(put).items(
        r#"(func (export "cabi_post_weft:chaincode/contract@0.2.0#invoke") (param i32)
            (call $log.write (i32.const 0) (i32.const 600) (i32.const 2)))"#,
    );
    assert_eq!(node.trap(&calls_the_host).code, TrapCode::CanonicalAbi);
}

#[test]
fn an_allocator_that_lies_traps() {
    let node = Node::new();
    for (name, result) in [
        ("beyond the end", "(i32.const -16)"),
        (
            "close to the end",
            "(i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))",
        ),
    ] {
        let prelude = include_str!("prelude.wat").replace(
            "    (local.get $at))\n  (func $emit ",
            &format!("    {result})\n  (func $emit "),
        );
        assert!(prelude.contains(result), "{name}");
        let source = Source {
            prelude: Some(prelude),
            ..Source::invoke("(call $context.tx-id (i32.const 256))")
        };
        assert_eq!(node.trap(&source).code, TrapCode::CanonicalAbi, "{name}");
    }
    let prelude = include_str!("prelude.wat").replace(
        "(local $at i32)\n    (local.set $at (i32.and",
        "(local $at i32) (call $context.tx-id (i32.const 256)) (local.set $at (i32.and",
    );
    let source = Source {
        prelude: Some(prelude),
        ..Source::invoke("(call $context.tx-id (i32.const 256))")
    };
    assert_eq!(
        node.trap(&source).code,
        TrapCode::CanonicalAbi,
        "an allocator that calls the host"
    );
}

#[test]
fn a_list_of_many_empty_elements_is_paid_by_the_element() {
    let node = Node::new();
    let body = "(drop (memory.grow (i32.const 100)))
        (call $state.get-many (i32.const 65536) (i32.const 500000) (i32.const 256)) (call $show_values)";
    let outcome = node.invoke(&Source::invoke(body));
    assert!(outcome.fuel_used > 500_000 * 32, "{}", outcome.fuel_used);
}

#[test]
fn more_than_the_host_takes_over_in_one_call_traps() {
    let node = Node::new();
    let body = "(drop (memory.grow (i32.const 1000)))
        (call $state.put (i32.const 600) (i32.const 2) (i32.const 65536) (i32.const 60000000) (i32.const 256))";
    assert_eq!(
        node.trap(&Source::invoke(body)).code,
        TrapCode::CanonicalAbi
    );
}
