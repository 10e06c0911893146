//! The REST API of a running network against its own OpenAPI document: schemathesis makes requests that fit the document
//! and requests that do not, and every answer must be one that the document names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's panic is its failure"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use system_tests::{Network, Node};

/// How long requests are made, in seconds, once every operation's examples and bounds have been tried.
const BUDGET_S: &str = "60";
/// Chance from a seed: a failure can be replayed.
const SEED: &str = "20261122";

/// What `cargo xtask test` installed; `None`, after saying so, where there is no Python to install it with.
fn schemathesis() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("WEFT_SCHEMATHESIS") {
        return Some(PathBuf::from(program));
    }
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(
        !is_ci,
        "WEFT_SCHEMATHESIS names no program: run `cargo xtask test`"
    );
    // Not eprintln!, which the test harness swallows when a test passes.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: no schemathesis: run `cargo xtask test`"
    );
    None
}

#[test]
fn every_answer_is_one_that_the_document_names() {
    let Some(program) = schemathesis() else {
        return;
    };
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let http = network
        .http(Node::Peer1)
        .unwrap()
        .with_token(network.token());
    let submit = "/v1/channels/mychannel/chaincodes/basic/submit";
    let begun = http
        .post(submit, &json!({"function": "InitLedger"}))
        .unwrap();
    assert_eq!(begun.status, 200, "{}", begun.text());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let output = Command::new(program)
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", "--seed", SEED, "--max-time", BUDGET_S])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", network.token()),
        ])
        // An administrator reaches what a user is refused.
        .args(["--header", "Weft-Identity: org1-admin"])
        .arg(format!("http://{}/v1/openapi.json", http.address))
        // It keeps a database of examples where it runs.
        .current_dir(network.dir())
        .output()
        .expect("schemathesis starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    println!("{said}");
}
