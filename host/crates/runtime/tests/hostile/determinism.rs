//! Case 38: the same call gives the same bytes and uses the same fuel, whatever came before and whoever runs it.

use model::Version;
use rwset::MemoryState;

use crate::Config;
use crate::fixture::{Node, Source, answer, invocation, results};
use crate::script::{Arg::*, Script, Show};

fn busy() -> Source {
    Script::default()
        .call("state", "get", &[Text("k1")], Show::Value)
        .call("state", "range", &[Text("k"), Text("l")], Show::Cursor)
        .call("state", "[method]cursor.next", &[Cursor, Number(120)], Show::Entries)
        .call("state", "put", &[Text("x"), Bytes(b"1")], Show::Unit)
        .call("event", "set", &[Text("e"), Bytes(b"p")], Show::Unit)
        .code(
            "(local.set $f (f64.const 1.5)) (local.set $i (i32.const 1000))
             (loop $l (local.set $f (f64.sqrt (f64.add (f64.mul (local.get $f) (f64.const 1.1)) (f64.const 0.1))))
                (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
             (call $emit_number (i32.wrap_i64 (i64.reinterpret_f64 (local.get $f))))",
        )
        .source()
}

fn state() -> MemoryState {
    let mut state = MemoryState::default();
    for number in 0..250_u64 {
        state.put(
            "cc",
            &format!("k{number}"),
            b"v".as_slice(),
            Version {
                block: 1,
                tx: number,
            },
        );
    }
    state
}

/// Fuel, response, event and read-write set of one run.
fn run(node: &Node) -> (u64, Vec<u8>, String, Vec<u8>) {
    let outcome = node.run(invocation(&node.load(&busy()), state()));
    let fuel = outcome.fuel_used;
    let answer = answer(outcome);
    let event = format!("{:?}", answer.event);
    (
        fuel,
        answer.reply.payload.to_vec(),
        event,
        results(answer).to_vec(),
    )
}

#[test]
fn a_call_is_the_same_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = |threads| Config {
        threads,
        cache_folder: Some(folder.path().to_owned()),
        ..Config::default()
    };
    let cold = Node::with(config(1));
    let first = run(&cold);
    for _ in 0..50 {
        assert_eq!(run(&cold), first, "a later call on the same node");
    }
    assert_eq!(
        run(&Node::with(config(2))),
        first,
        "code from the disk, two threads"
    );
    assert_eq!(run(&Node::new()), first, "code compiled again");
}

#[test]
fn a_call_is_the_same_while_others_run() {
    let node = Node::with(Config {
        threads: 2,
        ..Config::default()
    });
    let first = run(&node);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..10).map(|_| run(&node)).collect::<Vec<_>>()))
            .collect();
        for runs in running {
            for again in runs.join().expect("no panic") {
                assert_eq!(again, first);
            }
        }
    });
}

/// The exact fuel of a fixed piece of code. If it changes, so does what endorsers agree on: that is a new version of
/// the world, or a wasmtime upgrade that all peers make together.
#[test]
fn fuel_is_what_it_was() {
    let node = Node::new();
    let outcome = node.invoke(&Source::invoke(
        "(local.set $i (i32.const 1000))
         (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))",
    ));
    expect_test::expect!["5046"].assert_eq(&outcome.fuel_used.to_string());
}
