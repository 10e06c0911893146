//! What a gateway must know of a simulation to choose further endorsers.

use prost::Message as _;
use proto::common::SignaturePolicyEnvelope;
use proto::protos::{ChaincodeCall, ChaincodeInterest};
use rwset::{Interest, NamespaceInterest, Writes};

use crate::syscc;

/// The message for [`rwset::Interest`]: one call for each namespace's public part and one for each collection, sorted.
///
/// As in Fabric the reads of definitions are left out, so a transaction that touches no state of its chaincode gives an
/// empty list, and a chaincode that only reads is in it. A written `_lifecycle` is in it too, since its approvals need
/// an endorsement that a plan must know of.
pub(crate) fn message(interest: &Interest) -> ChaincodeInterest {
    let namespaces = interest.namespaces.iter();
    let used = namespaces.filter(|(name, used)| !syscc::is_system(name) || is_written(used));
    ChaincodeInterest {
        chaincodes: used
            .filter(|(name, _)| name.as_str() != "lscc")
            .flat_map(|(name, used)| calls(name, used))
            .collect(),
    }
}

fn is_written(used: &NamespaceInterest) -> bool {
    let mut collections = used.collections.values();
    used.public.keys > 0 || collections.any(|collection| collection.writes.keys > 0)
}

fn calls(name: &str, used: &NamespaceInterest) -> Vec<ChaincodeCall> {
    let mut calls = Vec::with_capacity(1 + used.collections.len());
    // With nothing written anywhere the chaincode's own policy decides.
    if used.public.keys > 0 || !is_written(used) {
        calls.push(ChaincodeCall {
            name: name.to_owned(),
            key_policies: key_policies(&used.public),
            disregard_namespace_policy: keys_decide(&used.public),
            ..ChaincodeCall::default()
        });
    }
    for (collection, part) in &used.collections {
        if part.writes.keys == 0 && !part.private_reads {
            continue; // only hashes were read, which every peer has
        }
        calls.push(ChaincodeCall {
            name: name.to_owned(),
            collection_names: vec![collection.clone()],
            no_private_reads: !part.private_reads,
            no_public_writes: true,
            key_policies: key_policies(&part.writes),
            disregard_namespace_policy: keys_decide(&part.writes),
        });
    }
    calls
}

/// Whether every written key has a policy of its own.
fn keys_decide(writes: &Writes) -> bool {
    writes.keys > 0 && !writes.needs_namespace_policy
}

/// The key-level policies; one that does not decode can be satisfied by nobody, whatever is planned.
fn key_policies(writes: &Writes) -> Vec<SignaturePolicyEnvelope> {
    let policies = writes.key_policies.iter();
    policies
        .filter_map(|policy| SignaturePolicyEnvelope::decode(policy.clone()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use expect_test::{Expect, expect};
    use prost::Message as _;
    use proto::common::SignaturePolicyEnvelope;
    use rwset::{CollectionInterest, Interest, NamespaceInterest, Writes};

    use super::message;

    /// So many written keys, and under so many of them one and the same policy.
    fn writes(keys: usize, under_policies: usize) -> Writes {
        let policy = SignaturePolicyEnvelope::default().encode_to_vec().into();
        Writes {
            keys,
            key_policies: (under_policies > 0).then_some(policy).into_iter().collect(),
            needs_namespace_policy: keys > under_policies,
        }
    }

    fn namespace(public: Writes, collections: &[(&str, Writes, bool)]) -> NamespaceInterest {
        let collections = collections.iter().map(|(name, writes, private_reads)| {
            let part = CollectionInterest {
                writes: writes.clone(),
                private_reads: *private_reads,
            };
            ((*name).to_owned(), part)
        });
        NamespaceInterest {
            public,
            collections: collections.collect(),
        }
    }

    fn check(namespaces: &[(&str, NamespaceInterest)], expected: &Expect) {
        let namespaces: BTreeMap<_, _> = namespaces
            .iter()
            .map(|(name, used)| ((*name).to_owned(), used.clone()))
            .collect();
        let lines = message(&Interest { namespaces }).chaincodes;
        let lines = lines.iter().map(|call| {
            let mut line = format!("{} {:?}", call.name, call.collection_names);
            for (set, word) in [
                (call.no_private_reads, "no private reads"),
                (call.no_public_writes, "no public writes"),
                (call.disregard_namespace_policy, "keys decide"),
                (!call.key_policies.is_empty(), "with key policies"),
            ] {
                if set {
                    line.push_str(", ");
                    line.push_str(word);
                }
            }
            line
        });
        expected.assert_eq(&lines.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn reads_of_definitions_are_no_interest_and_reads_of_a_chaincode_are() {
        check(
            &[("_lifecycle", namespace(writes(0, 0), &[]))],
            &expect![""],
        );
        check(
            &[
                ("_lifecycle", namespace(writes(0, 0), &[])),
                ("basic", namespace(writes(0, 0), &[])),
                ("lscc", namespace(writes(0, 0), &[])),
            ],
            &expect!["basic []"],
        );
    }

    #[test]
    fn keys_with_policies_of_their_own_put_the_chaincodes_aside() {
        check(
            &[("cc", namespace(writes(2, 2), &[]))],
            &expect!["cc [], keys decide, with key policies"],
        );
        check(
            &[("cc", namespace(writes(2, 1), &[]))],
            &expect!["cc [], with key policies"],
        );
    }

    #[test]
    fn collections_stand_apart_from_the_public_part() {
        let collections = [
            ("hashes", writes(0, 0), false),
            ("read", writes(0, 0), true),
            ("written", writes(1, 0), false),
        ];
        check(
            &[("cc", namespace(writes(0, 0), &collections))],
            &expect![[r#"
                cc ["read"], no public writes
                cc ["written"], no private reads, no public writes"#]],
        );
        check(
            &[("cc", namespace(writes(0, 0), &collections[..2]))],
            &expect![[r#"
                cc []
                cc ["read"], no public writes"#]],
        );
    }

    #[test]
    fn an_approval_needs_its_organisations_collection_only() {
        let approval = namespace(
            writes(0, 0),
            &[("_implicit_org_Org1MSP", writes(6, 0), true)],
        );
        check(
            &[("_lifecycle", approval)],
            &expect![[r#"_lifecycle ["_implicit_org_Org1MSP"], no public writes"#]],
        );
    }
}
