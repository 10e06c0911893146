//! Threads, the queue, deadlines and panics: cases 37, 41 and 69.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use runtime::{Busy, Lost, TrapCode};
use rwset::MemoryState;

use crate::Config;
use crate::fixture::{Node, Source, answer, invocation};
use crate::script::{Arg::*, Script, Show};

fn later() -> Instant {
    Instant::now() + Duration::from_secs(120)
}

#[test]
fn calls_beyond_the_queue_are_refused_as_busy() {
    let node = Node::with(Config {
        threads: 1,
        waiting_max: 2,
        ..Config::default()
    });
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let first = node.executor.submit(later(), move |_| {
        started.send(()).expect("somebody waits");
        released.recv().ok();
    });
    let first = first.expect("a thread is free");
    has_started.recv().expect("it runs");
    let second = node.executor.submit(later(), |_| 2).expect("room for one");
    let third = node.executor.submit(later(), |_| 3).expect("room for two");
    assert_eq!(
        node.executor.submit(later(), |_| 4).err(),
        Some(Busy { waiting: 2 })
    );
    assert_eq!(node.executor.waiting(), 2);
    release.send(()).expect("it waits");
    assert_eq!(
        (first.wait(), second.wait(), third.wait()),
        (Ok(()), Ok(2), Ok(3))
    );
    assert_eq!(
        node.executor
            .submit(later(), |_| 5)
            .expect("room again")
            .wait(),
        Ok(5)
    );
}

#[test]
fn more_calls_than_instances_wait_for_one_another() {
    let node = Node::with(Config {
        threads: 3,
        waiting_max: 64,
        ..Config::default()
    });
    let contract = node.load(&Source::invoke("(drop (memory.grow (i32.const 500)))"));
    let pending: Vec<_> = (0..60)
        .map(|_| {
            let invocation = invocation(&contract, MemoryState::default());
            node.executor
                .submit(later(), |worker| worker.invoke(invocation))
                .expect("room")
        })
        .collect();
    for pending in pending {
        answer(pending.wait().expect("a result"));
    }
}

#[test]
fn a_call_that_comes_too_late_is_not_begun() {
    let node = Node::new();
    let pending = node
        .executor
        .submit(Instant::now(), |_| unreachable!("it is too late"));
    assert_eq!(
        pending
            .map(|pending: runtime::Pending<()>| pending.wait())
            .ok(),
        Some(Err(Lost::Expired))
    );
}

#[test]
fn a_call_that_runs_too_long_is_ended_whatever_fuel_it_has() {
    let node = Node::new();
    let contract = node.load(&Source::invoke("(loop $l (br $l))"));
    let invocation = invocation(&contract, MemoryState::default());
    let deadline = Instant::now() + Duration::from_millis(60);
    let pending = node
        .executor
        .submit(deadline, |worker| worker.invoke(invocation))
        .expect("room");
    let trap = pending
        .wait()
        .expect("a result")
        .result
        .expect_err("no end");
    assert_eq!(trap.code, TrapCode::Deadline);
    assert_eq!(trap.message, "timeout expired while executing transaction");
}

#[test]
fn a_panic_in_a_host_function_ends_the_call_and_nothing_else() {
    let node = Node::new();
    let args = [Text("callee"), List(&[]), Text("")];
    let script = Script::default().call("call", "invoke-chaincode", &args, Show::Response);
    let contract = node.load(&script.source());
    for _ in 0..3 {
        let mut invocation = invocation(&contract, MemoryState::default());
        invocation.hooks.call = Box::new(|_| panic!("a bug"));
        let pending = node
            .executor
            .submit(later(), |worker| worker.invoke(invocation))
            .expect("room");
        assert_eq!(pending.wait().err(), Some(Lost::Panicked));
    }
    assert_eq!(node.print(&Source::invoke("(call $line)")), "\n");
}

#[test]
fn dropping_the_executor_refuses_what_waits() {
    let node = Node::new();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = node.executor.submit(later(), move |_| {
        started.send(()).expect("somebody waits");
        released.recv().ok();
    });
    has_started.recv().expect("it runs");
    let waiting = node.executor.submit(later(), |_| ()).expect("room");
    let dropping = std::thread::spawn(move || drop(node));
    assert_eq!(waiting.wait(), Err(Lost::Stopping));
    release.send(()).expect("it waits");
    dropping.join().expect("no panic");
    assert_eq!(running.expect("accepted").wait(), Ok(()));
}

#[test]
fn a_pending_result_is_a_future() {
    let node = Node::new();
    let pending = node.executor.submit(later(), |_| 7).expect("room");
    let mut pending = std::pin::pin!(pending);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let until = later();
    loop {
        match pending.as_mut().poll(&mut context) {
            std::task::Poll::Ready(result) => {
                assert_eq!(result, Ok(7));
                return;
            }
            std::task::Poll::Pending => assert!(Instant::now() < until, "no result"),
        }
        std::thread::yield_now();
    }
}
