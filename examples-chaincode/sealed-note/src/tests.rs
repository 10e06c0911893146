use chaincode_sdk::testing::{Proposal, TestLedger};

use super::SealedNote;

/// SHA-256 of `attack at dawn`.
const HASH: &str = "d502810c71aeb17e5ea1cbf930b46b87bb645a75df45f500230d061992aeb90a";

fn sealed() -> TestLedger {
    let mut ledger = TestLedger::new();
    ledger.propose(Proposal::by("Org1MSP").with_transient("note", b"attack at dawn"));
    let response = ledger.invoke::<SealedNote>("SealNote", &["n1"]);
    assert_eq!((response.status, response.message.as_str()), (200, ""));
    ledger
}

fn check(ledger: &mut TestLedger, function: &str, arguments: &[&str], status: i32, text: &str) {
    let response = ledger.invoke::<SealedNote>(function, arguments);
    let said = if response.is_success() {
        String::from_utf8(response.payload).unwrap()
    } else {
        response.message
    };
    assert_eq!(
        (response.status, said.as_str()),
        (status, text),
        "{function} {arguments:?}"
    );
}

#[test]
fn the_owners_organisation_reads_its_note_and_the_event_does_not_tell_it() {
    let mut ledger = sealed();
    check(&mut ledger, "ReadNote", &["n1"], 200, "attack at dawn");
    assert_eq!(ledger.events()[0].payload, b"n1");
    assert_eq!(ledger.state("n1"), None);
}

#[test]
fn another_organisation_sees_the_hash_and_not_the_note() {
    let mut ledger = sealed();
    for peer in ["Org1MSP", "Org2MSP"] {
        ledger.propose(Proposal::by("Org2MSP").on_peer_of(peer));
        check(&mut ledger, "NoteHash", &["Org1MSP", "n1"], 200, HASH);
        check(
            &mut ledger,
            "ReadNote",
            &["n1"],
            404,
            "the note n1 does not exist",
        );
    }
}

#[test]
fn organisations_have_their_notes_apart() {
    let mut ledger = sealed();
    ledger.propose(Proposal::by("Org2MSP").with_transient("note", b"ours"));
    check(&mut ledger, "SealNote", &["n1"], 200, "");
    check(&mut ledger, "ReadNote", &["n1"], 200, "ours");
    check(&mut ledger, "NoteHash", &["Org1MSP", "n1"], 200, HASH);
}

#[test]
fn a_sealed_note_is_not_overwritten() {
    let mut ledger = sealed();
    check(
        &mut ledger,
        "SealNote",
        &["n1"],
        409,
        "the note n1 already exists",
    );
}

#[test]
fn a_note_comes_in_the_transient_map_as_text_and_in_no_other_way() {
    let mut ledger = TestLedger::new();
    check(
        &mut ledger,
        "SealNote",
        &["n1"],
        400,
        "the transient map holds no note",
    );
    check(
        &mut ledger,
        "SealNote",
        &["n1", "text"],
        400,
        "Incorrect number of params. Expected 1, received 2",
    );
    ledger.propose(Proposal::by("Org1MSP").with_transient("note", b"\xff"));
    check(
        &mut ledger,
        "SealNote",
        &["n1"],
        400,
        "the note is not UTF-8",
    );
}

#[test]
fn a_burnt_note_is_gone() {
    let mut ledger = sealed();
    check(&mut ledger, "BurnNote", &["n1"], 200, "");
    assert_eq!(ledger.private_state("_implicit_org_Org1MSP", "n1"), None);
    check(
        &mut ledger,
        "NoteHash",
        &["Org1MSP", "n1"],
        404,
        "the note n1 does not exist",
    );
    check(
        &mut ledger,
        "BurnNote",
        &["n1"],
        404,
        "the note n1 does not exist",
    );
}
