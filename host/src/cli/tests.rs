use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use super::Cli;

/// So that the skip is said once, not by each test.
static SKIPPED: Once = Once::new();

/// The recorded channel; `None`, after saying so, where there are no vectors. They lie beside the project, or where
/// `WEFT_SHARED` says.
#[expect(
    clippy::disallowed_methods,
    reason = "tests find their vectors by the environment"
)]
pub(super) fn recorded() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("WEFT_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("vectors/recorded-channel");
    if folder.is_dir() {
        return Some(folder);
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "no recorded vectors at {}", folder.display());
    SKIPPED.call_once(|| {
        // Not eprintln!, which the test harness swallows when a test passes.
        let line = format!("SKIPPED: no recorded vectors at {}\n", folder.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    });
    None
}

fn refusal(line: &str) -> Option<ErrorKind> {
    Cli::try_parse_from(line.split(' '))
        .err()
        .map(|error| error.kind())
}

#[test]
fn the_command_line_is_put_together_rightly() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_readme_is_understood() {
    for line in [
        "weft peer --config p.yaml",
        "weft orderer --config o.yaml --log info,orderer=debug --log-json",
        "weft dev",
        "weft dev --dir d --channel ch-1 --ports free",
        "weft chaincode package dir --label basic_1.0 --output f.tar.gz",
        "weft --profile p chaincode install f.tar.gz",
        "weft chaincode approve --name n --version 1 --sequence 1 --package-id n:0 --profile p",
        "weft chaincode approve --name n --version 1 --sequence 2 --policy OR('A.peer') --init-required --collections c",
        "weft chaincode commit --name n --version 1 --sequence 1 --policy-ref /Channel/X --org A,B --org C",
        "weft chaincode list --installed --json",
        "weft chaincode list --name n",
        "weft submit n Create a 5 -5 --transient k=v --transient l=a=b --org A --init --json",
        "weft evaluate n Read -- --dashes",
        "weft block",
        "weft block newest",
        "weft block 7 --raw f",
        "weft tx abc --raw f",
        "weft events n --from 0 --count 2",
        "weft digest --all",
        "weft ledger rebuild --config p.yaml --channel c",
    ] {
        assert_eq!(refusal(line), None, "{line}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_done() {
    for line in [
        "weft block -1",
        "weft block last",
        "weft submit n f --transient novalue",
        "weft submit n f --transient =v",
        "weft dev --channel Bad",
        "weft dev --ports some",
        "weft chaincode commit --name n --version 1 --sequence 0",
        "weft chaincode commit --name n --version 1 --sequence 1 --policy x --policy-ref y",
        "weft chaincode list --installed --name n",
        "weft events n --count 0",
        "weft evaluate n f --init",
    ] {
        assert!(refusal(line).is_some(), "{line}");
    }
}
