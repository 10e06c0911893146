//! A network with everything that the rows of the tables need, and how their outcomes are told.

use std::fmt::Write as _;
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use model::TxId;
use model::client::Invocation;
use proto::protos::{ProposalResponse, SignedProposal};
use serde_json::{Value, json};
use system_tests::{Answer, Client, Http, Network, Node, Random, Weft, profile, read_answer};
use tokio::runtime::Runtime;
use tonic::Status;

/// A body must be there by then; the default of 30 seconds is too long to wait for.
const BODY_TIMEOUT_MS: u64 = 1_000;

/// A way a bad request may come, and what must be answered.
pub(super) struct Row {
    pub(super) case: &'static str,
    pub(super) door: Door,
    /// Status and code: `404 chaincode.function`, `Aborted chaincode.function`, `1 chaincode.function`.
    pub(super) expected: &'static str,
    pub(super) ask: fn(&Desk) -> String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Rest,
    Grpc,
    Cli,
}

pub(super) const fn rest(
    case: &'static str,
    expected: &'static str,
    ask: fn(&Desk) -> String,
) -> Row {
    Row {
        case,
        door: Door::Rest,
        expected,
        ask,
    }
}

pub(super) const fn grpc(
    case: &'static str,
    expected: &'static str,
    ask: fn(&Desk) -> String,
) -> Row {
    Row {
        case,
        door: Door::Grpc,
        expected,
        ask,
    }
}

pub(super) const fn cli(
    case: &'static str,
    expected: &'static str,
    ask: fn(&Desk) -> String,
) -> Row {
    Row {
        case,
        door: Door::Cli,
        expected,
        ask,
    }
}

/// The network, and a caller at each door of Org1's peer.
pub(super) struct Desk {
    pub(super) network: Network,
    /// With the token of `weft dev`; acts as Org1's user.
    pub(super) http: Http,
    pub(super) runtime: Runtime,
    pub(super) client: Client,
    pub(super) admin_client: Client,
    pub(super) user: Weft,
    pub(super) admin: Weft,
    peer: u32,
    wrong: String,
}

/// The good request: what it answers is what the ledger holds.
const ALL_ASSETS: &str = "/v1/channels/mychannel/chaincodes/basic/evaluate";

impl Desk {
    pub(super) fn open() -> Self {
        let mut network = Network::split(&["mychannel"]).unwrap();
        network.stop(Node::Peer1).unwrap();
        network
            .configure(Node::Peer1, |config| {
                let rest = config
                    .get_mut("rest")
                    .and_then(|rest| rest.as_mapping_mut());
                let rest = rest.expect("weft dev writes a section rest");
                rest.insert("body_timeout_ms".into(), BODY_TIMEOUT_MS.into());
                Ok(())
            })
            .unwrap();
        network.start(Node::Peer1).unwrap();
        network.deploy("asset-transfer", "basic").unwrap();
        let user = network.weft(profile::ORG1_USER);
        user.ok(&["submit", "basic", "InitLedger"]).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = |profile: &str, seed: u64| {
            let _inside = runtime.enter();
            network.client(profile, Random::new(seed)).unwrap()
        };
        let (client, admin_client) = (
            client(profile::ORG1_USER, 30),
            client(profile::ORG1_ADMIN, 29),
        );
        let peer = network.process(Node::Peer1).unwrap().id();
        Self {
            http: network
                .http(Node::Peer1)
                .unwrap()
                .with_token(network.token()),
            client,
            admin_client,
            admin: network.weft(profile::ORG1_ADMIN),
            user,
            network,
            runtime,
            peer,
            wrong: String::new(),
        }
    }

    /// Asks each row and notes which ones are answered otherwise; after each one the peer must be as well as before.
    pub(super) fn check(&mut self, rows: &[Row]) {
        for row in rows {
            let answered = (row.ask)(self);
            self.compare(row.case, row.door, row.expected, &answered);
        }
    }

    /// Notes an answer that is another one than expected.
    pub(super) fn compare(&mut self, case: &str, door: Door, expected: &str, answered: &str) {
        if answered != expected {
            let _ = writeln!(self.wrong, "{case}, {door:?}: {answered}, not {expected}");
        }
        self.must_be_well(case);
    }

    /// Fails if a row was answered otherwise.
    pub(super) fn report(&self) {
        assert!(self.wrong.is_empty(), "answered otherwise:\n{}", self.wrong);
    }

    fn must_be_well(&mut self, after: &str) {
        let process = self.network.process(Node::Peer1).unwrap();
        assert!(
            process.id() == self.peer && !process.has_ended(),
            "the peer ended after: {after}"
        );
        let health = self.http.get("/healthz").unwrap();
        assert_eq!(health.status, 200, "after {after}: {}", health.text());
        let good = self
            .http
            .post(ALL_ASSETS, &json!({"function": "GetAllAssets"}))
            .unwrap();
        assert_eq!(good.status, 200, "after {after}: {}", good.text());
    }

