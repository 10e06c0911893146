//! ECDSA signatures in the form they travel in: DER, decoded by the rules of Go's `encoding/asn1`.
//!
//! Those rules matter because Fabric's peers decode with them: bytes after the two numbers, inside the SEQUENCE or behind
//! it, are ignored; lengths and integers must be minimal; nothing may be negative.

/// A curve whose signatures can be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

/// The order of P-256, big-endian (FIPS 186-4, D.1.2.3).
pub(crate) const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The order of P-384, big-endian (FIPS 186-4, D.1.2.4).
const P384_ORDER: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

impl Curve {
    /// The order of the curve's group, big-endian; its length is that of a coordinate.
    pub(crate) fn order(self) -> &'static [u8] {
        match self {
            Curve::P256 => &P256_ORDER,
            Curve::P384 => &P384_ORDER,
        }
    }
}

/// The two numbers of a signature, big-endian, without leading zeros, greater than zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EcdsaSignature {
    pub(crate) r: Vec<u8>,
    pub(crate) s: Vec<u8>,
}

impl EcdsaSignature {
    /// Decodes what Go's `asn1.Unmarshal` into two big integers accepts, and of that only positive numbers.
    pub(crate) fn decode(der: &[u8]) -> Result<EcdsaSignature, &'static str> {
        const SEQUENCE: u8 = 0x30;
        let (content, _ignored) = element(der, SEQUENCE)?;
        let (r, rest) = integer(content)?;
        let (s, _ignored) = integer(rest)?;
        Ok(EcdsaSignature { r, s })
    }

    /// Both numbers, each filled up with zeros to the curve's length; `None` if one is longer than that.
    pub(crate) fn to_fixed(&self, curve: Curve) -> Option<Vec<u8>> {
        let length = curve.order().len();
        let mut fixed = Vec::with_capacity(2 * length);
        for number in [&self.r, &self.s] {
            let missing = length.checked_sub(number.len())?;
            fixed.resize(fixed.len() + missing, 0);
            fixed.extend_from_slice(number);
        }
        Some(fixed)
    }

    /// Takes a signature of two numbers of one length, as signing libraries give them.
    pub(crate) fn from_fixed(fixed: &[u8]) -> EcdsaSignature {
        let (r, s) = fixed.split_at(fixed.len() / 2);
        EcdsaSignature {
            r: without_zeros(r).to_vec(),
            s: without_zeros(s).to_vec(),
        }
    }

    /// The only minimal DER of these numbers.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(112);
        for number in [&self.r, &self.s] {
            let sign = number.first().is_some_and(|byte| byte & 0x80 != 0);
            let mut value = Vec::with_capacity(number.len() + 1);
            if sign || number.is_empty() {
                value.push(0);
            }
            value.extend_from_slice(number);
            append_element(&mut content, 0x02, &value);
        }
        let mut der = Vec::with_capacity(content.len() + 3);
        append_element(&mut der, 0x30, &content);
        der
    }

    /// Whether S is at most half of the curve's order. An S that is not below the order is not low either.
    pub(crate) fn is_low_s(&self, curve: Curve) -> bool {
        match subtract(curve.order(), &self.s) {
            Some(other) => {
                let mine = padded(&self.s, curve.order().len());
                mine <= other
            }
            None => false,
        }
    }

    /// The same signature with the lower of the two values S and order - S. An S out of range is left alone.
    pub(crate) fn with_low_s(mut self, curve: Curve) -> EcdsaSignature {
        if !self.is_low_s(curve)
            && let Some(other) = subtract(curve.order(), &self.s)
            && other.iter().any(|digit| *digit != 0)
        {
            self.s = without_zeros(&other).to_vec();
        }
        self
    }
}

/// Takes one element of the tag off the front: its content and what follows it.
fn element(input: &[u8], tag: u8) -> Result<(&[u8], &[u8]), &'static str> {
    let (&first, rest) = input.split_first().ok_or("the signature is cut short")?;
    if first != tag {
        return Err("the signature is not a SEQUENCE of two INTEGERs");
    }
    let (length, rest) = length(rest)?;
    if length > rest.len() {
        return Err("the signature is cut short");
    }
    Ok(rest.split_at(length))
}

/// Takes a DER length off the front. Go refuses lengths of 2^23 and more before reading their last byte, and so do we.
fn length(input: &[u8]) -> Result<(usize, &[u8]), &'static str> {
    const LENGTH_MAX_BEFORE_LAST_BYTE: usize = 1 << 23;
    let (&first, mut rest) = input.split_first().ok_or("the signature is cut short")?;
    if first & 0x80 == 0 {
        return Ok((usize::from(first), rest));
    }
    let count = first & 0x7f;
    if count == 0 {
        return Err("the signature has an indefinite length");
    }
    let mut length = 0usize;
    for _ in 0..count {
        let (&byte, after) = rest.split_first().ok_or("the signature is cut short")?;
        if length >= LENGTH_MAX_BEFORE_LAST_BYTE {
            return Err("a length in the signature is too large");
        }
        length = (length << 8) | usize::from(byte);
        if length == 0 {
            return Err("a length in the signature has leading zeros");
        }
        rest = after;
    }
    if length < 0x80 {
        return Err("a length in the signature is not minimal");
    }
    Ok((length, rest))
}

