//! Each target on its past crashes, its corpus, and some seconds of mutated inputs.

macro_rules! fuzz {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            fuzz_targets::test(fuzz_targets::target(stringify!($name)).unwrap());
        })*

        #[test]
        fn every_target_has_a_test() {
            let named = [$(stringify!($name)),*];
            let targets: Vec<&str> = fuzz_targets::TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(targets, named);
        }
    };
}

fuzz!(
    answer,
    block,
    broadcast,
    component,
    config,
    deliver,
    gateway,
    http,
    identity,
    lifecycle,
    package,
    policy,
    proposal,
    query,
    read_write_set,
    signature,
    transaction,
);
