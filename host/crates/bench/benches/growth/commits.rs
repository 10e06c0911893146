//! Blocks of 500 transactions, each of which reads and writes a key that is there and a new one, committed as a peer does.

use std::time::Duration;

use bytes::Bytes;
use committer::Metrics;
use ledger::Snapshot;
use model::envelope::tx_id_as_exported;
use rwset::StateReader as _;

use super::cpu::{self, Cpu};
use super::figure;
use super::keys::{Keys, Pair};
use crate::world::{CHAINCODE, World, all_valid};

const TXS: usize = 500;

/// What one commit took.
struct Commit {
    cpu: Cpu,
    /// What the reads in deciding take, made again on another connection.
    reads: Duration,
    decide: Duration,
    sql: Duration,
}

pub(crate) fn measure(world: &mut World, keys: &mut Keys, warm_up: usize, blocks: usize) {
    for _ in 0..warm_up {
        commit(world, keys);
    }
    let before = Cpu::read_at_rest();
    let commits: Vec<Commit> = (0..blocks).map(|_| commit(world, keys)).collect();
    // A checkpoint is made for several blocks at once, and while later ones are committed: each block gets an equal share.
    let checkpoints = (Cpu::read_at_rest() - before).checkpointer / u32::try_from(blocks).unwrap();
    let print = |name, part: &dyn Fn(&Commit) -> Duration| {
        let times: Vec<Duration> = commits.iter().map(part).collect();
        figure::milliseconds(name, keys.filled(), &times);
    };
    print("decide_cpu", &|commit| commit.cpu.deciders);
    print("decide_reads_cpu", &|commit| commit.reads);
    print("decide_rest_cpu", &|commit| {
        commit.cpu.deciders.saturating_sub(commit.reads)
    });
    print("decide_wall", &|commit| commit.decide);
    print("sql_cpu", &|commit| {
        commit.cpu.caller + commit.cpu.writer + checkpoints
    });
    print("sql_caller_cpu", &|commit| commit.cpu.caller);
    print("sql_writer_cpu", &|commit| commit.cpu.writer);
    print("sql_checkpoint_cpu", &|_| checkpoints);
    print("sql_wall", &|commit| commit.sql);
}

fn commit(world: &mut World, keys: &mut Keys) -> Commit {
    let pairs = keys.pairs(TXS);
    let transaction = |pair| world.transaction(CHAINCODE, "1.0", keys.results(pair));
    let data: Vec<Bytes> = pairs.iter().map(transaction).collect();
    let reads = cpu_of_reads(world, &data, &pairs);
    let threads = committer::Config::default().verify_threads;
    let verified = committer::verify(world.block(data), &world.bundle(), threads);
    let metrics = Metrics::default();
    let before = Cpu::read();
    let committed = committer::commit(&world.channel, verified, &metrics);
    let committed = world.runtime.block_on(committed).unwrap();
    let cpu = Cpu::read() - before;
    all_valid(&committed);
    keys.written(committed.number, &pairs);
    let counted = metrics.read();
    Commit {
        cpu,
        reads,
        decide: Duration::from_micros(counted.decide_us),
        sql: Duration::from_micros(counted.write_us),
    }
}

/// What the committer reads for such a block: each transaction's id, each written key's policy, then the version of
/// everything that was read.
fn cpu_of_reads(world: &World, data: &[Bytes], pairs: &[Pair]) -> Duration {
    let ledger = world.channel.ledger();
    let ids: Vec<String> = data.iter().map(tx_id_as_exported).collect();
    // The connection given back last is lent next, and the committer is not to find these pages on it.
    let (committers, ours) = (ledger.snapshot().unwrap(), ledger.snapshot().unwrap());
    let took = cpu::of(|| {
        for (id, pair) in ids.iter().zip(pairs) {
            assert!(ours.tx(id).unwrap().is_none());
            read(&ours, pair);
        }
        let sequence = lifecycle::sequence_key(CHAINCODE);
        for pair in pairs {
            assert!(ours.get(lifecycle::NAMESPACE, &sequence).unwrap().is_some());
            read(&ours, pair);
        }
    });
    drop(ours);
    drop(committers);
    took
}

fn read(snapshot: &Snapshot, pair: &Pair) {
    for key in pair {
        snapshot.get(CHAINCODE, key).unwrap();
    }
}
