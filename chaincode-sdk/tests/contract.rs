//! What clients can rely on when they call a contract.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the finding")]

use std::fmt;

use chaincode_sdk::testing::TestLedger;
use chaincode_sdk::{Context, Contract, Error, Kind, Response, Result, contract, metadata};
use serde::{Deserialize, Serialize};

type Text = String;

#[derive(Clone, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug)]
struct Full;

impl fmt::Display for Full {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no more room")
    }
}

struct Sample;

#[contract(name = "sample.v1")]
impl Sample {
    #[init]
    fn set_up(ctx: &mut Context, owner: &str) -> Result<()> {
        ctx.put_state("owner", owner.as_bytes())
    }

    #[query]
    fn join(_ctx: &Context, words: &[String], separator: &str) -> String {
        words.join(separator)
    }

    #[query]
    fn alias(_ctx: &Context, text: Text) -> Text {
        text
    }

    #[query]
    fn mirror(_ctx: &Context, point: &Point) -> Point {
        Point {
            x: -point.x,
            y: point.y,
        }
    }

    #[query]
    fn sorted(_ctx: &mut Context, numbers: &mut [u8]) -> Vec<u8> {
        numbers.sort_unstable();
        numbers.to_vec()
    }

    #[query]
    fn maybe(_ctx: &Context, text: Option<String>) -> Option<usize> {
        Some(text?.len())
    }

    #[query(name = "fixed-text")]
    fn constant(_ctx: &Context) -> &'static str {
        "as it is"
    }

    #[transaction]
    fn fail_plainly(ctx: &mut Context) -> Result<(), Full> {
        ctx.put_state("never", b"written").map_err(|_| Full)?;
        Err(Full)
    }

    #[transaction]
    fn refuse(_ctx: &mut Context, status: i32) -> Result<bool> {
        Err(Error::with_status(status, "refused"))
    }

    fn _own() {}
}

fn call(function: &str, arguments: &[&str]) -> Response {
    TestLedger::new().invoke::<Sample>(function, arguments)
}

fn check(function: &str, arguments: &[&str], expected: &str) {
    let response = call(function, arguments);
    let payload = String::from_utf8(response.payload).unwrap();
    assert_eq!(
        (response.status, response.message.as_str(), payload.as_str()),
        (200, "", expected),
        "{function}"
    );
}

fn check_failure(function: &str, arguments: &[&str], status: i32, expected: &str) {
    let response = call(function, arguments);
    assert_eq!(
        (response.status, response.message.as_str()),
        (status, expected),
        "{function}"
    );
    assert!(response.payload.is_empty());
}

#[test]
fn arguments_are_passed_as_the_function_takes_them() {
    check("Join", &[r#"["a","b"]"#, ", "], "a, b");
    check("Alias", &[r#""quoted""#], r#""quoted""#);
    check("Mirror", &[r#"{"x":1,"y":2}"#], r#"{"x":-1,"y":2}"#);
    check("Sorted", &["[3,1,2]"], "[1,2,3]");
    check("Maybe", &["null"], "null");
    check("Maybe", &[r#""four""#], "4");
}

#[test]
fn functions_are_found_by_their_clients_names() {
    check("fixed-text", &[], "as it is");
    check("alias", &["a"], "a");
    check("sample.v1:Alias", &["a"], "a");
    check_failure(
        "Constant",
        &[],
        404,
        "Function Constant not found in contract sample.v1; it has SetUp, Join, Alias, Mirror, Sorted, Maybe, fixed-text, FailPlainly, \
         Refuse",
    );
    check_failure(
        "_own",
        &[],
        404,
        "Function _own not found in contract sample.v1; it has SetUp, Join, Alias, Mirror, Sorted, Maybe, fixed-text, FailPlainly, \
         Refuse",
    );
    check_failure(
        "Other:Alias",
        &["a"],
        404,
        "Contract not found with name Other",
    );
    check_failure("", &[], 404, "Blank function name passed");
    check_failure("sample.v1:", &[], 404, "Blank function name passed");
}

#[test]
fn a_wrong_number_of_arguments_is_refused_before_anything_runs() {
    check_failure(
        "Alias",
        &[],
        400,
        "Incorrect number of params. Expected 1, received 0",
    );
    check_failure(
        "Join",
        &["[]", "", ""],
        400,
        "Incorrect number of params. Expected 2, received 3",
    );
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_the_parameters_name() {
    check_failure(
        "Sorted",
        &["[1,300]"],
        400,
        "Error managing parameter numbers. Conversion error. Cannot convert passed value [1,300] to [u8]: \
         invalid value: integer `300`, expected u8 at line 1 column 6",
    );
}

#[test]
fn a_failure_has_the_errors_text_and_status_and_leaves_nothing_behind() {
    let mut ledger = TestLedger::new();
    let response = ledger.invoke::<Sample>("FailPlainly", &[]);
    assert_eq!(
        (response.status, response.message.as_str()),
        (500, "no more room")
    );
    assert_eq!(ledger.state("never"), None);
    check_failure("Refuse", &["404"], 404, "refused");
    check_failure("Refuse", &["200"], 500, "refused");
}

#[test]
fn an_init_function_is_only_for_the_initialising_transaction() {
    check_failure(
        "SetUp",
        &["Ann"],
        500,
        "Function SetUp is only for the initialising transaction",
    );
    let mut ledger = TestLedger::new();
    assert!(ledger.init::<Sample>("SetUp", &["Ann"]).is_success());
    assert_eq!(ledger.state("owner").unwrap(), b"Ann");
    assert!(ledger.init::<Sample>("", &[]).is_success());
    assert!(
        ledger
            .init::<Sample>("Alias", &["other functions may initialise too"])
            .is_success()
    );
}

#[test]
fn the_metadata_lists_each_function_with_its_parameters() {
    let metadata: serde_json::Value = serde_json::from_str(&metadata::<Sample>()).unwrap();
    let functions = metadata["contracts"]["sample.v1"]["transactions"]
        .as_array()
        .unwrap();
    assert_eq!(functions.len(), Sample::FUNCTIONS.len());
    let join = &functions[1];
    assert_eq!(
        join.to_string(),
        r#"{"name":"Join","parameters":[{"name":"words","schema":{"items":{"type":"string"},"type":"array"}},{"name":"separator","schema":{"type":"string"}}],"returns":{"type":"string"},"tag":["evaluate","EVALUATE"]}"#
    );
    assert_eq!(Sample::FUNCTIONS[0].kind, Kind::Init);
    let asked = call("org.hyperledger.fabric:GetMetadata", &[]);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&asked.payload).unwrap(),
        metadata
    );
}
