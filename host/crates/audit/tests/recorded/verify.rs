//! A stored ledger that somebody has changed.

use std::path::Path;

use audit::{Verified, verify};
use expect_test::{Expect, expect};
use model::hash::sha256;
use rusqlite::Connection;

use crate::{chain, replayed, vectors};

async fn verified(ledger: &Path) -> Verified {
    let scratch = tempfile::tempdir().unwrap();
    let again = scratch.path().join("again");
    let mut heard = 0;
    let mut hear = |done, height| {
        assert!(done <= height);
        heard += 1;
    };
    let verified = verify(ledger, &again, &mut hear).await.unwrap();
    assert_eq!(heard, verified.blocks);
    verified
}

fn shown(verified: &Verified) -> String {
    let mut lines = vec![format!("{} blocks", verified.blocks)];
    lines.extend(
        verified
            .stopped
            .iter()
            .map(|(at, error)| format!("at {at}: {}", chain(error))),
    );
    lines.extend(verified.differences.iter().map(ToString::to_string));
    lines.extend(
        verified
            .rows
            .iter()
            .map(|row| row.in_words("stored", "replayed")),
    );
    lines.extend(
        verified
            .private
            .iter()
            .map(|key| format!("private {key:?}")),
    );
    lines.join("\n")
}

/// Changes a stored ledger of all 36 blocks by `change` and shows what is found.
async fn check(change: impl FnOnce(&Connection), expected: Expect) {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("ledger");
    replayed(&vectors, &place, 36).await.close().await.unwrap();
    let connection = Connection::open(place.join("ledger.db")).unwrap();
    change(&connection);
    drop(connection);
    let verified = verified(&place).await;
    assert!(!verified.is_good());
    expected.assert_eq(&shown(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_ledger_is_good_and_stays_as_it_is() {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("ledger");
    let replay = replayed(&vectors, &place, 36).await;
    let before = replay.ledger().snapshot().unwrap().state_hash().unwrap();
    replay.close().await.unwrap();
    for _ in 0..2 {
        let verified = verified(&place).await;
        assert!(verified.is_good(), "{}", shown(&verified));
        assert_eq!(verified.blocks, 36);
    }
    let ledger = ledger::PeerLedger::open(&place, ledger::Config::default())
        .await
        .unwrap();
    assert_eq!(ledger.snapshot().unwrap().state_hash().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_row_is_found_in_every_table_that_follows_from_the_blocks() {
    let changes = "UPDATE state SET value = 'forged' WHERE key = CAST('k0001' AS BLOB);
        DELETE FROM state WHERE key = CAST('k0002' AS BLOB);
        INSERT INTO state VALUES (x'766563', x'7a7a7a', x'31', x'', 3, 0);
        UPDATE hashed_state SET tx = 7 WHERE ns = CAST('vec' AS BLOB);
        UPDATE transactions SET code = 0 WHERE block = 34;
        DELETE FROM history WHERE block = 5 AND key = CAST('k0003' AS BLOB);
        UPDATE config_history SET package = x'00';
        DELETE FROM expiry;
        UPDATE channel SET last_config = 3, commit_hash = x'07';"
        .replace("'forged'", "x'666f72676564'");
    check(
        |connection| connection.execute_batch(&changes).unwrap(),
        expect![[r#"
            36 blocks
            channel id=1; stored: commit_hash=07 last_config=3; replayed: commit_hash=7b9396412b264de926f14030a10980a29eb7d36e38c4768fc809e2acbb98d13b last_config=0
            state ns="vec" key="k0001"; stored: value="forged"; replayed: value="1"
            state ns="vec" key="zzz"; stored: value="1" metadata="" block=3 tx=0; replayed: absent
            state ns="vec" key="k0002"; stored: absent; replayed: value="2" metadata="" block=5 tx=0
            hashed_state ns="vec" collection="c1" key_hash=11e85b7770ec43e8023b771be2b334b0e5543cd2f8d98aee3c8f09364bc10fb2; stored: tx=7; replayed: tx=0
            transactions tx_id="371b4636734c08d3adf3ef7329e4b23329b15f62ca37e27be7710476aa4dfff4" block=34 tx=0; stored: code=0; replayed: code=10
            history ns="vec" key="k0003" block=5 tx=0; stored: absent; replayed: present
            config_history chaincode="vec" block=3; stored: package=00; replayed: package=0a390a370a03633132122a0a28120c120a080112020800120208011a0b12090a074f7267314d53501a0b12090a074f7267324d53502001300138010a400a3e0a02633112190a17120812060801120208001a0b12090a074f7267314d5350280330014219… (125 bytes)
            expiry at=36 ns="vec" collection="c1" key_hash=11e85b7770ec43e8023b771be2b334b0e5543cd2f8d98aee3c8f09364bc10fb2 block=32; stored: absent; replayed: present"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_changed_in_a_stored_block_is_named() {
    check(
        |connection| {
            rewrite(connection, 35, |block| {
                block.set_transactions_filter(&[model::TxValidationCode::Valid; 4]);
            });
        },
        expect![[r#"
            36 blocks
            block 35 transaction 1: validation code is 11 MVCC_READ_CONFLICT here, the block states 0 VALID
            block 35 transaction 2: validation code is 11 MVCC_READ_CONFLICT here, the block states 0 VALID
            block 35 transaction 3: validation code is 11 MVCC_READ_CONFLICT here, the block states 0 VALID
            blocks number=35; stored: checksum=39f4423bb432775e56274d3e4f8709845a78833dd1e2afded7e4f4941b138341; replayed: checksum=290dea19de5ef13a7e8771fd69d05ee91c9a514e0a1a7ae000d5000e37bc833c"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_transaction_ends_the_replay_at_its_block() {
    check(
        |connection| {
            rewrite(connection, 9, |block| {
                let mut entry = block.data[0].to_vec();
                entry[40] ^= 1;
                block.data[0] = entry.into();
            });
        },
        expect![[r#"
            9 blocks
            at 9: block 9 refused: block 9 states data hash 16a335df96faa8227bd3135dc1c0c034f2e0a1dbbdea56451d5810cbdf3526be, its entries have 3a98f60b1e5aae2ee90ec48e7a65fa5e4d1b06d3c0ef2d163ba9159a429b046c"#]],
    )
    .await;
    let damage = "UPDATE blocks SET bytes = x'00' WHERE number = 9";
    check(
        |connection| assert_eq!(connection.execute(damage, []).unwrap(), 1),
        expect![[r#"
            9 blocks
            at 9: block 9 is damaged: its bytes do not match their checksum"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_value_must_fit_its_public_hash() {
    let Some(vectors) = vectors() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("ledger");
    replayed(&vectors, &place, 36).await.close().await.unwrap();
    let connection = Connection::open(place.join("ledger.db")).unwrap();
    let put = "INSERT INTO private_state SELECT ns, collection, ?1, key_hash, ?2, block - ?3, tx FROM hashed_state \
         WHERE ns = CAST('vec' AS BLOB) AND key_hash = ?4";
    let mut found = Vec::new();
    for (key, value, older) in [
        ("pk2", "forged", 0),
        ("pk2", "forged", 1),
        ("other", "forged", 0),
    ] {
        connection.execute("DELETE FROM private_state", []).unwrap();
        let row = (key.as_bytes(), value.as_bytes(), older, sha256(b"pk2"));
        assert_eq!(connection.execute(put, row).unwrap(), 1);
        found.push(verified(&place).await.private.len());
    }
    assert_eq!(found, [1, 0, 1], "an older value is only late");
}

/// Puts a changed block in a stored one's place, with a checksum that fits.
fn rewrite(connection: &Connection, number: i64, change: impl FnOnce(&mut model::Block)) {
    let read = "SELECT bytes FROM blocks WHERE number = ?1";
    let bytes: Vec<u8> = connection
        .query_row(read, [number], |row| row.get(0))
        .unwrap();
    let mut block = model::Block::decode(bytes).unwrap();
    change(&mut block);
    let bytes = block.encode();
    let write = "UPDATE blocks SET bytes = ?2, checksum = ?3 WHERE number = ?1";
    let row = (number, bytes.as_ref(), sha256(&bytes));
    assert_eq!(connection.execute(write, row).unwrap(), 1);
}
