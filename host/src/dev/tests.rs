use std::path::{Path, PathBuf};
use std::sync::Arc;

use channel::{Access, Bundle, Resource};
use msp::{Certificate, SignatureMemo, Signer as _, SigningIdentity};
use prost_types::Timestamp;

use super::{DevError, Network, Ports, Wish};
use crate::client::{Profile, Sources};
use crate::config::{self, OrdererConfig, PeerConfig};

/// 2026-01-01.
const NOW: i64 = 1_767_225_600;

const SOURCES: Sources = Sources {
    now: || Timestamp {
        seconds: NOW,
        nanos: 0,
    },
    fill_random: |bytes| rand::RngCore::fill_bytes(&mut rand::rngs::ThreadRng::default(), bytes),
};

fn wish(folder: &Path) -> Wish {
    Wish {
        folder: folder.to_owned(),
        channel: None,
        ports: Some(Ports::Free),
        new_token: false,
    }
}

fn made() -> (tempfile::TempDir, Network) {
    let folder = tempfile::tempdir().unwrap();
    let network = Network::ensure(&wish(folder.path()), SOURCES).unwrap();
    (folder, network)
}

fn profile_of(network: &Network, name: &str) -> PathBuf {
    network
        .folder()
        .join("profiles")
        .join(format!("{name}.yaml"))
}

fn genesis(folder: &Path) -> model::Block {
    model::Block::decode(std::fs::read(folder.join("channels/mychannel.block")).unwrap()).unwrap()
}

#[test]
fn every_file_of_a_new_network_loads() {
    let (folder, network) = made();
    let orderer: OrdererConfig = config::load(&network.node_config("orderer")).unwrap();
    assert_eq!(
        orderer.genesis_blocks,
        [folder.path().join("nodes/../channels/mychannel.block")]
    );
    SigningIdentity::from_folder(&orderer.msp_folder, &orderer.msp_id).unwrap();
    for name in ["peer0.org1", "peer0.org2"] {
        let peer: PeerConfig = config::load(&network.node_config(name)).unwrap();
        SigningIdentity::from_folder(&peer.msp_folder, &peer.msp_id).unwrap();
        assert_eq!(peer.public_address, Some(peer.listen.address.to_string()));
        assert!(std::fs::read(&peer.listen.tls.unwrap().key).is_ok());
    }
    for name in ["org1-admin", "org1-user", "org2-admin", "org2-user"] {
        let profile: Profile = config::load(&profile_of(&network, name)).unwrap();
        SigningIdentity::from_folder(&profile.msp_folder, &profile.msp_id).unwrap();
        assert!(std::fs::read(profile.peer.tls_ca.unwrap()).is_ok());
        assert_eq!(profile.peers.len(), 1);
        assert_ne!(profile.peers[0].address, profile.peer.address);
    }
}

#[test]
fn the_genesis_block_makes_a_channel_that_knows_its_members() {
    let (folder, network) = made();
    let memo = Arc::new(SignatureMemo::new(100));
    let bundle = Bundle::from_block(&genesis(folder.path()), &memo).unwrap();
    let orgs: Vec<_> = bundle
        .application()
        .orgs
        .iter()
        .map(|org| org.msp_id.as_str())
        .collect();
    assert_eq!(orgs, ["Org1MSP", "Org2MSP"]);
    let orderer: OrdererConfig = config::load(&network.node_config("orderer")).unwrap();
    assert_eq!(
        bundle.orderer_endpoints()[0].address,
        orderer.listen.address.to_string()
    );
    let certificate = std::fs::read(orderer.listen.tls.unwrap().certificate).unwrap();
    assert_eq!(bundle.orderer().consenters[0].server_tls_cert, certificate);

    let Access::Channel(writers) = bundle.access(Resource::Propose) else {
        panic!()
    };
    let allowed = |name: &str| {
        let profile: Profile = config::load(&profile_of(&network, name)).unwrap();
        let signer = SigningIdentity::from_folder(&profile.msp_folder, &profile.msp_id).unwrap();
        let identity = bundle.msps().identity(signer.identity()).unwrap();
        bundle
            .policies()
            .evaluate_identities(writers, &[identity])
            .is_ok()
    };
    assert!(allowed("org1-user") && allowed("org2-admin"));
}

#[test]
fn nodes_are_trusted_on_this_machine_under_every_name_they_have() {
    let (folder, _network) = made();
    let node = folder
        .path()
        .join("organizations/peerOrganizations/org1.example.com/peers/peer0.org1.example.com/tls");
    let certificate =
        Certificate::from_pem(&std::fs::read(node.join("server.crt")).unwrap()).unwrap();
    assert!(certificate.not_before() < NOW && certificate.not_after() > NOW + 9 * 365 * 24 * 3600);
    let authority = rustls_roots(&std::fs::read(node.join("ca.crt")).unwrap());
    for name in ["localhost", "127.0.0.1", "::1", "peer0.org1.example.com"] {
        assert_eq!(
            verdict(&authority, certificate.der(), name),
            Ok(()),
            "{name}"
        );
    }
    assert!(verdict(&authority, certificate.der(), "peer0.org2.example.com").is_err());
}

fn rustls_roots(pem: &[u8]) -> Arc<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(Certificate::from_pem(pem).unwrap().der().to_vec().into())
        .unwrap();
    Arc::new(roots)
}

