//! Bearer tokens: made here, shown once, kept nowhere but with their bearer. Nodes know their hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Digest;
use model::hash::sha256;

/// Random bytes of a token: nobody guesses 256 bits, so a plain hash of it is safe to keep.
const RANDOM_BYTES: usize = 32;
/// How tokens begin, so that people and scanners for leaked secrets know them.
const PREFIX: &str = "weft_";

/// A token. It has no `Debug`, so that no log shows one.
pub(crate) struct Token(String);

impl Token {
    /// Makes one.
    pub(crate) fn new(fill_random: fn(&mut [u8])) -> Self {
        let mut bytes = [0; RANDOM_BYTES];
        fill_random(&mut bytes);
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What its bearer sends.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// What a node keeps of it.
    pub(crate) fn hash(&self) -> Digest {
        hash(&self.0)
    }
}

/// What a node keeps of a token.
pub(crate) fn hash(token: &str) -> Digest {
    sha256(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_a_prefix_and_256_bits_that_fit_into_a_header() {
        let token = Token::new(|bytes| bytes.fill(0xff));
        assert_eq!(token.text(), format!("weft_{}8", "_".repeat(42)));
        assert_eq!(
            hex::encode(token.hash()),
            "42fc3a043cfbc09e79483d77f66fe01c626856877373908f017443303181ef89"
        );
    }
}
