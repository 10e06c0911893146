//! The content of an endorsed transaction: its action, its result, the chaincode it names.

use TxValidationCode as C;
use bytes::Bytes;
use model::TxValidationCode;
use proto::protos::{ChaincodeActionPayload, ChaincodeEvent};
use proto::rwset::{CollectionHashedReadWriteSet, NsReadWriteSet, TxReadWriteSet};

use super::{Row, row};
use crate::set::set;
use crate::tx::{Tx, encoded};

const BROKEN: Bytes = Bytes::from_static(b"\xff");

pub(super) fn rows() -> Vec<Row> {
    let parts = [
        shapes(),
        results(),
        sets(),
        chaincodes(),
        events(),
        duplicates(),
    ];
    parts.into_iter().flatten().collect()
}

fn shapes() -> Vec<Row> {
    let bad = |name, why, change| row(C::InvalidEndorserTransaction, name, why, change);
    vec![
        bad("no content", "there is no action", |tx| {
            tx.on_payload = Some(Box::new(|payload| payload.data = Bytes::new()));
        }),
        bad("content of no protobuf", "it does not decode", |tx| {
            tx.on_payload = Some(Box::new(|payload| payload.data = BROKEN));
        }),
        bad("no action", "there must be one", |tx| {
            tx.on_transaction = Some(Box::new(|transaction| transaction.actions.clear()));
        }),
        bad("two actions", "there must be one", |tx| {
            tx.on_transaction = Some(Box::new(|transaction| {
                transaction.actions.push(transaction.actions[0].clone());
            }));
        }),
        bad("action header of no protobuf", "it does not decode", |tx| {
            tx.on_transaction = Some(Box::new(|transaction| {
                transaction.actions[0].header = BROKEN
            }));
        }),
        bad("action header without a nonce", "it must name one", |tx| {
            let mut header = tx.signature_header.clone();
            header.nonce = Bytes::new();
            tx.action_header = Some(header);
        }),
        bad(
            "action header without a creator",
            "it must name one",
            |tx| {
                let mut header = tx.signature_header.clone();
                header.creator = Bytes::new();
                tx.action_header = Some(header);
            },
        ),
        bad(
            "action payload of no protobuf",
            "it does not decode",
            |tx| {
                tx.on_transaction = Some(Box::new(|transaction| {
                    transaction.actions[0].payload = BROKEN
                }));
            },
        ),
        bad("no proposal", "the hash is over it", |tx| {
            on_payload(tx, |payload| {
                payload.chaincode_proposal_payload = Bytes::new()
            });
        }),
        bad("nothing endorsed", "there is no result", |tx| {
            on_payload(tx, |payload| payload.action = None);
        }),
        bad(
            "endorsed result of no protobuf",
            "it does not decode",
            |tx| {
                on_payload(tx, |payload| {
                    payload.action.as_mut().unwrap().proposal_response_payload = BROKEN;
                });
            },
        ),
        bad("no proposal hash", "the endorsers saw no proposal", |tx| {
            tx.on_response = Some(Box::new(|response| response.proposal_hash = Bytes::new()));
        }),
        bad(
            "another proposal's hash",
            "the endorsers saw another proposal",
            |tx| {
                tx.on_response = Some(Box::new(|response| {
                    response.proposal_hash = vec![0; 32].into()
                }));
            },
        ),
        bad("another proposal", "the endorsers did not see it", |tx| {
            on_payload(tx, |payload| {
                payload.chaincode_proposal_payload = Bytes::from_static(b"another");
            });
        }),
        bad(
            "another header than was endorsed",
            "the endorsers saw another creator",
            |tx| {
                tx.on_transaction = Some(Box::new(|transaction| {
                    transaction.actions[0].header = Bytes::from_static(b"\x0a\x01c\x12\x01n");
                }));
            },
        ),
        bad(
            "no content and a used id",
            "shapes come before ids of the ledger",
            |tx| {
                tx.has_nonce(super::USED);
                tx.on_payload = Some(Box::new(|payload| payload.data = Bytes::new()));
            },
        ),
    ]
}

fn on_payload(tx: &mut Tx, change: fn(&mut ChaincodeActionPayload)) {
    tx.on_action_payload = Some(Box::new(change));
}

fn results() -> Vec<Row> {
    vec![
        row(
            C::BadHeaderExtension,
            "header extension of no protobuf",
            "it names the chaincode",
            |tx| {
                tx.on_channel_header = Some(Box::new(|header| header.extension = BROKEN));
            },
        ),
        row(
            C::BadHeaderExtension,
            "header extension and result of no protobuf",
            "the header comes first",
            |tx| {
                tx.on_channel_header = Some(Box::new(|header| header.extension = BROKEN));
                tx.on_response = Some(Box::new(|response| response.extension = BROKEN));
            },
        ),
        row(
            C::BadResponsePayload,
            "result of no protobuf",
            "it does not decode",
            |tx| {
                tx.on_response = Some(Box::new(|response| response.extension = BROKEN));
            },
        ),
        row(
            C::BadResponsePayload,
            "no result",
            "an empty one is none",
            |tx| {
                tx.on_response = Some(Box::new(|response| response.extension = Bytes::new()));
            },
        ),
    ]
}

