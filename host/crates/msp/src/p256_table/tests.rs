//! Verdicts are compared with those of `ring` and of the `p256` crate, points with those of the crate's own arithmetic.

mod edges;
mod points;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use proptest::prelude::*;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::*;
use crate::memo::sha256;
use crate::signature::P256_ORDER;

fn uncompressed(point: ProjectivePoint) -> Vec<u8> {
    point.to_affine().to_sec1_point(false).as_bytes().to_vec()
}

fn fixed(r: impl Into<[u8; 32]>, s: impl Into<[u8; 32]>) -> [u8; 64] {
    [r.into(), s.into()].concat().try_into().unwrap()
}

fn scalar(bytes: [u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce(&U256::from_be_slice(&bytes))
}

/// The number of the scalar's x, big-endian, modulo n.
fn x_of(point: ProjectivePoint) -> Scalar {
    scalar(point.to_affine().x().into())
}

/// The verdict on a digest, after the `p256` crate gave the same.
fn verdict(table: &KeyTable, point: &[u8], digest: [u8; 32], signature: [u8; 64]) -> bool {
    let verdict = table.verifies(&digest, &signature);
    let key = VerifyingKey::from_sec1_bytes(point).unwrap();
    let crates = Signature::from_slice(&signature)
        .and_then(|signature| key.verify_prehash(&digest, &signature));
    assert_eq!(verdict, crates.is_ok(), "{digest:02x?} {signature:02x?}");
    verdict
}

/// The verdict on a message, after both libraries gave the same.
fn verdict_on_message(point: &[u8], message: &[u8], signature: [u8; 64]) -> bool {
    let table = KeyTable::new(point).unwrap();
    let verdict = verdict(&table, point, sha256(message), signature);
    let ring = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    assert_eq!(verdict, ring.verify(message, &signature).is_ok());
    verdict
}

/// Signs by the definition, SEC 1, 4.1.3, with the given numbers.
fn sign(private: Scalar, nonce: Scalar, digest: [u8; 32]) -> [u8; 64] {
    let r = x_of(ProjectivePoint::GENERATOR * nonce);
    let s = nonce.invert().unwrap() * (scalar(digest) + r * private);
    fixed(r.to_bytes(), s.to_bytes())
}

/// Any scalar but zero.
fn scalars() -> impl Strategy<Value = Scalar> {
    any::<[u8; 32]>()
        .prop_map(scalar)
        .prop_filter("zero", |scalar| *scalar != Scalar::ZERO)
}

/// Numbers of 32 bytes, many of them where ranges begin and end.
fn numbers() -> impl Strategy<Value = [u8; 32]> {
    let mut above = P256_ORDER;
    above[31] += 1;
    let mut below = P256_ORDER;
    below[31] -= 1;
    let mut one = [0; 32];
    one[31] = 1;
    prop_oneof![
        any::<[u8; 32]>(),
        Just([0; 32]),
        Just(one),
        Just(below),
        Just(P256_ORDER),
        Just(above),
        Just([0xff; 32]),
    ]
}

proptest! {
    // Each builds a table or two, which takes milliseconds.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn good_signatures_verify_with_low_and_high_s(private in scalars(), nonce in scalars(), message: Vec<u8>) {
        let point = uncompressed(ProjectivePoint::GENERATOR * private);
        let signature = sign(private, nonce, sha256(&message));
        prop_assert!(verdict_on_message(&point, &message, signature));
        let (r, s) = halves(&signature).unwrap();
        prop_assert!(verdict_on_message(&point, &message, fixed(r, (-scalar(s)).to_bytes())));
    }

    #[test]
    fn a_signature_with_any_bit_changed_is_refused(private in scalars(), nonce in scalars(), bit in 0usize..512) {
        let point = uncompressed(ProjectivePoint::GENERATOR * private);
        let mut signature = sign(private, nonce, sha256(b"message"));
        signature[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!verdict_on_message(&point, b"message", signature));
    }

    #[test]
    fn a_good_signature_is_refused_for_another_message_and_key(private in scalars(), nonce in scalars(), message: Vec<u8>) {
        let signature = sign(private, nonce, sha256(b"message"));
        let point = uncompressed(ProjectivePoint::GENERATOR * private);
        prop_assert_eq!(verdict_on_message(&point, &message, signature), message == b"message");
        let another = uncompressed(ProjectivePoint::GENERATOR * (private + Scalar::ONE).double());
        prop_assert!(!verdict_on_message(&another, b"message", signature));
    }

    #[test]
    fn numbers_at_the_ends_of_ranges_are_judged_as_by_the_libraries(private in scalars(), r in numbers(), s in numbers(), digest in numbers()) {
        let point = uncompressed(ProjectivePoint::GENERATOR * private);
        let table = KeyTable::new(&point).unwrap();
        verdict(&table, &point, digest, fixed(r, s));
        verdict_on_message(&point, b"message", fixed(r, s));
    }

    #[test]
    fn signatures_over_digests_at_the_ends_of_ranges_verify(private in scalars(), nonce in scalars(), digest in numbers()) {
        let point = uncompressed(ProjectivePoint::GENERATOR * private);
        let table = KeyTable::new(&point).unwrap();
        prop_assert!(verdict(&table, &point, digest, sign(private, nonce, digest)));
    }
}

/// RFC 6979, A.2.5, SHA-256.
#[test]
fn published_signatures_verify() {
    let point = hex::decode(concat!(
        "04",
        "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
        "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
    ));
    let point = point.unwrap();
    let sample = concat!(
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    );
    let test = concat!(
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"
    );
    for (message, other, signature) in [("sample", "test", sample), ("test", "sample", test)] {
        let signature = hex::decode(signature).unwrap().try_into().unwrap();
        assert!(verdict_on_message(&point, message.as_bytes(), signature));
        assert!(!verdict_on_message(&point, other.as_bytes(), signature));
    }
}

#[test]
fn a_signature_of_another_length_is_refused() {
    let point = uncompressed(ProjectivePoint::GENERATOR);
    let table = KeyTable::new(&point).unwrap();
    let digest = sha256(b"message");
    let signature = sign(Scalar::ONE, Scalar::from(7u64), digest);
    assert!(table.verifies(&digest, &signature));
    assert!(!table.verifies(&digest, &signature[..63]));
    assert!(!table.verifies(&digest, &[&signature[..], &[0]].concat()));
    assert!(!table.verifies(&digest, &[]));
}

#[test]
fn tables_take_the_bytes_that_are_documented() {
    let table = KeyTable::new(&uncompressed(ProjectivePoint::GENERATOR)).unwrap();
    assert_eq!(table.key.size_bytes(), 88_064);
    assert_eq!(table.generator.size_bytes(), 270_336);
}
