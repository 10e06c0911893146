//! The metadata of a real Raft orderer's blocks, as the oracle of ours.
//!
//! The recorded blocks lie in a folder beside the project, or where `WEFT_SHARED` says. Without it the test says loudly
//! that it is skipped; with `CI=true` that is a failure.

use super::*;

#[test]
fn metadata_is_what_a_real_orderer_writes() {
    let Some(folder) = recordings::channel() else {
        return;
    };
    let folder = folder.join("orderer");
    let mut count = 0;
    for number in 1.. {
        let Ok(bytes) = std::fs::read(folder.join(format!("{number}.block"))) else {
            break;
        };
        let block = Block::decode(bytes).unwrap();
        let recorded = block.orderer_metadata().unwrap();
        let wrapped = Metadata::decode(recorded.consenter_metadata.clone()).unwrap();
        let raft = etcdraft::BlockMetadata::decode(wrapped.value).unwrap();
        let position = RaftPosition {
            index: raft.raft_index,
            consenter_ids: raft.consenter_ids,
        };
        let last_config = block.last_config_index().unwrap();
        let value = metadata_value(last_config, &position);
        assert_eq!(value, recorded.value, "block {number}");
        let mut ours = Block::new(number, block.previous_hash.clone(), block.data.clone());
        ours.set_orderer_metadata(value, recorded.signatures);
        ours.set_last_config_index(last_config);
        assert_eq!(ours.encode(), block.encode(), "block {number}");
        count += 1;
    }
    assert_eq!(count, 35);
}
