//! What looks wrong and is not.

use TxValidationCode as C;
use bytes::Bytes;
use lifecycle::sequence_key;
use model::TxValidationCode;
use proto::common::SignatureHeader;
use proto::protos::{Endorsement, Response};

use super::{Row, row};
use crate::set::{Definition, set};

const AT: (u64, u64) = (2, 0);

pub(super) fn rows() -> Vec<Row> {
    let parts = [
        headers(),
        creators(),
        results(),
        endorsers(),
        sets(),
        policies(),
    ];
    parts.into_iter().flatten().collect()
}

fn good(name: &'static str, why: &'static str, change: fn(&mut crate::tx::Tx)) -> Row {
    row(C::Valid, name, why, change)
}

fn headers() -> Vec<Row> {
    vec![
        good("as it should be", "nothing was changed", |_| ()),
        good("header version 7", "nobody looks at it", |tx| {
            tx.channel_header.version = 7
        }),
        good("no timestamp", "it is for orderers and endorsers", |tx| {
            tx.channel_header.timestamp = None
        }),
        good(
            "hash of a TLS certificate",
            "it is for deliver requests",
            |tx| {
                tx.channel_header.tls_cert_hash = Bytes::from_static(b"any");
            },
        ),
        good("nonce of one byte", "it must not be empty", |tx| {
            tx.has_nonce(b"n")
        }),
        good(
            "unknown field in the payload",
            "what is signed is taken as it is",
            |tx| {
                tx.on_payload_bytes = Some(Box::new(|bytes| {
                    *bytes = [&bytes[..], b"\x18\x01"].concat().into();
                }));
            },
        ),
        good(
            "known field of another wire type in the payload",
            "Go takes it for an unknown one",
            |tx| {
                tx.on_payload_bytes = Some(Box::new(|bytes| {
                    *bytes = [&bytes[..], b"\x10\x01\x0d\x00\x00\x00\x00"]
                        .concat()
                        .into();
                }));
            },
        ),
        good(
            "known fields of other wire types in the signature header",
            "Go takes them for unknown ones",
            |tx| {
                tx.on_header = Some(Box::new(|header| {
                    let more = b"\x08\x01\x15\x00\x00\x00\x00";
                    header.signature_header = [&header.signature_header[..], more].concat().into();
                }));
            },
        ),
        good(
            "bytes behind the signature",
            "Go's decoder does not look at them",
            |tx| {
                tx.on_envelope = Some(Box::new(|envelope| {
                    envelope.signature = [&envelope.signature[..], b"behind"].concat().into();
                }));
            },
        ),
        good(
            "another header in the action",
            "the hash covers it, nobody compares it",
            |tx| {
                tx.action_header = Some(SignatureHeader {
                    creator: Bytes::from_static(b"somebody"),
                    nonce: Bytes::from_static(b"any"),
                });
            },
        ),
    ]
}

fn creators() -> Vec<Row> {
    vec![
        good(
            "creator of the orderers' organisation",
            "any MSP of the channel will do",
            |tx| {
                tx.is_of(&tx.people.orderer1.admin);
            },
        ),
        good(
            "creator that is a peer",
            "only orderers look at Writers",
            |tx| tx.is_of(&tx.people.org2.peer),
        ),
        good(
            "creator whose certificate ran out",
            "the verdict must not depend on the day",
            |tx| {
                tx.is_of(&tx.people.org1.expired);
            },
        ),
        good(
            "creator in other PEM bytes",
            "it is the same certificate",
            |tx| {
                tx.signature_header.creator = tx.people.org1.client_rewritten();
            },
        ),
    ]
}

fn results() -> Vec<Row> {
    vec![
        good("chaincode version 99", "it must not be empty", |tx| {
            tx.action.chaincode_id.as_mut().unwrap().version = "99".to_owned();
        }),
        good(
            "response status 500",
            "the endorsers have signed it",
            |tx| {
                tx.action.response = Some(Response {
                    status: 500,
                    ..Response::default()
                });
            },
        ),
        good("no response", "the endorsers have signed it", |tx| {
            tx.action.response = None
        }),
        good("event", "it is the called chaincode's", |tx| {
            tx.action.events = super::endorsed::event("basic");
        }),
        good("no results", "it does nothing", |tx| {
            tx.action.results.clear()
        }),
    ]
}

fn endorsers() -> Vec<Row> {
    vec![
        good("endorsements in another order", "order is free", |tx| {
            tx.endorsers.reverse()
        }),
        good(
            "other peers of the same organisations",
            "any will do",
            |tx| {
                tx.endorsers = vec![&tx.people.org1.other_peer, &tx.people.org2.other_peer];
            },
        ),
        good("surplus endorsement", "more is no harm", |tx| {
            tx.endorsers.push(&tx.people.org3.peer)
        }),
        good(
            "one endorser twice beside the others",
            "the second is not counted",
            |tx| {
                tx.endorsers.insert(0, &tx.people.org1.peer);
            },
        ),
        good("stranger's endorsement first", "it is not counted", |tx| {
            tx.endorsers.insert(0, &tx.people.stranger.peer);
        }),
        good(
            "revoked endorser beside the others",
            "it is not counted",
            |tx| {
                tx.endorsers.insert(0, &tx.people.org2.revoked);
            },
        ),
        good(
            "bad endorsement first",
            "it is not counted and uses nobody up",
            |tx| {
                tx.on_endorsements = Some(Box::new(|all| {
                    let bad = Endorsement {
                        signature: Bytes::from_static(b"none"),
                        ..all[0].clone()
                    };
                    all.insert(0, bad);
                }));
            },
        ),
        good(
            "endorser of no protobuf beside the others",
            "it is not counted",
            |tx| {
                tx.on_endorsements = Some(Box::new(|all| {
                    all.insert(
                        0,
                        Endorsement {
                            endorser: Bytes::from_static(b"\xff"),
                            signature: Bytes::new(),
                        },
                    );
                }));
            },
        ),
        good(
            "bytes behind an endorsement",
            "Go's decoder does not look at them",
            |tx| {
                tx.on_endorsements = Some(Box::new(|all| {
                    all[0].signature = [&all[0].signature[..], b"behind"].concat().into();
                }));
            },
        ),
        good(
            "two peers where two are asked for",
            "they are two identities",
            |tx| {
                tx.call("twice");
                tx.does(set("twice").put("k", "v"));
                tx.endorsers = vec![&tx.people.org1.peer, &tx.people.org1.other_peer];
            },
        ),
        good(
            "one more than two rules need",
            "each rule has its own",
            |tx| {
                tx.call("greedy");
                tx.does(set("greedy").put("k", "v"));
                tx.endorsers.push(&tx.people.org2.other_peer);
            },
        ),
    ]
}

