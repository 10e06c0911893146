use expect_test::{Expect, expect};
use model::Block as ModelBlock;

use super::{Block, Located};
use crate::cli::tests::recorded;

fn block(number: u64) -> Option<ModelBlock> {
    let bytes = std::fs::read(recorded()?.join(format!("peer/{number}.block"))).unwrap();
    Some(ModelBlock::decode(bytes).unwrap())
}

fn check(number: u64, expected: Expect) {
    let Some(block) = block(number) else { return };
    expected.assert_eq(&serde_json::to_string_pretty(&Block::new(&block)).unwrap());
}

#[test]
fn a_genesis_block_shows_the_channel() {
    check(0, expect![[r#"
        {
          "number": 0,
          "hash": "e49f77394147ab8db6de6656e486a70db05c2536309f447c0403a164ee0c51ea",
          "previous_hash": "",
          "data_hash": "208b29474607d6db9c407df3b9bee663a3e384b346b4cdee8146379636c3f2dc",
          "last_config": 0,
          "orderers": [],
          "transactions": [
            {
              "index": 0,
              "code": "VALID",
              "meaning": "The transaction is valid and its writes are in the state.",
              "tx_id": "fc86d345ae22bc277d98273141236b8413030e25cc9ebd492a989fb2db23795d",
              "type": "CONFIG",
              "channel_id": "ch1",
              "timestamp": "2026-11-22T05:56:10Z",
              "config": {
                "sequence": 0,
                "organizations": [
                  {
                    "name": "Org1MSP",
                    "msp_id": "Org1MSP",
                    "anchor_peers": []
                  },
                  {
                    "name": "Org2MSP",
                    "msp_id": "Org2MSP",
                    "anchor_peers": []
                  }
                ],
                "orderer": {
                  "consensus": "etcdraft",
                  "consenters": [
                    "127.0.0.1:17050"
                  ],
                  "endpoints": [
                    "127.0.0.1:17050"
                  ],
                  "batch_messages_max": 10,
                  "batch_preferred_bytes": 2097152,
                  "message_bytes_max": 10485760,
                  "batch_timeout_ms": 300
                }
              }
            }
          ]
        }"#]]);
}

#[test]
fn a_range_query_shows_its_summary_and_a_write_its_value() {
    check(12, expect![[r#"
        {
          "number": 12,
          "hash": "d337adb94d3fc72adb2895430357c584d3b3bb137aee92178ec95ed614e20724",
          "previous_hash": "fe759beb74fe16081c5184b882f54cbe48f92f519972703d242b032f3e11a9cd",
          "data_hash": "83e7c63e2da04cfff4d41ca6ee6f3e03809d56d5f63060ad677849be4f6dbc2d",
          "commit_hash": "209195ecf92bb07b0539b623944bccb8f6ab4dedce0f9caa0632a71835a7f530",
          "last_config": 0,
          "orderers": [
            {
              "msp_id": "OrdererMSP",
              "subject": "CN=o1.ord.test,OU=orderer,L=San Francisco,ST=California,C=US"
            }
          ],
          "transactions": [
            {
              "index": 0,
              "code": "VALID",
              "meaning": "The transaction is valid and its writes are in the state.",
              "tx_id": "7a1bd6f635b8006e3bb7b9e0d7bbd00a376be97ba5790a9ff682c5e75e96bb27",
              "type": "ENDORSER_TRANSACTION",
              "channel_id": "ch1",
              "timestamp": "2026-11-22T06:08:42.183825007Z",
              "creator": {
                "msp_id": "Org1MSP",
                "subject": "CN=User1@org1.test,OU=client,L=San Francisco,ST=California,C=US"
              },
              "chaincode": {
                "name": "vec",
                "version": "1.0"
              },
              "args": [
                "range",
                "k0000",
                "k0051"
              ],
              "response": {
                "status": 200,
                "payload": "{\"n\":51}"
              },
              "endorsers": [
                {
                  "msp_id": "Org1MSP",
                  "subject": "CN=peer0.org1.test,OU=peer,L=San Francisco,ST=California,C=US"
                },
                {
                  "msp_id": "Org2MSP",
                  "subject": "CN=peer0.org2.test,OU=peer,L=San Francisco,ST=California,C=US"
                }
              ],
              "read_write_set": [
                {
                  "namespace": "_lifecycle",
                  "reads": [
                    {
                      "key": "namespaces/fields/vec/Sequence",
                      "version": {
                        "block": 3,
                        "tx": 0
                      }
                    }
                  ]
                },
                {
                  "namespace": "vec",
                  "range_queries": [
                    {
                      "start": "k0000",
                      "end": "k0051",
                      "exhausted": true,
                      "summary": {
                        "degree": 50,
                        "level": 1,
                        "hashes": [
                          "e5c15c62e11654efec0f1fa45c3a1d76f59d7b0b4e9ea3e9063d11128c888213"
                        ]
                      }
                    }
                  ],
                  "writes": [
                    {
                      "key": "r",
                      "value": "7a1b"
                    }
                  ]
                }
              ]
            }
          ]
        }"#]]);
}

#[test]
fn private_writes_are_shown_by_their_hashes() {
    check(29, expect![[r#"
        {
          "number": 29,
          "hash": "866a002b6a69ca291fdc0e3aad0b5ba11794000ba3a5d6d484f1b075d08e216f",
          "previous_hash": "754a67620be842d041809663d99514d0897c5ac381ae9431956cef8513edbdae",
          "data_hash": "c10f040a7bdcd9330125f9651eb2126630f3148699c21c82c527a29416f41dd7",
          "commit_hash": "aa9d0079aaa435ca10ca273ddc9da7ba404fe388249188135adc76226c10f4ce",
          "last_config": 0,
          "orderers": [
            {
              "msp_id": "OrdererMSP",
              "subject": "CN=o1.ord.test,OU=orderer,L=San Francisco,ST=California,C=US"
            }
          ],
          "transactions": [
            {
              "index": 0,
              "code": "VALID",
              "meaning": "The transaction is valid and its writes are in the state.",
              "tx_id": "395b6b6400dde2521254fc926ceade975a0f30434ebcdc8acef3c3fe31729875",
              "type": "ENDORSER_TRANSACTION",
              "channel_id": "ch1",
              "timestamp": "2026-11-22T06:08:50.650236902Z",
              "creator": {
                "msp_id": "Org1MSP",
                "subject": "CN=User1@org1.test,OU=client,L=San Francisco,ST=California,C=US"
              },
              "chaincode": {
                "name": "vec",
                "version": "1.0"
              },
              "args": [
                "pput",
                "c12",
                "pk1"
              ],
              "response": {
                "status": 200,
                "payload": ""
              },
              "endorsers": [
                {
                  "msp_id": "Org1MSP",
                  "subject": "CN=peer0.org1.test,OU=peer,L=San Francisco,ST=California,C=US"
                },
                {
                  "msp_id": "Org2MSP",
                  "subject": "CN=peer0.org2.test,OU=peer,L=San Francisco,ST=California,C=US"
                }
              ],
              "read_write_set": [
                {
                  "namespace": "_lifecycle",
                  "reads": [
                    {
                      "key": "namespaces/fields/vec/Collections",
                      "version": {
                        "block": 3,
                        "tx": 0
                      }
                    },
                    {
                      "key": "namespaces/fields/vec/EndorsementInfo",
                      "version": {
                        "block": 3,
                        "tx": 0
                      }
                    },
                    {
                      "key": "namespaces/fields/vec/Sequence",
                      "version": {
                        "block": 3,
                        "tx": 0
                      }
                    },
                    {
                      "key": "namespaces/fields/vec/ValidationInfo",
                      "version": {
                        "block": 3,
                        "tx": 0
                      }
                    },
                    {
                      "key": "namespaces/metadata/vec",
                      "version": {
                        "block": 3,
                        "tx": 0
                      }
                    }
                  ]
                },
                {
                  "namespace": "vec",
                  "collections": [
                    {
                      "collection": "c12",
                      "private_hash": "948ea4454df2209a5f569a032b70639caab84b88305803ed814e66da3c801d21",
                      "hashed_writes": [
                        {
                          "key_hash": "6e73bff1d94b0a7500145be82722e7455dba1653e9b56eeaa043c5980aed376f",
                          "value": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
                        }
                      ]
                    }
                  ]
                }
              ]
            }
          ]
        }"#]]);
}

#[test]
fn invalid_transactions_say_why() {
    let Some(block) = block(35) else { return };
    let shown = serde_json::to_value(Block::new(&block)).unwrap();
    let codes = shown["transactions"].as_array().unwrap().iter().map(|tx| tx["code"].as_str().unwrap());
    expect!["VALID MVCC_READ_CONFLICT MVCC_READ_CONFLICT MVCC_READ_CONFLICT"].assert_eq(&codes.collect::<Vec<_>>().join(" "));
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
    let block = ModelBlock::new(1, bytes::Bytes::from_static(b"\x01"), vec!["garbage".into(), "".into()]);
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
        }"#]].assert_eq(&serde_json::to_string_pretty(&Block::new(&block)).unwrap());
}
