//! Who gets into a peer's REST API, and by which way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::hash::sha256;
use serde_json::json;
use system_tests::{Answer, Http, Network, Node, Process, Weft, profile};

/// A change of the credentials is in force within a second.
const TAKEN_UP: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

fn credentials(network: &Network) -> PathBuf {
    network.dir().join("nodes/peer0.org1.credentials.yaml")
}

/// Asks until the answer is of that status.
fn until(status: u16, ask: impl Fn() -> Answer) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if answer.status == status {
            return answer;
        }
        assert!(
            begun.elapsed() < TAKEN_UP,
            "{}: {}",
            answer.status,
            answer.text()
        );
        std::thread::sleep(PAUSE);
    }
}

/// A token for `identity`, added to the credentials of Org1's peer.
fn new_token(network: &Network, name: &str, identity: &str) -> String {
    let file = credentials(network);
    let ran = weft(network)
        .args([
            "token",
            "new",
            "--name",
            name,
            "--identity",
            identity,
            "--file",
        ])
        .arg(file)
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

fn weft(network: &Network) -> Command {
    let mut command = Command::new(&network.artifacts().weft);
    command.stdin(Stdio::null());
    command
}

#[test]
fn a_token_is_good_from_its_entry_to_its_removal_without_a_restart() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let http = network.http(Node::Peer1).unwrap();
    let node = |token: &str| http.with_token(token).get("/v1/node").unwrap();
    assert_eq!(node("weft_unknown").code(), "auth.invalid");
    assert_eq!(http.get("/v1/node").unwrap().code(), "auth.missing");
    assert_eq!(node(network.token()).json()["identity"], "org1-user");

    let before = fs::read_to_string(credentials(&network)).unwrap();
    let token = new_token(&network, "auditor", "org1-admin");
    let told = until(200, || node(&token)).json();
    assert_eq!(
        (&told["credential"], &told["identity"]),
        (&json!("auditor"), &json!("org1-admin"))
    );
    let other = http.with_token(&token).with("Weft-Identity", "org1-user");
    assert_eq!(other.get("/v1/node").unwrap().code(), "auth.identity");

    fs::write(credentials(&network), before).unwrap();
    assert_eq!(until(401, || node(&token)).code(), "auth.invalid");
    assert_eq!(node(network.token()).status, 200);
}

#[test]
fn credentials_that_cannot_be_read_change_nothing_but_the_health() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let http = network.http(Node::Peer1).unwrap();
    let health = || http.get("/healthz").unwrap();
    let good = fs::read_to_string(credentials(&network)).unwrap();
    fs::write(
        credentials(&network),
        format!("{good}  - name: [secret words\n"),
    )
    .unwrap();
    let told = until(503, health);
    assert_eq!(told.json()["failed_checks"][0]["component"], "credentials");
    assert!(!told.text().contains("secret words"), "{}", told.text());
    let node = http.with_token(network.token()).get("/v1/node").unwrap();
    assert_eq!(node.status, 200);
    fs::write(credentials(&network), good).unwrap();
    until(200, health);
}

#[test]
fn a_new_token_ends_the_old_one_while_the_network_runs() {
    let network = Network::dev(&["mychannel"]).unwrap();
    let ran = weft(&network)
        .args(["dev", "--new-token", "--dir"])
        .arg(network.dir())
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let said = String::from_utf8(ran.stdout).unwrap();
    let token = said
        .lines()
        .find_map(|line| line.strip_prefix("token: "))
        .unwrap();
    for node in [Node::Peer1, Node::Peer2] {
        let http = network.http(node).unwrap();
        until(200, || http.with_token(token).get("/v1/node").unwrap());
        until(401, || {
            http.with_token(network.token()).get("/v1/node").unwrap()
        });
    }
}

