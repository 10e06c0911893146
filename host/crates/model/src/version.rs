use proto::kvrwset;

/// Where a value was last written: the block, and the transaction's place in it. Later writes are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Block number.
    pub block: u64,
    /// Index of the transaction in the block.
    pub tx: u64,
}

impl Version {
    /// The version a read set carries; `None` stands for a key that was absent when it was read.
    pub fn from_proto(version: Option<&kvrwset::Version>) -> Option<Self> {
        version.map(|version| Self {
            block: version.block_num,
            tx: version.tx_num,
        })
    }

    /// The form a read set carries.
    pub fn to_proto(self) -> kvrwset::Version {
        kvrwset::Version {
            block_num: self.block,
            tx_num: self.tx,
        }
    }

    /// The form that sorts bytewise as versions sort: for each number a byte that counts its bytes, then the bytes, the
    /// most significant first (Fabric's core/ledger/internal/version and common/ledger/util). At most 18 bytes.
    pub fn order_preserving(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(18);
        for number in [self.block, self.tx] {
            let big_endian = number.to_be_bytes();
            let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
            let minimal = big_endian.get(zeros..).unwrap_or_default();
            bytes.extend(u8::try_from(minimal.len()));
            bytes.extend_from_slice(minimal);
        }
        bytes
    }

    /// Reads what [`Version::order_preserving`] wrote; `None` if the bytes are anything else.
    pub fn from_order_preserving(bytes: &[u8]) -> Option<Self> {
        let (block, rest) = read_number(bytes)?;
        let (tx, rest) = read_number(rest)?;
        rest.is_empty().then_some(Self { block, tx })
    }
}

fn read_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (count, rest) = bytes.split_first()?;
    let (minimal, rest) = rest.split_at_checked(usize::from(*count))?;
    if minimal.len() > 8 || minimal.first() == Some(&0) {
        return None;
    }
    let number = minimal
        .iter()
        .fold(0, |number, byte| (number << 8) | u64::from(*byte));
    Some((number, rest))
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{},{}]", self.block, self.tx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check(block: u64, tx: u64, expected: Expect) {
        let bytes = Version { block, tx }.order_preserving();
        expected.assert_eq(&hex::encode(bytes));
    }

    #[test]
    fn numbers_are_written_with_their_length_first() {
        check(0, 0, expect!["0000"]);
        check(7, 1, expect!["01070101"]);
        check(256, 0, expect!["02010000"]);
        check(u64::MAX, 300, expect!["08ffffffffffffffff02012c"]);
    }

    #[test]
    fn bytes_that_no_version_gives_are_refused() {
        let refused = [
            "",
            "00",
            "0101",
            "0107",
            "010700ff",
            "0100",
            "01000100",
            "00020007",
            "000000",
            "0900000000000000000100",
            "0907070707070707070700",
            "0107020007",
        ];
        for text in refused {
            let bytes = hex::decode(text).unwrap();
            assert_eq!(Version::from_order_preserving(&bytes), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn bytes_sort_as_versions_do_and_lead_back(a: (u64, u64), b: (u64, u64)) {
            let a = Version { block: a.0, tx: a.1 };
            let b = Version { block: b.0, tx: b.1 };
            prop_assert_eq!(a.cmp(&b), a.order_preserving().cmp(&b.order_preserving()));
            prop_assert_eq!(Version::from_order_preserving(&a.order_preserving()), Some(a));
        }

        #[test]
        fn only_one_form_is_read(bytes: Vec<u8>) {
            if let Some(version) = Version::from_order_preserving(&bytes) {
                prop_assert_eq!(version.order_preserving(), bytes);
            }
        }
    }
}