    /// What a request that is refused must not change: the state, the packages, the definitions.
    pub(super) fn traces(&self) -> Vec<Value> {
        let state = self
            .http
            .post(ALL_ASSETS, &json!({"function": "GetAllAssets"}))
            .unwrap();
        let get = |path: &str| self.http.get(path).unwrap();
        let admin = self.http.with("Weft-Identity", profile::ORG1_ADMIN);
        let packages = admin.get("/v1/packages").unwrap();
        let definitions = get("/v1/channels/mychannel/chaincodes");
        for answer in [&state, &packages, &definitions] {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        vec![state.json(), packages.json(), definitions.json()]
    }

    /// What the peer has, and the most that it ever had.
    pub(super) fn memory_kib(&mut self) -> (u64, u64) {
        let peer = self.network.process(Node::Peer1).unwrap();
        (peer.memory_kib().unwrap(), peer.memory_peak_kib().unwrap())
    }

    /// POST of JSON below the channel.
    pub(super) fn post(&self, path: &str, body: &Value) -> String {
        told(
            &self
                .http
                .post(&format!("/v1/channels/{path}"), body)
                .unwrap(),
        )
    }

    /// POST of text to the good request.
    pub(super) fn body(&self, text: &str) -> String {
        told(&self.http.post_text(ALL_ASSETS, text).unwrap())
    }

    /// The head of the good request, with more headers; the caller sends the body.
    pub(super) fn begin(&self, headers: &[(&str, &str)]) -> TcpStream {
        let mut http = self.http.with("Content-Type", "application/json");
        for (name, value) in headers {
            http = http.with(name, value);
        }
        http.open("POST", ALL_ASSETS).unwrap()
    }

    /// A proposal that the caller has signed, over REST.
    pub(super) fn send_proposal(&self, signed: &SignedProposal) -> String {
        let body = json!({
            "proposal": STANDARD.encode(&signed.proposal_bytes),
            "signature": STANDARD.encode(&signed.signature),
        });
        self.post("mychannel/evaluate", &body)
    }

    /// The same over gRPC, to the endorser.
    pub(super) fn process(&self, signed: SignedProposal) -> String {
        self.process_as(&self.client, signed)
    }

    pub(super) fn process_as(&self, client: &Client, signed: SignedProposal) -> String {
        processed(
            &self
                .runtime
                .block_on(client.process_proposal_in_full(signed)),
        )
    }

    /// A call through the gateway.
    pub(super) fn evaluate(&self, client: &Client, chaincode: &str, args: &[&str]) -> String {
        status(self.runtime.block_on(client.evaluate(chaincode, args)))
    }

    /// A transaction's first step through the gateway.
    pub(super) fn endorse(&self, client: &Client, chaincode: &str, args: &[&str]) -> String {
        status(self.runtime.block_on(client.endorse(chaincode, args)))
    }

    /// A proposal to read, by Org1's user now.
    pub(super) fn proposal(&self) -> (TxId, SignedProposal) {
        self.client.propose("basic", &["GetAllAssets"]).unwrap()
    }

    pub(super) fn run(&self, weft: &Weft, arguments: &[&str]) -> String {
        let (exit, code) = weft.code(arguments).unwrap();
        format!("{exit} {code}").trim_end().to_owned()
    }
}

/// A call of the example contract.
pub(super) fn call(function: &str, args: &[&str]) -> Invocation {
    let args = std::iter::once(&function).chain(args);
    Invocation {
        channel_id: "mychannel".to_owned(),
        chaincode: "basic".to_owned(),
        args: args
            .map(|arg| Bytes::copy_from_slice(arg.as_bytes()))
            .collect(),
        transient: std::collections::BTreeMap::new(),
        is_init: false,
    }
}

/// Status and code of an answer; every refusal is a problem document that agrees with itself and with its headers.
pub(super) fn told(answer: &Answer) -> String {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        let found = answer.header(name);
        assert_eq!(
            found,
            Some(value),
            "{name}, {}: {}",
            answer.status,
            answer.text()
        );
    }
    if answer.status >= 400 {
        let problem = answer.json();
        let kind = format!("/docs/errors/{}", answer.code());
        assert_eq!(problem["status"], answer.status, "{}", answer.text());
        assert_eq!(problem["type"], kind, "{}", answer.text());
        for text in ["title", "detail", "hint"] {
            assert!(problem[text].is_string(), "{text}: {}", answer.text());
        }
        let wanted = match answer.status {
            401 => "www-authenticate",
            405 => "allow",
            429 | 503 => "retry-after",
            _ => "content-type",
        };
        assert!(
            answer.header(wanted).is_some(),
            "{wanted}: {}",
            answer.text()
        );
    }
    format!("{} {}", answer.status, answer.code())
        .trim_end()
        .to_owned()
}

/// What a request by hand is answered.
pub(super) fn heard(stream: TcpStream) -> String {
    read_answer(stream).map_or_else(
        |error| format!("no answer: {error:#}"),
        |answer| told(&answer),
    )
}

pub(super) fn status<T>(answer: Result<T, Status>) -> String {
    match answer {
        Ok(_) => "Ok".to_owned(),
        Err(status) => {
            let code = services::code_of(&status).unwrap_or("without a code");
            format!("{:?} {code}", status.code())
        }
    }
}

/// An endorser says no in two ways: the call fails, or its answer holds a response that says so.
fn processed(answer: &Result<tonic::Response<ProposalResponse>, Status>) -> String {
    match answer {
        Err(refused) => status(Err::<(), _>(refused.clone())),
        Ok(answer) => {
            let response = answer.get_ref().response.clone().unwrap_or_default();
            let code = services::read_code(answer.metadata()).unwrap_or_default();
            format!("{} {code}", response.status).trim_end().to_owned()
        }
    }
}
