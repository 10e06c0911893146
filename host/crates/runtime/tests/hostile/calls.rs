//! Chaincode that calls chaincode: case 60 and the rules of the world's `call`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use runtime::{CallRefused, Callee, Reply, TrapCode, world};
use rwset::{MemoryState, Simulator};

use crate::fixture::{Node, Source, TX_ID, answer, invocation, printed, results};
use crate::script::{Arg::*, Script, Show};
use crate::{Contract, Invocation, Outcome};

/// Contracts by name; a call to another channel gets a simulator of its own.
struct Chaincodes {
    node: Node,
    contracts: Arc<HashMap<String, Arc<Contract>>>,
}

impl Chaincodes {
    fn new(sources: &[(&str, Source)]) -> Self {
        let node = Node::new();
        let contracts = sources
            .iter()
            .map(|(name, source)| ((*name).to_owned(), node.load(source)));
        let contracts = Arc::new(contracts.collect());
        Self { node, contracts }
    }

    fn invocation(&self, name: &str) -> Invocation {
        let mut invocation = invocation(&self.contracts[name], MemoryState::default());
        invocation.namespace = name.to_owned();
        let contracts = Arc::clone(&self.contracts);
        invocation.hooks.call = Box::new(move |request| {
            match request.chaincode {
                "qscc" => {
                    let payload = request.args.concat().into();
                    let reply = Reply {
                        status: 200,
                        message: String::new(),
                        payload,
                    };
                    return Ok(Callee::Answered(reply));
                }
                "secret" => return Err(CallRefused::AccessDenied("not yours".to_owned())),
                "fails" => return Err(CallRefused::Failed("not installed".to_owned())),
                _ => {}
            }
            let contract = contracts.get(request.chaincode).cloned();
            let contract = contract.ok_or_else(|| CallRefused::NotFound("no such".to_owned()))?;
            let other = || Box::new(Simulator::new(Box::new(MemoryState::default()), TX_ID));
            Ok(Callee::Contract {
                contract,
                namespace: request.chaincode.to_owned(),
                simulator: (!request.same_channel).then(other),
            })
        });
        invocation
    }

    fn run(&self, name: &str) -> Outcome {
        self.node.run(self.invocation(name))
    }
}

fn call(script: Script, chaincode: &str, channel: &str) -> Script {
    let args = [Text(chaincode), List(&["fn", "arg"]), Text(channel)];
    script.call("call", "invoke-chaincode", &args, Show::Response)
}

fn put(script: Script, key: &str) -> Script {
    script.call("state", "put", &[Text(key), Bytes(b"v")], Show::Unit)
}

#[test]
fn a_callees_writes_stand_under_its_own_namespace_and_its_event_is_dropped() {
    let callee = put(Script::default(), "inner")
        .call("event", "set", &[Text("dropped"), Bytes(b"")], Show::Unit)
        .source();
    let caller = put(
        call(put(Script::default(), "before"), "callee", ""),
        "after",
    )
    .call("event", "set", &[Text("kept"), Bytes(b"")], Show::Unit)
    .source();
    let chaincodes = Chaincodes::new(&[("caller", caller), ("callee", callee)]);
    let got = answer(chaincodes.run("caller"));
    assert_eq!(printed(&got), "ok\n200 = ok\nok\n\nok\nok\n");
    assert_eq!(got.event.as_ref().expect("an event").name, "kept");

    let mut expected = Simulator::new(Box::new(MemoryState::default()), TX_ID);
    for (namespace, key) in [
        ("caller", "before"),
        ("callee", "inner"),
        ("caller", "after"),
    ] {
        expected
            .put_state(namespace, key, "v".into())
            .expect("written");
    }
    assert_eq!(results(got), expected.finish().expect("finished").results);
}

