//! Contracts that misbehave.

use system_tests::{Network, in_step, profile};

#[test]
fn a_panic_reaches_the_caller_with_file_and_line_and_leaves_nothing() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("troubles", "troubles").unwrap();
    let user = network.weft(profile::ORG1_USER);
    let said = user.fails(&["submit", "troubles", "Boom", "now"]).unwrap();
    let source = include_str!("../contracts/troubles/src/lib.rs");
    let line = 1 + source
        .lines()
        .position(|line| line.contains("panic!("))
        .unwrap();
    assert!(said.contains("chaincode panicked: boom: now"), "{said}");
    assert!(
        said.contains(&format!("src/lib.rs:{line}:")),
        "the panic is in line {line}: {said}"
    );
    assert_eq!(
        user.ok(&["evaluate", "troubles", "Get", "boom"]).unwrap(),
        "",
        "nothing stays of the call"
    );
    user.ok(&["submit", "troubles", "Put", "k", "v"]).unwrap();
    assert_eq!(
        user.ok(&["evaluate", "troubles", "Get", "k"]).unwrap(),
        "v",
        "the next call is not touched"
    );
}

#[test]
fn a_call_without_end_is_ended_and_said_so() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("troubles", "troubles").unwrap();
    let user = network.weft(profile::ORG1_USER);
    let said = user.fails(&["evaluate", "troubles", "Spin"]).unwrap();
    assert!(said.contains("fuel") || said.contains("time"), "{said}");
    user.ok(&["submit", "troubles", "Put", "k", "v"]).unwrap();
}

#[test]
fn a_status_of_the_contract_reaches_the_caller() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("troubles", "troubles").unwrap();
    let user = network.weft(profile::ORG1_USER);
    let said = user
        .fails(&["submit", "troubles", "Fail", "404", "not found here"])
        .unwrap();
    assert!(
        said.contains("chaincode response 404, not found here"),
        "{said}"
    );
}

#[test]
fn peers_that_come_to_different_results_do_not_make_a_transaction() {
    let network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("troubles", "troubles").unwrap();
    let user = network.weft(profile::ORG1_USER);
    user.ok(&["submit", "troubles", "Hide", "Org1MSP", "--org", "Org1MSP"])
        .unwrap();
    in_step(&user, &network.weft(profile::ORG2_USER)).unwrap();
    let said = user
        .fails(&["submit", "troubles", "Disagree", "Org1MSP"])
        .unwrap();
    assert!(
        said.contains("ProposalResponsePayloads do not match"),
        "{said}"
    );
}

#[test]
fn a_definition_that_asks_for_it_is_initialised_before_anything_else_and_once() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let (org1, org2) = (
        network.weft(profile::ORG1_ADMIN),
        network.weft(profile::ORG2_ADMIN),
    );
    network
        .deploy_with(&org1, &org2, "troubles", "troubles", &["--init-required"])
        .unwrap();
    let user = network.weft(profile::ORG1_USER);
    let put = ["submit", "troubles", "Put", "k", "v"];
    let refused = user.fails(&put).unwrap();
    assert!(refused.contains("init"), "{refused}");
    user.ok(&["submit", "troubles", "Begin", "first", "--init"])
        .unwrap();
    in_step(&user, &network.weft(profile::ORG2_USER)).unwrap();
    assert_eq!(
        user.ok(&["evaluate", "troubles", "Get", "begun"]).unwrap(),
        "first"
    );
    user.ok(&put).unwrap();
    let refused = user
        .fails(&["submit", "troubles", "Begin", "second", "--init"])
        .unwrap();
    assert!(refused.contains("init"), "{refused}");
}

#[test]
fn a_contract_calls_another_one_in_the_same_transaction_and_reads_on_another_channel() {
    let network = Network::dev(&["alpha", "beta"]).unwrap();
    for channel in ["alpha", "beta"] {
        let org1 = network.weft_on(profile::ORG1_ADMIN, channel).unwrap();
        let org2 = network.weft_on(profile::ORG2_ADMIN, channel).unwrap();
        for name in ["caller", "callee"] {
            network
                .deploy_with(&org1, &org2, "troubles", name, &[])
                .unwrap();
        }
    }
    let alpha = network.weft_on(profile::ORG1_USER, "alpha").unwrap();
    let beta = network.weft_on(profile::ORG1_USER, "beta").unwrap();
    assert_eq!(
        alpha
            .ok(&["submit", "caller", "Call", "callee", "k", "v"])
            .unwrap(),
        "200"
    );
    assert_eq!(alpha.ok(&["evaluate", "callee", "Get", "k"]).unwrap(), "v");
    assert_eq!(
        alpha.ok(&["evaluate", "caller", "Get", "k"]).unwrap(),
        "",
        "each has a namespace of its own"
    );
    assert_eq!(
        beta.ok(&["evaluate", "caller", "Ask", "alpha", "callee", "k"])
            .unwrap(),
        "v"
    );
    assert_eq!(beta.ok(&["evaluate", "callee", "Get", "k"]).unwrap(), "");
}
