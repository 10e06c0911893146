//! What a caller's program learns of each failure: gRPC's code or the response's status, and the error code.

use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use expect_test::expect_file;
use lifecycle::Package;
use model::TxValidationCode;
use model::client::Invocation;
use msp::{Identity, Signer as _, SigningIdentity};
use prost::Message as _;
use proto::lifecycle as messages;
use proto::protos::SignedProposal;

use super::Answer;
use super::network::{
    CHANNEL, LOOSE, NOW_S, Network, at, definition, invoke, lifecycle_call, sign,
};
use super::people::Org;
use super::refusals::changed;
use crate::Config;

/// The cases, a line each.
#[derive(Default)]
struct Table(Vec<String>);

impl Table {
    fn add(&mut self, case: &str, answer: &Answer) {
        let (outcome, code) = match answer {
            Ok(answer) => {
                let response = answer.get_ref().response.clone().unwrap();
                let code = services::read_code(answer.metadata());
                (response.status.to_string(), code)
            }
            Err(status) => (format!("{:?}", status.code()), services::code_of(status)),
        };
        let code = code.unwrap_or("-");
        self.0.push(format!("{case}: {outcome} {code}"));
    }

    async fn send(&mut self, case: &str, network: &Network, proposal: SignedProposal) {
        self.add(case, &network.peers[0].endorser.process(proposal).await);
    }

    async fn call(&mut self, case: &str, network: &Network, invocation: Invocation) {
        self.as_who(case, network, network.user(), invocation).await;
    }

    async fn as_who(
        &mut self,
        case: &str,
        network: &Network,
        who: &SigningIdentity,
        invocation: Invocation,
    ) {
        self.send(case, network, network.propose(who, invocation))
            .await;
    }
}

fn on(channel: &str, invocation: Invocation) -> Invocation {
    Invocation {
        channel_id: channel.to_owned(),
        ..invocation
    }
}

async fn identities(table: &mut Table, network: &Network) {
    let nop = || invoke("cc", &["nop"]);
    let mut unsigned = network.propose(network.user(), nop());
    unsigned.signature = Bytes::new();
    table.send("unsigned", network, unsigned).await;
    let mut foreign = network.propose(network.user(), nop());
    let admin = &network.orgs[0].admin;
    foreign.signature = admin.sign(&foreign.proposal_bytes).unwrap();
    table.send("wrongly signed", network, foreign).await;
    let nobody = changed(network, |parts| {
        parts.signature.creator = Bytes::from_static(b"nobody");
        let creator = &parts.signature.creator;
        parts.channel.tx_id = model::TxId::compute(&parts.signature.nonce, creator).to_string();
    });
    table.send("malformed creator", network, nobody).await;
    let folder = network.folder.path();
    let liar = Org::make(&folder.join("liars"), 4, "Org1MSP");
    let case = "certificate of another authority";
    table.as_who(case, network, &liar.user, nop()).await;
    let mut revoking = Org::make(&folder.join("strangers"), 3, "Org3MSP");
    let case = "organisation not in the channel";
    table.as_who(case, network, &revoking.user, nop()).await;
    revoke_user(&mut revoking);
    let genesis = network.genesis_of("revoking", &[&revoking]);
    network.peers[0].join(&genesis, "revoking").await;
    table
        .as_who("revoked", network, &revoking.user, on("revoking", nop()))
        .await;
    let peer = SigningIdentity::from_folder(&network.orgs[0].peer, "Org1MSP").unwrap();
    table.as_who("wrong role", network, &peer, nop()).await;
    let good = network.propose(network.user(), nop());
    let (clock, years) = (&network.peers[0].clock_s, 3 * 365 * 24 * 60 * 60);
    clock.store(NOW_S + years, Ordering::Relaxed);
    table.send("expired", network, good).await;
    clock.store(NOW_S, Ordering::Relaxed);
}

/// Puts the organisation's user on the revocation list of its MSP.
fn revoke_user(org: &mut Org) {
    let mut config = proto::msp::FabricMspConfig::decode(org.msp.config.clone()).unwrap();
    let (_, certificate) = Identity::decode(org.user.identity()).unwrap();
    let list = org.authority.identities().revoke(&[certificate], NOW_S);
    config.revocation_list.push(list.unwrap().into());
    org.msp.config = config.encode_to_vec().into();
}