/// What a TLS client says of a server's certificate.
fn verdict(
    roots: &Arc<rustls::RootCertStore>,
    certificate: &[u8],
    name: &str,
) -> Result<(), String> {
    use rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier as _};
    use rustls::pki_types::{ServerName, UnixTime};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider)
        .build()
        .unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW.unsigned_abs()));
    let certificate = certificate.to_vec().into();
    let verified = verifier.verify_server_cert(&certificate, &[], &name, &[], now);
    verified.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn a_network_is_found_again_as_it_was_made() {
    let (folder, first) = made();
    let genesis_before = genesis(folder.path());
    let second = Network::ensure(
        &Wish {
            ports: None,
            ..wish(folder.path())
        },
        SOURCES,
    )
    .unwrap();
    assert!(first.is_new() && !second.is_new());
    assert_eq!(first.nodes(), second.nodes());
    assert_eq!(genesis(folder.path()), genesis_before);
}

#[test]
fn a_network_that_was_made_otherwise_is_not_taken() {
    let (folder, _network) = made();
    let fixed = Wish {
        ports: Some(Ports::Fixed),
        ..wish(folder.path())
    };
    assert!(matches!(
        Network::ensure(&fixed, SOURCES),
        Err(DevError::Otherwise { .. })
    ));
    let other = model::ChannelId::parse("other").ok();
    let other = Wish {
        channel: other,
        ..wish(folder.path())
    };
    assert!(matches!(
        Network::ensure(&other, SOURCES),
        Err(DevError::Otherwise { .. })
    ));
}

/// All files of a network that hold the text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if std::fs::read(&path)
            .unwrap()
            .windows(text.len())
            .any(|part| part == text.as_bytes())
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn credentials(folder: &Path, peer: &str) -> Vec<rest::Credential> {
    let config: PeerConfig = config::load(&folder.join(format!("nodes/{peer}.yaml"))).unwrap();
    let known = |name: &str| config.rest.wallet.iter().any(|one| one.name == name);
    let text = std::fs::read_to_string(config.rest.credentials.unwrap()).unwrap();
    config::parse_credentials(&text, &known).unwrap()
}

#[test]
fn the_token_is_told_once_and_only_its_hash_is_kept() {
    let (folder, network) = made();
    let token = network.new_token().unwrap();
    assert_eq!(holding(folder.path(), token), Vec::<PathBuf>::new());
    let hash = crate::token::hash(token);
    for (peer, org) in [("peer0.org1", "org1"), ("peer0.org2", "org2")] {
        let known = credentials(folder.path(), peer);
        let kind = rest::CredentialKind::Token(hash);
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].kind, kind);
        assert_eq!(
            known[0].identities,
            [format!("{org}-user"), format!("{org}-admin")]
        );
    }
    let again = Network::ensure(&wish(folder.path()), SOURCES).unwrap();
    assert_eq!(again.new_token(), None);
}

#[test]
fn a_new_token_takes_the_place_of_the_old_one_and_of_nothing_else() {
    let (folder, first) = made();
    let path = folder.path().join("nodes/peer0.org1.credentials.yaml");
    let other = config::NewCredential {
        name: "mine",
        token_sha256: [7; 32],
        identities: &[],
        expires: None,
    };
    config::add_credential(&path, &other).unwrap();
    let wish = Wish {
        new_token: true,
        ..wish(folder.path())
    };
    let second = Network::ensure(&wish, SOURCES).unwrap();
    let (old, new) = (first.new_token().unwrap(), second.new_token().unwrap());
    assert_ne!(old, new);
    let kinds = |peer: &str| -> Vec<_> {
        let known = credentials(folder.path(), peer).into_iter();
        known.map(|one| one.kind).collect()
    };
    let token = |hash| rest::CredentialKind::Token(hash);
    let hash = crate::token::hash(new);
    assert_eq!(kinds("peer0.org1"), [token(hash), token([7; 32])]);
    assert_eq!(kinds("peer0.org2"), [token(hash)]);
}

#[test]
fn a_network_from_before_there_was_rest_gets_it_with_its_token() {
    let (folder, _network) = made();
    let path = folder.path().join("nodes/peer0.org1.yaml");
    let whole = std::fs::read_to_string(&path).unwrap();
    let old = whole.split("rest:\n").next().unwrap();
    let old = old.replace(super::access::PLAIN_HTTP, "");
    assert_ne!(whole, old);
    std::fs::write(&path, old).unwrap();
    std::fs::remove_file(folder.path().join("nodes/peer0.org1.credentials.yaml")).unwrap();
    let wish = Wish {
        new_token: true,
        ..wish(folder.path())
    };
    Network::ensure(&wish, SOURCES).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    assert_eq!(credentials(folder.path(), "peer0.org1").len(), 1);
}

#[test]
fn nothing_of_others_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("organizations")).unwrap();
    let refused = Network::ensure(&wish(folder.path()), SOURCES);
    assert!(matches!(
        refused,
        Err(DevError::Foreign {
            found: "organizations",
            ..
        })
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_an_interruption_left_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".weft-dev-unfinished/organizations")).unwrap();
    Network::ensure(&wish(folder.path()), SOURCES).unwrap();
    assert!(!folder.path().join(".weft-dev-unfinished").exists());
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, _network) = made();
    let mut folders = vec![folder.path().join("organizations")];
    let mut keys = 0;
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name == "priv_sk" || name.ends_with(".key") {
                let mode = std::fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{}", path.display());
                keys += 1;
            }
        }
    }
    assert_eq!(keys, 6 + 2 * (2 + 3 + 3));
}

#[test]
fn free_ports_differ() {
    let (_folder, network) = made();
    let ports: std::collections::BTreeSet<_> = network
        .nodes()
        .into_iter()
        .map(|(_, address)| address.port())
        .collect();
    assert_eq!(ports.len(), 3);
    assert!(!ports.contains(&0));
}