/// A request by `curl`, which speaks TLS; gives the HTTP status, 0 where there was no connection, and the body.
fn curl(network: &Network, address: &str, more: &[&str]) -> (u16, String) {
    let authority = organization(network).join("tlsca/tlsca.org1.example.com-cert.pem");
    let ran = Command::new("curl")
        .args(["-s", "-m", "20", "-w", "\n%{http_code}", "--cacert"])
        .arg(authority)
        .args(more)
        .arg(format!("https://{address}/v1/node"))
        .output()
        .expect("curl is needed");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn organization(network: &Network) -> PathBuf {
    network
        .dir()
        .join("organizations/peerOrganizations/org1.example.com")
}

/// SHA-256 of the DER in a PEM file, in hex.
fn fingerprint(path: &Path) -> String {
    let pem = fs::read_to_string(path).unwrap();
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    let der = STANDARD.decode(lines.collect::<String>()).unwrap();
    sha256(&der)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn a_client_certificate_is_a_credential_where_certificates_are_asked_for() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    let http = network.http(Node::Peer1).unwrap();
    let tls = organization(&network).join("users/User1@org1.example.com/tls");
    let (certificate, key) = (tls.join("client.crt"), tls.join("client.key"));
    let entry = format!(
        "  - name: mutual\n    certificate_sha256: {}\n    identities: [org1-admin]\n",
        fingerprint(&certificate)
    );
    let known = fs::read_to_string(credentials(&network)).unwrap();
    fs::write(credentials(&network), known + &entry).unwrap();
    let shown = [
        "--cert",
        certificate.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
    ];
    let authority = organization(&network).join("tlsca/tlsca.org1.example.com-cert.pem");
    let ask_for = |network: &mut Network, how: &str| {
        network.stop(Node::Peer1).unwrap();
        let change = |config: &mut serde_yaml_ng::Mapping| {
            let tls = &mut config["listen"]["tls"];
            tls["client_roots"] = vec![authority.to_str().unwrap()].into();
            tls["client_certificates"] = how.into();
            Ok(())
        };
        network.configure(Node::Peer1, change).unwrap();
        network.start(Node::Peer1).unwrap();
    };

    ask_for(&mut network, "optional");
    let (status, body) = curl(&network, &http.address, &shown);
    assert_eq!(status, 200, "{body}");
    assert!(
        body.contains(r#""credential":"mutual""#) && body.contains(r#""identity":"org1-admin""#),
        "{body}"
    );
    let (status, body) = curl(&network, &http.address, &[]);
    assert!(
        status == 401 && body.contains("auth.missing"),
        "{status}: {body}"
    );
    let user: Weft = network.weft(profile::ORG1_USER);
    user.ok(&["block", "newest"]).unwrap();

    ask_for(&mut network, "required");
    assert_eq!(curl(&network, &http.address, &shown).0, 200);
    assert_eq!(
        curl(&network, &http.address, &[]).0,
        0,
        "no handshake without a certificate"
    );
}

#[test]
fn plain_http_is_served_only_where_the_operator_says_so_and_under_names_of_this_machine() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    let http = network
        .http(Node::Peer1)
        .unwrap()
        .with_token(network.token());
    assert_eq!(http.get("/v1/node").unwrap().status, 200);
    for path in ["/v1/node", "/healthz", "/docs", "/nosuch"] {
        let strange = http.with("Host", "evil.example").get(path).unwrap();
        assert_eq!(
            (strange.status, strange.code().as_str()),
            (421, "request.host"),
            "{path}"
        );
    }
    let large = http.with("X-Large", &"x".repeat(70_000));
    let refused = large.get("/v1/node").unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (431, "request.headers_too_large")
    );

    network.stop(Node::Peer1).unwrap();
    let change = |config: &mut serde_yaml_ng::Mapping| {
        config["listen"]["plain_http_on_loopback"] = false.into();
        Ok(())
    };
    network.configure(Node::Peer1, change).unwrap();
    network.start(Node::Peer1).unwrap();
    assert!(http.get("/healthz").is_err(), "only TLS is spoken");
    let (status, _) = curl(&network, &http.address, &[]);
    assert_eq!(status, 401);
}

#[test]
fn an_orderer_offers_its_health_and_nothing_else_over_http() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.stop(Node::Orderer).unwrap();
    let change = |config: &mut serde_yaml_ng::Mapping| {
        config["listen"]["plain_http_on_loopback"] = true.into();
        Ok(())
    };
    network.configure(Node::Orderer, change).unwrap();
    network.start(Node::Orderer).unwrap();
    let text = fs::read_to_string(network.config(Node::Orderer)).unwrap();
    let config: serde_json::Value = serde_yaml_ng::from_str(&text).unwrap();
    let orderer = Http::new(config["listen"]["address"].as_str().unwrap());
    assert_eq!(orderer.get("/healthz").unwrap().status, 200);
    for path in ["/metrics", "/v1/node", "/docs"] {
        assert_eq!(orderer.get(path).unwrap().code(), "request.route", "{path}");
    }
    let peer = network.http(Node::Peer1).unwrap();
    assert_eq!(peer.get("/metrics").unwrap().code(), "auth.missing");
    let page = peer.with_token(network.token()).get("/metrics").unwrap();
    assert!(
        page.status == 200 && page.text().contains("ledger_height"),
        "{}",
        page.text()
    );
}

/// `weft dev` with a contract, in a folder.
fn dev_with(network: &Path, weft: &Path, contract: &str, log: &str) -> Process {
    let mut command = Command::new(weft);
    command.args(["dev", "--ports", "free", "--chaincode", contract, "--dir"]);
    command.arg(network.join("net"));
    let mut dev = Process::start("weft dev", command, &network.join(log)).unwrap();
    dev.wait_for_line("ready in ").unwrap();
    dev
}

fn end(mut dev: Process) {
    dev.signal("TERM").unwrap();
    assert!(dev.wait(Duration::from_secs(20)).unwrap().success());
}

