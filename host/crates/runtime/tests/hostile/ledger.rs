//! The world's functions over a simulation: what they give, refuse and record.

use std::sync::Arc;

use bytes::Bytes;
use expect_test::{Expect, expect};
use model::Version;
use runtime::{CollectionAccess, TrapCode, world};
use rwset::{KeyModification, MemoryState, StateError, StateReader, VersionedValue};

use crate::Entry;
use crate::fixture::{Node, TX_ID, answer, invocation, printed, results};
use crate::script::{Arg::*, Script, Show};

const V1: Version = Version { block: 1, tx: 0 };

fn state() -> MemoryState {
    let mut state = MemoryState::default();
    for key in [
        "a",
        "b",
        "c",
        "d",
        "\0type\0x\0",
        "\0type\0x\0y\0",
        "\0other\0z\0",
    ] {
        state.put(
            "cc",
            key,
            key.trim_matches('\0').replace('\0', ".").into_bytes(),
            V1,
        );
    }
    state.put("foreign", "a", b"not yours".as_slice(), V1);
    state.put_private("cc", "coll", "p", b"private".as_slice(), V1);
    state
}

/// Runs a script in `invoke` and compares what it prints.
fn check(script: Script, expected: Expect) {
    let node = Node::new();
    let mut invocation = invocation(&node.load(&script.source()), state());
    invocation.hooks.collection = Box::new(|request| {
        Ok(match request.collection {
            "coll" => CollectionAccess::Known {
                read: true,
                write: true,
                purge: false,
            },
            "purgeable" => CollectionAccess::Known {
                read: true,
                write: true,
                purge: true,
            },
            "closed" => CollectionAccess::Known {
                read: false,
                write: false,
                purge: true,
            },
            _ => CollectionAccess::Unknown,
        })
    });
    // What separates the parts of composite keys is shown as a dash.
    expected.assert_eq(&printed(&answer(node.run(invocation))).replace('\0', "-"));
}

