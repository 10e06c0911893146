use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use model::Block;

/// Bounds of what is kept.
const BLOCKS_MAX: usize = 64;
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// The newest blocks of a chain in memory: whoever follows the chain gets them without a disk being read.
#[derive(Debug, Default)]
pub(crate) struct RecentBlocks(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    blocks: VecDeque<Block>,
    bytes: usize,
}

impl RecentBlocks {
    /// Adds the block that follows the last one added.
    pub(crate) fn push(&self, block: Block) {
        // Nothing panics while it holds the lock.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes = kept.bytes.saturating_add(size_of(&block));
        kept.blocks.push_back(block);
        while kept.blocks.len() > BLOCKS_MAX || kept.bytes > BYTES_MAX {
            let Some(oldest) = kept.blocks.pop_front() else {
                break;
            };
            kept.bytes = kept.bytes.saturating_sub(size_of(&oldest));
        }
    }

    /// Block `number`, if it is kept.
    pub(crate) fn get(&self, number: u64) -> Option<Block> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = kept.blocks.front()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        kept.blocks.get(place).cloned()
    }
}

fn size_of(block: &Block) -> usize {
    block.data.iter().map(|entry| entry.len()).sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn the_newest_blocks_are_found_by_number() {
        let recent = RecentBlocks::default();
        for number in 5..5 + 100 {
            recent.push(Block::new(number, Bytes::new(), vec![]));
        }
        assert_eq!(recent.get(104).map(|block| block.number), Some(104));
        assert_eq!(recent.get(41).map(|block| block.number), Some(41));
        assert_eq!(recent.get(40), None);
        assert_eq!(recent.get(105), None);
    }

    #[test]
    fn large_blocks_push_others_out() {
        let recent = RecentBlocks::default();
        let entry = Bytes::from(vec![0; BYTES_MAX / 2]);
        for number in 0..3 {
            recent.push(Block::new(number, Bytes::new(), vec![entry.clone()]));
        }
        assert_eq!(recent.get(0), None);
        assert!(recent.get(1).is_some());
    }
}