/// Takes a positive INTEGER off the front, without its sign byte.
fn integer(input: &[u8]) -> Result<(Vec<u8>, &[u8]), &'static str> {
    let (content, rest) = element(input, 0x02)?;
    match content {
        [] => return Err("a number in the signature is empty"),
        [0x00, second, ..] if second & 0x80 == 0 => {
            return Err("a number in the signature is not minimal");
        }
        [first, ..] if first & 0x80 != 0 => return Err("a number in the signature is negative"),
        [0x00] => return Err("a number in the signature is zero"),
        _ => {}
    }
    Ok((without_zeros(content).to_vec(), rest))
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn padded(number: &[u8], length: usize) -> Vec<u8> {
    let mut padded = vec![0; length.saturating_sub(number.len())];
    padded.extend_from_slice(number);
    padded
}

/// `a - b` over big-endian numbers, as long as `a`; `None` if it were negative.
fn subtract(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    if b.len() > a.len() {
        return None;
    }
    let mut difference = vec![0; a.len()];
    let mut borrow = false;
    let digits = a.iter().rev().zip(padded(b, a.len()).into_iter().rev());
    for (place, (&minuend, subtrahend)) in difference.iter_mut().rev().zip(digits) {
        let (first, under) = minuend.overflowing_sub(subtrahend);
        let (second, under_again) = first.overflowing_sub(u8::from(borrow));
        *place = second;
        borrow = under || under_again;
    }
    (!borrow).then_some(difference)
}

/// Appends a DER element to `out`. Contents here are at most a certificate's size.
pub(crate) fn append_element(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    let length = content.len().to_be_bytes();
    let digits = without_zeros(&length);
    match digits {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        EcdsaSignature {
            r: r.to_vec(),
            s: s.to_vec(),
        }
        .to_der()
    }

    #[test]
    fn bytes_after_the_sequence_and_inside_it_are_ignored() {
        let plain = EcdsaSignature::decode(&der(&[5], &[7])).unwrap();
        let mut behind = der(&[5], &[7]);
        behind.extend_from_slice(b"anything");
        assert_eq!(EcdsaSignature::decode(&behind).unwrap(), plain);
        let inside = [0x30, 0x08, 0x02, 0x01, 5, 0x02, 0x01, 7, 0xaa, 0xbb];
        assert_eq!(EcdsaSignature::decode(&inside).unwrap(), plain);
    }

    #[test]
    fn what_go_refuses_is_refused() {
        let cases: [(&[u8], &str); 13] = [
            (&[], "cut short"),
            (&[0x30], "cut short"),
            (&[0x31, 0x00], "not a SEQUENCE"),
            (&[0x30, 0x80, 0, 0], "indefinite"),
            (&[0x30, 0x07, 0x02, 0x01, 5, 0x02, 0x01, 7], "cut short"),
            (
                &[0x30, 0x81, 0x06, 0x02, 0x01, 5, 0x02, 0x01, 7],
                "not minimal",
            ),
            (&[0x30, 0x82, 0x00, 0x80], "leading zeros"),
            (&[0x30, 0x85, 1, 0, 0, 0, 0], "too large"),
            (&[0x30, 0x06, 0x02, 0x01, 0, 0x02, 0x01, 7], "zero"),
            (&[0x30, 0x06, 0x02, 0x01, 0x85, 0x02, 0x01, 7], "negative"),
            (&[0x30, 0x05, 0x02, 0x00, 0x02, 0x01, 7], "empty"),
            (
                &[0x30, 0x07, 0x02, 0x02, 0, 5, 0x02, 0x01, 7],
                "not minimal",
            ),
            (&[0x30, 0x03, 0x02, 0x01, 5], "cut short"),
        ];
        for (bytes, reason) in cases {
            let error = EcdsaSignature::decode(bytes).unwrap_err();
            assert!(error.contains(reason), "{bytes:02x?}: {error}");
        }
    }

    #[test]
    fn half_of_the_order_is_low_and_the_next_number_is_high() {
        for curve in [Curve::P256, Curve::P384] {
            let mut half: Vec<u8> = Vec::new();
            let mut carry = 0u8;
            for byte in curve.order() {
                half.push((byte >> 1) | (carry << 7));
                carry = byte & 1;
            }
            let low = EcdsaSignature {
                r: vec![1],
                s: half.clone(),
            };
            assert!(low.is_low_s(curve));
            *half.last_mut().unwrap() += 1;
            let high = EcdsaSignature {
                r: vec![1],
                s: half,
            };
            assert!(!high.is_low_s(curve));
            assert_eq!(high.with_low_s(curve).s, without_zeros(&low.s));
            let order = EcdsaSignature {
                r: vec![1],
                s: curve.order().to_vec(),
            };
            let long = EcdsaSignature {
                r: vec![1],
                s: vec![1; curve.order().len() + 1],
            };
            assert!(long.to_fixed(curve).is_none() && !long.is_low_s(curve));
            // order - order is zero, which is below it, so only the library's own range check refuses it.
            assert!(!order.is_low_s(curve));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_we_encode_we_decode(r in proptest::collection::vec(1u8.., 1..48), s in proptest::collection::vec(1u8.., 1..48)) {
            let signature = EcdsaSignature { r, s };
            proptest::prop_assert_eq!(EcdsaSignature::decode(&signature.to_der()).unwrap(), signature.clone());
            let fixed = signature.to_fixed(Curve::P384).unwrap();
            proptest::prop_assert_eq!(EcdsaSignature::from_fixed(&fixed), signature);
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            let _ = EcdsaSignature::decode(&bytes);
        }
    }
}
