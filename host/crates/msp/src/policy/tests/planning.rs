//! Whom to ask for endorsements.

use proptest::prelude::*;
use proto::common::ConfigGroup;

use super::{
    super::{
        ApplicationPolicy, dsl,
        plan::{Share, is_satisfied, smallest},
    },
    evaluation::tree,
    *,
};

fn application(text: &str) -> ApplicationPolicy {
    let envelope = dsl::parse(text).unwrap();
    ApplicationPolicy::Signature(SignaturePolicy::compile(&envelope).unwrap())
}

fn shares(text: &str) -> Vec<Share> {
    let one = |part: &str| {
        let (msp_id, endorsers) = part.split_once('*').unwrap_or((part, "1"));
        Share {
            msp_id: msp_id.to_owned(),
            endorsers: endorsers.parse().unwrap(),
        }
    };
    text.split_whitespace().map(one).collect()
}

fn text(shares: Option<Vec<Share>>) -> String {
    let Some(shares) = shares else {
        return "none".to_owned();
    };
    let one = |share: &Share| match share.endorsers {
        1 => share.msp_id.clone(),
        count => format!("{}*{count}", share.msp_id),
    };
    shares.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(policies: &[&str], available: &str, expected: &str) {
    let tree = tree(&ConfigGroup::default()).unwrap();
    let policies: Vec<ApplicationPolicy> = policies.iter().map(|text| application(text)).collect();
    let policies: Vec<&ApplicationPolicy> = policies.iter().collect();
    assert_eq!(
        text(smallest(&tree, &policies, &shares(available))),
        expected
    );
}

#[test]
fn the_smallest_set_wins_and_earlier_organisations_are_preferred() {
    check(&["OR('A.peer', 'B.peer')"], "A B", "A");
    check(&["OR('A.peer', 'B.peer')"], "B A", "B");
    check(&["AND('A.peer', 'B.peer')"], "A B C", "A B");
    check(&["OR(AND('A.peer', 'B.peer'), 'C.peer')"], "A B C", "C");
    check(&["OutOf(2, 'A.peer', 'B.peer', 'C.peer')"], "C B A", "C B");
    check(&["AND('A.peer', 'A.peer')"], "A*3 B", "A*2");
}

#[test]
fn one_set_must_satisfy_all_policies_of_a_transaction() {
    check(
        &["OR('A.peer', 'B.peer')", "OR('B.peer', 'C.peer')"],
        "A B C",
        "B",
    );
    check(&["OR('A.peer')", "OR('C.peer')"], "A B C", "A C");
    check(&[], "A B", "");
}

#[test]
fn there_is_no_plan_without_enough_endorsers() {
    check(&["AND('A.peer', 'B.peer')"], "A", "none");
    check(&["AND('A.peer', 'A.peer')"], "A", "none");
    check(&["OR('A.admin', 'A.client', 'A.orderer')"], "A*3", "none");
    check(&["OutOf(3, 'A.peer', 'B.peer')"], "A*5 B*5", "none");
    let tree = tree(&ConfigGroup::default()).unwrap();
    let unknown = ApplicationPolicy::Reference("/Channel/Application/Endorsement".to_owned());
    assert_eq!(smallest(&tree, &[&unknown], &shares("A B")), None);
}

#[test]
fn a_search_too_large_still_finds_a_set_without_surplus() {
    let names: Vec<String> = (0..30).map(|index| format!("Org{index}")).collect();
    let principals: Vec<String> = names.iter().map(|name| format!("'{name}.peer'")).collect();
    let policy = application(&format!("OutOf(16, {})", principals.join(", ")));
    let tree = tree(&ConfigGroup::default()).unwrap();
    let found = smallest(&tree, &[&policy], &shares(&names.join(" "))).unwrap();
    assert!(is_satisfied(&tree, &[&policy], &found));
    assert_eq!(found.iter().map(|share| share.endorsers).sum::<usize>(), 16);
}

proptest! {
    #[test]
    fn no_smaller_set_than_the_one_found_satisfies(
        needed in 0..4i32,
        rules in proptest::collection::vec((0..3i32, 0..3usize, 1..3usize), 1..4),
        counts in proptest::collection::vec(0..3usize, 3),
    ) {
        let names = ["A", "B", "C"];
        let gates = rules.iter().map(|(n, first, width)| {
            let leaves = (0..*width).map(|step| format!("'{}.peer'", names[(first + step) % 3]));
            let leaves: Vec<String> = leaves.collect();
            format!("OutOf({}, {})", n.min(&3), leaves.join(", "))
        });
        let gates: Vec<String> = gates.collect();
        let text = format!("OutOf({}, {})", needed.min(i32::try_from(gates.len()).unwrap() + 1), gates.join(", "));
        prop_assume!(dsl::parse(&text).is_ok());
        let policy = application(&text);
        let tree = tree(&ConfigGroup::default()).unwrap();
        let share = |index: usize, endorsers: usize| Share { msp_id: names[index].to_owned(), endorsers };
        let available: Vec<Share> = counts.iter().enumerate().map(|(index, count)| share(index, *count)).collect();
        let mut best: Option<usize> = None;
        for a in 0..=counts[0] {
            for b in 0..=counts[1] {
                for c in 0..=counts[2] {
                    if is_satisfied(&tree, &[&policy], &[share(0, a), share(1, b), share(2, c)]) {
                        best = Some(best.map_or(a + b + c, |best| best.min(a + b + c)));
                    }
                }
            }
        }
        let found = smallest(&tree, &[&policy], &available);
        prop_assert_eq!(found.map(|found| found.iter().map(|share| share.endorsers).sum()), best, "{}", text);
    }
}
