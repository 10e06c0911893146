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
    given.unwrap_or_else(|| u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos()))
}

#[test]
fn no_acknowledged_transaction_is_lost_or_doubled_when_nodes_are_killed() {
    let seed = seed();
    eprintln!("replay with WEFT_SEED={seed}");
    let mut random = Random::new(seed);
    let mut network = Network::split(&["mychannel"]).unwrap();
    network.deploy("asset-transfer", "basic").unwrap();

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    // Connections are made inside the runtime that drives them.
    let _inside = runtime.enter();
    let told = Arc::new(Told::default());
    let mut load = JoinSet::new();
    for number in 0..CLIENTS {
        let user = if number % 2 == 0 {
            profile::ORG1_USER
        } else {
            profile::ORG2_USER
        };
        let nonces = Random::new(seed.wrapping_mul(1_000).wrapping_add(number));
        let client = network.client(user, nonces).unwrap();
        load.spawn_on(
            use_network(client, number, Arc::clone(&told)),
            runtime.handle(),
        );
    }

    let mut victims = [
        [Node::Orderer; KILLS].as_slice(),
        &[Node::Peer1; KILLS / 2],
        &[Node::Peer2; KILLS / 2],
    ]
    .concat();
    random.shuffle(&mut victims);
    for victim in victims {
        let so_far = told.count.load(Ordering::Relaxed);
        told.wait_for(so_far + PROGRESS + random.below(20));
        // A moment that no event of the clients decides.
        std::thread::sleep(Duration::from_micros(random.below(30_000)));
        network.kill(victim).unwrap();
        std::thread::sleep(Duration::from_millis(random.below(100)));
        network.start(victim).unwrap();
    }
    let so_far = told.count.load(Ordering::Relaxed);
    told.wait_for(so_far + PROGRESS);
    told.is_over.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        while let Some(ended) = tokio::time::timeout(PATIENCE, load.join_next())
            .await
            .unwrap()
        {
            ended.unwrap();
        }
    });

    equal_digests(&network);
    let acknowledged = told.acknowledged.lock().unwrap().clone();
    let failures = told.failures.load(Ordering::Relaxed);
    eprintln!(
        "{} transactions acknowledged, {failures} attempts failed",
        acknowledged.len()
    );
    let mut all = Vec::new();
    for (user, number) in [
        (profile::ORG1_USER, CLIENTS),
        (profile::ORG2_USER, CLIENTS + 1),
    ] {
        let client = network
            .client(
                user,
                Random::new(seed.wrapping_mul(1_000).wrapping_add(number)),
            )
            .unwrap();
        let valid = runtime.block_on(valid_transactions(&client));
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
