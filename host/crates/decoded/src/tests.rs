use expect_test::{ExpectFile, expect, expect_file};
use model::Block as ModelBlock;
use recordings::channel as recorded;

use super::{Block, ChaincodeEvent, Explanation, FilteredBlock, Located};

fn block(number: u64) -> Option<ModelBlock> {
    let bytes = std::fs::read(recorded()?.join(format!("peer/{number}.block"))).unwrap();
    Some(ModelBlock::decode(bytes).unwrap())
}

fn check(number: u64, expected: ExpectFile) {
    let Some(block) = block(number) else { return };
    let json = serde_json::to_string_pretty(&Block::new(&block)).unwrap();
    expected.assert_eq(&format!("{json}\n"));
}

#[test]
fn a_genesis_block_shows_the_channel() {
    check(0, expect_file!["goldens/block-0.json"]);
}

#[test]
fn a_range_query_shows_its_summary_and_a_write_its_value() {
    check(12, expect_file!["goldens/block-12.json"]);
}

#[test]
fn private_writes_are_shown_by_their_hashes() {
    check(29, expect_file!["goldens/block-29.json"]);
}

#[test]
fn invalid_transactions_say_why() {
    let Some(block) = block(35) else { return };
    let shown = serde_json::to_value(Block::new(&block)).unwrap();
    let codes = shown["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tx| tx["code"].as_str().unwrap());
    expect!["VALID MVCC_READ_CONFLICT MVCC_READ_CONFLICT MVCC_READ_CONFLICT"]
        .assert_eq(&codes.collect::<Vec<_>>().join(" "));
    expect!["A key that the transaction read was changed by another transaction before this one was committed."].assert_eq(shown["transactions"][1]["meaning"].as_str().unwrap());
}

#[test]
fn a_transaction_is_found_by_its_id() {
    let Some(block) = block(12) else { return };
    let id = model::envelope::tx_id_as_exported(&block.data[0]);
    let located = serde_json::to_value(Located::new(&id, &block).unwrap()).unwrap();
    assert_eq!(located["block"], 12);
    assert_eq!(located["index"], 0);
    assert_eq!(located["tx_id"], id.as_str());
    assert!(Located::new("0", &block).is_none());
}

#[test]
fn every_recorded_block_is_shown_without_a_part_that_does_not_decode() {
    for number in 0..36 {
        let Some(block) = block(number) else { return };
        let json = serde_json::to_string(&Block::new(&block)).unwrap();
        assert!(!json.contains("undecodable"), "block {number}: {json}");
    }
}

#[test]
fn garbage_is_shown_as_hex_with_the_reason() {
    let block = ModelBlock::new(
        1,
        bytes::Bytes::from_static(b"\x01"),
        vec!["garbage".into(), "".into()],
    );
    expect![[r#"
        {
          "number": 1,
          "hash": "6aefa881f9e3fcc216e4435b3e614efc17f021f3cce2f0febfcede91f7b4445b",
          "previous_hash": "01",
          "data_hash": "795b6904e54f82411df4b0e27a373a55eea3f9d66dac5a9bce1dd92f7b401da5",
          "last_config": 0,
          "orderers": [],
          "transactions": [
            {
              "index": 0,
              "undecodable": "the envelope cannot be decoded",
              "hex": "67617262616765"
            },
            {
              "index": 1,
              "undecodable": "the payload has no header",
              "hex": ""
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&Block::new(&block)).unwrap());
}

#[test]
fn a_filtered_block_has_outcomes_and_no_contents() {
    let Some(block) = block(35) else { return };
    let shown = serde_json::to_string_pretty(&FilteredBlock::new(&block)).unwrap();
    expect![[r#"
        {
          "number": 35,
          "transactions": [
            {
              "tx_id": "e09b5b00cdb95c027cc41474d75e62b59ef9825d5740f962ae7d3197ab51b6c8",
              "type": "ENDORSER_TRANSACTION",
              "code": "VALID"
            },
            {
              "tx_id": "7d639a7f68d0b263daa042d94aebf41f6ccfd8ddf7de773c9e2901bc036a90c6",
              "type": "ENDORSER_TRANSACTION",
              "code": "MVCC_READ_CONFLICT"
            },
            {
              "tx_id": "6faa7c00e025fd41d88471cae29815a38a5d78eb83fea6e838e2956d2be2fa83",
              "type": "ENDORSER_TRANSACTION",
              "code": "MVCC_READ_CONFLICT"
            },
            {
              "tx_id": "bd33962b2dc30c62f865c20a2b2c7f813296fc13cb2a90a450a05686511b6f89",
              "type": "ENDORSER_TRANSACTION",
              "code": "MVCC_READ_CONFLICT"
            }
          ]
        }"#]]
    .assert_eq(&shown);
}

#[test]
fn events_are_those_of_valid_transactions_with_their_place() {
    let mut shown = Vec::new();
    for number in 0..36 {
        let Some(block) = block(number) else { return };
        for (place, event) in ChaincodeEvent::of_block(&block) {
            shown.push(format!(
                "{number}:{place} {} {}",
                event.chaincode, event.name
            ));
        }
    }
    expect!["21:0 vec ev1"].assert_eq(&shown.join("\n"));
}

#[test]
fn an_entry_that_is_garbage_has_no_type_and_no_event() {
    let block = ModelBlock::new(1, bytes::Bytes::new(), vec!["garbage".into()]);
    let shown = serde_json::to_string(&FilteredBlock::new(&block)).unwrap();
    expect![[r#"{"number":1,"transactions":[{"tx_id":""}]}"#]].assert_eq(&shown);
    assert_eq!(ChaincodeEvent::of_block(&block).count(), 0);
}

#[test]
fn a_valid_transaction_is_explained_by_what_it_wrote() {
    let Some(block) = block(35) else { return };
    let explained = |tx| Explanation::new(&block, tx, None);
    expect![[r#"
        VALID (0): The transaction is valid and its writes are in the state.
        Next: Nothing is to be done.

        transaction  e09b5b00cdb95c027cc41474d75e62b59ef9825d5740f962ae7d3197ab51b6c8
        place        block 35, transaction 0
        time         2026-11-22T06:08:53.713251665Z, as its creator stated it
        wrote        key "hot" of chaincode vec"#]]
    .assert_eq(&explained(0).unwrap().lines().join("\n"));
    expect![[r#"
        MVCC_READ_CONFLICT (11): A key that the transaction read was changed by another transaction before this one was committed.
        Cause: the cause was not recorded, since the block was committed by an older version; `weft ledger rebuild` records it.
        Next: Submit the call again as a new transaction: it will read the present state.

        transaction  7d639a7f68d0b263daa042d94aebf41f6ccfd8ddf7de773c9e2901bc036a90c6
        place        block 35, transaction 1
        time         2026-11-22T06:08:53.703911312Z, as its creator stated it"#]].assert_eq(&explained(1).unwrap().lines().join("\n"));
    assert_eq!(explained(4), None);
}

#[test]
fn two_types_never_share_a_schema_name() {
    let mut schemas = Vec::new();
    <Block as utoipa::ToSchema>::schemas(&mut schemas);
    <Located as utoipa::ToSchema>::schemas(&mut schemas);
    <FilteredBlock as utoipa::ToSchema>::schemas(&mut schemas);
    <ChaincodeEvent as utoipa::ToSchema>::schemas(&mut schemas);
    <Explanation as utoipa::ToSchema>::schemas(&mut schemas);
    let mut by_name = std::collections::BTreeMap::new();
    for (name, schema) in schemas {
        let schema = serde_json::to_value(&schema).unwrap();
        let first = by_name
            .entry(name.clone())
            .or_insert_with(|| schema.clone());
        assert_eq!(*first, schema, "{name}");
    }
    let names: Vec<String> = by_name.into_keys().collect();
    expect![[r#"
        BadCreator
        CalledChaincode
        ChaincodeResponse
        Change_WrittenValue
        Change_WrittenValueHash
        ChangedRange
        ChannelConfig
        CollectionReadWriteSet
        Duplicate
        EndorsedAction
        FilteredEvent
        FilteredTransaction
        HashedKeyRead
        HashedKeyWrite
        Hex
        KeyChangeKind
        KeyRead
        KeyVersion
        KeyWrite
        MetadataEntry
        Metadata_Hex
        Metadata_String
        NotCounted
        OrdererConfig
        Organization
        Part_EventContent
        Part_HashedReadWriteSet
        Part_Identity
        Part_PublicReadWriteSet
        Part_TransactionBody
        Part_TransactionContent
        Part_Vec_NamespaceReadWriteSet
        PolicyChanged
        PolicyNotMet
        PolicyOwner
        PolicyRule
        RangeChangeKind
        RangeKeyDifference
        RangeRead
        RangeSummary
        RepeatedTransaction
        RuleBroken
        Signer
        StaleRead
        StateKey
        Text
        Transaction
        TransactionCause
        TransactionPlace
        Undecodable
        WrittenKey"#]]
    .assert_eq(&names.join("\n"));
}
