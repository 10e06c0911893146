//! One target's run inside the tests: past crashes, corpus, then mutated inputs until its time is up.

use std::any::Any;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::{Corpus, Random, Target, allocated, mutate};

/// Seconds of mutated inputs, if nothing else is said; `cargo xtask test` says as many as there are with `CI=true`.
const SECONDS: u64 = 1;
const SECONDS_IN_CI: u64 = 20;
/// An input that takes longer has found something.
const INPUT_SECONDS_MAX: u64 = 60;
/// What an input may make a thread hold: so much, and so much for each of its bytes.
const HELD_BYTES_MAX: usize = 32 * 1024 * 1024;
const HELD_PER_BYTE_MAX: usize = 1024;

/// Runs the target on one input. Fuzzing of every kind goes through here.
///
/// # Panics
/// The target found something, or the input made it take memory out of proportion.
pub fn check(target: &Target, input: &[u8]) {
    let held = allocated::peak(|| (target.run)(input));
    let most = HELD_BYTES_MAX + HELD_PER_BYTE_MAX * input.len();
    assert!(
        held <= most,
        "{} bytes took {held} bytes of memory",
        input.len()
    );
}

/// The whole run of one test. `WEFT_FUZZ_INPUT` names a file to run instead, `WEFT_FUZZ_SECONDS` says how long to mutate,
/// `WEFT_FUZZ_SEED` repeats what another run did.
///
/// # Panics
/// Something was found; the message says how to see it again.
pub fn test(target: &'static Target) {
    if let Some(path) = std::env::var_os("WEFT_FUZZ_INPUT") {
        return reproduce(target, Path::new(&path));
    }
    let corpus = Corpus::of(target);
    for (path, input) in &corpus.crashes {
        say(&format!("{}: {}", target.name, path.display()));
        check(target, input);
    }
    let seed =
        number("WEFT_FUZZ_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let seconds = number("WEFT_FUZZ_SECONDS").unwrap_or_else(seconds_by_default);
    say(&format!(
        "{}: {seconds} s of mutated inputs, WEFT_FUZZ_SEED={seed}",
        target.name
    ));
    let watched = Watched::new(target, seed);
    for input in &corpus.inputs {
        watched.check(input);
    }
    let (begun, mut random, mut inputs) = (Instant::now(), Random::new(seed), 0_u64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        watched.check(&mutate::mutated(&mut random, &corpus.inputs));
        inputs += 1;
    }
    say(&format!("{}: {inputs} mutated inputs", target.name));
}

/// Runs one file.
///
/// # Panics
/// It cannot be read, or the target finds something.
pub fn reproduce(target: &Target, path: &Path) {
    check(target, &fs::read(path).expect("the input can be read"));
}

/// Runs inputs, and leaves behind the one that was found: also if it never ends, which a thread beside sees to.
struct Watched {
    target: &'static Target,
    seed: u64,
    begin: SyncSender<Option<Vec<u8>>>,
}

impl Watched {
    fn new(target: &'static Target, seed: u64) -> Self {
        let (begin, inputs) = sync_channel(1);
        std::thread::spawn(move || watch(target, seed, &inputs));
        Self {
            target,
            seed,
            begin,
        }
    }

    fn check(&self, input: &[u8]) {
        let _ = self.begin.send(Some(input.to_vec()));
        let found = catch_unwind(AssertUnwindSafe(|| check(self.target, input)));
        let _ = self.begin.send(None);
        if let Err(found) = found {
            panic!("{}", kept(self.target, self.seed, input, words(&*found)));
        }
    }
}

fn watch(target: &Target, seed: u64, inputs: &Receiver<Option<Vec<u8>>>) {
    while let Ok(begun) = inputs.recv() {
        let Some(input) = begun else {
            continue;
        };
        let ended = inputs.recv_timeout(Duration::from_secs(INPUT_SECONDS_MAX));
        if ended == Err(RecvTimeoutError::Timeout) {
            say(&kept(target, seed, &input, "it takes too long"));
            std::process::abort();
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panics")
}

/// Writes the input to a file, and says how to see it again.
fn kept(target: &Target, seed: u64, input: &[u8], found: &str) -> String {
    let folder = target_folder().join("fuzz-found").join(target.name);
    let path = folder.join(format!("{}-byte-{seed:016x}", input.len()));
    fs::create_dir_all(&folder).expect("the build's folder can be written");
    fs::write(&path, input).expect("the build's folder can be written");
    let (name, path) = (target.name, path.display());
    format!(
        "{name}: {found}\n  the input: {path}\n  again:     WEFT_FUZZ_INPUT={path} cargo test -p fuzz-targets --test fuzz {name}\n  \
         the run:   WEFT_FUZZ_SEED={seed}\n  fixed:     keep it as tests/fuzz/crashes/{name}/<what-it-shows>"
    )
}

/// The folder of the build that this program is of: it lies in `debug/deps` there.
fn target_folder() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let folder = program.ancestors().nth(3);
    folder.map_or_else(std::env::temp_dir, Path::to_path_buf)
}

fn seconds_by_default() -> u64 {
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    if is_ci { SECONDS_IN_CI } else { SECONDS }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var_os(variable)?;
    let number = value.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is no number")))
}

/// Not eprintln!, which the test harness keeps to itself: what kills the process must be seen.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &'static str, run: fn(&[u8])) -> &'static Target {
        let seeds = Vec::new;
        Box::leak(Box::new(Target { name, run, seeds }))
    }

    #[test]
    #[should_panic(expected = "1 bytes took")]
    fn memory_out_of_proportion_is_a_finding() {
        let greedy = target("greedy", |_| {
            drop(std::hint::black_box(vec![0_u8; 2 * HELD_BYTES_MAX]));
        });
        check(greedy, b"x");
    }

    #[test]
    fn memory_in_proportion_is_none() {
        let modest = target("modest", |bytes| drop(std::hint::black_box(bytes.to_vec())));
        check(modest, &vec![0; HELD_BYTES_MAX]);
    }

    #[test]
    fn what_is_found_lies_where_the_message_says() {
        let picky = target("picky", |bytes| assert!(!bytes.starts_with(b"bad"), "no"));
        let watched = Watched::new(picky, 7);
        watched.check(b"good");
        let found = catch_unwind(AssertUnwindSafe(|| watched.check(b"bad one"))).unwrap_err();
        let message = found.downcast_ref::<String>().unwrap();
        let path = message
            .lines()
            .find_map(|line| line.trim().strip_prefix("the input: "));
        assert_eq!(fs::read(path.unwrap()).unwrap(), b"bad one");
        assert!(message.contains("picky: no") && message.contains("WEFT_FUZZ_SEED=7"));
    }
}
