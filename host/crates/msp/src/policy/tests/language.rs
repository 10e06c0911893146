//! The language of policies: messages byte for byte as Fabric's parser makes them, and its refusals.

use proptest::prelude::*;
use prost::Message;

use super::{super::dsl, *};

/// What the text must become: the rule, and the principals in order as `MSP.role`.
#[track_caller]
fn check(text: &str, rule: RuleMessage, principals: &[&str]) {
    let identities = principals.iter().map(|principal| {
        let (msp_id, word) = principal.rsplit_once('.').unwrap();
        Principal::of_role(msp_id, Role::from_word(word).unwrap())
    });
    let expected = SignaturePolicyEnvelope {
        version: 0,
        rule: Some(rule),
        identities: identities.collect(),
    };
    assert_eq!(dsl::parse(text).unwrap(), expected);
}

#[track_caller]
fn check_refused(text: &str, reason: &str) {
    let error = dsl::parse(text).unwrap_err().to_string();
    assert!(
        error.contains(reason),
        "{text}: expected {reason:?}, got {error:?}"
    );
}

#[test]
fn gates_become_n_out_of() {
    let both = || vec![signed_by(0), signed_by(1)];
    check(
        "AND('A.member', 'B.member')",
        out_of(2, both()),
        &["A.member", "B.member"],
    );
    check(
        "OR('A.member', 'B.member')",
        out_of(1, both()),
        &["A.member", "B.member"],
    );
    check(
        "OutOf(1, 'A.member', 'B.member')",
        out_of(1, both()),
        &["A.member", "B.member"],
    );
    check(
        "OutOf('2', 'A.member', 'B.member')",
        out_of(2, both()),
        &["A.member", "B.member"],
    );
    check(
        "OutOf(0, 'A.member', 'B.member')",
        out_of(0, both()),
        &["A.member", "B.member"],
    );
    check(
        "OutOf(3, 'A.member', 'B.member')",
        out_of(3, both()),
        &["A.member", "B.member"],
    );
    check(
        " and( \"A.client\" ,'B.peer' ) ",
        out_of(2, both()),
        &["A.client", "B.peer"],
    );
    check(
        "Or('A.member')",
        out_of(1, vec![signed_by(0)]),
        &["A.member"],
    );
    check(
        "outof (1, 'A.admin')",
        out_of(1, vec![signed_by(0)]),
        &["A.admin"],
    );
}

#[test]
fn every_role_and_every_allowed_name_is_read() {
    let all = |count| (0..count).map(signed_by).collect();
    check(
        "OR('A.peer', 'B.admin', 'C.orderer', 'D.client', 'E.member')",
        out_of(1, all(5)),
        &["A.peer", "B.admin", "C.orderer", "D.client", "E.member"],
    );
    check(
        "OR('MSP.member', 'MSP.WITH.DOTS.member', 'MSP-WITH-DASHES.member')",
        out_of(1, all(3)),
        &[
            "MSP.member",
            "MSP.WITH.DOTS.member",
            "MSP-WITH-DASHES.member",
        ],
    );
    check("OR('A.peer.peer')", out_of(1, all(1)), &["A.peer.peer"]);
}

#[test]
fn principals_of_inner_gates_are_numbered_before_the_gates_own() {
    check(
        "OR('A.member', AND('B.member', 'C.member'))",
        out_of(
            1,
            vec![signed_by(2), out_of(2, vec![signed_by(0), signed_by(1)])],
        ),
        &["B.member", "C.member", "A.member"],
    );
    check(
        "OR(AND('A.member', 'B.member'), OR('C.admin', 'D.member'))",
        out_of(
            1,
            vec![
                out_of(2, vec![signed_by(0), signed_by(1)]),
                out_of(1, vec![signed_by(2), signed_by(3)]),
            ],
        ),
        &["A.member", "B.member", "C.admin", "D.member"],
    );
    check(
        "AND('A.member', OR('B.member', AND('C.member')), 'D.member', OR('E.member'))",
        out_of(
            4,
            vec![
                signed_by(3),
                out_of(1, vec![signed_by(1), out_of(1, vec![signed_by(0)])]),
                signed_by(4),
                out_of(1, vec![signed_by(2)]),
            ],
        ),
        &["C.member", "B.member", "E.member", "A.member", "D.member"],
    );
}

#[test]
fn a_principal_named_twice_is_listed_twice() {
    check(
        "AND('A.member', 'A.member')",
        out_of(2, vec![signed_by(0), signed_by(1)]),
        &["A.member", "A.member"],
    );
}