#[test]
fn a_call_into_another_channel_leaves_only_its_response() {
    let callee = put(Script::default(), "inner")
        .call("context", "channel-id", &[], Show::Plain)
        .source();
    let caller = call(
        call(Script::default(), "callee", "other"),
        "callee:1.0/other",
        "",
    )
    .source();
    let chaincodes = Chaincodes::new(&[("caller", caller), ("callee", callee)]);
    let got = answer(chaincodes.run("caller"));
    assert_eq!(printed(&got), "200 = ok\nother\n\n200 = ok\nother\n\n");
    let empty = Simulator::new(Box::new(MemoryState::default()), TX_ID)
        .finish()
        .expect("finished");
    assert_eq!(results(got), empty.results);
}

#[test]
fn what_cannot_be_called_is_refused_by_code() {
    let mut script = Script::default();
    for (chaincode, channel) in [
        ("nobody", ""),
        ("secret", ""),
        ("fails", ""),
        ("", ""),
        ("caller", ""),
        ("caller:2", "ch"),
        ("callee/a", "b"),
    ] {
        script = call(script, chaincode, channel);
    }
    script = call(script, "qscc", "");
    let chaincodes = Chaincodes::new(&[("caller", script.source())]);
    let got = printed(&answer(chaincodes.run("caller")));
    assert_eq!(
        got,
        "error 5\nerror 4\nerror 10\nerror 2\nerror 2\nerror 2\nerror 2\n200 = fnarg\n"
    );
}

#[test]
fn a_chaincode_on_the_stack_is_refused_in_fabrics_words() {
    let a = call(Script::default(), "b", "").source();
    let b = call(Script::default(), "a", "")
        .code("(call $emit_string (i32.const 264))")
        .source();
    let chaincodes = Chaincodes::new(&[("a", a), ("b", b)]);
    let got = printed(&answer(chaincodes.run("a")));
    assert!(got.contains("error 2"), "{got}");
    assert!(got.contains(&format!("txid: {TX_ID}(ch) exists")), "{got}");
}

#[test]
fn the_stack_has_a_limit() {
    let names: Vec<_> = (0..20).map(|n| format!("cc{n}")).collect();
    let sources: Vec<_> = (0..20)
        .map(|n| {
            (
                names[n].as_str(),
                call(Script::default(), &format!("cc{}", n + 1), "").source(),
            )
        })
        .collect();
    let got = printed(&answer(Chaincodes::new(&sources).run("cc0")));
    assert_eq!(
        got.matches("200 = ").count(),
        world::CALL_DEPTH_MAX - 1,
        "{got}"
    );
    assert!(got.contains("error 3"), "{got}");
}

#[test]
fn a_callee_that_traps_leaves_no_trace_and_loses_the_fuel_it_was_given() {
    for (name, end) in [
        ("unreachable", "unreachable"),
        ("memory", "(drop (i32.load (i32.const -1)))"),
        (
            "division",
            "(drop (i32.div_u (i32.const 1) (local.get $i)))",
        ),
        ("a bad response", "(return (call $answer (i32.const 7)))"),
    ] {
        let callee = put(Script::default(), "inner")
            .call("state", "get", &[Text("read")], Show::Value)
            .call("state", "range", &[Text(""), Text("")], Show::Cursor)
            .code(end)
            .source();
        let caller = put(
            call(put(Script::default(), "before"), "callee", ""),
            "after",
        )
        .source();
        let chaincodes = Chaincodes::new(&[("caller", caller), ("callee", callee)]);
        let outcome = chaincodes.run("caller");
        let fuel = outcome.fuel_used;
        let got = answer(outcome);
        assert_eq!(printed(&got), "ok\nerror 10\nok\n", "{name}");
        let (of, parts) = (63, 64);
        assert!(
            fuel > (world::FUEL_PER_CALL - 1_000_000) / parts * of,
            "{name}: {fuel}"
        );

        let mut expected = Simulator::new(Box::new(MemoryState::default()), TX_ID);
        expected
            .put_state("caller", "before", "v".into())
            .expect("written");
        expected
            .put_state("caller", "after", "v".into())
            .expect("written");
        assert_eq!(
            results(got),
            expected.finish().expect("finished").results,
            "{name}"
        );
    }
}

