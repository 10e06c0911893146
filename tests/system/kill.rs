//! Nodes that are killed while clients use them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use system_tests::{Client, Network, Node, Random, profile};
use tokio::task::JoinSet;

use crate::walk::equal_digests;

/// Clients at once; half of them at each peer.
const CLIENTS: u64 = 6;
/// How often each kind of node is killed.
const KILLS: usize = 10;
/// Transactions that must be acknowledged after each kill before the next one.
const PROGRESS: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// What the clients have been told.
#[derive(Default)]
struct Told {
    /// Submit was answered with OK, or the commit status was VALID.
    acknowledged: Mutex<BTreeSet<String>>,
    count: AtomicU64,
    failures: AtomicU64,
    is_over: AtomicBool,
}

impl Told {
    fn acknowledge(&self, tx_id: &str) {
        if self.acknowledged.lock().unwrap().insert(tx_id.to_owned()) {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn wait_for(&self, count: u64) {
        let begun = Instant::now();
        while self.count.load(Ordering::Relaxed) < count {
            let failures = self.failures.load(Ordering::Relaxed);
            assert!(
                begun.elapsed() < PATIENCE,
                "no progress: {} of {count} acknowledged, {failures} calls failed",
                self.count.load(Ordering::Relaxed)
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn use_network(client: Client, number: u64, told: Arc<Told>) {
    let mut turn = 0;
    while !told.is_over.load(Ordering::Relaxed) {
        turn += 1;
        let id = format!("asset-{number}-{turn}");
        let create = async {
            let prepared = client
                .endorse("basic", &["CreateAsset", &id, "blue", "5", "Tomoko", "300"])
                .await?;
            client.submit(&prepared).await?;
            told.acknowledge(&prepared.tx_id);
            let outcome = client.commit_status(&prepared.tx_id).await?;
            assert_eq!(outcome.code as i32, 0, "nothing else writes {id}");
            Ok::<(), tonic::Status>(())
        };
        if create.await.is_err() {
            told.failures.fetch_add(1, Ordering::Relaxed);
            // The node is away: a loop without a pause would only heat the machine.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// How often each transaction is VALID in a peer's blocks.
async fn valid_transactions(client: &Client) -> BTreeMap<String, u32> {
    let mut valid = BTreeMap::new();
    for (number, block) in client
        .filtered_blocks()
        .await
        .unwrap()
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            block.number, number as u64,
            "no block is missing and none comes twice"
        );
        for tx in block
            .filtered_transactions
            .into_iter()
            .filter(|tx| tx.tx_validation_code == 0)
        {
            *valid.entry(tx.txid).or_default() += 1;
        }
    }
    valid
}

fn seed() -> u64 {
    let given = std::env::var_os("WEFT_SEED").map(|seed| seed.to_str().unwrap().parse().unwrap());
    let seed =
        given.unwrap_or_else(|| u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos()));
    eprintln!("replay with WEFT_SEED={seed}");
    seed
}

/// A network of processes with clients that use it all the time.
struct Busy {
    seed: u64,
    random: Random,
    network: Network,
    told: Arc<Told>,
    load: JoinSet<()>,
    runtime: tokio::runtime::Runtime,
}

impl Busy {
    fn start() -> Self {
        let seed = seed();
        let network = Network::split(&["mychannel"]).unwrap();
        network.deploy("asset-transfer", "basic").unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let told = Arc::new(Told::default());
        let mut busy = Self {
            seed,
            random: Random::new(seed),
            network,
            told,
            load: JoinSet::new(),
            runtime,
        };
        for number in 0..CLIENTS {
            let user = if number % 2 == 0 {
                profile::ORG1_USER
            } else {
                profile::ORG2_USER
            };
            let client = busy.client(user, number);
            busy.load.spawn_on(
                use_network(client, number, Arc::clone(&busy.told)),
                busy.runtime.handle(),
            );
        }
        busy
    }

    fn client(&self, user: &str, number: u64) -> Client {
        // Connections are made inside the runtime that drives them.
        let _inside = self.runtime.enter();
        self.network
            .client(
                user,
                Random::new(self.seed.wrapping_mul(1_000).wrapping_add(number)),
            )
            .unwrap()
    }

    /// Waits until some more transactions are acknowledged, then for a moment that no event of the clients decides.
    fn progress(&mut self) {
        let so_far = self.told.count.load(Ordering::Relaxed);
        self.told
            .wait_for(so_far + PROGRESS + self.random.below(20));
        std::thread::sleep(Duration::from_micros(self.random.below(30_000)));
    }

    /// Starts a killed node after a while; now and then it is killed again while it starts.
    fn restart(&mut self, node: Node) {
        std::thread::sleep(Duration::from_millis(self.random.below(100)));
        if self.random.below(3) == 0 {
            let after = Duration::from_millis(self.random.below(80));
            self.network.stumble(node, after).unwrap();
        }
        self.network.start(node).unwrap();
    }

    /// Ends the load and compares what the clients were told with what the peers have.
    fn check(mut self) {
        let seed = self.seed;
        self.progress();
        self.told.is_over.store(true, Ordering::Relaxed);
        let mut load = std::mem::take(&mut self.load);
        self.runtime.block_on(async {
            while let Some(ended) = tokio::time::timeout(PATIENCE, load.join_next())
                .await
                .unwrap()
            {
                ended.unwrap();
            }
        });
        equal_digests(&self.network);
        let acknowledged = self.told.acknowledged.lock().unwrap().clone();
        let failures = self.told.failures.load(Ordering::Relaxed);
        eprintln!(
            "{} transactions acknowledged, {failures} attempts failed",
            acknowledged.len()
        );
        let mut all = Vec::new();
        for (user, number) in [
            (profile::ORG1_USER, CLIENTS),
            (profile::ORG2_USER, CLIENTS + 1),
        ] {
            let client = self.client(user, number);
            let valid = self.runtime.block_on(valid_transactions(&client));
            let lost: Vec<_> = acknowledged
                .iter()
                .filter(|tx_id| !valid.contains_key(*tx_id))
                .collect();
            assert!(lost.is_empty(), "seed {seed}: lost at {user}: {lost:?}");
            let doubled: Vec<_> = valid
                .iter()
                .filter(|(tx_id, times)| !tx_id.is_empty() && **times > 1)
                .collect();
            assert!(
                doubled.is_empty(),
                "seed {seed}: doubled at {user}: {doubled:?}"
            );
            all.push(valid);
        }
        assert_eq!(
            all[0], all[1],
            "seed {seed}: the peers have the same transactions"
        );
    }
}

#[test]
fn no_acknowledged_transaction_is_lost_or_doubled_when_nodes_are_killed() {
    let mut busy = Busy::start();
    let mut victims = [
        [Node::Orderer; KILLS].as_slice(),
        &[Node::Peer1; KILLS / 2],
        &[Node::Peer2; KILLS / 2],
    ]
    .concat();
    busy.random.shuffle(&mut victims);
    for victim in victims {
        busy.progress();
        busy.network.kill(victim).unwrap();
        busy.restart(victim);
    }
    busy.check();
}

#[test]
fn no_acknowledged_transaction_is_lost_or_doubled_when_all_nodes_are_killed_at_once() {
    let mut busy = Busy::start();
    for _ in 0..KILLS / 2 {
        busy.progress();
        let mut nodes = Node::ALL;
        busy.random.shuffle(&mut nodes);
        for node in nodes {
            busy.network.kill(node).unwrap();
        }
        busy.random.shuffle(&mut nodes);
        for node in nodes {
            busy.restart(node);
        }
    }
    busy.check();
}

#[test]
fn no_acknowledged_transaction_is_lost_or_doubled_when_nodes_are_ended_in_order() {
    let mut busy = Busy::start();
    for node in Node::ALL {
        busy.progress();
        let begun = Instant::now();
        busy.network.stop(node).unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(8),
            "{} took {:?} to end",
            node.name(),
            begun.elapsed()
        );
        busy.restart(node);
    }
    busy.check();
}
