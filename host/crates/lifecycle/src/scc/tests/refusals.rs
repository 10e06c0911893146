//! What `_lifecycle` does not do, and the words in which it says so.

use bytes::Bytes;
use expect_test::expect;
use model::{ErrorCode, Refused};
use proto::lifecycle::ApproveChaincodeDefinitionForMyOrgArgs;

use super::{APPROVE, COMMIT, Network, ORG1, ORG2, approval, commitment, committed, with_package};
use crate::scc::{Answer, Context, invoke};

#[test]
fn approvals_are_refused_in_fabric_s_words() {
    let one = || approval(1, "1.0");
    let answers = committed().calls(
        APPROVE,
        &[
            (ORG1, approval(0, "1.0")),
            (ORG1, approval(3, "1.0")),
            (ORG1, with_package(one(), "p:1")),
            (ORG1, with_package(one(), "p:2")),
            (ORG2, approval(1, "1.1")),
            (ORG2, one()),
            (ORG2, one()),
            (ORG2, approval(2, "2.0")),
            (ORG2, approval(2, "2.0")),
            (ORG2, approval(2, "2.1")),
        ],
    );
    expect![[r#"
        500 currently defined sequence 1 is larger than requested sequence 0 [lifecycle.refused]
        500 requested sequence 3 is larger than the next available sequence number 2 [lifecycle.refused]
        500 attempted to redefine the current committed sequence (1) for namespace basic [lifecycle.refused]
        200
        500 attempted to redefine the current committed sequence (1) for namespace basic with different parameters: expected Version '1.0' does not match passed Version '1.1' [lifecycle.refused]
        200
        500 attempted to redefine the current committed sequence (1) for namespace basic [lifecycle.refused]
        200
        500 attempted to redefine uncommitted sequence (2) for namespace basic with unchanged content [lifecycle.refused]
        200"#]].assert_eq(&answers);
    expect![
        "500 requested sequence is 0, but first definable sequence number is 1 [lifecycle.refused]"
    ]
    .assert_eq(&Network::usual().call(ORG1, APPROVE, &approval(0, "1.0")));
}

#[test]
fn names_and_versions_follow_fabric_s_rules() {
    let named = |name: &str| {
        let args = ApproveChaincodeDefinitionForMyOrgArgs {
            name: name.to_owned(),
            ..approval(1, "1.0")
        };
        (ORG1, args)
    };
    let names = [
        "a",
        "A-9_z",
        "a b",
        "-a",
        "a-",
        "a__b",
        "",
        "lscc",
        "_lifecycle",
    ]
    .map(named);
    expect![[r#"
        200
        200
        500 error validating chaincode definition: invalid chaincode name 'a b'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics [lifecycle.refused]
        500 error validating chaincode definition: invalid chaincode name '-a'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics [lifecycle.refused]
        500 error validating chaincode definition: invalid chaincode name 'a-'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics [lifecycle.refused]
        500 error validating chaincode definition: invalid chaincode name 'a__b'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics [lifecycle.refused]
        500 error validating chaincode definition: invalid chaincode name ''. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics [lifecycle.refused]
        500 error validating chaincode definition: chaincode name 'lscc' is the name of a system chaincode [lifecycle.refused]
        500 error validating chaincode definition: invalid chaincode name '_lifecycle'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics [lifecycle.refused]"#]].assert_eq(&Network::usual().calls(APPROVE, &names));
    let versions = ["1.0-rc+2_a", "", "1 0", "1/0"].map(|version| (ORG1, approval(1, version)));
    expect![[r#"
        200
        500 error validating chaincode definition: invalid chaincode version ''. Versions can only consist of alphanumerics, '_', '-', '+', and '.' [lifecycle.refused]
        500 error validating chaincode definition: invalid chaincode version '1 0'. Versions can only consist of alphanumerics, '_', '-', '+', and '.' [lifecycle.refused]
        500 error validating chaincode definition: invalid chaincode version '1/0'. Versions can only consist of alphanumerics, '_', '-', '+', and '.' [lifecycle.refused]"#]].assert_eq(&Network::usual().calls(APPROVE, &versions));
}

#[test]
fn commits_are_refused_in_fabric_s_words() {
    let answers = committed().calls(
        COMMIT,
        &[
            (ORG1, commitment(1, "1.0")),
            (ORG1, commitment(3, "1.0")),
            (ORG1, commitment(2, "1.0")),
            (ORG2, commitment(2, "1.0")),
            ("Org3MSP", commitment(2, "1.0")),
            (ORG1, commitment(2, "1 0")),
        ],
    );
    expect![[r#"
        500 requested sequence is 1, but new definition must be sequence 2 [lifecycle.refused]
        500 requested sequence is 3, but new definition must be sequence 2 [lifecycle.refused]
        500 chaincode definition not agreed to by this org (Org1MSP) [lifecycle.not_ready]
        500 chaincode definition not agreed to by this org (Org2MSP) [lifecycle.not_ready]
        500 impossibly, this peer's org is processing requests for a channel it is not a member of [lifecycle.refused]
        500 error validating chaincode definition: invalid chaincode version '1 0'. Versions can only consist of alphanumerics, '_', '-', '+', and '.' [lifecycle.refused]"#]].assert_eq(&answers);
}

#[test]
fn a_channel_without_a_default_policy_needs_one_in_the_definition() {
    let mut network = Network::new(&[]);
    expect!["500 could not set defaults for chaincode definition in channel ch1: policy '/Channel/Application/Endorsement' must be defined for channel 'ch1' before chaincode operations can be attempted [lifecycle.refused]"].assert_eq(&network.call(ORG1, APPROVE, &approval(1, "1.0")));
    let own = ApproveChaincodeDefinitionForMyOrgArgs {
        validation_parameter: Bytes::from_static(b"policy"),
        ..approval(1, "1.0")
    };
    assert_eq!(network.call(ORG1, APPROVE, &own), "200");
}

#[test]
fn calls_that_are_no_calls_are_refused() {
    let network = Network::usual();
    let call = |args: &[Bytes], authorize: &dyn Fn(&str) -> Result<(), Refused>| {
        let context = Context {
            channel: None,
            local_msp_id: ORG1,
            packages: &network.packages,
            authorize,
        };
        let Answer { response, code } = invoke(args, &context, None).unwrap();
        let code = code.map_or("-", ErrorCode::name);
        format!("{} {} [{code}]", response.status, response.message)
    };
    let yes = |_: &str| Ok(());
    let bytes = Bytes::from_static;
    expect!["500 lifecycle scc must be invoked with arguments [chaincode.arguments]"]
        .assert_eq(&call(&[], &yes));
    expect!["500 lifecycle scc operations require exactly two arguments but received 3 [chaincode.arguments]"]
        .assert_eq(&call(&[bytes(b"a"), bytes(b"b"), bytes(b"c")], &yes));
    expect!["500 failed to invoke backing implementation of 'Nothing': receiver *lifecycle.Invocation.Nothing does not exist [chaincode.function]"].assert_eq(&call(&[bytes(b"Nothing"), bytes(b"")], &yes));
    expect!["500 failed to invoke backing implementation of 'CommitChaincodeDefinition': could not decode input arg for *lifecycle.Invocation.CommitChaincodeDefinition: failed to decode Protobuf message: invalid varint [request.protobuf]"].assert_eq(&call(&[bytes(b"CommitChaincodeDefinition"), bytes(b"\xff")], &yes));
    expect!["500 failed to invoke backing implementation of 'CommitChaincodeDefinition': could not get channelconfig for channel '' [channel.not_found]"].assert_eq(&call(&[bytes(b"CommitChaincodeDefinition"), bytes(b"")], &yes));
    expect!["500 failed to invoke backing implementation of 'QueryChaincodeDefinition': invalid channel-less operation [channel.not_found]"].assert_eq(&call(&[bytes(b"QueryChaincodeDefinition"), bytes(b"")], &yes));
    let no = |resource: &str| {
        let text = format!("nobody may use {resource}");
        Err(Refused::new(ErrorCode::AccessDenied, text))
    };
    expect!["500 Failed to authorize invocation due to failed ACL check: nobody may use _lifecycle/InstallChaincode [access.denied]"].assert_eq(&call(&[bytes(b"InstallChaincode"), bytes(b"")], &no));
}
