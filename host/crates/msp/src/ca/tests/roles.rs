//! Members told apart by organisational units, and admins.

use super::*;
use crate::Principal;

fn satisfies(config: &FabricMspConfig, issued: &Issued, role: Role) -> bool {
    let manager = manager(config);
    let identity = manager.identity(&serialized(issued)).unwrap();
    let principal = Principal::new(&Principal::of_role("Org1MSP", role));
    manager.satisfies(&identity, &principal).is_ok()
}

#[test]
fn an_identity_has_exactly_the_role_of_its_unit() {
    let root = root(1);
    let config = config(&root, "");
    let roles = [Role::Client, Role::Peer, Role::Admin, Role::Orderer];
    for own in roles {
        let issued = issue(&root, "somebody", own, 2);
        assert!(satisfies(&config, &issued, Role::Member));
        for asked in roles {
            assert_eq!(
                satisfies(&config, &issued, asked),
                own == asked,
                "{own:?} as {asked:?}"
            );
        }
    }
}

#[test]
fn an_identity_needs_exactly_one_role() {
    let root = root(1);
    let config = config(&root, "");
    let with_units = |units: &[&str]| special(&root, units, ordinary(&root), 2);
    assert_verdict(
        &config,
        &with_units(&[]),
        "none of its organisational units",
    );
    assert_verdict(
        &config,
        &with_units(&["sales"]),
        "none of its organisational units",
    );
    assert_verdict(
        &config,
        &with_units(&["peer", "client"]),
        "more than one role",
    );
    assert_verdict(
        &config,
        &with_units(&["peer", "peer"]),
        "more than one role",
    );
    assert_verdict(&config, &with_units(&["sales", "peer", "asia"]), "valid");
    assert_verdict(
        &config,
        &with_units(&["Peer"]),
        "none of its organisational units",
    );
}

#[test]
fn a_role_counts_only_if_the_right_authority_vouches_for_it() {
    let first = root(1);
    let second = Authority::new("ca2.org1.test", "org1.test", TEN_YEARS, &mut random(8)).unwrap();
    let mut config = config(&first, &first.certificate().to_pem());
    config.root_certs.push(second.certificate().to_pem().into());
    assert_verdict(&config, &issue(&first, "peer0", Role::Peer, 2), "valid");
    assert_verdict(
        &config,
        &issue(&second, "peer0", Role::Peer, 2),
        "another authority must vouch",
    );
}

#[test]
fn an_authority_below_the_root_can_vouch_for_roles() {
    let root = root(1);
    let one = root
        .intermediate("ica1", "org1.test", TEN_YEARS, &mut random(3))
        .unwrap();
    let two = root
        .intermediate("ica2", "org1.test", TEN_YEARS, &mut random(4))
        .unwrap();
    let mut config = config(&root, &one.certificate().to_pem());
    config.intermediate_certs = vec![
        one.certificate().to_pem().into(),
        two.certificate().to_pem().into(),
    ];
    assert_verdict(&config, &issue(&one, "peer0", Role::Peer, 2), "valid");
    assert_verdict(
        &config,
        &issue(&two, "peer0", Role::Peer, 2),
        "another authority must vouch",
    );
    // The root stands above others, so it cannot vouch for members... but Fabric lets it be named.
    let unknown = super::root(9).certificate().to_pem();
    let mut wrong = config.clone();
    wrong.fabric_node_ous = super::config(&root, &unknown).fabric_node_ous;
    assert_refused(&wrong, "is not one of the authorities");
}

#[test]
fn a_listed_admin_needs_no_admin_unit() {
    let root = root(1);
    let listed = issue(&root, "Admin", Role::Client, 2);
    let mut config = config(&root, "");
    config.admins = vec![listed.certificate.clone().into()];
    assert!(satisfies(&config, &listed, Role::Admin));
    assert!(satisfies(&config, &listed, Role::Client));
    assert!(!satisfies(
        &config,
        &issue(&root, "User", Role::Client, 3),
        Role::Admin
    ));
    assert!(satisfies(
        &config,
        &issue(&root, "Admin2", Role::Admin, 4),
        Role::Admin
    ));
}

#[test]
fn a_listed_admin_stays_admin_when_revoked() {
    let root = root(1);
    let listed = issue(&root, "Admin", Role::Admin, 2);
    let mut config = config(&root, "");
    config.admins = vec![listed.certificate.clone().into()];
    let certificate = Certificate::from_pem(listed.certificate.as_bytes()).unwrap();
    config.revocation_list = vec![root.revoke(&[certificate], NOW).unwrap().into()];
    assert!(
        satisfies(&config, &listed, Role::Admin),
        "Fabric asks nothing further of a listed admin"
    );
    assert!(!satisfies(&config, &listed, Role::Member));
}

#[test]
fn listed_admins_must_be_clients_or_admins_of_the_msp() {
    let root = root(1);
    let mut config = config(&root, "");
    config.admins = vec![issue(&root, "peer0", Role::Peer, 2).certificate.into()];
    assert_refused(
        &config,
        "admin 0 is invalid: it is neither a client nor an admin",
    );
    config.admins = vec![
        issue(&super::root(9), "Admin", Role::Admin, 2)
            .certificate
            .into(),
    ];
    assert_refused(&config, "admin 0 is invalid");
}

#[test]
fn without_roles_an_admin_must_be_listed_and_no_other_role_exists() {
    let root = root(1);
    let admin = issue(&root, "Admin", Role::Member, 2);
    let config = plain_config(&root, &admin);
    let user = issue(&root, "User", Role::Client, 3);
    assert!(satisfies(&config, &admin, Role::Admin));
    assert!(!satisfies(&config, &user, Role::Admin));
    assert!(satisfies(&config, &user, Role::Member));
    for role in [Role::Client, Role::Peer, Role::Orderer] {
        assert!(!satisfies(&config, &user, role));
    }
    let mut nobody = config;
    nobody.admins.clear();
    assert_refused(&nobody, "there is no admin");
}

#[test]
fn roles_that_are_switched_off_or_empty_are_no_roles() {
    let root = root(1);
    let admin = issue(&root, "Admin", Role::Member, 2);
    let mut off = plain_config(&root, &admin);
    off.fabric_node_ous = config(&root, "").fabric_node_ous;
    off.fabric_node_ous.as_mut().unwrap().enable = false;
    let mut empty = plain_config(&root, &admin);
    empty.fabric_node_ous = Some(FabricNodeOUs {
        enable: true,
        ..FabricNodeOUs::default()
    });
    for config in [off, empty] {
        let peer = issue(&root, "peer0", Role::Peer, 3);
        assert_verdict(&config, &special(&root, &[], ordinary(&root), 4), "valid");
        assert!(!satisfies(&config, &peer, Role::Peer));
    }
}

#[test]
fn one_of_the_required_units_must_be_there_besides_the_role() {
    let root = root(1);
    let mut config = config(&root, "");
    config.organizational_unit_identifiers = vec![
        unit("sales", &root.certificate().to_pem()).unwrap(),
        unit("asia", &root.certificate().to_pem()).unwrap(),
    ];
    let with_units = |units: &[&str]| special(&root, units, ordinary(&root), 2);
    assert_verdict(
        &config,
        &with_units(&["peer"]),
        "none of the organisational units that its MSP requires",
    );
    assert_verdict(&config, &with_units(&["peer", "asia"]), "valid");
    assert_verdict(
        &config,
        &with_units(&["asia"]),
        "none of its organisational units says",
    );
}
