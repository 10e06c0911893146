use chaincode_sdk::testing::TestLedger;
use chaincode_sdk::{Contract, Response};

use super::AssetTransfer;

const ASSET7: [&str; 5] = ["asset7", "purple", "20", "Ann", "900"];
const ASSET7_JSON: &str =
    r#"{"AppraisedValue":900,"Color":"purple","ID":"asset7","Owner":"Ann","Size":20}"#;

fn text(response: Response) -> String {
    assert_eq!(response.status, 200, "{}", response.message);
    String::from_utf8(response.payload).unwrap()
}

fn failure(response: Response) -> String {
    assert_eq!(response.status, 500);
    assert!(response.payload.is_empty());
    response.message
}

fn filled() -> TestLedger {
    let mut ledger = TestLedger::new();
    text(ledger.invoke::<AssetTransfer>("InitLedger", &[]));
    ledger
}

#[test]
fn the_functions_have_the_samples_names() {
    let names: Vec<_> = AssetTransfer::FUNCTIONS
        .iter()
        .map(|function| function.name)
        .collect();
    assert_eq!(
        names,
        [
            "InitLedger",
            "CreateAsset",
            "ReadAsset",
            "UpdateAsset",
            "DeleteAsset",
            "AssetExists",
            "TransferAsset",
            "GetAllAssets"
        ]
    );
}

#[test]
fn the_ledger_begins_with_the_samples_six_assets() {
    let mut ledger = filled();
    let all: serde_json::Value =
        serde_json::from_str(&text(ledger.query::<AssetTransfer>("GetAllAssets", &[]))).unwrap();
    let owners: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| asset["Owner"].as_str().unwrap())
        .collect();
    assert_eq!(
        owners,
        ["Tomoko", "Brad", "Jin Soo", "Max", "Adriana", "Michel"]
    );
    assert_eq!(
        text(ledger.query::<AssetTransfer>("ReadAsset", &["asset1"])),
        r#"{"AppraisedValue":300,"Color":"blue","ID":"asset1","Owner":"Tomoko","Size":5}"#
    );
}

#[test]
fn an_empty_ledger_has_an_empty_list() {
    assert_eq!(
        text(TestLedger::new().query::<AssetTransfer>("GetAllAssets", &[])),
        "[]"
    );
}

#[test]
fn a_created_asset_is_there_and_announced() {
    let mut ledger = TestLedger::new();
    assert_eq!(
        text(ledger.invoke::<AssetTransfer>("CreateAsset", &ASSET7)),
        ""
    );
    assert_eq!(ledger.state("asset7").unwrap(), ASSET7_JSON.as_bytes());
    assert_eq!(
        text(ledger.query::<AssetTransfer>("AssetExists", &["asset7"])),
        "true"
    );
    let [event] = ledger.events() else {
        panic!("one event")
    };
    assert_eq!(
        (event.name.as_str(), event.payload.as_slice()),
        ("CreateAsset", ASSET7_JSON.as_bytes())
    );
}

#[test]
fn an_id_can_be_taken_once() {
    let mut ledger = TestLedger::new();
    text(ledger.invoke::<AssetTransfer>("CreateAsset", &ASSET7));
    let response =
        ledger.invoke::<AssetTransfer>("CreateAsset", &["asset7", "red", "1", "Bob", "1"]);
    assert_eq!(failure(response), "the asset asset7 already exists");
    assert_eq!(ledger.state("asset7").unwrap(), ASSET7_JSON.as_bytes());
}

#[test]
fn what_does_not_exist_cannot_be_read_changed_deleted_or_given_away() {
    let mut ledger = filled();
    let calls: [(&str, &[&str]); 4] = [
        ("ReadAsset", &["nosuch"]),
        ("UpdateAsset", &["nosuch", "red", "1", "Bob", "1"]),
        ("DeleteAsset", &["nosuch"]),
        ("TransferAsset", &["nosuch", "Bob"]),
    ];
    for (function, arguments) in calls {
        let response = ledger.invoke::<AssetTransfer>(function, arguments);
        assert_eq!(
            failure(response),
            "the asset nosuch does not exist",
            "{function}"
        );
    }
    assert_eq!(
        text(ledger.query::<AssetTransfer>("AssetExists", &["nosuch"])),
        "false"
    );
    assert_eq!(ledger.events(), []);
}

#[test]
fn a_transfer_gives_the_old_owner_and_announces_the_new_one() {
    let mut ledger = filled();
    assert_eq!(
        text(ledger.invoke::<AssetTransfer>("TransferAsset", &["asset3", "Ann"])),
        "Jin Soo"
    );
    let asset3 = r#"{"AppraisedValue":500,"Color":"green","ID":"asset3","Owner":"Ann","Size":10}"#;
    assert_eq!(
        text(ledger.query::<AssetTransfer>("ReadAsset", &["asset3"])),
        asset3
    );
    let [event] = ledger.events() else {
        panic!("one event")
    };
    assert_eq!(
        (event.name.as_str(), event.payload.as_slice()),
        ("TransferAsset", asset3.as_bytes())
    );
}

#[test]
fn an_update_replaces_and_a_deletion_removes() {
    let mut ledger = filled();
    text(ledger.invoke::<AssetTransfer>("UpdateAsset", &["asset1", "pink", "6", "Zoë", "-1"]));
    assert_eq!(
        ledger.state("asset1").unwrap(),
        r#"{"AppraisedValue":-1,"Color":"pink","ID":"asset1","Owner":"Zoë","Size":6}"#.as_bytes()
    );
    text(ledger.invoke::<AssetTransfer>("DeleteAsset", &["asset1"]));
    assert_eq!(ledger.state("asset1"), None);
}

#[test]
fn a_size_that_is_no_number_is_refused_by_name() {
    let response = TestLedger::new()
        .invoke::<AssetTransfer>("CreateAsset", &["asset7", "red", "big", "Bob", "1"]);
    assert_eq!(response.status, 400);
    let message = response.message;
    assert!(
        message.starts_with("Error managing parameter size. Conversion error."),
        "{message}"
    );
}
