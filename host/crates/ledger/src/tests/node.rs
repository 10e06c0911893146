//! The data folder of a node.

use bytes::Bytes;
use model::{ChannelId, MspId};
use rusqlite::Connection;
use tempfile::TempDir;

use super::wait;
use crate::{Config, Error, InstalledPackage, JoinedChannel, NodeIdentity, NodeStore};

fn node(msp_id: &str, certificate: u8) -> NodeIdentity {
    NodeIdentity {
        msp_id: MspId::parse(msp_id).unwrap(),
        certificate_hash: [certificate; 32],
    }
}

fn open(folder: &TempDir, node: &NodeIdentity) -> Result<NodeStore, Error> {
    wait(NodeStore::open(folder.path(), node, &Config::default()))
}

fn joined(name: &str, hash: u8) -> JoinedChannel {
    JoinedChannel {
        channel: ChannelId::parse(name).unwrap(),
        genesis_hash: [hash; 32],
    }
}

#[test]
fn a_folder_is_one_node_s_and_one_process_s() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, &node("Org1MSP", 1)).unwrap();
    assert_eq!(
        open(&folder, &node("Org1MSP", 1)).unwrap_err().code(),
        "locked"
    );
    drop(store);
    for other in [node("Org1MSP", 2), node("Org2MSP", 1)] {
        let refused = open(&folder, &other).unwrap_err();
        assert_eq!(refused.code(), "other_node");
    }
    let store = open(&folder, &node("Org1MSP", 1)).unwrap();
    assert_eq!(store.identity().unwrap(), node("Org1MSP", 1));
    assert_eq!(store.folder(), folder.path());
}

#[test]
fn a_renewed_certificate_is_noted_for_the_same_organisation_only() {
    let folder = TempDir::new().unwrap();
    drop(open(&folder, &node("Org1MSP", 1)).unwrap());
    let renew =
        |node: NodeIdentity| wait(NodeStore::renew(folder.path(), &node, &Config::default()));
    assert_eq!(renew(node("Org2MSP", 2)).unwrap_err().code(), "other_node");
    drop(renew(node("Org1MSP", 2)).unwrap());
    assert_eq!(
        open(&folder, &node("Org1MSP", 1)).unwrap_err().code(),
        "other_node"
    );
    assert!(open(&folder, &node("Org1MSP", 2)).is_ok());
}

#[test]
fn channels_are_remembered_with_their_beginning() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, &node("Org1MSP", 1)).unwrap();
    store.join(&joined("two", 2)).unwrap();
    store.join(&joined("one", 1)).unwrap();
    assert_eq!(store.join(&joined("one", 1)).unwrap_err().code(), "exists");
    assert_eq!(
        store.join(&joined("one", 3)).unwrap_err().code(),
        "other_genesis"
    );
    drop(store);
    let store = open(&folder, &node("Org1MSP", 1)).unwrap();
    assert_eq!(
        store.channels().unwrap(),
        [joined("one", 1), joined("two", 2)]
    );
    store.leave(&joined("one", 1).channel).unwrap();
    assert_eq!(store.channels().unwrap(), [joined("two", 2)]);
    let ledger = store.channel_folder(&joined("two", 2).channel);
    assert_eq!(ledger, folder.path().join("channels/two"));
}

#[test]
fn packages_come_back_as_installed_once() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, &node("Org1MSP", 1)).unwrap();
    let bytes = Bytes::from(vec![9; 3 << 20]);
    store.install("b:02", "b", &bytes, 1_700_000_000).unwrap();
    store.install("a:01", "a", &Bytes::new(), 5).unwrap();
    let again = store.install("b:02", "b", &bytes, 6).unwrap_err();
    assert_eq!(again.code(), "exists");
    assert_eq!(store.package("b:02").unwrap(), Some(bytes));
    assert_eq!(store.package("a:01").unwrap(), Some(Bytes::new()));
    assert_eq!(store.package("c:03").unwrap(), None);
    let package = |id: &str, installed_at, size_bytes| InstalledPackage {
        package_id: id.to_owned(),
        label: id[..1].to_owned(),
        installed_at,
        size_bytes,
    };
    let expected = [
        package("a:01", 5, 0),
        package("b:02", 1_700_000_000, 3 << 20),
    ];
    assert_eq!(store.packages().unwrap(), expected);
}

#[test]
fn a_package_that_lost_a_bit_is_not_handed_out() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, &node("Org1MSP", 1)).unwrap();
    store
        .install("a:01", "a", &Bytes::from_static(b"code"), 5)
        .unwrap();
    let connection = Connection::open(folder.path().join("node.db")).unwrap();
    connection
        .execute("UPDATE packages SET bytes = x'00'", [])
        .unwrap();
    assert_eq!(store.package("a:01").unwrap_err().code(), "damaged");
}
