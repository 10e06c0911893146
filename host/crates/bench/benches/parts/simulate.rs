//! CreateAsset of the example contract, on a ledger: a fresh instance, one read, one write, an event.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime::{Config, Engine, Entry, Executor, Hooks, Invocation, TxContext, encode_component};
use toolchain::{Environment, Target};

use crate::Timed;
use crate::world::{CHAINCODE, World, fill_random};

const CONTRACT: &str = "../../../examples-chaincode/asset-transfer";

pub(crate) fn simulate() -> Timed {
    let world = World::new();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join(CONTRACT);
    let environment = Environment::new(std::env::vars_os());
    let target = Target::ensure(&environment, &mut |line| println!("{line}")).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract");
    let module = target
        .build(&contract, Some(&folder), &mut |warnings| {
            println!("{warnings}")
        })
        .unwrap();
    let engine = Engine::new(Config::default(), &mut fill_random).unwrap();
    let component = encode_component(&std::fs::read(module).unwrap()).unwrap();
    let contract = engine.load(&component).unwrap();
    let executor = Executor::start(&engine).unwrap();
    // Timed by itself: it runs on a thread of the executor.
    Box::new(move || {
        let args = [
            "CreateAsset",
            "asset0123456789abcdef",
            "blue",
            "5",
            "Tomoko",
            "300",
        ];
        let invocation = Invocation {
            contract: Arc::clone(&contract),
            namespace: CHAINCODE.to_owned(),
            channel: "trade".to_owned(),
            entry: Entry::Invoke,
            args: args.map(bytes::Bytes::from).into(),
            context: Arc::new(TxContext {
                tx_id: "a".repeat(64),
                creator_msp_id: "Org1MSP".to_owned(),
                ..TxContext::default()
            }),
            simulator: world.simulator(),
            hooks: Hooks::none(),
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        let begun = Instant::now();
        let outcome = executor
            .submit(deadline, |worker| worker.invoke(invocation))
            .unwrap()
            .wait()
            .unwrap();
        let answer = outcome.result.unwrap();
        let results = answer.simulator.finish().unwrap().results;
        let took = begun.elapsed();
        assert!(
            answer.reply.status == 200 && !results.is_empty(),
            "{}",
            answer.reply.message
        );
        took
    })
}
