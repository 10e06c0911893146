//! Committing the stored blocks again.

use tempfile::TempDir;

use super::{
    chain::{Chain, assert_same},
    create, ledger_of, wait,
};
use crate::{CommitInput, Config, PeerLedger};

/// A chain of `blocks` blocks and the inputs that committed them.
fn inputs(seed: u64, blocks: usize) -> (Chain, Vec<CommitInput>) {
    let (mut chain, genesis) = Chain::started(seed);
    let mut inputs = vec![genesis];
    inputs.extend((1..blocks).map(|_| chain.next(6)));
    (chain, inputs)
}

async fn committed(folder: &TempDir, inputs: &[CommitInput]) -> PeerLedger {
    let ledger = create(folder.path(), &inputs[0], Config::default());
    let ledger = ledger.await.unwrap();
    for input in inputs {
        ledger.commit(input.clone()).await.unwrap();
    }
    ledger
}

/// Commits again what is stored, at most `steps` blocks, as a committer would: the block from the ledger, its effects computed.
async fn go_on(ledger: &PeerLedger, inputs: &[CommitInput], steps: usize) {
    for _ in 0..steps {
        let Some(block) = ledger.block_to_rebuild().unwrap() else {
            return;
        };
        let input = &inputs[usize::try_from(block.number).unwrap()];
        assert_eq!(block, input.block);
        ledger.commit(input.clone()).await.unwrap();
    }
}

#[test]
fn a_rebuilt_ledger_is_the_same_and_goes_on() {
    wait(async {
        let (mut chain, inputs) = inputs(21, 12);
        let folder = TempDir::new().unwrap();
        let ledger = committed(&folder, &inputs).await;
        let info = ledger.info().unwrap();
        let hash = ledger.snapshot().unwrap().state_hash().unwrap();
        let sets: Vec<_> = (0..12)
            .map(|block| ledger.private_sets(block).unwrap())
            .collect();
        assert!(!ledger.is_rebuilding().unwrap());

        ledger.rebuild().await.unwrap();
        assert!(ledger.is_rebuilding().unwrap());
        assert_eq!(ledger.height(), 0);
        assert_eq!(ledger.block(3).unwrap(), None);
        assert_eq!(ledger.tx(&inputs[3].txs[0].tx_id).unwrap(), None);
        go_on(&ledger, &inputs, usize::MAX).await;

        assert!(!ledger.is_rebuilding().unwrap());
        assert_eq!(ledger.info().unwrap(), info);
        let snapshot = ledger.snapshot().unwrap();
        assert_same(&snapshot, &chain.world.state);
        assert_eq!(snapshot.state_hash().unwrap(), hash);
        for (block, sets) in (0..).zip(sets) {
            assert_eq!(ledger.private_sets(block).unwrap(), sets);
        }
        ledger.commit(chain.next(4)).await.unwrap();
        assert_same(&ledger.snapshot().unwrap(), &chain.world.state);
    });
}

#[test]
fn a_rebuild_cut_short_anywhere_is_gone_on_with_after_reopening() {
    wait(async {
        let (chain, inputs) = inputs(22, 6);
        for steps in 0..=6 {
            let folder = TempDir::new().unwrap();
            let ledger = committed(&folder, &inputs).await;
            ledger.rebuild().await.unwrap();
            go_on(&ledger, &inputs, steps).await;
            drop(ledger);
            let ledger = PeerLedger::open(folder.path(), Config::default())
                .await
                .unwrap();
            assert_eq!(ledger.height(), steps as u64);
            assert_eq!(ledger.is_rebuilding().unwrap(), steps < 6);
            go_on(&ledger, &inputs, usize::MAX).await;
            assert_same(&ledger.snapshot().unwrap(), &chain.world.state);
        }
    });
}

#[test]
fn a_block_that_comes_out_differently_is_not_committed_by_a_rebuild() {
    wait(async {
        let (_, inputs) = inputs(23, 4);
        let folder = TempDir::new().unwrap();
        let ledger = committed(&folder, &inputs).await;
        ledger.rebuild().await.unwrap();
        go_on(&ledger, &inputs, 2).await;
        let mut other = inputs[2].clone();
        other.block.set_commit_hash(b"another");
        let refused = ledger.commit(other).await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.sort()),
            ("diverged", crate::Sort::Broken)
        );
        assert_eq!(ledger.height(), 2);
    });
}

#[test]
fn only_the_next_block_can_be_committed() {
    wait(async {
        let (mut chain, genesis) = Chain::started(24);
        let (_folder, ledger) = ledger_of(&genesis).await;
        let code = async |input: CommitInput| ledger.commit(input).await.unwrap_err().code();
        let first = chain.next(3);
        let second = chain.next(3);
        assert_eq!(code(first.clone()).await, "gap");
        ledger.commit(genesis.clone()).await.unwrap();
        assert_eq!(code(genesis.clone()).await, "gap");
        assert_eq!(code(second.clone()).await, "gap");
        let mut other = first.clone();
        other.block.previous_hash = second.block.previous_hash.clone();
        assert_eq!(code(other).await, "other_previous");
        let (_, mut another) = Chain::started(24);
        another.block.data_hash = bytes::Bytes::from_static(&[1; 32]);
        assert_eq!(code(another).await, "other_genesis");
        ledger.commit(first).await.unwrap();
        ledger.commit(second).await.unwrap();
        assert_same(&ledger.snapshot().unwrap(), &chain.world.state);
    });
}
