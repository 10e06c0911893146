//! Which certificates an MSP accepts.

use super::*;

#[test]
fn what_an_authority_issues_is_a_valid_member() {
    let root = root(1);
    let peer = issue(&root, "peer0", Role::Peer, 2);
    assert_verdict(&config(&root, ""), &peer, "valid");
    assert_verdict(&config(&root, &root.certificate().to_pem()), &peer, "valid");
}

#[test]
fn a_certificate_of_another_authority_of_the_same_name_cannot_be_read() {
    let other = issue(&root(9), "peer0", Role::Peer, 2);
    assert_verdict(
        &config(&root(1), ""),
        &other,
        "unreadable: MSP Org1MSP does not accept the identity: the issuer's signature",
    );
}

#[test]
fn an_authority_is_no_identity() {
    let root = root(1);
    let certificate = root.certificate().to_pem();
    let as_identity = Issued {
        certificate,
        key: String::new(),
    };
    assert_verdict(
        &config(&root, ""),
        &as_identity,
        "invalid: MSP Org1MSP does not accept the identity: a certificate authority",
    );
}

#[test]
fn an_expired_certificate_stays_valid_and_says_when_it_ran_out() {
    let root = root(1);
    let validity = Validity {
        not_before: NOW + 10,
        not_after: NOW + 20,
    };
    let issued = root
        .issue_identity("peer0", Role::Peer, validity, &mut random(2))
        .unwrap();
    assert_verdict(&config(&root, ""), &issued, "valid");
    let identity = manager(&config(&root, ""))
        .identity(&serialized(&issued))
        .unwrap();
    assert_eq!(identity.expires_at(), NOW + 20);
}

/// A peer's certificate for a time that the authority would not issue one for.
fn at(root: &Authority, validity: Validity) -> Issued {
    let template = Template {
        subject: name_with_units(&["peer"]),
        validity,
        extensions: ordinary(root),
    };
    root.issue(&template, &mut random(2)).unwrap()
}

#[test]
fn a_certificate_that_begins_outside_its_authoritys_time_cannot_be_read() {
    let root = root(1);
    for not_before in [NOW - 10, TEN_YEARS.not_after] {
        let not_after = not_before + 100;
        let issued = at(
            &root,
            Validity {
                not_before,
                not_after,
            },
        );
        assert_verdict(
            &config(&root, ""),
            &issued,
            "does not hold at the beginning",
        );
    }
}

#[test]
fn a_certificate_that_ends_within_a_second_of_its_beginning_cannot_be_read() {
    let root = root(1);
    let (not_before, not_after) = (NOW + 10, NOW + 10);
    let issued = at(
        &root,
        Validity {
            not_before,
            not_after,
        },
    );
    assert_verdict(
        &config(&root, ""),
        &issued,
        "does not hold at the beginning",
    );
}

#[test]
fn an_authority_issues_only_for_its_own_time() {
    let root = root(1);
    let wide = Validity {
        not_before: NOW - 100,
        not_after: TEN_YEARS.not_after + 100,
    };
    let issued = root
        .issue_identity("peer0", Role::Peer, wide, &mut random(2))
        .unwrap();
    let certificate = Certificate::from_pem(issued.certificate.as_bytes()).unwrap();
    assert_eq!(
        (certificate.not_before(), certificate.not_after()),
        (TEN_YEARS.not_before, TEN_YEARS.not_after)
    );
    let before = Validity {
        not_before: NOW - 100,
        not_after: NOW,
    };
    let refused = root.issue_tls("peer0", &[], before, &mut random(2));
    assert!(matches!(refused, Err(Error::Issue { .. })));
}

#[test]
fn an_unknown_extension_is_accepted_unless_it_is_critical() {
    let root = root(1);
    for (critical, expected) in [
        (false, "valid"),
        (true, "the critical extension 1.2.3.4 is unknown"),
    ] {
        let mut extensions = ordinary(&root);
        extensions.push(Extension::new("1.2.3.4", critical, b"\x04\x00"));
        let issued = special(&root, &["peer"], extensions, 2);
        assert_verdict(&config(&root, ""), &issued, expected);
    }
}

