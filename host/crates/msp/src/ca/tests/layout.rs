//! An organisation's folders, written and read again.

use super::*;
use crate::{Principal, Signer as _, folder::load_msp_config};

#[test]
fn what_is_written_loads_as_an_msp_with_its_members() {
    let place = tempfile::tempdir().unwrap();
    let mut random = random(1);
    let organization = Organization::new("org1.test", TEN_YEARS, &mut random).unwrap();
    organization.write(place.path()).unwrap();
    let config = load_msp_config(&place.path().join("msp"), "Org1MSP").unwrap();
    let msp = Msp::new(&config, MspVersion::V3_0).unwrap();
    assert_eq!(msp.tls_root_certs().len(), 1);
    let manager = MspManager::new(vec![msp], Arc::new(SignatureMemo::new(10))).unwrap();
    let again = Organization::load(place.path(), "org1.test").unwrap();
    for (name, role) in [
        ("peer0", Role::Peer),
        ("o1", Role::Orderer),
        ("Admin", Role::Admin),
        ("User1", Role::Client),
    ] {
        let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let member = again
            .write_member(place.path(), name, role, &hosts, TEN_YEARS, &mut random)
            .unwrap();
        let signer = SigningIdentity::from_folder(&member.msp, "Org1MSP").unwrap();
        let identity = manager.identity(signer.identity()).unwrap();
        manager
            .satisfies(
                &identity,
                &Principal::new(&Principal::of_role("Org1MSP", role)),
            )
            .unwrap();
        identity
            .verify(b"message", &signer.sign(b"message").unwrap())
            .unwrap();
        // A member's own folder is an MSP folder too.
        load_msp_config(&member.msp, "Org1MSP").unwrap();
        let tls = Certificate::from_pem(&std::fs::read(&member.tls_certificate).unwrap()).unwrap();
        assert!(tls.extensions().subject_alt_name.is_some());
        tls.check_issued_by(again.tls().certificate()).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn folders_and_keys_are_the_owners_alone_and_keys_are_never_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let organization = Organization::new("org1.test", TEN_YEARS, &mut random(1)).unwrap();
    organization.write(place.path()).unwrap();
    let mode = |path: &str| {
        std::fs::metadata(place.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("ca"), 0o700);
    assert_eq!(mode("ca/priv_sk"), 0o600);
    let again = organization.write(place.path()).unwrap_err();
    assert!(
        matches!(again, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists)
    );
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    let organization = Organization::new("org1.test", TEN_YEARS, &mut random(1)).unwrap();
    let place = tempfile::tempdir().unwrap();
    for name in ["", "../peer0", "a/b", ".hidden", "a b"] {
        let refused = organization.write_member(
            place.path(),
            name,
            Role::Peer,
            &[],
            TEN_YEARS,
            &mut random(2),
        );
        assert!(matches!(refused, Err(Error::Issue { .. })), "{name:?}");
        assert!(Organization::new(name, TEN_YEARS, &mut random(1)).is_err());
    }
}

#[test]
fn a_configuration_file_must_name_files_inside_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let organization = Organization::new("org1.test", TEN_YEARS, &mut random(1)).unwrap();
    organization.write(place.path()).unwrap();
    let msp = place.path().join("msp");
    let outside = "NodeOUs:\n  Enable: true\n  PeerOUIdentifier:\n    Certificate: ../ca/priv_sk\n    OrganizationalUnitIdentifier: peer\n";
    std::fs::write(msp.join("config.yaml"), outside).unwrap();
    let refused = load_msp_config(&msp, "Org1MSP").unwrap_err().to_string();
    assert!(refused.contains("leaves the folder"), "{refused}");
    std::fs::write(msp.join("config.yaml"), "NodeOUs: [1, 2").unwrap();
    assert!(matches!(
        load_msp_config(&msp, "Org1MSP"),
        Err(Error::Malformed { .. })
    ));
    std::fs::write(msp.join("config.yaml"), "").unwrap();
    assert!(load_msp_config(&msp, "Org1MSP").is_ok());
    std::fs::remove_dir_all(msp.join("cacerts")).unwrap();
    assert!(matches!(
        load_msp_config(&msp, "Org1MSP"),
        Err(Error::Folder { .. })
    ));
}