#[test]
fn the_bytes_are_the_known_ones() {
    let bytes = dsl::parse("OR('Org1MSP.member','Org2MSP.peer')")
        .unwrap()
        .encode_to_vec();
    let expected = concat!(
        "120c",
        "120a",
        "0801",
        "1202",
        "0800",
        "1202",
        "0801", // rule: 1 of (signed by 0, signed by 1)
        "1a0b",
        "1209",
        "0a07",
        "4f7267314d5350", // Org1MSP, role MEMBER left out
        "1a0d",
        "120b",
        "0a07",
        "4f7267324d5350",
        "1003", // Org2MSP, role PEER
    );
    assert_eq!(hex::encode(bytes), expected);
}

#[test]
fn what_fabric_refuses_is_refused() {
    check_refused("", "ends too early");
    check_refused("''", "unrecognized token");
    check_refused("1", "the number 1");
    check_refused("'1'", "unrecognized token");
    check_refused("'A.member'", "must begin with");
    check_refused(
        "OR('A.member', Bmember)",
        "unrecognized token 'Bmember' in policy string",
    );
    check_refused(
        "OR('A.member', 'Bmember')",
        "unrecognized token 'Bmember' in policy string",
    );
    check_refused("OR('A.member', '\\'Bmember\\'')", "has no meaning");
    check_refused("OR('A.boss')", "unrecognized token 'A.boss'");
    check_refused("OR('A_B.member')", "unrecognized token 'A_B.member'");
    check_refused("OR('.member')", "unrecognized token '.member'");
    check_refused("OR('A.member '  )", "unrecognized token");
    check_refused("OutOf(1)", "at least one rule");
    check_refused("OutOf(true, 'A.member')", "must begin with a number");
    check_refused("OutOf(1, 2)", "the number 2");
    check_refused("OutOf(1, 'true')", "unrecognized token");
    check_refused("OutOf('A', 'B.member')", "must begin with a number");
    check_refused("OutOf(-1, 'A.member', 'B.member')", "has no meaning");
    check_refused(
        "OutOf(4, 'A.member', 'B.member')",
        "invalid t-out-of-n predicate, t 4, n 2",
    );
    check_refused("OutOf(99999999999, 'A.member')", "too large");
    check_refused("XOR('A.member')", "unrecognized token 'XOR'");
    check_refused("AND()", "a rule is missing");
    check_refused("AND('A.member'", "not closed");
    check_refused("AND('A.member)", "a quote is not closed");
    check_refused("AND('A.member')) ", "more after its end");
    check_refused("AND('A.member' 'B.member')", "not closed");
    check_refused(
        &format!("{}'A.member'{}", "OR(".repeat(40), ")".repeat(40)),
        "inside one another",
    );
    let many = vec!["'A.member'"; 10_001].join(",");
    check_refused(&format!("OR({many})"), "more than");
}

#[test]
fn what_the_language_has_no_words_for_stands_in_angle_brackets() {
    let rules = vec![
        signed_by(0),
        signed_by(7),
        out_of(0, vec![]),
        RuleMessage { r#type: None },
    ];
    let mut policy = envelope(out_of(2, rules), &["A"]);
    policy.identities[0].principal_classification = 3;
    policy.identities[0].principal = b"\xff".as_slice().into();
    assert_eq!(
        dsl::to_text(&policy),
        "OutOf(2, <nobody>, <principal 7>, OutOf(0), <nothing>)"
    );
    policy.rule = None;
    assert_eq!(dsl::to_text(&policy), "<nothing>");
}

/// Texts in the form that `to_text` writes.
fn any_text() -> impl Strategy<Value = String> {
    let leaf = ("[A-C]{1,2}(-x|\\.y)?", 0..5usize).prop_map(|(msp_id, role)| {
        let word = ["member", "admin", "client", "peer", "orderer"][role];
        format!("'{msp_id}.{word}'")
    });
    let rules = leaf.prop_recursive(3, 20, 4, |inner| {
        (0..5usize, proptest::collection::vec(inner, 1..4)).prop_map(|(n, rules)| gate(n, &rules))
    });
    (0..4usize, proptest::collection::vec(rules, 1..4)).prop_map(|(n, rules)| gate(n, &rules))
}

fn gate(n: usize, rules: &[String]) -> String {
    let n = n.min(rules.len() + 1);
    let inside = rules.join(", ");
    match n {
        1 => format!("OR({inside})"),
        n if n == rules.len() => format!("AND({inside})"),
        n => format!("OutOf({n}, {inside})"),
    }
}

proptest! {
    #[test]
    fn what_is_read_is_written_the_same(text in any_text()) {
        prop_assert_eq!(dsl::to_text(&dsl::parse(&text).unwrap()), text);
    }

    #[test]
    fn random_text_never_panics(text in "(AND|OR|OutOf|\\(|\\)|,|'|\"|A\\.member|[0-9]| |é|\\PC){0,30}") {
        let _ = dsl::parse(&text);
    }
}