#[test]
fn an_extension_may_stand_only_once() {
    let root = root(1);
    let mut extensions = ordinary(&root);
    extensions.push(Extension::not_an_authority());
    let issued = special_unchecked(&root, extensions);
    assert_verdict(
        &config(&root, ""),
        &issued,
        "unreadable: malformed certificate: extension 2.5.29.19 repeats",
    );
}

fn special_unchecked(root: &Authority, extensions: Vec<Extension>) -> Issued {
    special(root, &["peer"], extensions, 2)
}

#[test]
fn an_extended_key_usage_must_leave_server_authentication_open() {
    let root = root(1);
    let cases = [
        ("1.3.6.1.5.5.7.3.1", "valid"),
        ("2.5.29.37.0", "valid"),
        (
            "1.3.6.1.5.5.7.3.2",
            "unreadable: MSP Org1MSP does not accept the identity: its extended key usage",
        ),
    ];
    for (usage, expected) in cases {
        let mut extensions = ordinary(&root);
        let oid = der::asn1::ObjectIdentifier::new(usage).unwrap();
        let mut value = Vec::new();
        append_element_for_tests(&mut value, &der::Encode::to_der(&oid).unwrap());
        extensions.push(Extension::new("2.5.29.37", false, &value));
        assert_verdict(
            &config(&root, ""),
            &special(&root, &["peer"], extensions, 2),
            expected,
        );
    }
}

#[test]
fn a_revoked_certificate_is_not_valid_whatever_the_lists_date() {
    let root = root(1);
    let peer = issue(&root, "peer0", Role::Peer, 2);
    let certificate = Certificate::from_pem(peer.certificate.as_bytes()).unwrap();
    for date in [0, NOW, NOW + 9 * YEAR_SECONDS] {
        let list = root
            .revoke(std::slice::from_ref(&certificate), date)
            .unwrap();
        let mut config = config(&root, "");
        config.revocation_list = vec![list.into()];
        assert_verdict(&config, &peer, "the certificate has been revoked");
        assert_verdict(&config, &issue(&root, "peer1", Role::Peer, 3), "valid");
    }
}

#[test]
fn a_list_by_somebody_else_revokes_nothing() {
    let root = root(1);
    let peer = issue(&root, "peer0", Role::Peer, 2);
    let certificate = Certificate::from_pem(peer.certificate.as_bytes()).unwrap();
    let mut config = config(&root, "");
    // Another key identifier.
    let list = super::root(9)
        .revoke(std::slice::from_ref(&certificate), NOW)
        .unwrap();
    config.revocation_list = vec![list.into()];
    assert_verdict(&config, &peer, "valid");
    // The right key identifier, but another's signature.
    let subject = root.certificate().subject_der();
    let signed =
        writer::revocation_list(subject, &[certificate.serial_bytes()], root.key_id(), NOW)
            .unwrap();
    let forged = writer::signed(&signed, &sign(&super::root(9).key, &signed));
    config.revocation_list = vec![pem::encode("X509 CRL", &forged).into()];
    assert_verdict(&config, &peer, "valid");
}

#[test]
fn a_list_without_authority_key_identifier_makes_every_identity_invalid() {
    let root = root(1);
    let subject = root.certificate().subject_der();
    let mut signed = writer::revocation_list(subject, &[], root.key_id(), NOW).unwrap();
    // The extension's last OID byte: 35 becomes 36, which means something else.
    let at = signed
        .windows(3)
        .position(|window| window == [0x55, 0x1d, 0x23])
        .unwrap();
    signed[at + 2] = 0x24;
    let list = writer::signed(&signed, &sign(&root.key, &signed));
    let mut config = config(&root, "");
    config.revocation_list = vec![list.into()];
    assert_verdict(
        &config,
        &issue(&root, "peer0", Role::Peer, 2),
        "has no authority key identifier",
    );
}

