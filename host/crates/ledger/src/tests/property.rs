//! Random chains: the ledger shows what the naive model shows.

use proptest::prelude::*;

use super::{
    chain::{Chain, assert_same},
    ledger_of, wait,
};
use crate::{Config, PeerLedger};

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_height_shows_what_the_model_shows_also_while_later_blocks_commit(
        seed in any::<u64>(),
        blocks in 1_usize..12,
    ) {
        wait(async {
            let (mut chain, genesis) = Chain::started(seed);
            let (_folder, ledger) = ledger_of(&genesis).await;
            ledger.commit(genesis).await.unwrap();
            let mut held = vec![(ledger.snapshot().unwrap(), chain.world.state.clone())];
            for _ in 0..blocks {
                ledger.commit(chain.next(8)).await.unwrap();
                held.push((ledger.snapshot().unwrap(), chain.world.state.clone()));
            }
            for (snapshot, state) in &held {
                assert_same(snapshot, state);
            }
        });
    }

    #[test]
    fn what_was_committed_is_there_after_reopening(seed in any::<u64>(), blocks in 1_usize..8) {
        wait(async {
            let (mut chain, genesis) = Chain::started(seed);
            let (folder, ledger) = ledger_of(&genesis).await;
            ledger.commit(genesis).await.unwrap();
            for _ in 0..blocks {
                ledger.commit(chain.next(8)).await.unwrap();
            }
            ledger.close().await.unwrap();
            drop(ledger);
            let ledger = PeerLedger::open(folder.path(), Config::default()).await.unwrap();
            assert_same(&ledger.snapshot().unwrap(), &chain.world.state);
            let info = ledger.info().unwrap();
            assert_eq!(info.height, chain.world.blocks.len() as u64);
            assert_eq!(info.commit_hash, chain.world.commit_hash);
            assert_eq!(info.last_hash, chain.world.blocks.last().unwrap().header_hash().as_slice());
            assert_eq!(info.previous_hash, chain.world.blocks[blocks - 1].header_hash().as_slice());
            assert_eq!(info.last_config, 0);
            for block in &chain.world.blocks {
                assert_eq!(ledger.block(block.number).unwrap().as_ref(), Some(block));
                assert_eq!(ledger.block_by_hash(&block.header_hash()).unwrap(), Some(block.number));
            }
            assert_eq!(ledger.block(info.height).unwrap(), None);
        });
    }
}
