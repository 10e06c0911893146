//! Signatures made backwards, so that rare things happen on the way to their verdict.

use p256::elliptic_curve::bigint::ArrayEncoding;
use p256::elliptic_curve::point::DecompressPoint;
use p256::elliptic_curve::subtle::Choice;

use super::*;

/// A digest and a signature for which the verifier computes the point `u1*G + u2*Q`, which is not infinity; `r` is its x.
fn backwards(u1: Scalar, u2: Scalar, key: ProjectivePoint) -> ([u8; 32], [u8; 64]) {
    let r = x_of(ProjectivePoint::GENERATOR * u1 + key * u2);
    let s = r * u2.invert().unwrap();
    (
        (u1 * s).to_bytes().into(),
        fixed(r.to_bytes(), s.to_bytes()),
    )
}

fn small(number: u64) -> Scalar {
    Scalar::from(number)
}

fn power_of_two(exponent: usize) -> Scalar {
    (0..exponent).fold(Scalar::ONE, |power, _| power.double())
}

fn check_backwards(private: Scalar, u1: Scalar, u2: Scalar) {
    let key = ProjectivePoint::GENERATOR * private;
    let point = uncompressed(key);
    let table = KeyTable::new(&point).unwrap();
    if u1 + u2 * private == Scalar::ZERO {
        // Infinity has no x: whatever r is, it is not good.
        for r in [Scalar::ONE, small(5), -Scalar::ONE, x_of(key)] {
            let s = r * u2.invert().unwrap();
            let signature = fixed(r.to_bytes(), s.to_bytes());
            let digest = (u1 * s).to_bytes().into();
            assert!(!verdict(&table, &point, digest, signature));
        }
        return;
    }
    let (digest, signature) = backwards(u1, u2, key);
    assert!(verdict(&table, &point, digest, signature));
    let (r, s) = halves(&signature).unwrap();
    let off_by_one = (scalar(r) + Scalar::ONE).to_bytes();
    assert!(!verdict(&table, &point, digest, fixed(off_by_one, s)));
    let another = (scalar(digest) + Scalar::ONE).to_bytes().into();
    assert!(!verdict(&table, &point, another, signature));
}

/// With u2 = 1 the key itself is added to u1*G, which is the key (a doubling) or its opposite (infinity); with more digits
/// in u2 the sum goes on from there.
#[test]
fn sums_that_meet_themselves_their_opposite_or_infinity_on_the_way_are_right() {
    for private in [small(1), small(2), small(33), -small(1), -small(77)] {
        let digits = [
            small(1),
            small(31),
            small(32),
            -small(1),
            small(1 + 64),
            small(32 + 5 * 64),
            small(5) + power_of_two(252),
            power_of_two(252),
            power_of_two(255),
        ];
        for u2 in digits {
            let first_digit = if u2 == small(1 + 64) { small(1) } else { u2 };
            for u1 in [
                u2 * private,
                -u2 * private,
                first_digit * private,
                -first_digit * private,
                small(5) * private,
                -small(5) * private,
                small(32) * private,
                -small(32) * private,
            ] {
                check_backwards(private, u1, u2);
            }
        }
    }
}

#[test]
fn a_digest_of_zero_and_tiny_and_huge_scalars_are_right() {
    for private in [small(1), small(3), -small(1), power_of_two(200)] {
        for u1 in [small(0), small(1), small(128), small(129), -small(1)] {
            for u2 in [small(1), small(2), -small(1), power_of_two(128)] {
                check_backwards(private, u1, u2);
            }
        }
    }
}

/// The key by which the signature leads to exactly this point (SEC 1, 4.1.6): nobody knows its private key.
fn recovered(r: Scalar, s: Scalar, message: &[u8], point: ProjectivePoint) -> Vec<u8> {
    let digest = scalar(sha256(message));
    let sum = point * s - ProjectivePoint::GENERATOR * digest;
    uncompressed(sum * r.invert().unwrap())
}

fn point_with_x(x: U256) -> Option<ProjectivePoint> {
    let x = x.to_be_byte_array();
    AffinePoint::decompress(&x, Choice::from(1))
        .into_option()
        .map(ProjectivePoint::from)
}

/// The verdicts on signatures with this `r` that lead to points with this x, for the first numbers with which there are
/// such points.
fn verdicts(r_and_x: impl Fn(u64) -> (U256, U256)) -> Vec<bool> {
    let mut verdicts = Vec::new();
    for number in 1..40 {
        let (r, x) = r_and_x(number);
        let Some(point) = point_with_x(x) else {
            continue;
        };
        let r_scalar = Scalar::from_repr(r.to_be_byte_array()).unwrap();
        let s = small(12_345 + number);
        let key = recovered(r_scalar, s, b"message", point);
        let signature = fixed(r.to_be_byte_array(), s.to_bytes());
        verdicts.push(verdict_on_message(&key, b"message", signature));
    }
    assert!(verdicts.len() > 10);
    verdicts
}

const PRIME: U256 =
    U256::from_be_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");

fn order() -> U256 {
    U256::from_be_slice(&P256_ORDER)
}

fn number(number: u64) -> U256 {
    U256::from_u64(number)
}

#[test]
fn an_x_that_is_not_below_the_order_is_taken_modulo_the_order() {
    let from_order = verdicts(|t| (number(t), order().wrapping_add(&number(t))));
    assert!(from_order.iter().all(|verdict| *verdict));
    let below_prime = verdicts(|t| {
        let x = PRIME.wrapping_sub(&number(t));
        (x.wrapping_sub(&order()), x)
    });
    assert!(below_prime.iter().all(|verdict| *verdict));
}

#[test]
fn an_x_just_below_the_order_is_taken_as_it_is() {
    let below_order = verdicts(|t| {
        let x = order().wrapping_sub(&number(t));
        (x, x)
    });
    assert!(below_order.iter().all(|verdict| *verdict));
    let tiny = verdicts(|t| (number(t), number(t)));
    assert!(tiny.iter().all(|verdict| *verdict));
}

/// From r = p - n on, r + n is not a number below p, though modulo p it is one: p - n + t would pass for t.
#[test]
fn r_plus_order_does_not_wrap_around_the_prime() {
    let wrapped = verdicts(|t| {
        let r = PRIME.wrapping_sub(&order()).wrapping_add(&number(t));
        (r, number(t))
    });
    assert!(wrapped.iter().all(|verdict| !*verdict));
}
