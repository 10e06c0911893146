//! libFuzzer around one target, named by `WEFT_FUZZ_TARGET`. `cargo xtask fuzz` builds and starts it.
#![no_main]
#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "libFuzzer calls C functions; what stops it is said at its start"
)]

use std::sync::OnceLock;

use fuzz_targets::{Corpus, Random, Target, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var_os("WEFT_FUZZ_TARGET").expect("WEFT_FUZZ_TARGET names a target");
        let name = name.to_str().expect("a target's name is ASCII");
        fuzz_targets::target(name).unwrap_or_else(|| panic!("there is no target '{name}'"))
    })
}

/// Where pieces are taken from.
fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| Corpus::of(target()).inputs)
}

fuzz_target!(
    init: write_seeds(),
    |input: &[u8]| fuzz_targets::check(target(), input)
);

/// libFuzzer begins with files, so what the target makes itself is written where `WEFT_FUZZ_SEEDS` says.
fn write_seeds() {
    let Some(folder) = std::env::var_os("WEFT_FUZZ_SEEDS") else {
        return;
    };
    for (index, seed) in seeds().iter().enumerate() {
        let path = std::path::Path::new(&folder).join(format!("seed-{index}"));
        std::fs::write(path, seed).expect("the folder for seeds can be written");
    }
}

// libFuzzer's own mutations know what comparisons failed; ours know protobuf.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random::new(u64::from(seed));
    if random.one_in(2) {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut input = data.get(..size).unwrap_or_default().to_vec();
    mutate::mutate(&mut random, &mut input, random_piece(seed));
    input.truncate(max_size.min(data.len()));
    for (place, byte) in data.iter_mut().zip(&input) {
        *place = *byte;
    }
    input.len()
});

fn random_piece(seed: u32) -> &'static [u8] {
    let mut random = Random::new(u64::from(seed) ^ u64::from(u32::MAX));
    let seeds = seeds();
    seeds[random.below(seeds.len())].as_slice()
}
