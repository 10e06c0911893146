//! Ranges, pages and histories: what they give, and what a simulation records of them.

use expect_test::{Expect, expect};
use model::Version;
use prost::Message;
use proto::{kvrwset::KvrwSet, rwset::TxReadWriteSet};
use rwset::{
    BlockTx, KeyModification, SimulateError, Simulator, SimulatorLimits, TxRwSet, validate_block,
};

use crate::{
    notation::{bytes, state, tx},
    show::{many, show, show_range, simulate},
};

/// Takes `taken` rows of a range over `count` keys, one by one, and shows what is recorded.
fn walk(count: usize, taken: usize, expected: Expect) {
    let simulated = simulate(many(count), |tx| {
        let cursor = tx.open_range("cc", "", "").unwrap();
        for index in 0..taken {
            let rows = tx.next(cursor, 1).unwrap();
            assert_eq!(rows.len(), usize::from(index < count), "row {index}");
        }
    });
    let set = TxReadWriteSet::decode(simulated.results).unwrap();
    let set = KvrwSet::decode(set.ns_rwset[0].rwset.clone()).unwrap();
    expected.assert_eq(&show_range(&set.range_queries_info[0]));
}

#[test]
fn a_range_records_what_fabrics_peer_fetches_ahead() {
    walk(0, 0, expect![[r#""".."" exhausted: nothing"#]]);
    walk(50, 0, expect![[r#""".."" exhausted: 50 reads"#]]);
    walk(
        51,
        0,
        expect![[r#""".."" exhausted: 1 hashes of level 1, degree 50"#]],
    );
    walk(
        100,
        0,
        expect![[r#""".."" exhausted: 2 hashes of level 1, degree 50"#]],
    );
    walk(
        101,
        0,
        expect![[r#""".."k0100" left early: 2 hashes of level 1, degree 50"#]],
    );
    walk(
        101,
        99,
        expect![[r#""".."k0100" left early: 2 hashes of level 1, degree 50"#]],
    );
    walk(
        101,
        100,
        expect![[r#""".."" exhausted: 2 hashes of level 1, degree 50"#]],
    );
    walk(
        300,
        99,
        expect![[r#""".."k0100" left early: 2 hashes of level 1, degree 50"#]],
    );
    walk(
        300,
        100,
        expect![[r#""".."k0200" left early: 4 hashes of level 1, degree 50"#]],
    );
    walk(
        300,
        199,
        expect![[r#""".."k0200" left early: 4 hashes of level 1, degree 50"#]],
    );
    walk(
        300,
        200,
        expect![[r#""".."" exhausted: 6 hashes of level 1, degree 50"#]],
    );
    walk(
        300,
        301,
        expect![[r#""".."" exhausted: 6 hashes of level 1, degree 50"#]],
    );
}

#[test]
fn rows_come_in_order_in_any_portions_and_the_end_goes_on_saying_so() {
    for portion in [1, 7, 100, 101, 1_000] {
        let mut tx = Simulator::new(Box::new(many(250)), "tx1");
        let cursor = tx.open_range("cc", "k0010", "k0240").unwrap();
        let mut keys = Vec::new();
        loop {
            let rows = tx.next(cursor, portion).unwrap();
            if rows.is_empty() {
                break;
            }
            assert!(rows.len() == portion || keys.len() + rows.len() == 230);
            keys.extend(rows.into_iter().map(|(key, _)| key));
        }
        assert_eq!(
            keys,
            (10..240)
                .map(|index| format!("k{index:04}"))
                .collect::<Vec<_>>()
        );
        assert!(tx.next(cursor, portion).unwrap().is_empty());
    }
}

#[test]
fn a_portion_keeps_to_its_bytes_but_has_at_least_one_row() {
    let mut tx = Simulator::new(Box::new(many(10)), "tx1");
    let cursor = tx.open_range("cc", "", "").unwrap();
    assert_eq!(
        tx.next_within(cursor, 10, 17).unwrap().len(),
        2,
        "rows are 6 bytes each"
    );
    assert_eq!(tx.next_within(cursor, 10, 18).unwrap().len(), 3);
    assert_eq!(tx.next_within(cursor, 10, 0).unwrap().len(), 1);
    assert_eq!(tx.next_within(cursor, 10, usize::MAX).unwrap().len(), 4);
}

#[test]
fn a_range_beyond_the_limit_of_results_ends_there_and_says_nothing() {
    let limits = SimulatorLimits {
        results_max: 250,
        ..SimulatorLimits::default()
    };
    let mut tx = Simulator::with_limits(Box::new(many(300)), "tx1", limits);
    let cursor = tx.open_range("cc", "", "").unwrap();
    assert_eq!(tx.next(cursor, 1_000).unwrap().len(), 250);
    assert!(tx.next(cursor, 1_000).unwrap().is_empty());
    expect![[r#"
        cc
          range "".."k0249" left early: 5 hashes of level 1, degree 50
    "#]]
    .assert_eq(&show(&tx.finish().unwrap()));
}

#[test]
fn ranges_keep_the_order_of_opening_and_equal_ones_are_there_once() {
    let simulated = simulate(many(3), |tx| {
        let first = tx.open_range("cc", "k0001", "").unwrap();
        tx.open_range("cc", "", "k0001").unwrap();
        tx.open_range("cc", "k0001", "").unwrap();
        tx.close(first);
        tx.open_range("other", "a", "b").unwrap();
    });
    expect![[r#"
        cc
          range "k0001".."" exhausted: 2 reads
          range "".."k0001" exhausted: 1 reads
        other
          range "a".."b" exhausted: nothing
    "#]]
    .assert_eq(&show(&simulated));
}

#[test]
fn cursors_are_limited_while_open_and_gone_when_closed() {
    let limits = SimulatorLimits {
        cursors_open_max: 2,
        ..SimulatorLimits::default()
    };
    let mut tx = Simulator::with_limits(Box::new(many(3)), "tx1", limits);
    let first = tx.open_range("cc", "", "").unwrap();
    let history = tx.open_history("cc", "k0000").unwrap();
    assert!(matches!(
        tx.open_range("cc", "", ""),
        Err(SimulateError::Limit { max: 2, .. })
    ));
    assert!(matches!(
        tx.open_history("cc", "a"),
        Err(SimulateError::Limit { max: 2, .. })
    ));
    assert!(matches!(
        tx.open_private_range("cc", "c", "", ""),
        Err(SimulateError::Limit { max: 2, .. })
    ));
    assert!(matches!(
        tx.next_history(first, 1, 1),
        Err(SimulateError::NoCursor)
    ));
    assert!(matches!(tx.next(history, 1), Err(SimulateError::NoCursor)));
    tx.close(first);
    tx.close(first);
    assert!(matches!(tx.next(first, 1), Err(SimulateError::NoCursor)));
    assert_ne!(tx.open_range("cc", "", "").unwrap(), first);
}

#[test]
fn a_page_is_a_range_of_its_size_and_the_bookmark_is_the_next_key() {
    let simulated = simulate(many(25), |tx| {
        let page = tx.page("cc", "k0001", "k0024", 10, "").unwrap();
        assert_eq!(
            (
                page.rows[0].0.as_str(),
                page.rows.len(),
                page.bookmark.as_str()
            ),
            ("k0001", 10, "k0011")
        );
        let page = tx.page("cc", "k0001", "k0024", 10, "k0011").unwrap();
        assert_eq!(
            (
                page.rows[0].0.as_str(),
                page.rows.len(),
                page.bookmark.as_str()
            ),
            ("k0011", 10, "k0021")
        );
        let page = tx.page("cc", "k0001", "k0024", 3, "k0021").unwrap();
        assert_eq!(
            (page.rows.len(), page.bookmark.as_str()),
            (3, ""),
            "full, and the last"
        );
        let page = tx.page("cc", "k0001", "k0024", 10, "k0021").unwrap();
        assert_eq!((page.rows.len(), page.bookmark.as_str()), (3, ""));
        let page = tx.page("cc", "x", "", 10, "").unwrap();
        assert_eq!((page.rows.len(), page.bookmark.as_str()), (0, ""));
        assert_eq!(tx.page("cc", "", "", 0, "").unwrap().rows.len(), 25);
    });
    expect![[r#"
        cc
          range "k0001".."k0010" left early: 10 reads
          range "k0011".."k0020" left early: 10 reads
          range "k0021".."k0023" left early: 3 reads
          range "k0021".."k0024" exhausted: 3 reads
          range "x".."" exhausted: nothing
          range "".."" exhausted: 25 reads
    "#]]
    .assert_eq(&show(&simulated));
}

/// The text of the error that the second of two calls gives.
fn refusal<T: std::fmt::Debug>(
    first: impl FnOnce(&mut Simulator),
    second: impl FnOnce(&mut Simulator) -> Result<T, SimulateError>,
) -> String {
    let mut tx = Simulator::new(Box::new(many(3)), "tx1");
    first(&mut tx);
    second(&mut tx).unwrap_err().to_string()
}

#[test]
fn pages_and_private_ranges_are_for_transactions_that_write_nothing() {
    let put = |tx: &mut Simulator| tx.put_state("cc", "a", bytes("x"));
    let put_private = |tx: &mut Simulator| tx.put_private("cc", "c", "a", bytes("x"));
    let meta = |tx: &mut Simulator| tx.set_validation_parameter("cc", "a", bytes("x"));
    let private_meta =
        |tx: &mut Simulator| tx.set_private_validation_parameter("cc", "c", "a", bytes("x"));
    let page = |tx: &mut Simulator| tx.page("cc", "", "", 1, "");
    let private_range = |tx: &mut Simulator| tx.open_private_range("cc", "c", "", "");
    let texts = [
        refusal(|tx| put(tx).unwrap(), page),
        refusal(|tx| assert_eq!(page(tx).unwrap().rows.len(), 1), put),
        refusal(|tx| private_meta(tx).unwrap(), private_range),
        refusal(|tx| assert!(private_range(tx).is_ok()), put_private),
        refusal(
            |tx| drop((page(tx).unwrap(), private_range(tx).unwrap())),
            meta,
        ),
    ];
    expect![[r#"
        txid [tx1]: unsuppored transaction. Paginated queries are supported only in a read-only transaction
        txid [tx1]: unsuppored transaction. Transaction has already performed a paginated query. Writes are not allowed
        txid [tx1]: unsuppored transaction. Queries on pvt data is supported only in a read-only transaction
        txid [tx1]: unsuppored transaction. Transaction has already performed queries on pvt data. Writes are not allowed
        txid [tx1]: unsuppored transaction. Transaction has already performed queries on pvt data. Writes are not allowed"#]].assert_eq(&texts.join("\n"));
}

#[test]
fn a_refused_query_leaves_the_transaction_as_it_was() {
    let simulated = simulate(many(3), |tx| {
        tx.put_state("cc", "a", bytes("x")).unwrap();
        tx.page("cc", "", "", 1, "").unwrap_err();
        tx.open_private_range("cc", "c", "", "").unwrap_err();
        tx.put_state("cc", "b", bytes("y")).unwrap();
    });
    expect![[r#"
        cc
          put "a" b"x"
          put "b" b"y"
    "#]]
    .assert_eq(&show(&simulated));
}

#[test]
fn a_history_is_newest_first_whole_and_not_recorded() {
    let mut state = state("");
    for tx in 0..250 {
        let change = KeyModification {
            tx_id: format!("t{tx}"),
            value: bytes("v"),
            timestamp: None,
            is_delete: false,
            version: Version { block: 5, tx },
        };
        state.push_history("cc", "a", change);
    }
    let simulated = simulate(state, |tx| {
        let cursor = tx.open_history("cc", "a").unwrap();
        let mut seen = Vec::new();
        loop {
            let rows = tx.next_history(cursor, 70, usize::MAX).unwrap();
            if rows.is_empty() {
                break;
            }
            seen.extend(rows.into_iter().map(|change| change.version.tx));
        }
        assert_eq!(seen, (0..250).rev().collect::<Vec<_>>());
        let cursor = tx.open_history("cc", "a").unwrap();
        assert_eq!(
            tx.next_history(cursor, 10, 11).unwrap().len(),
            2,
            "changes are 5 bytes each"
        );
        let cursor = tx.open_history("cc", "b").unwrap();
        assert!(tx.next_history(cursor, 10, 10).unwrap().is_empty());
    });
    assert!(simulated.results.is_empty());
}

#[test]
fn what_a_simulation_read_is_valid_until_one_of_many_keys_changes() {
    let state = many(300);
    let keys: Vec<_> = (0..300).map(|index| format!("k{index:04}")).collect();
    let simulated = simulate(state.clone(), |tx| {
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        tx.get_states("cc", &keys).unwrap();
        tx.open_range("cc", "", "").unwrap();
        tx.put_state("cc", "done", bytes("x")).unwrap();
    });
    let ranged = simulate(state.clone(), |tx| {
        let cursor = tx.open_range("cc", "", "").unwrap();
        assert_eq!(tx.next(cursor, 1_000).unwrap().len(), 300);
    });
    let [reads, ranged] = [simulated, ranged].map(|found| TxRwSet::parse(&found.results).unwrap());
    let code = |change: &str, rwset: &TxRwSet| {
        let change = tx(change);
        let txs = [BlockTx::Endorser(&change), BlockTx::Endorser(rwset)];
        validate_block(&state, 9, &txs).unwrap().0[1]
            .code
            .as_str_name()
    };
    assert_eq!(code("put other:k0270=x", &reads), "VALID");
    assert_eq!(code("put k0270=x", &reads), "MVCC_READ_CONFLICT");
    assert_eq!(
        code("put k0100x=x", &reads),
        "VALID",
        "after the last key fetched"
    );
    assert_eq!(code("put k0099x=x", &reads), "PHANTOM_READ_CONFLICT");
    assert_eq!(code("put other:k0270=x", &ranged), "VALID");
    for change in [
        "put k0000=x",
        "del k0299",
        "put k0270=x",
        "put zzz=x",
        "put k0128x=x",
    ] {
        assert_eq!(code(change, &ranged), "PHANTOM_READ_CONFLICT", "{change}");
    }
}

#[test]
fn only_the_results_that_a_hashed_range_is_over_have_its_hashes() {
    let walked = |there, count| {
        let simulated = simulate(many(there), |tx| {
            let cursor = tx.open_range("cc", "", "").unwrap();
            assert_eq!(tx.next(cursor, count).unwrap().len(), count);
        });
        TxRwSet::parse(&simulated.results).unwrap()
    };
    // More is fetched than was asked for.
    let version = Version { block: 5, tx: 0 };
    let keys: Vec<String> = (0..300).map(|index| format!("k{index:04}")).collect();
    let results = || keys.iter().map(|key| (key.as_str(), version));
    let set = walked(300, 120);
    let range = set.namespaces()[0].ranges().next().unwrap();
    assert_eq!((range.start(), range.end()), ("", "k0200"));
    assert!(range.holds_end() && range.is_hashed());
    assert!(range.has_hashes_of(results().take(201)));
    assert!(!range.has_hashes_of(results().take(200)));
    assert!(!range.has_hashes_of(results().take(202)));
    assert!(!range.has_hashes_of(results().skip(1).take(201)));
    let later = Version { block: 6, tx: 0 };
    let changed = results().map(|(key, version)| match key {
        "k0150" => (key, later),
        _ => (key, version),
    });
    assert!(!range.has_hashes_of(changed.take(201)));
    let set = walked(30, 20);
    let range = set.namespaces()[0].ranges().next().unwrap();
    assert!(!range.is_hashed() && !range.has_hashes_of(results().take(20)));
}
