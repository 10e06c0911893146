//! What is kept of causes, and how they are told.

use expect_test::expect;

use super::*;

fn signer(subject: &str) -> Signer {
    Signer {
        msp_id: "Org1MSP".to_owned(),
        subject: subject.to_owned(),
    }
}

fn place(block: u64, tx: u64) -> Place {
    Place {
        block,
        tx,
        tx_id: None,
    }
}

fn policy(rules: Vec<PolicyRule>, endorsers: Vec<Signer>) -> Cause {
    Cause::Policy(Box::new(PolicyNotMet {
        written: Key::public("basic", "asset1"),
        owner: PolicyOwner::Chaincode,
        policy: "OR('Org1MSP.peer')".to_owned(),
        rules,
        rules_left_out: 0,
        endorsers,
        not_counted: Vec::new(),
        endorsements_left_out: 0,
    }))
}

fn lacking(rule: &str) -> PolicyRule {
    PolicyRule {
        depth: 0,
        rule: rule.to_owned(),
        held: false,
        by: None,
        lacks: Some("nobody".to_owned()),
    }
}

fn range(start: &str, differences: Vec<RangeDifference>) -> Cause {
    Cause::Range(ChangedRange {
        namespace: "basic".to_owned(),
        start: start.to_owned(),
        end: String::new(),
        hashed: false,
        differences,
        more: false,
        as_of_height: None,
        untold: None,
    })
}

/// Whatever is in it, its keys and texts of that many characters.
fn hostile(letter: char, count: usize, members: usize) -> Vec<Cause> {
    let text: String = std::iter::repeat_n(letter, count).collect();
    let difference = RangeDifference {
        key: text.clone(),
        change: RangeChange::Gained,
        read: None,
        now: Some(place(u64::MAX, u64::MAX)),
        by: None,
    };
    let rule = PolicyRule {
        by: Some(signer(&text)),
        lacks: Some(text.clone()),
        ..lacking(&text)
    };
    let key = Key::hashed(&text, &text, text.as_bytes());
    vec![
        Cause::rule(&text, &text),
        Cause::Creator(BadCreator {
            creator: Some(signer(&text)),
            reason: text.clone(),
        }),
        policy(vec![rule; members], vec![signer(&text); members]),
        Cause::PolicyChanged(PolicyChanged {
            key: key.clone(),
            by: place(1, 2),
        }),
        Cause::Read(StaleRead {
            key,
            read: None,
            now: None,
            by: None,
            change: None,
        }),
        range(&text, vec![difference; members]),
    ]
}

#[test]
fn whatever_strangers_wrote_little_is_kept_and_can_be_read_again() {
    for (letter, count) in [('\0', 100_000), ('€', 100_000), ('"', 600), ('x', 200)] {
        for cause in hostile(letter, count, 300) {
            let bytes = cause.to_bytes();
            assert!(bytes.len() <= CAUSE_BYTES_MAX, "{} bytes", bytes.len());
            let kept = Cause::from_bytes(&bytes).unwrap();
            assert_eq!(
                std::mem::discriminant(&kept),
                std::mem::discriminant(&cause),
                "the kind stays"
            );
        }
    }
}

#[test]
fn what_is_short_is_kept_as_it_is() {
    for cause in hostile('x', 20, 5) {
        assert_eq!(Cause::from_bytes(&cause.to_bytes()), Some(cause));
    }
}

#[test]
fn what_is_cut_says_so() {
    let cause = policy(
        vec![lacking(&"x".repeat(600)); 40],
        vec![signer("CN=a"); 70],
    );
    let kept = Cause::from_bytes(&cause.to_bytes()).unwrap();
    let shown: Vec<String> = kept
        .lines()
        .iter()
        .map(|line| line.replace(&"x".repeat(96), "(96)"))
        .collect();
    assert_eq!(shown.len(), 2 + 12 + 1 + 12 + 1);
    expect![[r#"
          (96)… (504 characters more): lacking: nobody
          … and 28 rules more
        … and 58 endorsements more"#]]
    .assert_eq(&format!("{}\n{}\n{}", shown[2], shown[14], shown[27]));
}

#[test]
fn causes_are_told_in_words() {
    let told = |cause: Cause| cause.to_string();
    let read = |key, read: Option<Place>, by: Option<Place>, change| {
        told(Cause::Read(StaleRead {
            key,
            read,
            now: by.clone(),
            by,
            change,
        }))
    };
    let asset = || Key::public("basic", "asset1");
    let all = [
        told(Cause::rule(
            "the channel header",
            "it states epoch 3, it must be 0",
        )),
        told(Cause::Creator(BadCreator {
            creator: Some(signer("CN=eve")),
            reason: "MSP EvilMSP is unknown".to_owned(),
        })),
        told(Cause::Duplicate(Duplicate {
            first: place(3, 1),
            code: "VALID".to_owned(),
        })),
        told(Cause::PolicyChanged(PolicyChanged {
            key: Key::hashed("basic", "secrets", &[0xab; 4]),
            by: place(7, 0),
        })),
        read(
            asset(),
            Some(place(4, 0)),
            Some(place(6, 1)),
            Some(KeyChange::Metadata),
        ),
        read(asset(), None, Some(place(6, 1)), Some(KeyChange::Written)),
        read(asset(), Some(place(4, 0)), None, None),
        read(
            Key::hashed("basic", "secrets", &[0xab; 4]),
            Some(place(4, 0)),
            None,
            None,
        ),
    ];
    expect![[r#"
        the channel header: it states epoch 3, it must be 0
        the creator is said to be CN=eve of Org1MSP: MSP EvilMSP is unknown
        transaction 1 of block 3 had the id first; it is VALID
        it writes the key with hash abababab of collection secrets of chaincode basic, whose endorsement policy transaction 0 of block 7, in the same block, has changed before
        key "asset1" of chaincode basic was read as transaction 0 of block 4 left it; transaction 1 of block 6 has changed its metadata since
          version read: block 4, transaction 0
          version now:  block 6, transaction 1
        key "asset1" of chaincode basic was read as absent; transaction 1 of block 6 has written it since
          version read: none
          version now:  block 6, transaction 1
        key "asset1" of chaincode basic was read as transaction 0 of block 4 left it; it is absent now; which transaction deleted it is not known
          version read: block 4, transaction 0
          version now:  none
        the key with hash abababab of collection secrets of chaincode basic was read as transaction 0 of block 4 left it; it is absent now: deleted, purged or expired, no peer keeps which
          version read: block 4, transaction 0
          version now:  none"#]].assert_eq(&all.join("\n"));
}
