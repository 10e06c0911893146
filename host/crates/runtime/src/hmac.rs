//! HMAC-SHA256 (RFC 2104), by which the folder of compiled contracts knows its own files.
//!
//! Written out over `sha2`, since ring is at home in `msp` and this is all of it that is needed here.

use sha2::{Digest as _, Sha256};

/// Bytes of a key and of a tag.
pub(crate) const TAG_BYTES: usize = 32;
/// Bytes that SHA-256 takes at a time.
const BLOCK_BYTES: usize = 64;

/// A secret key.
pub(crate) struct Key([u8; TAG_BYTES]);

impl Key {
    pub(crate) fn new(secret: [u8; TAG_BYTES]) -> Self {
        Self(secret)
    }

    /// Gives the tag of a message that comes in parts.
    pub(crate) fn sign(&self, message: &[&[u8]]) -> [u8; TAG_BYTES] {
        let inner = message
            .iter()
            .fold(self.begin(0x36), |hash, part| hash.chain_update(part));
        self.begin(0x5c)
            .chain_update(inner.finalize())
            .finalize()
            .into()
    }

    /// Says whether a tag is a message's, in a time that does not tell how much of it is right.
    pub(crate) fn verify(&self, message: &[&[u8]], tag: &[u8; TAG_BYTES]) -> bool {
        let right = self.sign(message);
        right
            .iter()
            .zip(tag)
            .fold(0, |differing, (ours, theirs)| differing | (ours ^ theirs))
            == 0
    }

    fn begin(&self, pad: u8) -> Sha256 {
        let key = self.0.map(|byte| byte ^ pad);
        Sha256::new()
            .chain_update(key)
            .chain_update([pad; BLOCK_BYTES - TAG_BYTES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1 and 2, whose keys are shorter: zeros behind a key do not change it.
    #[test]
    fn tags_are_those_of_the_rfc() {
        let cases: [(&[u8], &[u8], &str); 2] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ];
        for (key, message, tag) in cases {
            let mut secret = [0; TAG_BYTES];
            secret[..key.len()].copy_from_slice(key);
            let (first, second) = message.split_at(3);
            assert_eq!(hex::encode(Key::new(secret).sign(&[first, second])), tag);
        }
    }

    #[test]
    fn a_changed_tag_key_or_message_does_not_verify() {
        let key = Key::new([7; TAG_BYTES]);
        let tag = key.sign(&[b"message"]);
        assert!(key.verify(&[b"mess", b"age"], &tag));
        assert!(!key.verify(&[b"massage"], &tag));
        assert!(!Key::new([8; TAG_BYTES]).verify(&[b"message"], &tag));
        for at in 0..TAG_BYTES {
            let mut changed = tag;
            changed[at] ^= 1;
            assert!(!key.verify(&[b"message"], &changed));
        }
    }
}
