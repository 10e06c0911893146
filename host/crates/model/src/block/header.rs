use super::Block;
use crate::hash::{Digest, sha256};

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

impl Block {
    /// What is hashed and signed of a header: DER `SEQUENCE { INTEGER number, OCTET STRING previous_hash, OCTET STRING
    /// data_hash }` (Fabric: protoutil/blockutils.go).
    pub fn header_bytes(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(80);
        put(&mut content, INTEGER, &integer(self.number));
        put(&mut content, OCTET_STRING, &self.previous_hash);
        put(&mut content, OCTET_STRING, &self.data_hash);
        let mut der = Vec::with_capacity(content.len() + 6);
        put(&mut der, SEQUENCE, &content);
        der
    }

    /// The SHA-256 of [`Block::header_bytes`]: the block's hash, and the next block's `previous_hash`.
    pub fn header_hash(&self) -> Digest {
        sha256(&self.header_bytes())
    }
}

/// Minimal two's complement: a zero byte stands first where the number would else look negative.
fn integer(number: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = number
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    if bytes.first().is_none_or(|first| *first > 0x7f) {
        bytes.insert(0, 0);
    }
    bytes
}

fn put(der: &mut Vec<u8>, tag: u8, content: &[u8]) {
    der.push(tag);
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => der.push(short),
        _ => {
            let length: Vec<u8> = content
                .len()
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            der.extend(u8::try_from(length.len()).map(|count| 0x80 | count));
            der.extend(length);
        }
    }
    der.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use expect_test::{Expect, expect};

    fn check(number: u64, previous_hash: &[u8], data_hash: &[u8], expected: Expect) {
        let block = Block {
            number,
            previous_hash: Bytes::copy_from_slice(previous_hash),
            data_hash: Bytes::copy_from_slice(data_hash),
            ..Block::default()
        };
        let der = block.header_bytes();
        let shown = der.get(..40).unwrap_or(&der);
        expected.assert_eq(&format!("{} bytes: {}", der.len(), hex::encode(shown)));
    }

    #[test]
    fn headers_are_encoded_as_der() {
        check(0, b"", b"", expect!["9 bytes: 300702010004000400"]);
        check(
            127,
            b"\x01",
            b"\x02",
            expect!["11 bytes: 300902017f040101040102"],
        );
        check(128, b"", b"", expect!["10 bytes: 30080202008004000400"]);
        check(
            u64::MAX,
            b"",
            b"",
            expect!["17 bytes: 300f020900ffffffffffffffff04000400"],
        );
        check(
            1,
            &[7; 200],
            b"",
            expect![
                "211 bytes: 3081d00201010481c807070707070707070707070707070707070707070707070707070707070707"
            ],
        );
        check(
            1,
            &[7; 70_000],
            b"",
            expect![
                "70015 bytes: 308301117a0201010483011170070707070707070707070707070707070707070707070707070707"
            ],
        );
    }
}
