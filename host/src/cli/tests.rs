use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use super::Cli;

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
        "weft chaincode package dir --label basic_1.0 --out f.tar.gz",
        "weft --profile p chaincode install f.tar.gz",
        "weft chaincode approve --name n --version 1 --sequence 1 --package-id n:0 --profile p",
        "weft chaincode approve --name n --version 1 --sequence 2 --policy OR('A.peer') --init-required --collections c",
        "weft chaincode commit --name n --version 1 --sequence 1 --policy-ref /Channel/X --org A,B --org C",
        "weft chaincode list --installed --output json",
        "weft chaincode list --name n",
        "weft submit n Create a 5 -5 --transient k=v --transient l=a=b --org A --init -o json",
        "weft evaluate n Read -- --dashes",
        "weft block",
        "weft block newest",
        "weft block 7 --raw f",
        "weft tx abc --raw f",
        "weft events n --from 0 --count 2",
        "weft digest --all",
        "weft ledger rebuild --config p.yaml --channel c",
        "weft context add n --profile p --channel c --replace",
        "weft context import d --prefix dev-",
        "weft context list -o yaml",
        "weft context show n",
        "weft context use n",
        "weft context remove n",
        "weft --context n --color never -q chaincode show basic --output json",
        "weft chaincode readiness --name n --version 1 --sequence 1",
        "weft chaincode query-approved --name n --sequence 2",
        "weft chaincode get-package n:0 --out -",
        "weft chaincode install -",
        "weft chaincode deploy dir=n --with a,b",
        "weft blocks --from 3 --limit 5",
        "weft blocks --follow",
        "weft events --blocks --from 0",
        "weft events --filtered --count 1",
        "weft tx status abc --wait",
        "weft state get n k",
        "weft state get n owner --attribute Tom",
        "weft state list n --prefix a --limit 5 --bookmark b",
        "weft state list n --start a --end b",
        "weft state list n --object-type owner --attribute Tom --attribute 1",
        "weft state history n k",
        "weft channel list",
        "weft channel info --channel c",
        "weft channel config --raw -",
        "weft channel join -",
        "weft node",
        "weft sign - --base64",
        "weft doctor --dir d",
        "weft explain endorse.mismatch",
        "weft completion zsh",
        "weft man --dir d",
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
        "weft events",
        "weft events n --blocks",
        "weft blocks --follow --limit 3",
        "weft blocks --limit 0",
        "weft tx",
        "weft tx status",
        "weft state list n --prefix a --start b",
        "weft state list n --attribute Tom",
        "weft state list n --limit 1001",
        "weft --context a --profile b node",
        "weft --output xml node",
        "weft --channel Bad node",
        "weft completion tcsh",
    ] {
        assert!(refusal(line).is_some(), "{line}");
    }
}
