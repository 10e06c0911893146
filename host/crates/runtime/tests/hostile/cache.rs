//! Case 65 and 66: compiled contracts on disk are used if they are ours and compiled again if not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::Config;
use crate::fixture::{Node, Source};

fn contract(text: &str) -> Source {
    Source::invoke("(call $emit (i32.const 1024) (i32.const 3))")
        .items(&format!("(data (i32.const 1024) \"{text}\")"))
}

fn node(folder: &Path) -> Node {
    Node::with(Config {
        threads: 1,
        cache_folder: Some(folder.to_owned()),
        ..Config::default()
    })
}

fn artefacts(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "compiled")
        })
        .collect();
    files.sort();
    files
}

/// What somebody did to a file.
type Change = fn(&mut Vec<u8>);

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("metadata").permissions().mode() & 0o777
}

#[test]
fn a_compiled_contract_is_found_again_and_only_the_owner_may_read_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("compiled");
    assert_eq!(node(&inner).print(&contract("one")), "one");
    let files = artefacts(&inner);
    assert_eq!(files.len(), 1);
    assert_eq!(
        (mode(&inner), mode(&files[0]), mode(&inner.join("secret"))),
        (0o700, 0o600, 0o600)
    );
    let written = fs::metadata(&files[0])
        .expect("metadata")
        .modified()
        .expect("a time");
    assert_eq!(node(&inner).print(&contract("one")), "one");
    assert_eq!(
        fs::metadata(&files[0])
            .expect("metadata")
            .modified()
            .expect("a time"),
        written
    );
}

#[test]
fn a_changed_cut_or_foreign_file_is_compiled_again() {
    let folder = tempfile::tempdir().expect("a folder");
    node(folder.path()).print(&contract("one"));
    let file = artefacts(folder.path()).remove(0);
    let good = fs::read(&file).expect("the artefact");
    let changes: [(&str, Change); 6] = [
        ("empty", Vec::clear),
        ("cut in the tag", |bytes| bytes.truncate(10)),
        ("cut in the code", |bytes| bytes.truncate(bytes.len() / 2)),
        ("a bit in the tag", |bytes| bytes[0] ^= 1),
        ("a bit in the code", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("a byte more", |bytes| bytes.push(0)),
    ];
    for (name, change) in changes {
        let mut bytes = good.clone();
        change(&mut bytes);
        fs::write(&file, &bytes).expect("written");
        assert_eq!(node(folder.path()).print(&contract("one")), "one", "{name}");
        assert_ne!(
            fs::read(&file).expect("the artefact"),
            bytes,
            "{name}: not compiled again"
        );
    }
}

#[test]
fn two_files_cannot_be_swapped() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = node(folder.path());
    first.print(&contract("one"));
    first.print(&contract("two"));
    let files = artefacts(folder.path());
    let contents: Vec<_> = files
        .iter()
        .map(|file| fs::read(file).expect("an artefact"))
        .collect();
    fs::write(&files[0], &contents[1]).expect("written");
    fs::write(&files[1], &contents[0]).expect("written");
    let second = node(folder.path());
    assert_eq!(second.print(&contract("one")), "one");
    assert_eq!(second.print(&contract("two")), "two");
}

#[test]
fn a_file_signed_in_another_folder_is_not_used() {
    let (ours, theirs) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    node(ours.path()).print(&contract("one"));
    node(theirs.path()).print(&contract("one"));
    let mut secret = fs::read(theirs.path().join("secret")).expect("a secret");
    secret[0] ^= 1;
    fs::write(ours.path().join("secret"), secret).expect("written");
    let file = artefacts(ours.path()).remove(0);
    let before = fs::read(&file).expect("the artefact");
    assert_eq!(node(ours.path()).print(&contract("one")), "one");
    assert_ne!(fs::read(&file).expect("the artefact"), before);
}

#[test]
fn a_secret_that_others_could_read_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    node(folder.path()).print(&contract("one"));
    let secret = folder.path().join("secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).expect("opened");
    node(folder.path()).print(&contract("one"));
    assert_eq!(mode(&secret), 0o600);
}

#[test]
fn a_link_in_the_place_of_the_secret_or_an_artefact_is_not_followed_for_writing() {
    let folder = tempfile::tempdir().expect("a folder");
    let outside = folder.path().join("outside");
    fs::write(&outside, "mine").expect("written");
    let inner = folder.path().join("compiled");
    fs::create_dir(&inner).expect("made");
    std::os::unix::fs::symlink(&outside, inner.join("secret")).expect("linked");
    node(&inner).print(&contract("one"));
    let file = artefacts(&inner).remove(0);
    fs::remove_file(&file).expect("removed");
    std::os::unix::fs::symlink(&outside, &file).expect("linked");
    assert_eq!(node(&inner).print(&contract("one")), "one");
    assert_eq!(fs::read_to_string(&outside).expect("read"), "mine");
}

#[test]
fn the_same_bytes_are_compiled_once_however_many_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = node(folder.path());
    let component = contract("one").component();
    let contracts: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| node.engine.load(&component)))
            .collect();
        asking
            .into_iter()
            .map(|asking| asking.join().expect("no panic").expect("a contract"))
            .collect()
    });
    for contract in &contracts {
        assert!(std::sync::Arc::ptr_eq(contract, &contracts[0]));
    }
}

#[test]
fn the_contract_used_longest_ago_leaves_memory_first() {
    let node = Node::with(Config {
        threads: 1,
        contracts_max: 2,
        ..Config::default()
    });
    let [one, two, three] = ["one", "two", "six"].map(contract);
    let first = *node.load(&one).hash();
    let second = *node.load(&two).hash();
    node.load(&one);
    node.load(&three);
    assert!(node.engine.loaded(&first).is_some());
    assert!(node.engine.loaded(&second).is_none());
    assert_eq!(node.print(&two), "two");
}