async fn proposals(table: &mut Table, network: &Network) {
    let minutes = |minutes: i64| {
        changed(network, |parts| {
            parts.channel.timestamp = Some(at(NOW_S + minutes * 60));
        })
    };
    table
        .send("clock 20 minutes slow", network, minutes(-20))
        .await;
    table
        .send("clock 20 minutes fast", network, minutes(20))
        .await;
    let garbage = sign(network.user(), Bytes::from_static(b"\xff"));
    table.send("not protobuf", network, garbage).await;
    let other_type = changed(network, |parts| parts.channel.r#type = 2);
    table
        .send("header of another type", network, other_type)
        .await;
    let other_id = changed(network, |parts| parts.channel.tx_id = "abc".to_owned());
    table
        .send("another transaction id", network, other_id)
        .await;
    let nowhere = changed(network, |parts| {
        parts.channel.channel_id = "nowhere".to_owned();
    });
    table.send("unknown channel", network, nowhere).await;
    let again = network.propose(network.user(), invoke("cc", &["put", "a", "1"]));
    let endorsed = network.peers[0].endorser.process(again.clone()).await;
    let proposal = model::Proposal::parse(&again).unwrap();
    let responses = [endorsed.unwrap().into_inner()];
    let code = network
        .commit_endorsed(CHANNEL, network.user(), &proposal, &responses)
        .await;
    assert_eq!(code, TxValidationCode::Valid);
    table
        .send("replayed after its commit", network, again)
        .await;
}

async fn definitions(table: &mut Table, network: &Network) {
    network.join(LOOSE).await;
    let nop = || on(LOOSE, invoke("cc", &["nop"]));
    table.call("not defined", network, nop()).await;
    let package_id = network.peers[1].node.packages().unwrap()[0]
        .package_id
        .clone();
    network
        .approve(1, LOOSE, &definition("cc"), Some(&package_id))
        .await;
    network.define(&[1], LOOSE, &definition("cc")).await;
    table
        .call("not approved by this organisation", network, nop())
        .await;
    network.approve(0, LOOSE, &definition("cc"), None).await;
    table.call("not installed", network, nop()).await;
    let mut waiting = definition("waiting");
    waiting.init_required = true;
    network.deploy(CHANNEL, &waiting).await;
    let case = "not initialised";
    table.call(case, network, invoke("waiting", &["nop"])).await;
    let init = Invocation {
        is_init: true,
        ..invoke("cc", &["nop"])
    };
    table.call("initialised without need", network, init).await;
}

async fn contracts(table: &mut Table, network: &Network) {
    for (case, args) in [
        (
            "the contract refuses with 500",
            &["refuse", "500", "no room"][..],
        ),
        (
            "the contract refuses with 404",
            &["refuse", "404", "no asset a7"],
        ),
        (
            "the contract refuses with 400",
            &["refuse", "400", "too small"],
        ),
        (
            "no such function",
            &[
                "refuse",
                "404",
                "Function Sell not found in contract C; it has Buy",
            ],
        ),
        (
            "wrong count of arguments",
            &[
                "refuse",
                "400",
                "Incorrect number of params. Expected 1, received 0",
            ],
        ),
        (
            "wrong type of an argument",
            &[
                "refuse",
                "400",
                "Error managing parameter size. Conversion error.",
            ],
        ),
        ("panic", &["panic", "out of cheese"]),
        ("abort", &["trap"]),
        ("fuel used up", &["burn"]),
        ("response out of limits", &["wrongstatus"]),
        ("calls an unknown chaincode", &["call", "nobody", "", "nop"]),
        (
            "calls a chaincode not installed",
            &["call", "cc", LOOSE, "nop"],
        ),
        (
            "calls into an unknown channel",
            &["call", "cc", "nowhere", "nop"],
        ),
        (
            "calls one that is not initialised",
            &["call", "waiting", "", "nop"],
        ),
    ] {
        table.call(case, network, invoke("cc", args)).await;
    }
    let long = "x".repeat(17 << 20);
    let case = "arguments beyond the sandbox's limit";
    table
        .call(case, network, invoke("cc", &["put", "a", &long]))
        .await;
    let hurried = network.peers[0].configured(Config {
        execution_timeout_ms: 30,
        ..Config::default()
    });
    let burn = network.propose(network.user(), invoke("cc", &["burn"]));
    table.add("time used up", &hurried.process(burn).await);
}

async fn built_in(table: &mut Table, network: &Network) {
    let ask = |chaincode: &str, args: &[&str]| on("", invoke(chaincode, args));
    for (case, chaincode, args) in [
        (
            "block not there",
            "qscc",
            &["GetBlockByNumber", CHANNEL, "99"][..],
        ),
        (
            "no block's number",
            "qscc",
            &["GetBlockByNumber", CHANNEL, "x"],
        ),
        (
            "transaction not there",
            "qscc",
            &["GetTransactionByID", CHANNEL, "ab"],
        ),
        ("channel not there", "qscc", &["GetChainInfo", "nowhere"]),
        ("no such query", "qscc", &["GetEverything", CHANNEL, "x"]),
        (
            "configuration of no channel",
            "cscc",
            &["GetChannelConfig", "nowhere"],
        ),
        ("no genesis block", "cscc", &["JoinChain", "block"]),
    ] {
        table.call(case, network, ask(chaincode, args)).await;
    }
    let admin = &network.orgs[0].admin;
    let join = |genesis: &Bytes| Invocation {
        args: vec![Bytes::from_static(b"JoinChain"), genesis.clone()],
        ..ask("cscc", &[])
    };
    let third = network.genesis("third").encode();
    let ledger = network.peers[0].channel(CHANNEL).ledger().clone();
    let joined = ledger.block_bytes(0).unwrap().unwrap();
    let case = "joins as a user";
    table.call(case, network, join(&third)).await;
    // The first time the host agrees; then it has a reason of its own, which counts for less than the fact.
    table.as_who("joins", network, admin, join(&third)).await;
    let case = "joins a channel it has joined";
    table.as_who(case, network, admin, join(&joined)).await;
    let case = "the host cannot join";
    table.as_who(case, network, admin, join(&third)).await;
}

async fn lifecycle(table: &mut Table, network: &Network) {
    let admin = &network.orgs[0].admin;
    let mut next = definition("cc");
    next.sequence = 2;
    for (case, sequence) in [("approved by nobody", 2), ("sequence left out", 3)] {
        let commitment = messages::CommitChaincodeDefinitionArgs {
            sequence,
            ..next.clone()
        };
        let commit = lifecycle_call(CHANNEL, "CommitChaincodeDefinition", &commitment);
        table.as_who(case, network, admin, commit).await;
    }
    let garbage = Invocation {
        args: vec![
            Bytes::from_static(b"CommitChaincodeDefinition"),
            Bytes::from_static(b"\xff"),
        ],
        ..lifecycle_call(CHANNEL, "", &())
    };
    let case = "argument is not protobuf";
    table.as_who(case, network, admin, garbage).await;
    let unknown = messages::QueryChaincodeDefinitionArgs {
        name: "nobody".to_owned(),
    };
    let unknown = lifecycle_call(CHANNEL, "QueryChaincodeDefinition", &unknown);
    table
        .call("definition of no chaincode", network, unknown)
        .await;
    let unknown = messages::GetInstalledChaincodePackageArgs {
        package_id: "a:b".to_owned(),
    };
    let unknown = lifecycle_call("", "GetInstalledChaincodePackage", &unknown);
    table
        .as_who("package not there", network, admin, unknown)
        .await;
    let good = Package::build("cc_1", &super::contract::component()).unwrap();
    let silent = Package::build("silent", &super::contract::unfit()).unwrap();
    let text = Package::build("text", b"not a component").unwrap();
    let module = wat::parse_str("(component)").unwrap();
    let empty = Package::build("empty", &module).unwrap();
    for (case, who, bytes) in [
        ("installs as a user", network.user(), good.bytes.clone()),
        ("installs again", admin, good.bytes.clone()),
        (
            "installs what is no package",
            admin,
            Bytes::from_static(b"\x1f\x8b"),
        ),
        (
            "installs a cut package",
            admin,
            good.bytes.slice(..good.bytes.len() / 2),
        ),
        ("installs what is no component", admin, text.bytes),
        ("installs what exports nothing", admin, empty.bytes),
        (
            "installs what panics when asked its metadata",
            admin,
            silent.bytes,
        ),
    ] {
        let install = messages::InstallChaincodeArgs {
            chaincode_install_package: bytes,
        };
        let install = lifecycle_call("", "InstallChaincode", &install);
        table.as_who(case, network, who, install).await;
    }
}

/// One thread, which is held, and one place to wait.
async fn crowded(table: &mut Table) {
    let network = Network::with(Config::default(), 1).await;
    network.deploy(CHANNEL, &definition("cc")).await;
    let peer = &network.peers[0];
    let (release, held) = mpsc::channel::<()>();
    let (started, running) = tokio::sync::oneshot::channel();
    let deadline = Instant::now() + Duration::from_secs(60);
    let taken = peer.executor.submit(deadline, move |_| {
        started.send(()).unwrap();
        held.recv().unwrap();
    });
    running.await.unwrap();
    let proposal = network.propose(network.user(), invoke("cc", &["nop"]));
    let (endorser, first) = (peer.endorser.clone(), proposal.clone());
    let waiting = tokio::task::JoinSet::from_iter([async move { endorser.process(first).await }]);
    while peer.executor.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    table
        .send("replayed while it runs", &network, proposal)
        .await;
    let case = "no place to wait";
    table.call(case, &network, invoke("cc", &["nop"])).await;
    let closed = peer.configured(Config {
        proposals_max: 0,
        ..Config::default()
    });
    let proposal = network.propose(network.user(), invoke("cc", &["nop"]));
    table.add("too many proposals", &closed.process(proposal).await);
    release.send(()).unwrap();
    for answer in waiting.join_all().await {
        table.add("none of these", &answer);
    }
    taken.unwrap().await.unwrap();
    let ledger = peer.channel(CHANNEL).ledger().clone();
    let snapshots: Vec<_> = std::iter::from_fn(|| ledger.snapshot().ok()).collect();
    let case = "the ledger cannot be read now";
    table.call(case, &network, invoke("cc", &["nop"])).await;
    drop(snapshots);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_has_a_code_of_its_own_beside_fabrics() {
    let network = Network::with_chaincode().await;
    let mut table = Table::default();
    identities(&mut table, &network).await;
    proposals(&mut table, &network).await;
    definitions(&mut table, &network).await;
    contracts(&mut table, &network).await;
    built_in(&mut table, &network).await;
    lifecycle(&mut table, &network).await;
    crowded(&mut table).await;
    table.0.push(String::new());
    expect_file!["codes.txt"].assert_eq(&table.0.join("\n"));
}