#[test]
fn identities_stand_below_authorities_that_issue_only_identities() {
    let root = root(1);
    let middle = root
        .intermediate("ica.org1.test", "org1.test", TEN_YEARS, &mut random(3))
        .unwrap();
    let mut config = config(&root, "");
    config.intermediate_certs = vec![middle.certificate().to_pem().into()];
    assert_verdict(&config, &issue(&middle, "peer0", Role::Peer, 2), "valid");
    assert_verdict(
        &config,
        &issue(&root, "peer0", Role::Peer, 2),
        "its issuer issues authorities",
    );
    let unknown = root
        .intermediate("ica2.org1.test", "org1.test", TEN_YEARS, &mut random(4))
        .unwrap();
    assert_verdict(
        &config,
        &issue(&unknown, "peer0", Role::Peer, 2),
        "unknown authority",
    );
    let as_identity = Issued {
        certificate: middle.certificate().to_pem(),
        key: String::new(),
    };
    assert_verdict(
        &config,
        &as_identity,
        "invalid: MSP Org1MSP does not accept the identity: a certificate authority",
    );
}

#[test]
fn a_revoked_intermediate_makes_the_configuration_unusable() {
    let root = root(1);
    let middle = root
        .intermediate("ica.org1.test", "org1.test", TEN_YEARS, &mut random(3))
        .unwrap();
    let mut config = config(&root, "");
    config.intermediate_certs = vec![middle.certificate().to_pem().into()];
    config.revocation_list = vec![
        root.revoke(&[middle.certificate().clone()], NOW)
            .unwrap()
            .into(),
    ];
    assert_refused(&config, "has been revoked");
}

#[test]
fn an_identity_does_not_issue_identities() {
    let root = root(1);
    let leaf = issue(&root, "peer0", Role::Peer, 2);
    let leaf = Authority {
        certificate: Certificate::from_pem(leaf.certificate.as_bytes()).unwrap(),
        key: read_key(leaf.key.as_bytes()).unwrap(),
    };
    let mut config = config(&root, "");
    config.intermediate_certs = vec![leaf.certificate().to_pem().into()];
    assert_refused(&config, "is not a certificate authority");
    let below = issue(&leaf, "peer1", Role::Peer, 3);
    config.intermediate_certs.clear();
    assert_verdict(&config, &below, "unknown authority");
}

#[test]
fn an_authority_without_the_usage_for_it_issues_nothing() {
    let key = new_key(&mut random(1));
    let mut extensions = authority_extensions(&key, None);
    extensions[0] = Extension::key_usage([1, 0x82]);
    let template = Template {
        subject: writer::name(None, None, "ca").unwrap(),
        validity: TEN_YEARS,
        extensions,
    };
    let root = Authority::with_key(
        template.sign(&key, None, &key, &mut random(2)).unwrap(),
        key,
    )
    .unwrap();
    assert_refused(&config(&root, ""), "is not signed by itself");
}

#[test]
fn path_length_limits_how_many_authorities_stand_in_between() {
    let key = new_key(&mut random(1));
    let mut extensions = authority_extensions(&key, None);
    // cA TRUE, pathLenConstraint 0
    extensions[2] = Extension::new(
        "2.5.29.19",
        true,
        &[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00],
    );
    let template = Template {
        subject: writer::name(None, None, "ca").unwrap(),
        validity: TEN_YEARS,
        extensions,
    };
    let root = Authority::with_key(
        template.sign(&key, None, &key, &mut random(2)).unwrap(),
        key,
    )
    .unwrap();
    assert_verdict(
        &config(&root, ""),
        &issue(&root, "peer0", Role::Peer, 3),
        "valid",
    );
    let middle = root
        .intermediate("ica", "org1.test", TEN_YEARS, &mut random(4))
        .unwrap();
    let mut config = config(&root, "");
    config.intermediate_certs = vec![middle.certificate().to_pem().into()];
    assert_verdict(
        &config,
        &issue(&middle, "peer0", Role::Peer, 5),
        "too many intermediate certificates",
    );
}

#[test]
fn authorities_need_a_subject_key_identifier_and_no_name_constraints() {
    let key = new_key(&mut random(1));
    let subject = writer::name(None, None, "ca").unwrap();
    let with = |change: &dyn Fn(&mut Vec<Extension>)| {
        let mut extensions = authority_extensions(&key, None);
        change(&mut extensions);
        let template = Template {
            subject: subject.clone(),
            validity: TEN_YEARS,
            extensions,
        };
        let der = template.sign(&key, None, &key, &mut random(2)).unwrap();
        Authority::with_key(der, key.clone()).unwrap()
    };
    let without_id = with(&|extensions| drop(extensions.remove(3)));
    assert_refused(&config(&without_id, ""), "has no subject key identifier");
    let constrained =
        with(&|extensions| extensions.push(Extension::new("2.5.29.30", true, &[0x30, 0x00])));
    assert_refused(&config(&constrained, ""), "has name constraints");
    let leaf = issue(&root(5), "peer0", Role::Peer, 2);
    let mut wrong = config(&root(5), "");
    wrong.root_certs = vec![leaf.certificate.into()];
    assert_refused(&wrong, "is not signed by itself");
}

