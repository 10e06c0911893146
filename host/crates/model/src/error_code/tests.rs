//! The list is in order, and docs/errors.md says what it says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::expect_file;

use super::{ErrorCode, Explanation, Sort};

#[test]
fn every_code_has_a_name_of_its_own_that_leads_back_to_it() {
    let mut names = BTreeSet::new();
    for code in ErrorCode::ALL {
        let name = code.name();
        assert!(names.insert(name), "{name} twice");
        assert_eq!(name.parse(), Ok(*code));
        let letters = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        let parts: Vec<&str> = name.split('.').collect();
        assert!(
            parts.len() == 2 && parts.iter().copied().all(letters),
            "{name}"
        );
    }
    assert!("no.such".parse::<ErrorCode>().is_err());
}

#[test]
fn every_code_says_in_sentences_what_it_is_and_what_to_do() {
    for code in ErrorCode::ALL {
        let text = code.explanation();
        for sentence in [text.meaning, text.cause, text.action] {
            assert!(
                sentence.ends_with('.') && sentence.len() > 10,
                "{code}: {sentence}"
            );
        }
        assert!(
            (400..=599).contains(&text.http_status) || text.http_status == 202,
            "{code}"
        );
    }
}

#[test]
fn codes_stand_together_by_subject() {
    let mut subjects: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.subject()).collect();
    let all: BTreeSet<&str> = subjects.iter().copied().collect();
    subjects.dedup();
    assert_eq!(subjects.len(), all.len(), "{subjects:?}");
}

/// What stands above the list.
const INTRODUCTION: &str = "\
# Error codes

Every failure has a code that never changes its meaning, so that scripts can rely on it. The texts beside it may get better.

| where | how it carries the code |
|---|---|
| REST | member `code` of the problem document (`application/problem+json`); `GET /docs/errors/{code}` gives what stands here |
| gRPC | metadata `weft-code`: in the trailer of a failed call, in the header of an answer that tells of a failure; status, message and details are Fabric's |
| command line | `error[code]: what happened`; `weft explain CODE` prints what stands here |

*HTTP* is the status that REST answers with, *exit* what the command line ends with: 0 done, 1 refused (the same request fails \
again), 2 the command is wrong, 3 unavailable (try again), 4 the transaction is in a block and invalid, 5 it is not known \
what came of it (ask before trying again), 6 broken (somebody must look at the node's log).

A test of the crate `model` writes this page: `UPDATE_EXPECT=1 cargo test -p model error_code`.
";

/// What the part of a name before the dot stands for.
fn title(subject: &str) -> &'static str {
    match subject {
        "auth" => "Tokens and client certificates",
        "access" => "Access",
        "request" => "Requests",
        "identity" => "Identities",
        "proposal" => "Proposals",
        "channel" => "Channels",
        "block" => "Blocks",
        "transaction" => "Transactions",
        "state" => "State",
        "chaincode" => "Chaincode",
        "package" => "Chaincode packages",
        "lifecycle" => "The lifecycle of chaincode",
        "endorse" => "Endorsement",
        "order" => "Ordering",
        "commit" => "Validation and commit",
        "events" => "Events",
        "node" => "Nodes",
        "client" => "The command line's connection to a node",
        "config" => "Configuration, profiles and contexts",
        "file" => "Files",
        "port" => "Addresses",
        "data" => "Data folders",
        "ledger" => "Ledgers",
        "toolchain" => "The compiler",
        "contract" => "Contracts' source",
        "usage" => "Commands",
        "internal" => "Weft itself",
        other => panic!("{other} has no title"),
    }
}

#[test]
fn the_page_of_errors_says_what_the_list_says() {
    let mut page = INTRODUCTION.to_owned();
    let mut subject = "";
    for code in ErrorCode::ALL {
        if code.subject() != subject {
            subject = code.subject();
            writeln!(page, "\n## {}", title(subject)).unwrap();
        }
        let Explanation {
            name,
            http_status,
            meaning,
            cause,
            action,
        } = code.explanation();
        let exit = code.exit_code();
        writeln!(
            page,
            "\n### `{name}`\n{meaning} (HTTP {http_status}, exit {exit})\n"
        )
        .unwrap();
        writeln!(page, "- Likely cause: {cause}\n- What to do: {action}").unwrap();
    }
    expect_file!["../../../../../docs/errors.md"].assert_eq(&page);
}

#[test]
fn every_sort_of_failure_ends_the_command_line_in_its_own_way() {
    let exits: BTreeSet<(u8, bool)> = ErrorCode::ALL
        .iter()
        .map(|code| (code.exit_code(), code.sort() == Sort::Refused))
        .collect();
    let expected = [
        (1, true),
        (2, true),
        (3, false),
        (4, false),
        (5, false),
        (6, false),
    ];
    assert_eq!(exits, expected.into());
}
