//! What `_lifecycle` answers about packages, approvals and definitions.

use bytes::Bytes;
use expect_test::expect;
use prost::Message;
use proto::lifecycle as messages;

use super::{APPROVE, Network, ORG1, ORG2, approval, committed};
use crate::Package;

#[test]
fn readiness_names_what_each_organisation_has_approved_otherwise() {
    let mut network = Network::usual();
    network.call(ORG1, APPROVE, &approval(1, "1.0"));
    let mut other = approval(1, "1.0");
    other.init_required = true;
    other.validation_parameter = Bytes::from_static(b"another policy");
    network.call(ORG2, APPROVE, &other);
    let readiness = |sequence| messages::CheckCommitReadinessArgs {
        sequence,
        name: "basic".to_owned(),
        version: "1.0".to_owned(),
        ..Default::default()
    };
    let (response, _) = network.endorse(ORG1, "CheckCommitReadiness", &readiness(1));
    let result = messages::CheckCommitReadinessResult::decode(response.payload).unwrap();
    expect![[r#"
        {"Org1MSP": true, "Org2MSP": false}
        {"Org2MSP": Mismatches { items: ["EndorsementInfo", "ValidationInfo"] }}"#]]
    .assert_eq(&format!("{:?}\n{:?}", result.approvals, result.mismatches));
    let answer = network.call(ORG1, "CheckCommitReadiness", &readiness(2));
    expect![
        "500 requested sequence is 2, but new definition must be sequence 1 [lifecycle.refused]"
    ]
    .assert_eq(&answer);
}

#[test]
fn what_was_committed_and_approved_is_found_again() {
    let mut network = committed();
    let asked = messages::QueryChaincodeDefinitionArgs {
        name: "basic".to_owned(),
    };
    let (response, _) = network.endorse(ORG2, "QueryChaincodeDefinition", &asked);
    let found = messages::QueryChaincodeDefinitionResult::decode(response.payload).unwrap();
    expect![[r#"1 1.0 escc vscc 12202f4368616e6e656c2f4170706c69636174696f6e2f456e646f7273656d656e74 {"Org1MSP": true, "Org2MSP": false}"#]].assert_eq(&format!(
        "{} {} {} {} {} {:?}",
        found.sequence,
        found.version,
        found.endorsement_plugin,
        found.validation_plugin,
        hex::encode(found.validation_parameter),
        found.approvals
    ));
    let unknown = messages::QueryChaincodeDefinitionArgs {
        name: "other".to_owned(),
    };
    expect!["404 namespace other is not defined [chaincode.not_found]"].assert_eq(&network.call(
        ORG1,
        "QueryChaincodeDefinition",
        &unknown,
    ));

    let all = messages::QueryChaincodeDefinitionsArgs {};
    let (response, _) = network.endorse(ORG2, "QueryChaincodeDefinitions", &all);
    let found = messages::QueryChaincodeDefinitionsResult::decode(response.payload).unwrap();
    let names: Vec<_> = found
        .chaincode_definitions
        .iter()
        .map(|found| &found.name)
        .collect();
    assert_eq!(names, ["basic"]);

    network.call(ORG1, APPROVE, &approval(2, "2.0"));
    let approved = |sequence| messages::QueryApprovedChaincodeDefinitionArgs {
        name: "basic".to_owned(),
        sequence,
    };
    let mut lines = Vec::new();
    for (org, sequence) in [(ORG1, 0), (ORG1, 1), (ORG1, 2), (ORG1, 3), (ORG2, 0)] {
        let (response, _) =
            network.endorse(org, "QueryApprovedChaincodeDefinition", &approved(sequence));
        let found =
            messages::QueryApprovedChaincodeDefinitionResult::decode(response.payload).unwrap();
        lines.push(format!(
            "{} {} {} {:?}",
            response.message, found.sequence, found.version, found.source
        ));
    }
    expect![[r#"
         2 2.0 Some(ChaincodeSource { r#type: Some(Unavailable(Unavailable)) })
         1 1.0 Some(ChaincodeSource { r#type: Some(LocalPackage(Local { package_id: "p:1" })) })
         2 2.0 Some(ChaincodeSource { r#type: Some(Unavailable(Unavailable)) })
        failed to invoke backing implementation of 'QueryApprovedChaincodeDefinition': could not fetch approved chaincode definition (name: 'basic', sequence: '3') on channel 'ch1' 0  None
        failed to invoke backing implementation of 'QueryApprovedChaincodeDefinition': could not fetch approved chaincode definition (name: 'basic', sequence: '0') on channel 'ch1' 0  None"#]].assert_eq(&lines.join("\n"));

    let all = messages::QueryApprovedChaincodeDefinitionsArgs {};
    let (response, _) = network.endorse(ORG1, "QueryApprovedChaincodeDefinitions", &all);
    let found =
        messages::QueryApprovedChaincodeDefinitionsResult::decode(response.payload).unwrap();
    let found: Vec<_> = found
        .approved_chaincode_definitions
        .iter()
        .map(|found| (found.name.as_str(), found.sequence))
        .collect();
    assert_eq!(found, [("basic", 1), ("basic", 2)]);
}

#[test]
fn packages_are_installed_once_and_given_out_as_they_came() {
    let mut network = Network::usual();
    let package = Package::build("basic_1", b"component").unwrap();
    let install = messages::InstallChaincodeArgs {
        chaincode_install_package: package.bytes.clone(),
    };
    let (response, simulated) = network.endorse(ORG1, "InstallChaincode", &install);
    let result = messages::InstallChaincodeResult::decode(response.payload).unwrap();
    assert_eq!(
        (result.package_id.as_str(), result.label.as_str()),
        (package.package_id.as_str(), "basic_1")
    );
    assert_eq!(simulated.results, Bytes::new());
    let again = network.call(ORG1, "InstallChaincode", &install);
    assert_eq!(
        again,
        format!(
            "500 chaincode already successfully installed (package ID '{}') [package.installed]",
            package.package_id
        )
    );
    let broken = messages::InstallChaincodeArgs {
        chaincode_install_package: Bytes::from_static(b"x"),
    };
    expect!["500 could not parse as a chaincode install package: error reading the archive: unexpected end of file [package.malformed]"].assert_eq(&network.call(ORG1, "InstallChaincode", &broken));

    let asked = messages::GetInstalledChaincodePackageArgs {
        package_id: package.package_id.clone(),
    };
    let (response, _) = network.endorse(ORG1, "GetInstalledChaincodePackage", &asked);
    let found = messages::GetInstalledChaincodePackageResult::decode(response.payload).unwrap();
    assert_eq!(found.chaincode_install_package, package.bytes);
    let asked = messages::QueryInstalledChaincodeArgs {
        package_id: "a:b".to_owned(),
    };
    expect!["404 chaincode install package 'a:b' not found [package.not_found]"]
        .assert_eq(&network.call(ORG1, "QueryInstalledChaincode", &asked));
    let asked = messages::GetInstalledChaincodePackageArgs {
        package_id: "a:b".to_owned(),
    };
    expect!["500 could not load cc install package: chaincode install package 'a:b' not found [package.not_found]"]
        .assert_eq(&network.call(ORG1, "GetInstalledChaincodePackage", &asked));
    let all = messages::QueryInstalledChaincodesArgs {};
    let (response, _) = network.endorse(ORG1, "QueryInstalledChaincodes", &all);
    let found = messages::QueryInstalledChaincodesResult::decode(response.payload).unwrap();
    assert_eq!(found.installed_chaincodes.len(), 1);
}
