//! MSP folders as fabric-ca-client leaves them, and folders that lack something.

use std::fs;
use std::path::Path;

use super::*;
use crate::folder::load_msp_config;
use crate::{Principal, Signer as _};

const CA_FILE: &str = "localhost-7054-ca-org1.pem";

fn put(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A key's file as fabric-ca-client calls it.
fn put_key(folder: &Path, issued: &Issued) {
    let name = format!("keystore/{}_sk", hex::encode(sha256(issued.key.as_bytes())));
    put(folder, &name, &issued.key);
}

/// What `fabric-ca-client enroll -M` leaves of an identity below an intermediate authority.
fn enrol(folder: &Path, root: &Authority, middle: &Authority, issued: &Issued) {
    put(folder, "signcerts/cert.pem", &issued.certificate);
    put_key(folder, issued);
    put(
        folder,
        &format!("cacerts/{CA_FILE}"),
        root.certificate().to_pem(),
    );
    put(
        folder,
        &format!("intermediatecerts/{CA_FILE}"),
        middle.certificate().to_pem(),
    );
    // What people leave beside certificates.
    put(folder, "cacerts/.gitkeep", "");
    put(folder, "intermediatecerts/README", "the chain");
    // For the other kind of MSP: a message, and a key that stands here as PEM.
    put(folder, "IssuerPublicKey", b"\x0a\x02OU\x0a\x04Role");
    put(
        folder,
        "IssuerRevocationPublicKey",
        pem::encode("PUBLIC KEY", b"key"),
    );
    fs::create_dir_all(folder.join("user")).unwrap();
}

/// What administrators write beside an enrolment.
fn roles(vouched_for_by: &str) -> String {
    let unit = |role: &str, name: &str| {
        format!(
            "  {role}OUIdentifier:\n    Certificate: {vouched_for_by}\n    OrganizationalUnitIdentifier: {name}\n"
        )
    };
    let units = [
        ("Client", "client"),
        ("Peer", "peer"),
        ("Admin", "admin"),
        ("Orderer", "orderer"),
    ];
    let units: String = units.map(|(role, name)| unit(role, name)).concat();
    format!("NodeOUs:\n  Enable: true\n{units}")
}

fn authorities() -> (Authority, Authority) {
    let root = root(1);
    let middle = root
        .intermediate("ica.org1.test", "org1.test", TEN_YEARS, &mut random(2))
        .unwrap();
    (root, middle)
}

#[test]
fn an_enrolment_of_fabric_ca_signs_and_makes_an_msp() {
    let (root, middle) = authorities();
    let place = tempfile::tempdir().unwrap();
    let peer = issue(&middle, "peer0", Role::Peer, 3);
    enrol(place.path(), &root, &middle, &peer);
    put(
        place.path(),
        "config.yaml",
        roles(&format!("intermediatecerts/{CA_FILE}")),
    );
    let config = load_msp_config(place.path(), "Org1MSP").unwrap();
    let msp = Msp::new(&config, MspVersion::V1_4_3).unwrap();
    let manager = MspManager::new(vec![msp], Arc::new(SignatureMemo::new(10))).unwrap();
    let signer = SigningIdentity::from_folder(place.path(), "Org1MSP").unwrap();
    let identity = manager.identity(signer.identity()).unwrap();
    let peers = Principal::new(&Principal::of_role("Org1MSP", Role::Peer));
    manager.satisfies(&identity, &peers).unwrap();
    identity
        .verify(b"message", &signer.sign(b"message").unwrap())
        .unwrap();
}

#[test]
fn an_enrolment_without_roles_needs_an_admin_beside_it() {
    let (root, middle) = authorities();
    let place = tempfile::tempdir().unwrap();
    let peer = issue(&middle, "peer0", Role::Peer, 3);
    enrol(place.path(), &root, &middle, &peer);
    let msp = || {
        Msp::new(
            &load_msp_config(place.path(), "Org1MSP").unwrap(),
            MspVersion::V3_0,
        )
    };
    let refused = msp().unwrap_err().to_string();
    assert!(
        refused.contains("list a certificate (admincerts)"),
        "{refused}"
    );
    let admin = issue(&middle, "Admin", Role::Admin, 4);
    put(place.path(), "admincerts/cert.pem", &admin.certificate);
    msp().unwrap();
}

#[test]
fn of_several_keys_the_certificates_own_is_taken_whatever_it_is_called() {
    let (root, middle) = authorities();
    let place = tempfile::tempdir().unwrap();
    let user = issue(&middle, "user1", Role::Client, 3);
    enrol(place.path(), &root, &middle, &user);
    // Left over from earlier enrolments, of another curve, encrypted, and no key at all.
    put_key(place.path(), &issue(&middle, "user1", Role::Client, 4));
    put_key(place.path(), &issue(&middle, "user1", Role::Client, 5));
    put(
        place.path(),
        "keystore/0-p384",
        pem::encode("PRIVATE KEY", b"\x30\x00"),
    );
    put(
        place.path(),
        "keystore/0-encrypted",
        pem::encode("ENCRYPTED PRIVATE KEY", b"\x30\x00"),
    );
    put(place.path(), "keystore/README", "no key");
    let signer = SigningIdentity::from_folder(place.path(), "Org1MSP").unwrap();
    assert_eq!(signer.identity(), &serialized(&user));
    let keys = place.path().join("keystore");
    let own = keys.join(format!("{}_sk", hex::encode(sha256(user.key.as_bytes()))));
    fs::rename(own, keys.join("zzz.pem")).unwrap();
    SigningIdentity::from_folder(place.path(), "Org1MSP").unwrap();
}

#[test]
fn an_enrolment_for_tls_is_told_from_one_of_an_identity() {
    let place = tempfile::tempdir().unwrap();
    let authority = root(1);
    let issued = authority
        .issue_tls("peer0", &[], TEN_YEARS, &mut random(2))
        .unwrap();
    put(place.path(), "signcerts/cert.pem", &issued.certificate);
    put_key(place.path(), &issued);
    put(
        place.path(),
        "tlscacerts/tls-localhost-7054-ca-org1.pem",
        authority.certificate().to_pem(),
    );
    fs::create_dir_all(place.path().join("cacerts")).unwrap();
    let refused = load_msp_config(place.path(), "Org1MSP")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("--enrollment.profile tls"), "{refused}");
}