#[test]
fn a_callee_that_burns_all_its_fuel_leaves_the_caller_a_little() {
    let callee = put(Script::default(), "inner")
        .code("(loop $l (br $l))")
        .source();
    let caller = put(call(Script::default(), "callee", ""), "after").source();
    let chaincodes = Chaincodes::new(&[("caller", caller), ("callee", callee)]);
    let outcome = chaincodes.run("caller");
    assert!(outcome.fuel_used < world::FUEL_PER_CALL);
    assert_eq!(printed(&answer(outcome)), "error 10\nok\n");
}

#[test]
fn trying_a_trapping_callee_again_and_again_ends_by_fuel() {
    let mut script = Script::default();
    for _ in 0..5 {
        script = call(script, "callee", "");
    }
    let chaincodes = Chaincodes::new(&[
        ("caller", script.source()),
        ("callee", Source::invoke("unreachable")),
    ]);
    let outcome = chaincodes.run("caller");
    // 64^-5 of the fuel does not pay for the fourth call.
    assert_eq!(
        outcome.result.expect_err("no fuel").code,
        TrapCode::OutOfFuel
    );
}

#[test]
fn a_callee_that_ends_differently_on_each_peer_ends_the_transaction() {
    let callee = Source::invoke("(call $again)").items("(func $again (call $again))");
    let caller = call(Script::default(), "callee", "").source();
    let chaincodes = Chaincodes::new(&[("caller", caller), ("callee", callee)]);
    let trap = chaincodes.run("caller").result.expect_err("no answer");
    assert_eq!(trap.code, TrapCode::StackExhausted);
}

#[test]
fn recursion_at_the_deepest_call_does_not_reach_the_threads_own_end() {
    let last = world::CALL_DEPTH_MAX - 1;
    let names: Vec<_> = (0..=last).map(|n| format!("cc{n}")).collect();
    let deep = "(func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))";
    let sources: Vec<_> = (0..=last)
        .map(|n| {
            // Each level first uses nearly all of its own stack, then calls on from there.
            let source = if n == last {
                Source::invoke("(call $again)").items("(func $again (call $again))")
            } else {
                call(
                    Script::default().code("(call $deep (i32.const 5000))"),
                    &format!("cc{}", n + 1),
                    "",
                )
                .source()
                .items(deep)
            };
            (names[n].as_str(), source)
        })
        .collect();
    let trap = Chaincodes::new(&sources)
        .run("cc0")
        .result
        .expect_err("no answer");
    assert_eq!(trap.code, TrapCode::StackExhausted);
}

#[test]
fn a_callees_own_error_response_is_not_an_error_of_the_call() {
    let callee = Source::invoke("(return (call $answer (i32.const 500)))");
    let caller = call(Script::default(), "callee", "").source();
    let chaincodes = Chaincodes::new(&[("caller", caller), ("callee", callee)]);
    assert_eq!(printed(&answer(chaincodes.run("caller"))), "500 = \n");
}

#[test]
fn a_hook_that_cannot_read_the_state_ends_the_transaction() {
    let caller = call(Script::default(), "callee", "").source();
    let chaincodes = Chaincodes::new(&[("caller", caller)]);
    let mut invocation = chaincodes.invocation("caller");
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    invocation.hooks.call = Box::new(move |_| {
        *count.lock().expect("not poisoned") += 1;
        Err(CallRefused::State(rwset::StateError::new("disk")))
    });
    let trap = chaincodes
        .node
        .run(invocation)
        .result
        .expect_err("no answer");
    assert_eq!(trap.code, TrapCode::Host);
    assert_eq!(*asked.lock().expect("not poisoned"), 1);
}