fn word_after(log: &str, start: &str) -> String {
    let rest = log.lines().find_map(|line| line.trim().strip_prefix(start));
    rest.unwrap().split_whitespace().next().unwrap().to_owned()
}

#[test]
fn weft_dev_deploys_a_contract_once_and_upgrades_it_when_it_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = system_tests::Artifacts::find().unwrap();
    let asset = artifacts.contract("asset-transfer").unwrap();
    let basic = format!("{}=basic", asset.display());
    let dev = dev_with(folder.path(), &artifacts.weft, &basic, "1.log");
    let log = dev.log();
    assert!(log.contains("chaincode basic deployed"), "{log}");
    let http = Http::new(&word_after(&log, "peer0.org1 ")).with_token(&word_after(&log, "token: "));
    let created = http
        .post(
            "/v1/channels/mychannel/chaincodes/basic/submit",
            &json!({"function": "CreateAsset", "args": ["asset9", "blue", 5, "Ann", 300]}),
        )
        .unwrap();
    assert_eq!(created.status, 200, "{}", created.text());
    assert_eq!(created.json()["code"], "VALID");
    let height = |http: &Http| http.get("/v1/channels/mychannel").unwrap().json()["height"].clone();
    let before = height(&http);
    end(dev);

    let dev = dev_with(folder.path(), &artifacts.weft, &basic, "2.log");
    assert!(
        dev.log().contains("chaincode basic is as it was"),
        "{}",
        dev.log()
    );
    assert_eq!(height(&http), before, "nothing was written");
    end(dev);

    let other = artifacts.contract("sealed-note").unwrap();
    let other = format!("{}=basic", other.display());
    let dev = dev_with(folder.path(), &artifacts.weft, &other, "3.log");
    assert!(
        dev.log().contains("chaincode basic upgraded to sequence 2"),
        "{}",
        dev.log()
    );
    let gone = http
        .post(
            "/v1/channels/mychannel/chaincodes/basic/evaluate",
            &json!({"function": "ReadAsset", "args": ["asset9"]}),
        )
        .unwrap();
    assert_ne!(gone.status, 200, "the other contract has no such function");
    end(dev);

    let token = word_after(&log, "token: ");
    assert!(
        !holds(&folder.path().join("net"), token.as_bytes()),
        "the token was stored"
    );
}

/// Whether a file below the folder has these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        let content = fs::read(&path).unwrap();
        content.windows(bytes.len()).any(|part| part == bytes)
    })
}

#[test]
fn a_contract_that_cannot_be_deployed_ends_weft_dev_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = system_tests::Artifacts::find().unwrap();
    let path = folder.path().join("text.wasm");
    fs::write(&path, "this is no module").unwrap();
    let ran = Command::new(&artifacts.weft)
        .args(["dev", "--ports", "free", "--log", "error", "--dir"])
        .arg(folder.path().join("net"))
        .arg("--chaincode")
        .arg(format!("{}=basic", path.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("error[package.not_component]"), "{said}");
}

#[test]
fn a_node_that_cannot_start_says_so_with_a_code() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    let peer = |config: PathBuf| {
        let ran = weft(&network)
            .args(["--log", "off", "peer", "--config"])
            .arg(config)
            .output();
        let ran = ran.unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(1), "{said}");
        let code = said
            .split_once("error[")
            .and_then(|(_, rest)| rest.split_once(']'));
        code.unwrap_or_else(|| panic!("{said}")).0.to_owned()
    };
    assert_eq!(peer(network.config(Node::Peer1)), "data.folder");
    assert_eq!(peer(network.dir().join("nosuch.yaml")), "file.unusable");
    let text = fs::read_to_string(network.config(Node::Peer1)).unwrap();
    let variant = |name: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        let path = network.dir().join("nodes").join(name);
        fs::write(&path, text.replace(from, to)).unwrap();
        path
    };
    let elsewhere = ("../data/peer0.org1", "../data/elsewhere");
    assert_eq!(
        peer(variant("a.yaml", elsewhere.0, elsewhere.1)),
        "port.taken"
    );
    assert_eq!(peer(variant("b.yaml", "rest:", "rests:")), "config.invalid");
    let unknown = variant("c.yaml", "name: org1-admin", "name: org1-other");
    fs::write(
        &unknown,
        fs::read_to_string(&unknown)
            .unwrap()
            .replace(elsewhere.0, elsewhere.1),
    )
    .unwrap();
    network.stop(Node::Peer1).unwrap();
    let peer = |config: PathBuf| {
        let ran = weft(&network)
            .args(["--log", "off", "peer", "--config"])
            .arg(config)
            .output();
        String::from_utf8_lossy(&ran.unwrap().stderr).into_owned()
    };
    let said = peer(unknown);
    assert!(
        said.contains("error[config.invalid]")
            && said.contains("identity 'org1-admin' is not in rest.wallet"),
        "{said}"
    );
}
