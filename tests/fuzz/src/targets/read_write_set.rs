//! A read-write set that somebody signed: validated and applied on a small state, next to itself and to another one.

use std::sync::OnceLock;

use bytes::Bytes;
use model::{TxValidationCode, Version};
use proto::FromWire as _;
use proto::rwset::TxPvtReadWriteSet;
use rwset::{
    BlockTx, MemoryState, PrivateTx, Simulator, StateReader as _, TxRwSet, private_updates,
    validate_block,
};

use crate::recorded;

const BLOCK: u64 = 9;

pub(super) fn run(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    check_private(&bytes);
    let Ok(set) = TxRwSet::parse(&bytes) else {
        return;
    };
    let names: Vec<&str> = set.namespaces().iter().map(|found| found.name()).collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(
        set.duplicate_namespace().is_some(),
        once.len() < names.len()
    );
    let before = state();
    let txs = [
        BlockTx::Endorser(&set),
        BlockTx::Invalid,
        BlockTx::Endorser(&set),
    ];
    let (verdicts, batch) = validate_block(before, BLOCK, &txs).expect("no input stops a block");
    assert_eq!(verdicts.len(), 3);
    assert_eq!(verdicts[1].code, TxValidationCode::NotValidated);
    for verdict in &verdicts {
        let is_valid = verdict.code == TxValidationCode::Valid;
        let is_conflict = matches!(
            verdict.code,
            TxValidationCode::MvccReadConflict | TxValidationCode::PhantomReadConflict
        );
        assert_eq!(is_conflict, verdict.cause.is_some());
        assert!(is_valid || is_conflict || verdict.code == TxValidationCode::NotValidated);
        let _ = verdict.cause.as_ref().map(ToString::to_string);
    }
    if verdicts[0].code == TxValidationCode::Valid {
        no_read_is_stale(&set, before);
    }
    // A first transaction that wrote nothing changes nothing for the second.
    if verdicts[0].code != TxValidationCode::Valid {
        assert_eq!(verdicts[0].code, verdicts[2].code);
    }
    let (again, same) = validate_block(before, BLOCK, &txs).expect("no input stops a block");
    assert_eq!(
        (&again, same.commit_bytes()),
        (&verdicts, batch.commit_bytes())
    );
    let mut after = before.clone();
    after.apply(BLOCK, &batch);
    let _ = batch.commit_hash(&[0, 254, 0], &[]);
}

/// `VALID` means that what was read is what is there.
fn no_read_is_stale(set: &TxRwSet, state: &MemoryState) {
    for namespace in set.namespaces() {
        for (key, read) in namespace.reads() {
            let now = state
                .get(namespace.name(), key)
                .expect("memory can be read");
            assert_eq!(now.map(|row| row.version), read, "{key}");
        }
    }
}

/// Private values that came from another peer, against hashes that they may or may not have.
fn check_private(bytes: &Bytes) {
    let Ok(private) = TxPvtReadWriteSet::from_wire(bytes.clone()) else {
        return;
    };
    let rwset = TxRwSet::default();
    let txs = [PrivateTx {
        version: Version {
            block: BLOCK,
            tx: 0,
        },
        rwset: &rwset,
        private: &private,
    }];
    let updates = private_updates(state(), &rwset::UpdateBatch::default(), &txs);
    let updates = updates.expect("no input stops a block").updates;
    assert!(
        updates.is_empty(),
        "a transaction without private hashes takes no private values"
    );
}

fn state() -> &'static MemoryState {
    static STATE: OnceLock<MemoryState> = OnceLock::new();
    STATE.get_or_init(|| {
        let mut state = MemoryState::default();
        for key in 0..120_u64 {
            let version = Version {
                block: key % 8,
                tx: key % 3,
            };
            state.put("vec", &format!("k{key:03}"), "value", version);
            state.put_private("vec", "shared", &format!("p{key}"), "private", version);
        }
        state
    })
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let recorded = recorded::transactions();
    let recorded = recorded
        .iter()
        .map(|tx| tx.action.read_write_set().to_vec());
    recorded.chain([simulated(10), simulated(119)]).collect()
}

/// A set of every kind of read and write, good on the small state.
pub(super) fn simulated(results: usize) -> Vec<u8> {
    let mut simulator = Simulator::new(Box::new(state().clone()), "tx");
    let _ = simulator.get_state("vec", "k001");
    let _ = simulator.get_state("vec", "absent");
    simulator.put_state("vec", "k002", "new".into()).unwrap();
    simulator.del_state("vec", "k003").unwrap();
    simulator.put_state("other", "a", "1".into()).unwrap();
    simulator
        .set_validation_parameter("vec", "k004", b"policy".as_slice().into())
        .unwrap();
    let range = simulator.open_range("vec", "k", "l").unwrap();
    simulator.next(range, results).unwrap();
    simulator.close(range);
    simulator.private_hash("vec", "shared", "p1").unwrap();
    simulator.finish().unwrap().results.to_vec()
}