/// What is said of a folder without one of its parts, the folder's own name left out.
fn told(change: impl FnOnce(&Path)) -> String {
    let (root, middle) = authorities();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("msp");
    enrol(
        &folder,
        &root,
        &middle,
        &issue(&middle, "peer0", Role::Peer, 3),
    );
    put(&folder, "config.yaml", roles(&format!("cacerts/{CA_FILE}")));
    change(&folder);
    let config = load_msp_config(&folder, "Org1MSP").map(drop);
    let signer = SigningIdentity::from_folder(&folder, "Org1MSP").map(drop);
    let told = [config, signer].map(|read| match read {
        Ok(()) => "read".to_owned(),
        Err(error) => {
            assert_eq!(error.code(), model::ErrorCode::FileUnusable);
            error.to_string()
        }
    });
    told.join("\n")
        .replace(&folder.display().to_string(), "MSP")
}

#[test]
fn a_folder_that_lacks_something_says_what_and_what_to_do() {
    let without =
        |name: &'static str| told(move |folder| fs::remove_dir_all(folder.join(name)).unwrap());
    assert_eq!(told(|_| ()), "read\nread");
    assert_eq!(without("intermediatecerts"), "read\nread");
    assert_eq!(
        without("cacerts"),
        "the MSP folder MSP cannot be used: cacerts holds no PEM file: put the certificates of the authorities there that \
         issue its members\nread"
    );
    assert_eq!(
        without("signcerts"),
        "read\nthe MSP folder MSP cannot be used: signcerts holds no PEM file: put the certificate of the identity there"
    );
    assert_eq!(
        without("keystore"),
        "read\nthe MSP folder MSP cannot be used: keystore holds no PEM file: put the private key of the certificate in \
         signcerts there"
    );
    assert_eq!(
        without(""),
        "the MSP folder MSP cannot be used: it is not there\nthe MSP folder MSP cannot be used: it is not there"
    );
}

#[test]
fn a_folder_whose_parts_do_not_fit_says_which() {
    let other_key = told(|folder| {
        fs::remove_dir_all(folder.join("keystore")).unwrap();
        put(
            folder,
            "keystore/a_sk",
            issue(&root(1), "other", Role::Peer, 9).key,
        );
        put(
            folder,
            "keystore/b_sk",
            pem::encode("ENCRYPTED PRIVATE KEY", b"\x30\x00"),
        );
    });
    assert_eq!(
        other_key,
        "read\nthe MSP folder MSP cannot be used: keystore holds no key of signcerts/cert.pem: put the private key of the \
         certificate in signcerts there (now a_sk: it does not belong to the certificate; b_sk: there is no PEM private key)"
    );
    let other_name = told(|folder| {
        put(
            folder,
            "config.yaml",
            roles("cacerts/ca.example.com-cert.pem"),
        )
    });
    assert_eq!(
        other_name,
        "the MSP folder MSP cannot be used: config.yaml names cacerts/ca.example.com-cert.pem, which cannot be read: write \
         the name that an authority's certificate has in cacerts or intermediatecerts\nread"
    );
    let (place, inner) = (tempfile::tempdir().unwrap(), "users/Admin@org1.test");
    fs::create_dir_all(place.path().join(inner).join("msp")).unwrap();
    let above = load_msp_config(&place.path().join(inner), "Org1MSP")
        .unwrap_err()
        .to_string();
    assert!(
        above.contains("but a folder msp, which may be the one to name"),
        "{above}"
    );
}
