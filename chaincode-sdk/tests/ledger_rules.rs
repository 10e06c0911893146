//! The test ledger keeps a peer's rules, so that a contract that passes here does not fail there.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the finding")]

use chaincode_sdk::composite;
use chaincode_sdk::ledger::Level;
use chaincode_sdk::limits::{
    CURSORS_MAX, EVENT_NAME_BYTES_MAX, KEY_BYTES_MAX, KEYS_PER_GET_MAX, LOG_LINE_BYTES_MAX,
    LOG_LINES_MAX, PAGE_SIZE_MAX, VALUE_BYTES_MAX,
};
use chaincode_sdk::testing::{Proposal, TestCollection, TestLedger};
use chaincode_sdk::{Code, Context, Entry, Error, Result, Timestamp, Walk, contract};

fn filled(keys: &[&str]) -> TestLedger {
    let mut ledger = TestLedger::new();
    ledger
        .submit(|ctx| keys.iter().try_for_each(|key| ctx.put_state(key, b"v")))
        .unwrap();
    ledger
}

fn keys(walk: Walk<Entry>) -> Vec<String> {
    walk.map(|entry| entry.unwrap().key).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code().unwrap()
}

#[test]
fn reads_and_ranges_never_see_the_transactions_own_writes() {
    let mut ledger = filled(&["a"]);
    ledger
        .submit(|ctx| {
            ctx.put_state("b", b"new")?;
            ctx.del_state("a")?;
            assert_eq!(ctx.get_state("b")?, None);
            assert!(ctx.get_state("a")?.is_some());
            assert_eq!(keys(ctx.get_state_by_range("", "")?), ["a"]);
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(
        (ledger.state("a"), ledger.state("b").as_deref()),
        (None, Some(b"new".as_slice()))
    );
}

#[test]
fn the_last_write_of_a_key_counts_and_an_empty_value_deletes() {
    let mut ledger = filled(&["a", "b"]);
    let writes = |ctx: &mut Context| {
        ctx.put_state("a", b"1")?;
        ctx.put_state("a", b"2")?;
        ctx.put_state("b", b"")
    };
    ledger.submit(writes).unwrap();
    assert_eq!(
        (ledger.state("a").unwrap(), ledger.state("b")),
        (b"2".to_vec(), None)
    );
}

#[test]
fn a_range_begins_with_its_start_and_ends_before_its_end() {
    let key = composite::key("t", &["a"]).unwrap();
    let mut ledger = filled(&["\u{1}", "a", "b", "c", "é", "\u{10FFFF}", &key]);
    let mut check = |start: &str, end: &str, expected: &[&str]| {
        let found = ledger
            .evaluate(|ctx| ctx.get_state_by_range(start, end))
            .unwrap();
        assert_eq!(keys(found), expected, "{start:?} {end:?}");
    };
    check("a", "c", &["a", "b"]);
    check("", "b", &["\u{1}", "a"]);
    check("c", "", &["c", "é", "\u{10FFFF}"]);
    check("c", "a", &[]);
    check("b", "b", &[]);
}

#[test]
fn a_range_of_composite_keys_has_those_with_the_same_first_parts() {
    let composites: Vec<_> = [["red", "1"], ["red", "2"], ["redder", "1"], ["blue", "1"]]
        .map(|parts| composite::key("color", &parts).unwrap())
        .into();
    let mut ledger = filled(&composites.iter().map(String::as_str).collect::<Vec<_>>());
    let mut count = |attributes: &[&str]| {
        keys(
            ledger
                .evaluate(|ctx| ctx.get_state_by_partial_composite_key("color", attributes))
                .unwrap(),
        )
        .len()
    };
    assert_eq!(count(&[]), 4);
    assert_eq!(count(&["red"]), 2);
    assert_eq!(count(&["re"]), 0);
    assert_eq!(count(&["red", "2"]), 1);
    assert_eq!(
        ledger
            .evaluate(|ctx| ctx.get_all_composite_keys_page(9, ""))
            .unwrap()
            .entries
            .len(),
        4
    );
}

#[test]
fn pages_one_after_the_other_are_the_range() {
    let names: Vec<_> = (0..23).map(|number| format!("k{number:02}")).collect();
    let mut ledger = filled(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for size in 1..=25 {
        let (mut found, mut bookmark) = (Vec::new(), String::new());
        loop {
            let page = ledger
                .evaluate(|ctx| ctx.get_state_by_range_page("k01", "k22", size, &bookmark))
                .unwrap();
            assert!(page.entries.len() <= size as usize);
            found.extend(page.entries.into_iter().map(|entry| entry.key));
            bookmark = page.bookmark;
            if bookmark.is_empty() {
                break;
            }
        }
        assert_eq!(found, names[1..22], "{size}");
    }
}

#[test]
fn a_page_with_a_bad_size_or_bookmark_is_refused() {
    let mut ledger = filled(&["a"]);
    let mut page = |size, bookmark: &str| {
        ledger.evaluate(|ctx| ctx.get_state_by_range_page("b", "d", size, bookmark))
    };
    assert_eq!(code(page(0, "")), Code::InvalidArgument);
    assert_eq!(code(page(1, "a")), Code::InvalidArgument);
    assert_eq!(code(page(1, "d")), Code::InvalidArgument);
    assert_eq!(
        code(page(u32::try_from(PAGE_SIZE_MAX).unwrap() + 1, "")),
        Code::LimitExceeded
    );
}

#[test]
fn pages_and_private_ranges_do_not_go_together_with_writes() {
    let mut ledger = filled(&["a"]);
    let page_then_write = |ctx: &mut Context| {
        ctx.get_state_by_range_page("", "", 1, "")?;
        ctx.put_state("b", b"v")
    };
    assert_eq!(code(ledger.submit(page_then_write)), Code::ReadOnly);
    let write_then_page = |ctx: &mut Context| {
        ctx.del_state("a")?;
        ctx.get_state_by_range_page("", "", 1, "")
    };
    assert_eq!(code(ledger.submit(write_then_page)), Code::ReadOnly);
    let private = |ctx: &mut Context| {
        let own = ctx.implicit_collection("Org1MSP");
        own.range("", "")?;
        own.put("a", b"v")
    };
    assert_eq!(code(ledger.submit(private)), Code::ReadOnly);
}

#[test]
fn bad_keys_and_bounds_are_refused() {
    let mut ledger = TestLedger::new();
    let long = "k".repeat(KEY_BYTES_MAX + 1);
    for (key, expected) in [
        ("", Code::InvalidArgument),
        ("\0a", Code::InvalidArgument),
        (&long, Code::LimitExceeded),
    ] {
        assert_eq!(
            code(ledger.submit(|ctx| ctx.put_state(key, b"v"))),
            expected
        );
        assert_eq!(code(ledger.submit(|ctx| ctx.get_state(key))), expected);
        assert_eq!(
            code(ledger.submit(|ctx| ctx.implicit_collection("M").put(key, b"v"))),
            expected
        );
    }
    assert_eq!(
        code(ledger.evaluate(|ctx| ctx.get_state_by_range("\0", ""))),
        Code::InvalidArgument
    );
    assert_eq!(
        code(ledger.evaluate(|ctx| ctx.get_state_by_range("", "\0"))),
        Code::InvalidArgument
    );
    ledger
        .submit(|ctx| ctx.put_state(&long[1..], b"v"))
        .unwrap();
}

#[test]
fn limits_are_those_of_the_world() {
    let mut ledger = TestLedger::new();
    let large = vec![1; VALUE_BYTES_MAX + 1];
    assert_eq!(
        code(ledger.submit(|ctx| ctx.put_state("a", &large))),
        Code::LimitExceeded
    );
    let many = |ctx: &mut Context| (0..8).try_for_each(|_| ctx.put_state("a", &large[1..]));
    assert_eq!(code(ledger.submit(many)), Code::LimitExceeded);
    let names = vec!["a"; KEYS_PER_GET_MAX + 1];
    assert_eq!(
        code(ledger.evaluate(|ctx| ctx.get_states(&names))),
        Code::LimitExceeded
    );
    let name = "n".repeat(EVENT_NAME_BYTES_MAX + 1);
    assert_eq!(
        code(ledger.submit(|ctx| ctx.set_event(&name, b""))),
        Code::LimitExceeded
    );
    assert_eq!(
        code(ledger.submit(|ctx| ctx.set_event("", b""))),
        Code::InvalidArgument
    );
    let walks = |ctx: &mut Context| {
        let open: Result<Vec<_>> = (0..CURSORS_MAX)
            .map(|_| ctx.get_state_by_range("", ""))
            .collect();
        assert_eq!(code(ctx.get_history_for_key("a")), Code::LimitExceeded);
        drop(open?);
        ctx.get_history_for_key("a")
    };
    assert!(ledger.evaluate(walks).is_ok());
}

#[test]
fn log_lines_are_cut_and_counted() {
    let mut ledger = TestLedger::new();
    let long = "ä".repeat(LOG_LINE_BYTES_MAX);
    let run = |ctx: &mut Context| {
        (0..=LOG_LINES_MAX).for_each(|_| ctx.log(Level::Info, &long));
        Ok::<_, Error>(())
    };
    ledger.evaluate(run).unwrap();
    assert_eq!(ledger.log().len(), LOG_LINES_MAX);
    assert_eq!(ledger.log()[0].1.len(), LOG_LINE_BYTES_MAX);
}

#[test]
fn the_history_has_every_committed_change_newest_first() {
    let mut ledger = TestLedger::new();
    ledger.submit(|ctx| ctx.put_state("a", b"1")).unwrap();
    ledger
        .submit(|ctx| ctx.del_state("a").and(Err::<(), _>(Error::new("no"))))
        .unwrap_err();
    ledger.propose(Proposal::default().at(Timestamp {
        seconds: 7,
        nanos: 8,
    }));
    ledger.submit(|ctx| ctx.del_state("a")).unwrap();
    let changes = ledger
        .evaluate(|ctx| ctx.get_history_for_key("a")?.collect::<Result<Vec<_>>>())
        .unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(
        (changes[0].value.as_deref(), changes[0].timestamp.nanos),
        (None, 8)
    );
    assert_eq!(changes[1].value.as_deref(), Some(b"1".as_slice()));
    assert_ne!(changes[0].tx_id, changes[1].tx_id);
}

#[test]
fn a_keys_policy_lasts_until_the_key_is_deleted() {
    let mut ledger = filled(&["a"]);
    let policy = |ledger: &mut TestLedger| {
        ledger
            .evaluate(|ctx| ctx.get_state_validation_parameter("a"))
            .unwrap()
    };
    ledger
        .submit(|ctx| ctx.set_state_validation_parameter("a", b"policy"))
        .unwrap();
    ledger.submit(|ctx| ctx.put_state("a", b"changed")).unwrap();
    assert_eq!(policy(&mut ledger).unwrap(), b"policy");
    ledger.submit(|ctx| ctx.del_state("a")).unwrap();
    ledger
        .submit(|ctx| ctx.set_state_validation_parameter("a", b"without effect"))
        .unwrap();
    ledger.submit(|ctx| ctx.put_state("a", b"again")).unwrap();
    assert_eq!(policy(&mut ledger), None);
}

#[test]
fn private_values_are_for_the_peers_of_members_and_members_only_if_so_declared() {
    let mut ledger = TestLedger::new();
    ledger.add_collection("open", TestCollection::of(&["Org1MSP"]));
    ledger.add_collection(
        "closed",
        TestCollection::of(&["Org1MSP"])
            .member_only_read()
            .member_only_write(),
    );
    for name in ["open", "closed"] {
        ledger
            .submit(|ctx| ctx.collection(name).put("k", b"v"))
            .unwrap();
    }
    let mut get = |proposal: Proposal, name: &str| {
        ledger.propose(proposal);
        ledger.evaluate(|ctx| ctx.collection(name).get("k"))
    };
    assert_eq!(
        get(Proposal::by("Org1MSP"), "closed").unwrap().unwrap(),
        b"v"
    );
    assert_eq!(
        get(Proposal::by("Org2MSP").on_peer_of("Org1MSP"), "open")
            .unwrap()
            .unwrap(),
        b"v"
    );
    assert_eq!(
        code(get(Proposal::by("Org2MSP").on_peer_of("Org1MSP"), "closed")),
        Code::AccessDenied
    );
    assert_eq!(
        code(get(Proposal::by("Org2MSP"), "open")),
        Code::Unavailable
    );
    assert_eq!(
        code(get(Proposal::by("Org1MSP"), "unknown")),
        Code::NotFound
    );
    ledger.propose(Proposal::by("Org2MSP"));
    assert_eq!(
        code(ledger.submit(|ctx| ctx.collection("closed").put("k", b"w"))),
        Code::AccessDenied
    );
    ledger
        .submit(|ctx| ctx.collection("open").put("k", b"written by whoever"))
        .unwrap();
    assert_eq!(
        ledger
            .evaluate(|ctx| ctx.collection("closed").hash("k"))
            .unwrap()
            .unwrap()
            .len(),
        32
    );
}

#[test]
fn rich_queries_are_unsupported() {
    let mut ledger = TestLedger::new();
    assert_eq!(
        code(ledger.evaluate(|ctx| ctx.get_query_result("{}"))),
        Code::Unsupported
    );
    assert_eq!(
        code(ledger.evaluate(|ctx| ctx.get_query_result_page("{}", 1, ""))),
        Code::Unsupported
    );
}

struct Book;

#[contract]
impl Book {
    #[init]
    fn open(ctx: &mut Context) -> Result<()> {
        ctx.implicit_collection("Org1MSP").put("k", b"v")
    }

    #[transaction]
    fn enter(ctx: &mut Context, line: &str) -> Result<String> {
        ctx.put_state("line", line.as_bytes())?;
        ctx.set_event("Entered", b"dropped")?;
        Ok(format!("{} for {}", ctx.tx_id(), ctx.creator().msp_id))
    }

    #[transaction]
    fn call_back(ctx: &mut Context) -> Result<u32> {
        Ok(ctx
            .invoke_chaincode("chaincode", &["Any"])?
            .status
            .unsigned_abs())
    }
}

#[test]
fn private_data_is_refused_in_the_initialising_transaction() {
    let response = TestLedger::new().init::<Book>("Open", &[]);
    assert_eq!(
        response.message,
        "private data APIs are not allowed in chaincode Init()"
    );
}

#[test]
fn a_called_chaincode_writes_its_own_state_in_the_callers_transaction() {
    let mut ledger = TestLedger::new();
    ledger.add_chaincode::<Book>("book");
    let (tx_id, response) = ledger
        .submit(|ctx| {
            ctx.set_event("Outer", b"kept")?;
            Ok::<_, Error>((
                ctx.tx_id(),
                ctx.invoke_chaincode("book", &["Enter", "hello"])?,
            ))
        })
        .unwrap();
    assert_eq!(
        String::from_utf8(response.payload).unwrap(),
        format!("{tx_id} for Org1MSP")
    );
    assert_eq!(ledger.state("line"), None);
    let [event] = ledger.events() else {
        panic!("one event")
    };
    assert_eq!((event.name.as_str(), &event.tx_id), ("Outer", &tx_id));
}

#[test]
fn what_cannot_be_called_is_an_error_and_an_error_response_is_none() {
    let mut ledger = TestLedger::new();
    ledger.add_chaincode::<Book>("book");
    let mut call =
        |name: &str, args: &[&str]| ledger.submit(|ctx| ctx.invoke_chaincode(name, args));
    assert_eq!(code(call("nosuch", &["Enter"])), Code::NotFound);
    assert_eq!(code(call("chaincode", &["Enter"])), Code::InvalidArgument);
    assert_eq!(
        call("book", &["Enter"]).unwrap().message,
        "Incorrect number of params. Expected 1, received 0"
    );
    assert_eq!(
        call("book", &["CallBack"]).unwrap().message,
        "chaincode chaincode is running already"
    );
    assert_eq!(
        code(ledger.evaluate(|ctx| ctx.query_chaincode("book", &["Enter"], "elsewhere"))),
        Code::NotFound
    );
}
