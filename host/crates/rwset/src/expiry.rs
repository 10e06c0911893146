//! When private keys expire.

/// The block in which a private key written in block `written` expires; none if it never does.
///
/// `block_to_live` is the collection's, 0 meaning for ever. In that block the hashed key is deleted if it was not written since and
/// the block itself does not write it; the private key likewise by its own version. These deletions are added to the
/// [`UpdateBatch`](crate::UpdateBatch) after its commit hash was taken.
#[must_use]
pub fn expiry_block(written: u64, block_to_live: u64) -> Option<u64> {
    if block_to_live == 0 {
        return None;
    }
    written.checked_add(block_to_live)?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_for_as_many_blocks_as_its_collection_says_and_goes_with_the_next() {
        assert_eq!(expiry_block(32, 3), Some(36));
        assert_eq!(expiry_block(0, 1), Some(2));
    }

    #[test]
    fn a_key_without_a_term_or_with_one_beyond_the_last_number_never_expires() {
        assert_eq!(expiry_block(32, 0), None);
        assert_eq!(expiry_block(2, u64::MAX), None);
        assert_eq!(expiry_block(1, u64::MAX - 1), None);
        assert_eq!(expiry_block(1, u64::MAX - 2), Some(u64::MAX));
    }
}
