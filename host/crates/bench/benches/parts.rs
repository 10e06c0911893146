//! The parts of a transaction's way, each alone, with keys, certificates, transactions and blocks as a network makes them.
//!
//! ```text
//! cargo bench -p bench                       times, by Criterion; a name's part after -- chooses
//! cargo xtask bench --instructions [NAME…]   instructions of the parts that do no I/O, by callgrind
//! ```
//!
//! The numbers at the ends of names are how many transactions one run of the part is about.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark's panic is its failure, and it speaks on stdout"
)]

mod parts {
    pub(crate) mod commit;
    pub(crate) mod pure;
    pub(crate) mod simulate;
}
#[allow(
    dead_code,
    reason = "shared with the benchmark of growth, which looks for the ledger's files"
)]
mod world;

use std::time::Duration;

use criterion::Criterion;

use parts::{commit, pure, simulate};

/// Something that is measured: its name, and how it is made ready.
type Part = (&'static str, Prepare);

/// Always the same; all of it counts.
type Pure = Box<dyn FnMut()>;
/// Has to be made ready each time; says how long the part that counts took.
type Timed = Box<dyn FnMut() -> Duration>;

#[derive(Clone, Copy)]
enum Prepare {
    Pure(fn() -> Pure),
    Timed(fn() -> Timed),
}

const PARTS: &[Part] = &[
    ("sign", Prepare::Pure(pure::sign)),
    ("verify", Prepare::Pure(pure::verify)),
    (
        "verify_by_known_key",
        Prepare::Pure(pure::verify_by_known_key),
    ),
    ("verify_known_already", Prepare::Pure(pure::verify_known)),
    ("identity_known_already", Prepare::Pure(pure::identity)),
    ("policy_2_of_2", Prepare::Pure(pure::policy)),
    ("propose", Prepare::Pure(pure::propose)),
    (
        "decode_transaction",
        Prepare::Pure(pure::decode_transaction),
    ),
    ("decode_block_500", Prepare::Pure(pure::decode_block)),
    ("encode_block_500", Prepare::Pure(pure::encode_block)),
    ("mvcc_block_500", Prepare::Pure(pure::mvcc)),
    ("verify_block_50", Prepare::Pure(pure::verify_block)),
    ("simulate", Prepare::Timed(simulate::simulate)),
    ("commit_block_500", Prepare::Timed(commit::commit)),
    ("verify_and_commit_block_500", Prepare::Timed(commit::whole)),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--names"] => print_names(),
        ["--repeat", name, times] => repeat(name, times.parse().expect("a number")),
        _ => measure(),
    }
}

/// The parts whose instructions can be counted.
fn print_names() {
    for (name, prepare) in PARTS {
        if matches!(prepare, Prepare::Pure(_)) {
            println!("{name}");
        }
    }
}

fn repeat(name: &str, times: u64) {
    let (_, prepare) = PARTS
        .iter()
        .find(|part| part.0 == name)
        .expect("a part of this name");
    let Prepare::Pure(prepare) = prepare else {
        panic!("{name} waits for a disk or a thread: its instructions say little");
    };
    let mut work = prepare();
    for _ in 0..times {
        work();
    }
}

fn measure() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for (name, prepare) in PARTS {
        // Made ready only if it is chosen.
        match prepare {
            Prepare::Pure(prepare) => {
                let mut work = None;
                criterion.bench_function(name, |bencher| {
                    bencher.iter(work.get_or_insert_with(prepare))
                });
            }
            Prepare::Timed(prepare) => {
                let mut work = None;
                criterion.bench_function(name, |bencher| {
                    let work = work.get_or_insert_with(prepare);
                    bencher.iter_custom(|times| (0..times).map(|_| work()).sum());
                });
            }
        }
    }
    criterion.final_summary();
}