fn sets() -> Vec<Row> {
    vec![
        good("reads only", "nothing has changed since", |tx| {
            tx.does(set("basic").get("a", Some(AT)).get("nothing", None));
        }),
        good("range", "nothing has changed since", |tx| {
            tx.does(set("basic").range("r", "s", &[("r1", AT), ("r2", AT)]));
        }),
        good("range that runs backwards", "it is empty, and was", |tx| {
            tx.does(set("basic").range("s", "r", &[]));
        }),
        good("hash read", "nothing has changed since", |tx| {
            tx.does(set("basic").hashed_get("plain", "secret", Some(AT)));
        }),
        good("definition read", "nothing has changed since", |tx| {
            let key = sequence_key("basic");
            tx.does(
                set("_lifecycle")
                    .get(&key, Some((1, 0)))
                    .ns("basic")
                    .put("k", "v"),
            );
        }),
        good(
            "undefined namespace read",
            "policies are over writes",
            |tx| {
                tx.does(set("basic").put("k", "v").ns("unheard-of").get("k", None));
            },
        ),
        good(
            "namespace without entries",
            "nothing is written in it",
            |tx| {
                tx.does(set("basic").put("k", "v").ns("unheard-of"));
            },
        ),
        good("empty value", "it deletes", |tx| {
            tx.does(set("basic").put("nothing", ""))
        }),
        good("absent key deleted", "nothing happens", |tx| {
            tx.does(set("basic").del("nothing"))
        }),
        good("empty key", "keys are any bytes", |tx| {
            tx.does(set("basic").put("", "v"))
        }),
        good(
            "key written thrice",
            "what counts is a rule of its own",
            |tx| {
                tx.does(set("basic").put("t", "1").put("t", "2").put("t", "3"));
            },
        ),
        good("key hash of three bytes", "nobody measures it", |tx| {
            let hash = Bytes::from_static(b"abc");
            tx.does(set("basic").hashed_put_under("plain", hash, "v"));
        }),
        good(
            "collection written twice over",
            "only namespaces must be there once",
            |tx| {
                let twice = set("basic")
                    .hashed_put("plain", "k", "1")
                    .hashed_put("own", "k", "1");
                tx.does(twice.hashed_put("plain", "k", "2"));
                tx.endorsers.push(&tx.people.org3.peer);
            },
        ),
        good("purge under three bytes", "nobody measures it", |tx| {
            let hash = Bytes::from_static(b"abc");
            tx.does(set("basic").hashed_purge_under("plain", hash));
        }),
        good(
            "private set under three bytes",
            "it is missing, which is no fault",
            |tx| {
                let write = set("basic").hashed_put("plain", "p", "v");
                tx.does(write.private_hash("plain", b"abc"));
            },
        ),
        good(
            "two private sets of one collection",
            "they are missing, which is no fault",
            |tx| {
                let first = set("basic").private_hash("plain", b"abc");
                tx.does(
                    first
                        .private_hash("own", b"abc")
                        .private_hash("plain", b"def"),
                );
            },
        ),
        good(
            "private set of no collection",
            "nothing is written to it",
            |tx| {
                tx.does(set("basic").private_hash("unheard-of", b"abc"));
            },
        ),
        good("same key read twice", "both are as they were", |tx| {
            tx.does(set("basic").get("a", Some(AT)).get("a", Some(AT)));
        }),
    ]
}

fn policies() -> Vec<Row> {
    vec![
        good(
            "called chaincode writes too",
            "both policies are met",
            |tx| {
                tx.does(set("basic").put("k", "v").ns("other").put("k", "v"));
                tx.endorsers.push(&tx.people.org3.peer);
            },
        ),
        good(
            "channel's policy met by two",
            "two of three are enough",
            |tx| {
                tx.call("byref");
                tx.does(set("byref").put("k", "v"));
                tx.endorsers = vec![&tx.people.org3.peer, &tx.people.org1.peer];
            },
        ),
        good(
            "lifecycle written by two",
            "two of three are enough",
            |tx| {
                tx.call("_lifecycle");
                tx.does(Definition::new("late", "OR('Org1MSP.peer')").written());
            },
        ),
        good("collection with a policy", "its own is enough", |tx| {
            tx.does(set("basic").hashed_put("own", "k", "v"));
            tx.endorsers = vec![&tx.people.org3.peer];
        }),
        good(
            "organisation's own collection",
            "its peer is enough",
            |tx| {
                tx.does(set("basic").hashed_put("_implicit_org_Org3MSP", "k", "v"));
                tx.endorsers = vec![&tx.people.org3.peer];
            },
        ),
        good("key with a policy", "its own is enough", |tx| {
            tx.does(set("basic").put("guarded", "w"));
            tx.endorsers = vec![&tx.people.org3.peer];
        }),
    ]
}