#[test]
fn values_are_read_as_committed_and_missing_ones_are_none() {
    let mut script = Script::default();
    for key in ["a", "zz"] {
        script = script.call("state", "get", &[Text(key)], Show::Value);
    }
    script = script
        .call("state", "put", &[Text("a"), Bytes(b"new")], Show::Unit)
        .call("state", "get", &[Text("a")], Show::Value)
        .call(
            "state",
            "get-many",
            &[List(&["b", "zz", "a"])],
            Show::Values,
        )
        .call("state", "get-many", &[List(&[])], Show::Values)
        .call("state", "del", &[Text("nothing")], Show::Unit);
    check(
        script,
        expect![[r"
         = a
        none
        ok
         = a
         = b
        none
         = a
        ok
    "]],
    );
}

#[test]
fn bad_keys_and_long_values_are_refused() {
    let mut script = Script::default();
    for key in ["", "\0", "\0x", "\0\u{10ffff}initialized"] {
        script = script.call("state", "get", &[Text(key)], Show::Value);
        script = script.call("state", "put", &[Text(key), Bytes(b"v")], Show::Unit);
        script = script.call("state", "del", &[Text(key)], Show::Unit);
    }
    script = script.code("(drop (memory.grow (i32.const 300)))").code(
        "(call $state.put (i32.const 600) (i32.const 2) (i32.const 0) (i32.const 8388609) (i32.const 256)) (call $show_unit)
         (call $state.put (i32.const 600) (i32.const 16385) (i32.const 0) (i32.const 1) (i32.const 256)) (call $show_unit)
         (call $state.put (i32.const 600) (i32.const 2) (i32.const 65536) (i32.const 8388608) (i32.const 256)) (call $show_unit)
         (call $state.get (i32.const 600) (i32.const 16385) (i32.const 256)) (call $show_value)",
    );
    check(
        script,
        expect![[r"
        error 2
        error 2
        error 2
        error 2
        error 2
        error 2
        error 2
        error 2
        error 2
        error 2
        error 2
        error 2
        error 3
        error 3
        ok
        error 3
    "]],
    );
}

#[test]
fn all_writes_of_a_transaction_have_a_limit() {
    let put = "(call $state.put (i32.const 600) (i32.const 2) (i32.const 65536) (i32.const 8388606) (i32.const 256)) (call $show_unit)";
    let script = Script::default()
        .code("(drop (memory.grow (i32.const 300)))")
        .code(&put.repeat(9));
    check(
        script,
        expect![[r"
        ok
        ok
        ok
        ok
        ok
        ok
        ok
        ok
        error 3
    "]],
    );
}

#[test]
fn ranges_leave_composite_keys_out_and_partial_ones_find_them() {
    let next = |script: Script, max| {
        script.call(
            "state",
            "[method]cursor.next",
            &[Cursor, Number(max)],
            Show::Entries,
        )
    };
    let mut script = Script::default().call("state", "range", &[Text(""), Text("")], Show::Cursor);
    script = next(next(next(next(script, 3), 3), 3), 0);
    script = script.call("state", "range", &[Text("b"), Text("d")], Show::Cursor);
    script = next(script, 10);
    script = script.call(
        "state",
        "partial-composite",
        &[Text("type"), List(&["x"])],
        Show::Cursor,
    );
    script = next(script, 10);
    script = script.call(
        "state",
        "partial-composite",
        &[Text("type"), List(&[])],
        Show::Cursor,
    );
    script = next(script, 10);
    for (start, end) in [("\0a", ""), ("a", "\0")] {
        script = script.call("state", "range", &[Text(start), Text(end)], Show::Cursor);
    }
    script = script.call(
        "state",
        "partial-composite",
        &[Text("t\u{10ffff}"), List(&[])],
        Show::Cursor,
    );
    script = script.call(
        "state",
        "partial-composite",
        &[Text("t"), List(&["a\0"])],
        Show::Cursor,
    );
    check(
        script,
        expect![[r#"
        cursor
        [a = a b = b c = c ]
        [d = d ]
        []
        error 2
        cursor
        [b = b c = c ]
        cursor
        [-type-x- = type.x -type-x-y- = type.x.y ]
        cursor
        [-type-x- = type.x -type-x-y- = type.x.y ]
        error 2
        error 2
        error 2
        error 2
    "#]],
    );
}

#[test]
fn pages_go_on_at_their_bookmark_and_forbid_writes() {
    let page = |script: Script, size, bookmark| {
        script.call(
            "state",
            "range-page",
            &[Text("a"), Text("d"), Number(size), Text(bookmark)],
            Show::Page,
        )
    };
    let script = page(page(page(Script::default(), 2, ""), 2, "c"), 2, "d");
    let script = page(page(script, 0, ""), i64::from(world::PAGE_SIZE_MAX) + 1, "");
    let script = script
        .call(
            "state",
            "partial-composite-page",
            &[Text("type"), List(&["x"]), Number(1), Text("")],
            Show::Page,
        )
        .call(
            "state",
            "composite-page",
            &[Number(1), Text("")],
            Show::Page,
        )
        .call("state", "put", &[Text("a"), Bytes(b"v")], Show::Unit);
    check(
        script,
        expect![[r#"
        [a = a b = b ]
        bookmark = c
        [c = c ]
        bookmark = 
        error 2
        error 2
        error 3
        [-type-x- = type.x ]
        bookmark = -type-x-y-
        [-other-z- = other.z ]
        bookmark = -type-x-
        error 6
    "#]],
    );
}

#[test]
fn a_page_after_a_write_is_refused() {
    let script = Script::default()
        .call("state", "put", &[Text("a"), Bytes(b"v")], Show::Unit)
        .call(
            "state",
            "composite-page",
            &[Number(1), Text("")],
            Show::Page,
        )
        .call(
            "private-data",
            "range",
            &[Text("coll"), Text(""), Text("")],
            Show::Cursor,
        );
    check(
        script,
        expect![[r"
        ok
        error 6
        error 6
    "]],
    );
}

#[test]
fn a_keys_policy_is_checked_to_be_one() {
    // SignaturePolicyEnvelope{ version: 0, rule: n_out_of{ n: 0 } }
    let policy = [0x12, 0x02, 0x12, 0x00];
    let script = Script::default()
        .call(
            "state",
            "set-validation-parameter",
            &[Text("a"), Bytes(&policy)],
            Show::Unit,
        )
        .call(
            "state",
            "set-validation-parameter",
            &[Text("a"), Bytes(b"\xff\xff")],
            Show::Unit,
        )
        .call(
            "state",
            "set-validation-parameter",
            &[Text("a"), Bytes(b"")],
            Show::Unit,
        )
        .call(
            "state",
            "get-validation-parameter",
            &[Text("a")],
            Show::Value,
        )
        .call(
            "private-data",
            "set-validation-parameter",
            &[Text("coll"), Text("p"), Bytes(&policy)],
            Show::Unit,
        )
        .call(
            "private-data",
            "get-validation-parameter",
            &[Text("coll"), Text("p")],
            Show::Value,
        );
    check(
        script,
        expect![[r"
        ok
        error 2
        ok
        none
        ok
        none
    "]],
    );
}

#[test]
fn collections_answer_who_may_use_them() {
    let mut script = Script::default();
    for collection in ["coll", "closed", "unknown"] {
        let both = [Text(collection), Text("p")];
        script = script
            .call("private-data", "get", &both, Show::Value)
            .call(
                "private-data",
                "get-many",
                &[Text(collection), List(&["p", "q"])],
                Show::Values,
            )
            .call("private-data", "del", &both, Show::Unit)
            .call(
                "private-data",
                "put",
                &[both[0], both[1], Bytes(b"v")],
                Show::Unit,
            )
            .call("private-data", "purge", &both, Show::Unit)
            .code("(call $line)");
    }
    let purge = [Text("purgeable"), Text("p")];
    let script = script.call("private-data", "purge", &purge, Show::Unit);
    check(
        script,
        expect![[r"
         = private
         = private
        none
        ok
        ok
        error 8

        error 4
        error 4
        error 4
        error 4
        error 4

        error 5
        error 5
        error 5
        error 5
        error 5

        ok
    "]],
    );
}

#[test]
fn a_hash_without_its_value_is_unavailable() {
    let node = Node::new();
    let script = Script::default().call(
        "private-data",
        "get",
        &[Text("coll"), Text("p")],
        Show::Value,
    );
    let mut state = MemoryState::default();
    state.put_hashed("cc", "coll", "p", vec![9; 32], V1);
    let mut invocation = invocation(&node.load(&script.source()), state);
    invocation.hooks.collection = Box::new(|_| {
        Ok(CollectionAccess::Known {
            read: true,
            write: true,
            purge: true,
        })
    });
    assert_eq!(printed(&answer(node.run(invocation))), "error 7\n");
}

#[test]
fn private_data_is_not_for_init() {
    let node = Node::new();
    let script = Script::default()
        .call(
            "private-data",
            "get",
            &[Text("coll"), Text("p")],
            Show::Value,
        )
        .call(
            "private-data",
            "put",
            &[Text("coll"), Text("p"), Bytes(b"v")],
            Show::Unit,
        )
        .call(
            "private-data",
            "get-hash",
            &[Text("coll"), Text("p")],
            Show::Value,
        )
        .call("state", "put", &[Text("a"), Bytes(b"v")], Show::Unit);
    let mut invocation = invocation(&node.load(&script.init()), state());
    invocation.entry = Entry::Init;
    assert_eq!(
        printed(&answer(node.run(invocation))),
        "error 9\nerror 9\nerror 9\nok\n"
    );
}

#[test]
fn history_is_newest_first_and_shows_deletions() {
    let node = Node::new();
    let mut state = MemoryState::default();
    for (block, value) in [(1, "red"), (2, ""), (3, "blue")] {
        let change = KeyModification {
            tx_id: format!("t{block}"),
            value: Bytes::from(value),
            timestamp: Some(prost_types::Timestamp {
                seconds: block * 10,
                nanos: 0,
            }),
            is_delete: value.is_empty(),
            version: Version {
                block: block.cast_unsigned(),
                tx: 0,
            },
        };
        state.push_history("cc", "k", change);
    }
    let next = |script: Script, max| {
        script.call(
            "history",
            "[method]cursor.next",
            &[Cursor, Number(max)],
            Show::Changes,
        )
    };
    let script = Script::default().call("history", "of-key", &[Text("k")], Show::Cursor);
    let script = next(next(next(next(script, 2), 2), 2), 0).call(
        "history",
        "of-key",
        &[Text("")],
        Show::Cursor,
    );
    let invocation = invocation(&node.load(&script.source()), state);
    expect![[r"
        cursor
        t3@30 = blue
        t2@20none
        t1@10 = red
        error 2
        error 2
    "]]
    .assert_eq(&printed(&answer(node.run(invocation))));
}

#[test]
fn rich_queries_are_unsupported() {
    let script = Script::default()
        .call("query", "run", &[Text("{}")], Show::Cursor)
        .call(
            "query",
            "run-page",
            &[Text("{}"), Number(1), Text("")],
            Show::Page,
        )
        .call(
            "query",
            "run-private",
            &[Text("coll"), Text("{}")],
            Show::Cursor,
        );
    check(
        script,
        expect![[r"
        error 8
        error 8
        error 8
    "]],
    );
}

#[test]
fn the_context_is_the_proposals() {
    let script = Script::default()
        .call("context", "tx-id", &[], Show::Plain)
        .call("context", "channel-id", &[], Show::Plain)
        .call("context", "creator", &[], Show::Plain)
        .code("(call $emit_string (i32.const 264)) (call $line)")
        .call("context", "signed-proposal", &[], Show::Plain)
        .code("(call $context.tx-timestamp (i32.const 256))
               (call $emit_number (i32.wrap_i64 (i64.load (i32.const 256)))) (call $line)
               (call $emit_number (i32.load (i32.const 264))) (call $line)
               (call $context.transient (i32.const 256)) (call $emit_number (i32.load (i32.const 260)))
               (call $emit_string (i32.load (i32.const 256)))
               (call $emit_string (i32.add (i32.load (i32.const 256)) (i32.const 8))) (call $line)
               (call $context.decorations (i32.const 256))
               (call $emit_string (i32.load (i32.const 256))) (call $line)
               (call $context.binding (i32.const 256)) (call $emit_number (i32.load (i32.const 260)))");
    check(
        script,
        expect![[r"
        6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
        ch
        Org1MSP
        -----BEGIN CERTIFICATE-----
        proposal
        1700000000
        42
        1secrets
        colour
        32"]],
    );
}

#[test]
fn the_last_event_counts_and_has_a_name() {
    let node = Node::new();
    let script = Script::default()
        .call("event", "set", &[Text("first"), Bytes(b"1")], Show::Unit)
        .call("event", "set", &[Text("second"), Bytes(b"2")], Show::Unit)
        .call("event", "set", &[Text(""), Bytes(b"3")], Show::Unit)
        .code("(drop (memory.grow (i32.const 100)))
               (call $event.set (i32.const 600) (i32.const 1025) (i32.const 0) (i32.const 0) (i32.const 256)) (call $show_unit)
               (call $event.set (i32.const 600) (i32.const 2) (i32.const 0) (i32.const 1048577) (i32.const 256)) (call $show_unit)");
    let answer = answer(node.invoke(&script.source()));
    assert_eq!(printed(&answer), "ok\nok\nerror 2\nerror 3\nerror 3\n");
    let event = answer.event.expect("an event");
    assert_eq!(
        (event.name.as_str(), &event.payload[..]),
        ("second", &b"2"[..])
    );
}

#[test]
fn another_namespace_cannot_be_named() {
    // There is no way to name one: the host takes the namespace of the running chaincode.
    let script = Script::default().call("state", "get", &[Text("foreign\0a")], Show::Value);
    check(
        script,
        expect![[r"
        none
    "]],
    );
}

#[test]
fn too_many_open_cursors_are_refused_and_dropping_one_makes_room() {
    let open = "(call $state.range (i32.const 600) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 256))";
    let script = Script::default().code(&format!(
        "(local.set $i (i32.const {}))
         (loop $l {open} (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
         (local.set $h (i32.load (i32.const 260)))
         {open} (call $show_unit)
         (call $state.drop.cursor (local.get $h))
         {open} (call $show_unit)",
        world::CURSORS_MAX
    ));
    check(
        script,
        expect![[r"
        error 3
        ok
    "]],
    );
}

#[test]
fn one_next_gives_at_most_a_mebibyte_and_at_least_one_entry() {
    let node = Node::new();
    let mut state = MemoryState::default();
    let value = vec![b'v'; 400_000];
    for key in ["a", "b", "c", "d"] {
        state.put("cc", key, value.clone(), V1);
    }
    state.put("cc", "e", vec![b'v'; 2_000_000], V1);
    let next = "(call $state.cursor.next (local.get $h) (i32.const 100) (i32.const 256))
                (call $emit_number (i32.load (i32.const 264))) (call $line)";
    let script = Script::default()
        .call("state", "range", &[Text(""), Text("")], Show::Cursor)
        .code(&next.repeat(4));
    let invocation = invocation(&node.load(&script.source()), state);
    assert_eq!(
        printed(&answer(node.run(invocation))),
        "cursor\n2\n2\n1\n0\n"
    );
}

/// A disk that fails.
struct Broken;

impl StateReader for Broken {
    fn height(&self) -> u64 {
        1
    }
    fn get(&self, _: &str, _: &str) -> Result<Option<VersionedValue>, StateError> {
        Err(StateError::new("/dev/sda1 is on fire"))
    }
    fn range(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: usize,
    ) -> Result<Vec<(String, VersionedValue)>, StateError> {
        Err(StateError::new("/dev/sda1 is on fire"))
    }
    fn get_hashed(&self, _: &str, _: &str, _: &[u8]) -> Result<Option<VersionedValue>, StateError> {
        Err(StateError::new("/dev/sda1 is on fire"))
    }
    fn get_private(&self, _: &str, _: &str, _: &str) -> Result<Option<VersionedValue>, StateError> {
        Err(StateError::new("/dev/sda1 is on fire"))
    }
    fn private_range(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: &str,
        _: usize,
    ) -> Result<Vec<(String, VersionedValue)>, StateError> {
        Err(StateError::new("/dev/sda1 is on fire"))
    }
    fn history(
        &self,
        _: &str,
        _: &str,
        _: Option<Version>,
        _: usize,
    ) -> Result<Vec<KeyModification>, StateError> {
        Err(StateError::new("/dev/sda1 is on fire"))
    }
}

#[test]
fn a_state_that_cannot_be_read_ends_the_transaction_and_stays_unsaid() {
    let node = Node::new();
    let script = Script::default().call("state", "get", &[Text("a")], Show::Value);
    let mut invocation = invocation(&node.load(&script.source()), MemoryState::default());
    invocation.simulator = rwset::Simulator::new(Box::new(Broken), TX_ID);
    let trap = node.run(invocation).result.expect_err("no state");
    assert_eq!(trap.code, TrapCode::Host);
    assert!(!trap.code.is_deterministic());
    assert!(!trap.message.contains("sda1"), "{}", trap.message);
    assert!(
        trap.detail
            .expect("for the log")
            .contains("/dev/sda1 is on fire")
    );
}

#[test]
fn what_is_read_and_written_stands_in_the_read_write_set_of_the_namespace() {
    let node = Node::new();
    let script = Script::default()
        .call("state", "get", &[Text("a")], Show::Value)
        .call("state", "put", &[Text("x"), Bytes(b"1")], Show::Unit)
        .call("state", "del", &[Text("b")], Show::Unit);
    let got = results(answer(
        node.run(invocation(&node.load(&script.source()), state())),
    ));
    let mut simulator = rwset::Simulator::new(Box::new(state()), TX_ID);
    simulator.get_state("cc", "a").expect("read");
    simulator.put_state("cc", "x", "1".into()).expect("written");
    simulator.del_state("cc", "b").expect("written");
    assert_eq!(got, simulator.finish().expect("finished").results);
}

#[test]
fn too_many_or_too_long_arguments_are_refused_before_an_instance_is_made() {
    let node = Node::new();
    let contract = node.load(&Script::default().source());
    let run = |args: Vec<Bytes>| {
        let mut invocation = invocation(&contract, MemoryState::default());
        invocation.args = args;
        node.run(invocation)
    };
    let outcome = run(vec![Bytes::new(); world::ARGS_COUNT_MAX + 1]);
    assert_eq!(outcome.fuel_used, 0);
    assert_eq!(
        outcome.result.expect_err("refused").code,
        TrapCode::ArgumentsTooLong
    );
    let outcome = run(vec![Bytes::from(vec![0; world::ARGS_BYTES_MAX + 1])]);
    assert_eq!(
        outcome.result.expect_err("refused").code,
        TrapCode::ArgumentsTooLong
    );
    answer(run(vec![Bytes::new(); world::ARGS_COUNT_MAX]));
    answer(run(vec![Bytes::from(vec![0; world::ARGS_BYTES_MAX])]));
}

#[test]
fn metadata_is_asked_outside_a_transaction() {
    let node = Node::new();
    let ask = |source: &crate::fixture::Source| {
        let contract = node.load(source);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let asked = Arc::clone(&contract);
        let pending = node
            .executor
            .submit(deadline, move |worker| worker.metadata(&asked));
        pending.expect("not busy").wait().expect("a result")
    };
    assert_eq!(ask(&Script::default().source()).expect("metadata"), "{}");
    let mut source = Script::default().source();
    source.metadata =
        "(call $log.write (i32.const 0) (i32.const 600) (i32.const 2)) (i32.const 40)".to_owned();
    assert_eq!(ask(&source).expect("logging is allowed"), "{}");
    for call in [
        "(call $context.tx-id (i32.const 256))",
        "(call $state.get (i32.const 600) (i32.const 2) (i32.const 256))",
        "(call $event.set (i32.const 600) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 256))",
        "(call $query.run (i32.const 600) (i32.const 2) (i32.const 256))",
        "(call $call.invoke-chaincode (i32.const 600) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256))",
        "(call $private-data.get (i32.const 600) (i32.const 2) (i32.const 600) (i32.const 2) (i32.const 256))",
    ] {
        let mut source = Script::default().source();
        source.metadata = format!("{call} (i32.const 40)");
        assert_eq!(
            ask(&source).expect_err(call).code,
            TrapCode::OutsideTransaction,
            "{call}"
        );
    }
}
