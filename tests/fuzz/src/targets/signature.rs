//! A signature in DER, by the rules of Go's `encoding/asn1`, read here a second time in a simpler way.

use std::sync::OnceLock;

use bytes::Bytes;
use msp::{Identity, Signer as _};

use crate::network::network;

/// What is signed in all of it.
const MESSAGE: &[u8] = b"message";
/// Half of P-256's order, rounded down, in hex (FIPS 186-4, D.1.2.3).
const HALF_ORDER: &str = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// The one good signature in all of it. It is not made anew, because its nonce would be another each time, and what one
/// run keeps would be a forgery to the next. If the network's keys change: any signature of the message by that client.
const SIGNED: &str = concat!(
    "3045022100c3227d410ceaf210c8c60a79c74dc49dd57a2507ca21709602bd87f016a188",
    "3702204af1befbab1573627a94f14f493d57271f444cf9f2beb90c785f07e1c044772d",
);

pub(super) fn run(bytes: &[u8]) {
    let signer = &network().members[0][1];
    let signature = Bytes::copy_from_slice(bytes);
    let lowered = msp::low_s(signer.identity(), &signature);
    assert_eq!(
        msp::low_s(signer.identity(), &lowered),
        lowered,
        "lower than low"
    );
    match numbers(bytes) {
        None => assert_eq!(lowered, signature, "what is no signature is left alone"),
        Some((_, s)) if !is_high(&s) => assert_eq!(lowered, signature),
        Some((r, s)) => {
            let (same_r, other) = numbers(&lowered).expect("what is lowered is a signature");
            assert_eq!(same_r, r);
            assert!(is_low(&other) && sum_is_order(&s, &other));
        }
    }
    check_verified(bytes);
}

/// Of one message only the signature made is good, in whatever bytes Go reads as its two numbers; and S is low.
fn check_verified(bytes: &[u8]) {
    static IDENTITY: OnceLock<std::sync::Arc<Identity>> = OnceLock::new();
    let network = network();
    let signer = &network.members[0][1];
    let identity = IDENTITY.get_or_init(|| {
        let known = network.bundle.msps().identity(signer.identity());
        known.expect("a member is known")
    });
    let is_good = identity.verify(MESSAGE, bytes).is_ok();
    let good = numbers(&signed()).expect("our own signature");
    let found = numbers(bytes);
    let expected = found.as_ref() == Some(&good);
    assert!(
        !is_good || expected,
        "{found:?} is no signature of the message"
    );
    assert!(is_good || !expected, "Go reads the good signature here");
}

fn signed() -> Vec<u8> {
    of_hex(SIGNED)
}

/// The two positive numbers, without leading zeros.
fn numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (content, _) = element(der, 0x30)?;
    let (r, rest) = element(content, 0x02)?;
    let (s, _) = element(rest, 0x02)?;
    Some((positive(r)?, positive(s)?))
}

fn positive(integer: &[u8]) -> Option<Vec<u8>> {
    let [first, rest @ ..] = integer else {
        return None;
    };
    match (*first, rest.first()) {
        (0, None) => None,
        (0, Some(second)) => (*second >= 0x80).then(|| rest.to_vec()),
        (first, _) => (first < 0x80).then(|| integer.to_vec()),
    }
}

fn element(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let [tag, first, rest @ ..] = der else {
        return None;
    };
    let mut length = usize::from(*first);
    let mut rest = rest;
    if length >= 0x80 {
        let (digits, after) = rest.split_at_checked(length - 0x80)?;
        // More than four digits are more than 2^31 - 1, or begin with a zero.
        if digits.first().is_none_or(|digit| *digit == 0) || digits.len() > 4 {
            return None;
        }
        length = digits
            .iter()
            .fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
        if length < 0x80 {
            return None;
        }
    }
    (*tag == wanted).then(|| rest.split_at_checked(length))?
}

/// As many digits as the order has, or more.
fn wide(number: &[u8]) -> Vec<u8> {
    [
        vec![0; 32_usize.saturating_sub(number.len())],
        number.to_vec(),
    ]
    .concat()
}

fn of_hex(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hex")
}

fn is_low(s: &[u8]) -> bool {
    s.len() <= 32 && wide(s) <= of_hex(HALF_ORDER)
}

/// High, and still below the order.
fn is_high(s: &[u8]) -> bool {
    s.len() <= 32 && !is_low(s) && wide(s) < of_hex(ORDER)
}

fn sum_is_order(a: &[u8], b: &[u8]) -> bool {
    let mut carry = 0;
    let digits = wide(a).into_iter().rev().zip(wide(b).into_iter().rev());
    let mut sum: Vec<u8> = digits
        .map(|(a, b)| {
            let digit = u16::from(a) + u16::from(b) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    sum.reverse();
    carry == 0 && sum == of_hex(ORDER)
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (r, s) = numbers(&signed()).unwrap();
    let whole = signed();
    let high = der(&r, &minus(&of_hex(ORDER), &wide(&s)));
    let (_, content) = whole.split_at(2);
    vec![
        [&whole[..], b"behind"].concat(),
        // Two forms that Go refuses: a length longer than it need be, and a number that is.
        [&[0x30, 0x81, whole[1]], content].concat(),
        [&[0x30, whole[1] + 1, 0x02, 0x22, 0x00], &content[2..]].concat(),
        der(&[1], &of_hex(HALF_ORDER)),
        der(&[1], &of_hex(ORDER)),
        high,
        whole,
    ]
}

fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let digits = a.iter().rev().zip(b.iter().rev());
    let mut difference: Vec<u8> = digits
        .map(|(a, b)| {
            let digit = 256 + i16::from(*a) - i16::from(*b) - borrow;
            borrow = i16::from(digit < 256);
            digit.to_le_bytes()[0]
        })
        .collect();
    difference.reverse();
    difference
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let short = |length: usize| u8::try_from(length).expect("short");
    let integer = |number: &[u8]| {
        let zero = usize::from(number[0] >= 0x80);
        [&[2, short(number.len() + zero)], &[0][..zero], number].concat()
    };
    let content = [integer(r), integer(s)].concat();
    [&[0x30, short(content.len())], &content[..]].concat()
}
