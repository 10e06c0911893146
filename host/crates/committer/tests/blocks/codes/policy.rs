//! Endorsements that are not enough.

use TxValidationCode as C;
use model::TxValidationCode;
use proto::protos::Endorsement;

use super::{Row, row};
use crate::set::set;
use crate::tx::{Tx, endorse, endorse_as, with_high_s};

pub(super) fn rows() -> Vec<Row> {
    let parts = [endorsers(), policies()];
    parts.into_iter().flatten().collect()
}

fn endorsers() -> Vec<Row> {
    let bad = |name, why, change| row(C::EndorsementPolicyFailure, name, why, change);
    vec![
        bad("no endorsement", "two are asked for", |tx| {
            tx.endorsers.clear()
        }),
        bad("one of two endorsements", "two are asked for", |tx| {
            tx.endorsers.truncate(1)
        }),
        bad("one endorser twice", "an identity counts once", |tx| {
            tx.call("twice");
            tx.does(set("twice").put("k", "v"));
            tx.endorsers = vec![&tx.people.org1.peer; 2];
        }),
        bad(
            "one endorser twice in other bytes",
            "an identity is its certificate",
            |tx| {
                tx.call("twice");
                tx.does(set("twice").put("k", "v"));
                tx.endorsers = vec![&tx.people.org1.peer];
                let org = &tx.people.org1;
                tx.on_action_payload = Some(Box::new(|payload| {
                    let action = payload.action.as_mut().unwrap();
                    let result = &action.proposal_response_payload;
                    let again = endorse_as(&org.peer, &org.peer_rewritten(), result);
                    action.endorsements.push(again);
                }));
            },
        ),
        bad(
            "endorser that two rules need",
            "the first rule uses it up",
            |tx| {
                tx.call("greedy");
                tx.does(set("greedy").put("k", "v"));
            },
        ),
        bad(
            "two peers of one organisation",
            "one of each is asked for",
            |tx| {
                tx.endorsers = vec![&tx.people.org1.peer, &tx.people.org1.other_peer];
            },
        ),
        bad("client in a peer's place", "the unit decides", |tx| {
            tx.endorsers[1] = &tx.people.org2.client;
        }),
        bad("admin in a peer's place", "the unit decides", |tx| {
            tx.endorsers[1] = &tx.people.org2.admin
        }),
        bad("another organisation's peer", "Org2 is asked for", |tx| {
            tx.endorsers[1] = &tx.people.org3.peer;
        }),
        bad("stranger's peer", "no MSP of the channel knows it", |tx| {
            tx.endorsers[1] = &tx.people.stranger.peer;
        }),
        bad(
            "endorsement with another's signature",
            "it is not the endorser's",
            |tx| {
                on_second(tx, |second| second.signature = vec![0; 70].into());
            },
        ),
        bad(
            "endorsement with high S",
            "Fabric takes the low S only",
            |tx| {
                on_second(tx, |second| {
                    second.signature = with_high_s(&second.signature)
                });
            },
        ),
        bad("endorsement without a signature", "it is none", |tx| {
            on_second(tx, |second| second.signature.clear());
        }),
        bad("endorser of no protobuf", "it is no identity", |tx| {
            on_second(tx, |second| second.endorser = b"\xff".as_slice().into());
        }),
        bad(
            "endorsement of another result",
            "it is over other bytes",
            |tx| {
                let other = endorse(
                    &[&tx.people.org2.peer],
                    &b"another result".as_slice().into(),
                );
                tx.on_endorsements = Some(Box::new(move |all| all[1] = other[0].clone()));
            },
        ),
        bad(
            "result changed after endorsement",
            "the signatures are over the bytes",
            |tx| {
                tx.on_action_payload = Some(Box::new(|payload| {
                    let action = payload.action.as_mut().unwrap();
                    let bytes = &action.proposal_response_payload;
                    action.proposal_response_payload = [&bytes[..], b"\x18\x01"].concat().into();
                }));
            },
        ),
    ]
}

fn on_second(tx: &mut Tx, change: fn(&mut Endorsement)) {
    tx.on_endorsements = Some(Box::new(move |all| change(&mut all[1])));
}

fn policies() -> Vec<Row> {
    let bad = |name, why, change| row(C::EndorsementPolicyFailure, name, why, change);
    vec![
        bad(
            "nothing written, one endorsement",
            "what is called is always checked",
            |tx| {
                tx.does(set("basic"));
                tx.endorsers.truncate(1);
            },
        ),
        bad(
            "no results, one endorsement",
            "what is called is always checked",
            |tx| {
                tx.action.results.clear();
                tx.endorsers.truncate(1);
            },
        ),
        bad(
            "another chaincode's namespace written",
            "it asks for Org3 too",
            |tx| {
                tx.does(set("basic").put("k", "v").ns("other").put("k", "v"));
            },
        ),
        bad(
            "another chaincode's metadata written",
            "metadata is a write",
            |tx| {
                tx.does(set("other").policy("k", ""));
            },
        ),
        bad(
            "another chaincode's collection written",
            "hashes are writes",
            |tx| {
                tx.does(set("other").hashed_put("_implicit_org_Org3MSP", "k", "v"));
            },
        ),
        bad(
            "channel's policy met by one",
            "two of three are asked for",
            |tx| {
                tx.call("byref");
                tx.does(set("byref").put("k", "v"));
                tx.endorsers.truncate(1);
            },
        ),
        bad(
            "policy that the channel does not have",
            "nobody satisfies it",
            |tx| tx.call("dangling"),
        ),
        bad("policy of no protobuf", "nobody satisfies it", |tx| {
            tx.call("garbled")
        }),
        bad(
            "lifecycle written by one",
            "two of three are asked for",
            |tx| {
                tx.call("_lifecycle");
                tx.does(set("_lifecycle").put("k", "v"));
                tx.endorsers.truncate(1);
            },
        ),
        bad(
            "collection that is not defined",
            "there is no policy to meet",
            |tx| {
                tx.does(set("basic").hashed_put("unheard-of", "k", "v"));
            },
        ),
        bad(
            "collection with a policy, endorsed as the chaincode",
            "its own replaces it",
            |tx| {
                tx.does(set("basic").hashed_put("own", "k", "v"));
            },
        ),
        bad(
            "collection without a policy, endorsed by another",
            "it has the chaincode's",
            |tx| {
                tx.does(set("basic").hashed_put("plain", "k", "v"));
                tx.endorsers = vec![&tx.people.org3.peer];
            },
        ),
        bad(
            "another organisation's own collection",
            "its members decide",
            |tx| {
                tx.does(set("basic").hashed_put("_implicit_org_Org3MSP", "k", "v"));
            },
        ),
        bad(
            "own collection of no organisation",
            "nobody decides",
            |tx| {
                tx.does(set("basic").hashed_put("_implicit_org_Org9MSP", "k", "v"));
            },
        ),
        bad(
            "key with a policy, endorsed as the chaincode",
            "its own replaces it",
            |tx| {
                tx.does(set("basic").put("guarded", "w"));
            },
        ),
        bad(
            "metadata of a key with a policy",
            "metadata is a write",
            |tx| {
                tx.does(set("basic").policy("guarded", ""));
            },
        ),
        bad(
            "stale read, one endorsement",
            "policies come before reads",
            |tx| {
                tx.does(set("basic").get("a", Some((1, 0))));
                tx.endorsers.truncate(1);
            },
        ),
    ]
}
