//! The example contract, compiled from Rust with the SDK, run end to end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use model::Version;
use runtime::world::refusal;
use rwset::{BlockTx, MemoryState, TxRwSet, validate_block};
use toolchain::{Environment, Target};

use crate::fixture::{Node, answer, invocation, root};
use crate::{Config, encode_component};

/// Compiles an example; quick if nothing changed since the last time.
fn example(name: &str) -> Vec<u8> {
    let environment = Environment::new(std::env::vars_os());
    let target =
        Target::ensure(&environment, &mut |line| println!("{line}")).expect("the wasm target");
    let module: PathBuf = target
        .build(
            &root().join("examples-chaincode").join(name),
            None::<&Path>,
            &mut |line| println!("{line}"),
        )
        .unwrap_or_else(|error| panic!("{error}"));
    let core = std::fs::read(&module).expect("the compiled module");
    encode_component(&core).unwrap_or_else(|refusal| panic!("{refusal}"))
}

#[test]
fn assets_are_created_read_and_transferred() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::with(Config {
        threads: 1,
        cache_folder: Some(folder.path().to_owned()),
        ..Config::default()
    });
    let component = example("asset-transfer");
    let begun = Instant::now();
    let contract = node
        .engine
        .load(&component)
        .unwrap_or_else(|error| panic!("{error}"));
    println!(
        "compiled {} bytes in {:?}",
        component.len(),
        begun.elapsed()
    );
    let mut state = MemoryState::default();
    let mut block = 1;
    let mut run = |args: &[&str]| {
        let mut invocation = invocation(&contract, state.clone());
        invocation.args = args
            .iter()
            .map(|arg| Bytes::copy_from_slice(arg.as_bytes()))
            .collect();
        let got = answer(node.run(invocation));
        if got.reply.status < 400 {
            let rwset =
                TxRwSet::parse(&got.simulator.finish().expect("finished").results).expect("parses");
            let (_, batch) =
                validate_block(&state, block, &[BlockTx::Endorser(&rwset)]).expect("valid");
            state.apply(block, &batch);
            block += 1;
        }
        let payload = String::from_utf8_lossy(&got.reply.payload).into_owned();
        (
            got.reply.status,
            got.reply.message,
            payload,
            got.event.map(|event| event.name),
        )
    };

    assert_eq!(run(&["InitLedger"]).0, 200);
    let (status, message, _, event) = run(&["CreateAsset", "asset7", "green", "12", "Lena", "900"]);
    assert_eq!((status, message.as_str()), (200, ""));
    assert!(event.is_some(), "an event on creation");
    let (_, _, asset, _) = run(&["ReadAsset", "asset7"]);
    assert_eq!(
        asset,
        r#"{"AppraisedValue":900,"Color":"green","ID":"asset7","Owner":"Lena","Size":12}"#
    );
    let (status, message, ..) = run(&["CreateAsset", "asset7", "green", "12", "Lena", "900"]);
    assert!(
        status >= 400 && message.contains("asset7"),
        "{status} {message}"
    );
    assert_eq!(run(&["TransferAsset", "asset7", "Max"]).2, "Lena");
    assert!(run(&["ReadAsset", "asset7"]).2.contains(r#""Owner":"Max""#));
    assert_eq!(run(&["GetAllAssets"]).2.matches("\"ID\"").count(), 7);
}

#[test]
fn a_call_that_fits_no_function_is_refused_in_the_form_that_peers_know() {
    let node = Node::new();
    let contract = node
        .engine
        .load(&example("asset-transfer"))
        .unwrap_or_else(|error| panic!("{error}"));
    let run = |args: &[&str]| {
        let mut invocation = invocation(&contract, MemoryState::default());
        invocation.args = args
            .iter()
            .map(|arg| Bytes::copy_from_slice(arg.as_bytes()))
            .collect();
        let reply = answer(node.run(invocation)).reply;
        (
            reply.status == refusal::FUNCTION_STATUS && refusal::is_of_function(&reply.message),
            reply.status == refusal::ARGUMENTS_STATUS && refusal::is_of_arguments(&reply.message),
        )
    };
    for name in ["NoSuchFunction", "", "Other:ReadAsset"] {
        assert_eq!(run(&[name]), (true, false), "{name}");
    }
    for args in [
        &["ReadAsset"][..],
        &["CreateAsset", "a", "red", "x", "", "1"],
    ] {
        assert_eq!(run(args), (false, true), "{args:?}");
    }
    assert_eq!(run(&["ReadAsset", "none"]), (false, false));
}

#[test]
fn the_examples_metadata_is_json() {
    let node = Node::new();
    let contract = node
        .engine
        .load(&example("asset-transfer"))
        .unwrap_or_else(|error| panic!("{error}"));
    let deadline = Instant::now() + Duration::from_secs(60);
    let pending = node
        .executor
        .submit(deadline, move |worker| worker.metadata(&contract));
    let metadata = pending
        .expect("room")
        .wait()
        .expect("a result")
        .expect("metadata");
    assert!(
        metadata.starts_with('{') && metadata.contains("ReadAsset"),
        "{metadata}"
    );
}

/// How long a fresh call takes; printed, not judged, since machines differ.
#[test]
fn a_fresh_call_with_a_read_and_a_write_is_timed() {
    let node = Node::new();
    let contract = node
        .engine
        .load(&example("asset-transfer"))
        .unwrap_or_else(|error| panic!("{error}"));
    let mut state = MemoryState::default();
    let asset = r#"{"AppraisedValue":900,"Color":"green","ID":"a","Owner":"Lena","Size":12}"#;
    state.put("cc", "a", asset.as_bytes(), Version { block: 1, tx: 0 });
    let args: Vec<_> = ["TransferAsset", "a", "Max"]
        .map(|arg| Bytes::from_static(arg.as_bytes()))
        .into();
    let calls = 200;
    let pending = node
        .executor
        .submit(Instant::now() + Duration::from_secs(120), move |worker| {
            let mut times = Vec::new();
            for _ in 0..calls {
                let mut invocation = invocation(&contract, state.clone());
                invocation.args.clone_from(&args);
                let begun = Instant::now();
                let outcome = worker.invoke(invocation);
                times.push(begun.elapsed());
                assert_eq!(answer(outcome).reply.status, 200);
            }
            times.sort();
            times
        });
    let times = pending.expect("room").wait().expect("a result");
    println!(
        "fresh call, read and write: p50 {:?}, p99 {:?}",
        times[calls / 2],
        times[calls * 99 / 100]
    );
}