fn sets() -> Vec<Row> {
    let bad = |name, why, change| row(C::BadRwset, name, why, change);
    vec![
        bad("set of no protobuf", "it does not decode", |tx| {
            tx.action.results = BROKEN
        }),
        bad(
            "namespace's set of no protobuf",
            "every part must decode",
            |tx| {
                tx.action.results = one_namespace(|set| set.rwset = BROKEN);
            },
        ),
        bad(
            "collection's set of no protobuf",
            "every part must decode",
            |tx| {
                tx.action.results = one_namespace(|set| {
                    set.collection_hashed_rwset = vec![CollectionHashedReadWriteSet {
                        collection_name: "plain".to_owned(),
                        hashed_rwset: BROKEN,
                        pvt_rwset_hash: Bytes::new(),
                    }];
                });
            },
        ),
        bad(
            "set of no protobuf and no chaincode",
            "the set comes first",
            |tx| {
                tx.action.results = BROKEN;
                tx.action.chaincode_id = None;
            },
        ),
        row(
            C::IllegalWriteset,
            "namespace twice",
            "which one counts would be open",
            |tx| {
                tx.does(set("basic").put("k", "1").ns("basic").put("k", "2"));
            },
        ),
        row(
            C::IllegalWriteset,
            "namespace read twice",
            "nothing need be written",
            |tx| {
                tx.does(set("other").get("k", None).ns("other").get("l", None));
            },
        ),
        row(
            C::IllegalWriteset,
            "namespace twice without endorsements",
            "sets come before policies",
            |tx| {
                tx.does(set("basic").put("k", "1").ns("basic"));
                tx.endorsers.clear();
            },
        ),
    ]
}

fn one_namespace(change: impl FnOnce(&mut NsReadWriteSet)) -> Bytes {
    let mut namespace = NsReadWriteSet {
        namespace: "basic".to_owned(),
        ..NsReadWriteSet::default()
    };
    change(&mut namespace);
    encoded(&TxReadWriteSet {
        data_model: 0,
        ns_rwset: vec![namespace],
    })
}

fn chaincodes() -> Vec<Row> {
    let bad = |name, why, change| row(C::InvalidChaincode, name, why, change);
    vec![
        row(
            C::InvalidOtherReason,
            "client names no chaincode",
            "there is nothing to compare",
            |tx| {
                tx.extension.chaincode_id = None;
            },
        ),
        row(
            C::InvalidOtherReason,
            "endorsers name no chaincode",
            "there is nothing to compare",
            |tx| {
                tx.action.chaincode_id = None;
            },
        ),
        bad("empty name", "no chaincode has it", |tx| tx.call("")),
        bad(
            "another name than the endorsers'",
            "it was not called",
            |tx| {
                tx.extension.chaincode_id.as_mut().unwrap().name = "other".to_owned();
            },
        ),
        bad("no version", "it must be stated", |tx| {
            tx.action.chaincode_id.as_mut().unwrap().version.clear();
        }),
        bad("chaincode that is not defined", "it has no policy", |tx| {
            tx.call("unheard-of")
        }),
        bad(
            "undefined chaincode, nothing written",
            "what is called is always checked",
            |tx| {
                tx.call("unheard-of");
                tx.action.results = Bytes::new();
            },
        ),
        bad("undefined namespace written", "it has no policy", |tx| {
            tx.does(set("basic").put("k", "v").ns("unheard-of").put("k", "v"));
        }),
        bad("lscc written", "the old lifecycle is no namespace", |tx| {
            tx.does(set("lscc").put("k", "v"));
        }),
        bad("qscc written", "system chaincodes write nothing", |tx| {
            tx.does(set("qscc").put("k", "v"))
        }),
        bad(
            "configuration written",
            "its namespace is no chaincode's",
            |tx| {
                tx.does(set("").put("CHANNEL_CONFIG_ENV_BYTES", "v"));
            },
        ),
        bad(
            "definition without a plugin",
            "it cannot be validated",
            |tx| tx.call("pluginless"),
        ),
        bad(
            "definition without a policy",
            "it cannot be validated",
            |tx| tx.call("policyless"),
        ),
    ]
}

fn events() -> Vec<Row> {
    let bad = |name, why, change| row(C::InvalidOtherReason, name, why, change);
    vec![
        bad("event of no protobuf", "it does not decode", |tx| {
            tx.action.events = BROKEN
        }),
        bad(
            "another chaincode's event",
            "only the called one may set it",
            |tx| {
                tx.action.events = event("other");
            },
        ),
        bad(
            "event of no chaincode",
            "only the called one may set it",
            |tx| tx.action.events = event(""),
        ),
        bad(
            "another's event and a namespace twice",
            "events come before sets",
            |tx| {
                tx.action.events = event("other");
                tx.does(set("basic").ns("basic"));
            },
        ),
    ]
}

pub(super) fn event(chaincode: &str) -> Bytes {
    encoded(&ChaincodeEvent {
        chaincode_id: chaincode.to_owned(),
        event_name: "created".to_owned(),
        ..ChaincodeEvent::default()
    })
}

fn duplicates() -> Vec<Row> {
    let bad = |name, why, change| row(C::DuplicateTxid, name, why, change);
    vec![
        bad("used id", "the ledger has it", |tx| {
            tx.has_nonce(super::USED)
        }),
        bad(
            "id of an invalid transaction",
            "the ledger has that one too",
            |tx| tx.has_nonce(super::SPOILT),
        ),
        bad(
            "used id, no endorsements",
            "ids come before policies",
            |tx| {
                tx.has_nonce(super::USED);
                tx.endorsers.clear();
            },
        ),
        bad(
            "used id, set of no protobuf",
            "ids come before sets",
            |tx| {
                tx.has_nonce(super::USED);
                tx.action.results = BROKEN;
            },
        ),
        bad(
            "used id, header extension of no protobuf",
            "ids come before the result",
            |tx| {
                tx.has_nonce(super::USED);
                tx.on_channel_header = Some(Box::new(|header| header.extension = BROKEN));
            },
        ),
    ]
}
