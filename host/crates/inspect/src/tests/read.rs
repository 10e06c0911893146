//! State and history.

use bytes::Bytes;
use rwset::{Update, UpdateBatch};

use super::{CHAINCODE, World};
use crate::{Error, Keys, Page, history, range, state};

fn code<T: std::fmt::Debug>(done: Result<T, Error>) -> &'static str {
    done.unwrap_err().code().name()
}

fn prefix(text: &str) -> Keys {
    Keys::Prefix(text.to_owned())
}

/// The keys of all pages.
fn walk(world: &World, keys: &Keys, limit: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut bookmark: Option<String> = None;
    loop {
        let page = range(&world.channel, CHAINCODE, keys, limit, bookmark.as_deref()).unwrap();
        pages.push(page.entries.into_iter().map(|entry| entry.key).collect());
        match page.bookmark {
            Some(next) => bookmark = Some(next),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_key_s_value_comes_with_its_version() {
    let world = World::new().await;
    world.write(&[("a", "1")]).await;
    world.write(&[("b", "2"), ("gone", "3")]).await;
    world.write(&[("gone", "")]).await;
    let entry = state(&world.channel, CHAINCODE, "b").unwrap();
    assert_eq!((entry.key.as_str(), &entry.value[..]), ("b", &b"2"[..]));
    assert_eq!((entry.version.block, entry.version.tx), (2, 0));
    assert_eq!(
        code(state(&world.channel, CHAINCODE, "gone")),
        "state.not_found"
    );
    assert_eq!(
        code(state(&world.channel, CHAINCODE, "")),
        "request.invalid"
    );
    let long = "k".repeat(70_000);
    assert_eq!(
        code(state(&world.channel, CHAINCODE, &long)),
        "request.invalid"
    );
}

#[tokio::test]
async fn no_name_leads_to_another_namespace() {
    let world = World::new().await;
    world.write(&[("a", "1")]).await;
    // What a channel has beside public state: hashes, in tables of their own.
    let ledger = world.channel.ledger();
    let info = ledger.info().unwrap();
    let version = model::Version {
        block: info.height,
        tx: 0,
    };
    let mut updates = UpdateBatch::default();
    let update = Update {
        value: Some(Bytes::from_static(b"hash of a secret")),
        ..Update::deletion(version)
    };
    updates.put_hashed(
        CHAINCODE,
        "secrets",
        Bytes::from_static(b"key hash"),
        update,
    );
    let block = model::Block::new(info.height, info.last_hash, Vec::new());
    let input = ledger::CommitInput {
        updates,
        ..ledger::CommitInput::new(block, Bytes::new())
    };
    ledger.commit(input).await.unwrap();
    let names = [
        "",
        "_lifecycle$$hsecrets",
        "_lifecycle$$psecrets",
        "_lifecycle/secrets",
        "_lifecycle\0secrets",
        "_lifecycle:secrets",
        "lscc",
        "qscc",
        "nowhere",
        "a--b",
    ];
    for name in names {
        let answers = [
            code(state(&world.channel, name, "a")),
            code(range(&world.channel, name, &prefix(""), 10, None)),
            code(history(&world.channel, name, "a", 10, None)),
        ];
        assert_eq!(answers, ["chaincode.not_found"; 3], "{name:?}");
    }
    let all = Keys::Range {
        start: "\0".to_owned(),
        end: String::new(),
    };
    assert_eq!(walk(&world, &all, 1_000), [["a"]]);
}

#[tokio::test]
async fn ranges_leave_composite_keys_out_unless_they_are_asked_for() {
    let world = World::new().await;
    let keys = [
        "a",
        "ab",
        "b",
        "\0t\0x\0",
        "\0t\0x\0y\0",
        "\0u\0x\0",
        "\0tt\0",
    ];
    let writes: Vec<(&str, &str)> = keys.iter().map(|key| (*key, "v")).collect();
    world.write(&writes).await;
    let found = |keys: &Keys| walk(&world, keys, 100).concat();
    let composite = |object_type: &str, attributes: &[&str]| Keys::Composite {
        object_type: object_type.to_owned(),
        attributes: attributes.iter().map(|&text| text.to_owned()).collect(),
    };
    let between = |start: &str, end: &str| Keys::Range {
        start: start.to_owned(),
        end: end.to_owned(),
    };
    assert_eq!(found(&prefix("")), ["a", "ab", "b"]);
    assert_eq!(found(&between("", "")), ["a", "ab", "b"]);
    assert_eq!(found(&between("ab", "")), ["ab", "b"]);
    assert_eq!(found(&between("a", "ab")), ["a"]);
    assert_eq!(found(&prefix("a")), ["a", "ab"]);
    assert_eq!(found(&composite("t", &[])), ["\0t\0x\0", "\0t\0x\0y\0"]);
    assert_eq!(found(&composite("t", &["x"])), ["\0t\0x\0", "\0t\0x\0y\0"]);
    assert_eq!(found(&composite("t", &["x", "y"])), ["\0t\0x\0y\0"]);
    assert_eq!(found(&composite("t", &["z"])), Vec::<String>::new());
    for limit in 1..4 {
        assert_eq!(walk(&world, &prefix(""), limit).concat(), ["a", "ab", "b"]);
    }
    assert_eq!(walk(&world, &prefix(""), 2), [vec!["a", "ab"], vec!["b"]]);
}

#[tokio::test]
async fn a_history_is_told_page_by_page_newest_first() {
    let world = World::new().await;
    for value in ["1", "2", "", "4"] {
        world.write(&[("k", value), ("other", "x")]).await;
    }
    let mut told = Vec::new();
    let mut bookmark: Option<String> = None;
    loop {
        let page = history(&world.channel, CHAINCODE, "k", 3, bookmark.as_deref()).unwrap();
        assert_eq!(page.height, 5);
        told.extend(page.entries.into_iter().map(|change| {
            let value = String::from_utf8(change.value.to_vec()).unwrap();
            (change.version.block, change.is_delete, value)
        }));
        match page.bookmark {
            Some(next) => bookmark = Some(next),
            None => break,
        }
    }
    let expected = [
        (4, false, "4"),
        (3, true, ""),
        (2, false, "2"),
        (1, false, "1"),
    ];
    assert_eq!(
        told,
        expected.map(|(block, gone, value)| (block, gone, value.to_owned()))
    );
    let never = history(&world.channel, CHAINCODE, "never", 3, None).unwrap();
    assert!(never.entries.is_empty() && never.bookmark.is_none());
}

#[tokio::test]
async fn a_bookmark_is_good_for_its_own_question_only() {
    let world = World::new().await;
    world.write(&[("a", "1"), ("b", "2"), ("k", "3")]).await;
    world.write(&[("k", "4")]).await;
    let of = |page: Page<crate::Entry>| page.bookmark.unwrap();
    let keys = of(range(&world.channel, CHAINCODE, &prefix(""), 1, None).unwrap());
    let changes = history(&world.channel, CHAINCODE, "k", 1, None).unwrap();
    let changes = changes.bookmark.unwrap();
    let of_range = |keys: &Keys, bookmark: &str| {
        range(&world.channel, CHAINCODE, keys, 1, Some(bookmark)).map(|_| ())
    };
    let of_history = |key: &str, bookmark: &str| {
        history(&world.channel, CHAINCODE, key, 1, Some(bookmark)).map(|_| ())
    };
    of_range(&prefix(""), &keys).unwrap();
    of_history("k", &changes).unwrap();
    let refused = [
        of_range(&prefix("a"), &keys),
        of_range(&prefix(""), &changes),
        of_range(&prefix(""), "x"),
        of_range(&prefix(""), "%%"),
        of_range(&prefix(""), &"A".repeat(200_000)),
        of_history("a", &changes),
        of_history("k", &keys),
        of_history("k", &format!("{changes}AAAA")),
    ];
    for done in refused {
        assert_eq!(code(done), "events.position");
    }
    for limit in [0, 1_001] {
        let done = range(&world.channel, CHAINCODE, &prefix(""), limit, None);
        assert_eq!(code(done), "request.invalid");
    }
}