#[test]
fn ed25519_identities_need_the_third_version() {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    let root = root(1);
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let key_bits = [&[0][..], pair.public_key().as_ref()].concat();
    let mut info = vec![0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
    crate::signature::append_element(&mut info, 0x03, &key_bits);
    let issued = with_public_key(&root, &info);
    assert_verdict(&config(&root, ""), &issued, "valid");
    let old = msp_of_version(&config(&root, ""), MspVersion::V1_4_3).unwrap();
    let old = MspManager::new(vec![old], Arc::new(SignatureMemo::new(1))).unwrap();
    assert!(
        old.identity(&serialized(&issued))
            .unwrap_err()
            .to_string()
            .contains("V3_0")
    );

    let identity = manager(&config(&root, ""))
        .identity(&serialized(&issued))
        .unwrap();
    let signature = pair.sign(b"message");
    identity.verify(b"message", signature.as_ref()).unwrap();
    assert!(identity.verify(b"another", signature.as_ref()).is_err());
}

#[test]
fn other_curves_and_compressed_points_are_no_identities() {
    let root = root(1);
    let good = writer::public_key(&point(&new_key(&mut random(2))));
    // The last byte of P-256's name: 1.2.840.10045.3.1.7 becomes prime239v1, .3.1.4.
    let mut other_curve = good.clone();
    other_curve[22] = 0x04;
    assert_verdict(
        &config(&root, ""),
        &with_public_key(&root, &other_curve),
        "neither of P-256 nor of P-384",
    );
    let mut compressed = good;
    compressed[26] = 0x02;
    assert_verdict(
        &config(&root, ""),
        &with_public_key(&root, &compressed),
        "neither of P-256 nor of P-384",
    );
}

/// An ordinary peer with this `SubjectPublicKeyInfo`; nobody has its key.
fn with_public_key(root: &Authority, info_content: &[u8]) -> Issued {
    let info = match info_content.first() {
        Some(0x30) if usize::from(info_content[1]) + 2 == info_content.len() => {
            info_content.to_vec()
        }
        _ => {
            let mut info = Vec::new();
            append_element_for_tests(&mut info, info_content);
            info
        }
    };
    let template = Template {
        subject: name_with_units(&["peer"]),
        validity: TEN_YEARS,
        extensions: ordinary(root),
    };
    let signed = template
        .to_be_signed(&[1; 16], Some(root.certificate.subject_der()), &info)
        .unwrap();
    let der = writer::signed(&signed, &sign(&root.key, &signed));
    Issued {
        certificate: pem::encode("CERTIFICATE", &der),
        key: String::new(),
    }
}

#[test]
fn hash_functions_other_than_fabrics_defaults_are_refused() {
    let mut config = config(&root(1), "");
    config.crypto_config = Some(proto::msp::FabricCryptoConfig {
        signature_hash_family: "SHA3".to_owned(),
        identity_identifier_hash_function: "SHA256".to_owned(),
    });
    assert_refused(&config, "the hash family SHA3 is not supported");
}

#[test]
fn a_configuration_without_roots_or_with_rubbish_is_refused() {
    let root = root(1);
    let mut empty = config(&root, "");
    empty.root_certs.clear();
    assert_refused(&empty, "there is no root certificate");
    let mut rubbish = config(&root, "");
    rubbish.tls_root_certs = vec![Bytes::from_static(b"rubbish")];
    assert_refused(&rubbish, "not PEM");
    let mut rubbish = config(&root, "");
    rubbish.revocation_list = vec![Bytes::from_static(b"rubbish")];
    assert_refused(&rubbish, "malformed revocation list");
    let idemix = MspConfig {
        r#type: 1,
        config: Bytes::new(),
    };
    assert!(
        Msp::new(&idemix, MspVersion::V3_0)
            .unwrap_err()
            .to_string()
            .contains("type 1")
    );
}
