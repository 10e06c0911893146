//! How nodes start and end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use system_tests::{Network, Node, Random, profile};

use crate::walk::equal_digests;

#[test]
fn a_network_that_is_started_again_goes_on_where_it_was() {
    let mut network = Network::dev(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let user = network.weft(profile::ORG1_USER);
    user.ok(&["submit", "basic", "InitLedger"]).unwrap();
    let before = equal_digests(&network);
    network.stop_dev().unwrap();
    network.start_dev().unwrap();
    assert_eq!(equal_digests(&network), before);
    let moved = user
        .json(&["submit", "basic", "TransferAsset", "asset1", "Max"])
        .unwrap();
    assert_eq!(
        moved["block"], before["height"],
        "the next block follows the last one"
    );
    let read = user
        .ok(&["evaluate", "basic", "ReadAsset", "asset1"])
        .unwrap();
    let asset: serde_json::Value = serde_json::from_str(&read).unwrap();
    assert_eq!(asset["Owner"], "Max");
    equal_digests(&network);
}

/// A client that follows events and is in the middle of it.
struct Listener(Child);

impl Listener {
    fn start(network: &Network) -> Self {
        let user = network.weft(profile::ORG1_USER);
        user.ok(&[
            "submit",
            "basic",
            "CreateAsset",
            "heard",
            "blue",
            "5",
            "Ann",
            "1",
        ])
        .unwrap();
        let mut events = user.command(&["events", "basic", "--from", "0"]);
        let mut child = events
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.contains("heard"), "the first event: {line}");
        Self(child)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn sigterm_ends_each_node_with_0_though_clients_hold_streams_open() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let _listener = Listener::start(&network);
    for node in [Node::Peer1, Node::Peer2, Node::Orderer] {
        let begun = Instant::now();
        network.stop(node).unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(12),
            "{}: {:?}",
            node.name(),
            begun.elapsed()
        );
    }
    for node in Node::ALL {
        network.start(node).unwrap();
    }
    network
        .weft(profile::ORG1_USER)
        .ok(&["submit", "basic", "InitLedger"])
        .unwrap();
    equal_digests(&network);
}

#[test]
fn who_waits_for_a_commit_does_not_hold_up_the_end_of_a_peer() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let client = network.client(profile::ORG1_USER, Random::new(3)).unwrap();
    let never_submitted = runtime
        .block_on(client.endorse("basic", &["InitLedger"]))
        .unwrap();
    let waiting = client.clone();
    let waiting = runtime.spawn(async move { waiting.commit_status(&never_submitted.tx_id).await });
    // It is the same connection: when this is answered, the request above has arrived, too.
    runtime
        .block_on(client.evaluate("basic", &["GetAllAssets"]))
        .unwrap();
    let begun = Instant::now();
    network.stop(Node::Peer1).unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let told = runtime.block_on(waiting).unwrap().unwrap_err();
    assert_eq!(
        (told.code(), told.message()),
        (tonic::Code::Unavailable, "the peer is stopping")
    );
}

#[test]
fn a_second_signal_ends_a_node_at_once() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();
    let _listener = Listener::start(&network);
    let peer = network.process(Node::Peer1).unwrap();
    peer.signal("TERM").unwrap();
    let _ = peer.signal("INT");
    peer.wait(Duration::from_secs(5)).unwrap();
}

#[test]
fn an_unknown_key_in_a_configuration_is_an_error_that_names_it() {
    let mut network = Network::dev(&["mychannel"]).unwrap();
    network.stop_dev().unwrap();
    for node in Node::ALL {
        let config = network.config(node);
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, format!("{text}\ncolour: red\n")).unwrap();
        let command = if node == Node::Orderer {
            "orderer"
        } else {
            "peer"
        };
        let output = Command::new(&network.artifacts().weft)
            .args([command, "--config"])
            .arg(&config)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("colour"), "{said}");
    }
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let mut network = Network::split(&["mychannel"]).unwrap();
    for node in Node::ALL {
        let said = network
            .start(node)
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default();
        assert!(said.contains("ended"), "{}: {said}", node.name());
    }
}

/// A plain HTTP/1.1 request; gives the answer as it came.
fn http_get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn each_node_tells_whether_it_is_well_and_what_it_counts() {
    let mut network = Network::dev(&["mychannel"]).unwrap();
    network.stop_dev().unwrap();
    for node in Node::ALL {
        // A port that was free a moment ago: a node takes a fixed one here, as its operator would say it.
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let config = network.config(node);
        let text = fs::read_to_string(&config).unwrap();
        fs::write(
            &config,
            format!("{text}\noperations_address: '{address}'\n"),
        )
        .unwrap();
        network.start(node).unwrap();
        let health = http_get(&address, "/healthz");
        assert!(
            health.starts_with("HTTP/1.1 200"),
            "{}: {health}",
            node.name()
        );
        let metrics = http_get(&address, "/metrics");
        assert!(
            metrics.starts_with("HTTP/1.1 200"),
            "{}: {metrics}",
            node.name()
        );
        assert!(metrics.contains("# TYPE "), "{}: {metrics}", node.name());
        let nothing = http_get(&address, "/nosuch");
        assert!(
            nothing.starts_with("HTTP/1.1 404"),
            "{}: {nothing}",
            node.name()
        );
    }
}
