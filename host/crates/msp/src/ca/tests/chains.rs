//! Ways from an identity to a root over several authorities.

use super::*;

/// A configuration with two authorities below the root, one below the other.
fn tower() -> (FabricMspConfig, [Authority; 3]) {
    let root = root(1);
    let below = |above: &Authority, name: &str, seed| {
        above
            .intermediate(name, "org1.test", TEN_YEARS, &mut random(seed))
            .unwrap()
    };
    let middle = below(&root, "ica.org1.test", 2);
    let lowest = below(&middle, "ica2.org1.test", 3);
    let mut config = config(&root, "");
    config.intermediate_certs = [&middle, &lowest]
        .map(|authority| authority.certificate().to_pem().into())
        .into();
    (config, [root, middle, lowest])
}

/// An authority's certificate once more, by another issuer: the same name and the same key.
fn again_below(authority: &Authority, issuer: &Authority, seed: u8) -> Authority {
    let template = Template {
        subject: authority.certificate.subject_der().to_vec(),
        validity: TEN_YEARS,
        extensions: authority_extensions(&authority.key, Some(issuer.key_id())),
    };
    let der = issuer
        .sign(&template, &authority.key, &mut random(seed))
        .unwrap();
    Authority::with_key(der, authority.key.clone()).unwrap()
}

fn revoked_by(authority: &Authority, issued: &Issued) -> Bytes {
    let certificate = Certificate::from_pem(issued.certificate.as_bytes()).unwrap();
    authority.revoke(&[certificate], NOW).unwrap().into()
}

#[test]
fn only_the_lowest_of_several_authorities_issues_identities() {
    let (config, [root, middle, lowest]) = tower();
    assert_verdict(&config, &issue(&lowest, "peer0", Role::Peer, 4), "valid");
    for inner in [&root, &middle] {
        assert_verdict(
            &config,
            &issue(inner, "peer0", Role::Peer, 4),
            "its issuer issues authorities",
        );
    }
}

#[test]
fn a_chain_with_a_link_missing_leads_nowhere() {
    let (mut config, [_, _, lowest]) = tower();
    config.intermediate_certs.remove(0);
    // The authority that hangs in the air makes the whole configuration unusable, as in Fabric.
    assert_refused(&config, "unknown authority");
    config.intermediate_certs.clear();
    assert_verdict(
        &config,
        &issue(&lowest, "peer0", Role::Peer, 4),
        "unknown authority",
    );
}

#[test]
fn only_the_issuer_s_own_list_revokes_an_identity() {
    let (mut config, [root, middle, lowest]) = tower();
    let peer = issue(&lowest, "peer0", Role::Peer, 4);
    for other in [&root, &middle] {
        config.revocation_list = vec![revoked_by(other, &peer)];
        assert_verdict(&config, &peer, "valid");
    }
    config.revocation_list = vec![revoked_by(&root, &peer), revoked_by(&lowest, &peer)];
    assert_verdict(&config, &peer, "has been revoked");
}

#[test]
fn an_identity_to_which_two_chains_lead_is_not_read() {
    let (first, second) = (root(1), root(9));
    let middle = first
        .intermediate("ica.org1.test", "org1.test", TEN_YEARS, &mut random(2))
        .unwrap();
    let twin = again_below(&middle, &second, 3);
    let mut config = config(&first, "");
    config.root_certs.push(second.certificate().to_pem().into());
    config.intermediate_certs = vec![middle.certificate().to_pem().into()];
    let peer = issue(&middle, "peer0", Role::Peer, 4);
    assert_verdict(&config, &peer, "valid");
    config
        .intermediate_certs
        .push(twin.certificate().to_pem().into());
    assert_verdict(&config, &peer, "unreadable");
    assert_verdict(&config, &peer, "2 chains lead to a root, only one may");
}

#[test]
fn an_authority_that_has_run_out_still_vouches_for_what_it_issued_in_its_time() {
    let root = root(1);
    let short = Validity {
        not_before: NOW,
        not_after: NOW + 100,
    };
    let middle = root
        .intermediate("ica.org1.test", "org1.test", short, &mut random(2))
        .unwrap();
    let mut config = config(&root, "");
    config.intermediate_certs = vec![middle.certificate().to_pem().into()];
    let at = |not_before| {
        let template = Template {
            subject: name_with_units(&["peer"]),
            validity: Validity {
                not_before,
                ..TEN_YEARS
            },
            extensions: ordinary(&middle),
        };
        middle.issue(&template, &mut random(3)).unwrap()
    };
    // Each date is compared with a second after the identity's beginning.
    assert_verdict(&config, &at(NOW + 99), "valid");
    assert_verdict(&config, &at(NOW + 100), "does not hold at the beginning");
    assert_verdict(&config, &at(NOW - 1), "valid");
    assert_verdict(&config, &at(NOW - 2), "does not hold at the beginning");
}

#[test]
fn a_list_that_names_another_key_as_its_issuer_s_revokes_nothing() {
    let root = root(1);
    let peer = issue(&root, "peer0", Role::Peer, 2);
    let serial = Certificate::from_pem(peer.certificate.as_bytes()).unwrap();
    let mut config = config(&root, "");
    let subject = root.certificate().subject_der();
    for (key_id, expected) in [
        (b"another key".as_slice(), "valid"),
        (root.key_id(), "has been revoked"),
    ] {
        let signed =
            writer::revocation_list(subject, &[serial.serial_bytes()], key_id, NOW).unwrap();
        let list = writer::signed(&signed, &sign(&root.key, &signed));
        config.revocation_list = vec![pem::encode("X509 CRL", &list).into()];
        assert_verdict(&config, &peer, expected);
    }
}
