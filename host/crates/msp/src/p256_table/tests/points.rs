//! The arithmetic under the verdicts, and what counts as a key.

use p256::elliptic_curve::ops::Double;

use super::super::sum::Affine;
use super::super::windows::digits;
use super::*;

/// Scalar times point, one bit after the other.
fn naive(scalar: Scalar, point: ProjectivePoint) -> ProjectivePoint {
    let bits = scalar
        .to_bytes()
        .into_iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
    bits.fold(ProjectivePoint::IDENTITY, |sum, bit| {
        let doubled = sum.double();
        if bit { doubled + point } else { doubled }
    })
}

fn multiple(windows: &Windows, scalar: Scalar) -> AffinePoint {
    let mut sum = Sum::INFINITY;
    for point in windows.summands(&scalar.to_bytes().into()) {
        sum.add(&point);
    }
    sum.to_affine()
}

fn affine(point: ProjectivePoint) -> Affine {
    Affine::of(&point.to_affine()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn multiples_are_those_of_doubling_and_adding(factor in scalars(), private in scalars(), width in 2u32..9) {
        let point = ProjectivePoint::GENERATOR * private;
        let windows = Windows::of(point, width).unwrap();
        prop_assert_eq!(multiple(&windows, factor), naive(factor, point).to_affine());
    }

    #[test]
    fn digits_are_small_and_add_up_to_the_scalar(bytes in numbers(), width in 2u32..16) {
        let half = 1 << (width - 1);
        let digits: Vec<i32> = digits(&bytes, width).collect();
        prop_assert!(digits.iter().all(|digit| (1 - half..=half).contains(digit)));
        // Modulo 2^256, the bytes being any number below that.
        let sum = digits.iter().rev().fold(U256::ZERO, |sum, digit| {
            let digit_magnitude = U256::from_u32(digit.unsigned_abs());
            let sum = sum.wrapping_shl(width);
            if *digit < 0 { sum.wrapping_sub(&digit_magnitude) } else { sum.wrapping_add(&digit_magnitude) }
        });
        prop_assert_eq!(sum, U256::from_be_slice(&bytes));
    }
}

#[test]
fn multiples_by_the_first_and_the_last_scalars_are_right() {
    let point = ProjectivePoint::GENERATOR * Scalar::from(4_711u64);
    let windows = Windows::of(point, KEY_WIDTH).unwrap();
    let powers = (0..256).scan(Scalar::ONE, |power, _| {
        let this = *power;
        *power = power.double();
        Some(this)
    });
    let small = (0..300u64).map(Scalar::from);
    for factor in small.chain(powers) {
        for factor in [factor, -factor] {
            assert_eq!(multiple(&windows, factor), naive(factor, point).to_affine());
        }
    }
}

#[test]
fn a_point_added_to_itself_is_doubled_and_to_its_opposite_vanishes() {
    let generator = ProjectivePoint::GENERATOR;
    let three = generator.double() + generator;
    let mut sum = Sum::INFINITY;
    assert_eq!(sum.to_affine(), AffinePoint::IDENTITY);
    sum.add(&affine(generator));
    sum.add(&affine(generator));
    assert_eq!(sum.to_affine(), generator.double().to_affine());
    sum.add(&affine(generator));
    assert_eq!(sum.to_affine(), three.to_affine());
    // Now with a zz that is not one.
    sum.add(&affine(three));
    assert_eq!(sum.to_affine(), three.double().to_affine());
    sum.add(&affine(three.double()).negated());
    assert_eq!(sum.to_affine(), AffinePoint::IDENTITY);
    sum.add(&affine(three));
    assert_eq!(sum.to_affine(), three.to_affine());
}

#[test]
fn infinity_has_no_x_and_no_table() {
    let mut one = [0; 32];
    one[31] = 1;
    assert!(!Sum::INFINITY.has_x(&one));
    assert!(!Sum::INFINITY.has_x(&[0; 32]));
    assert!(Affine::of(&AffinePoint::IDENTITY).is_none());
    assert!(Windows::of(ProjectivePoint::IDENTITY, 4).is_none());
}

#[test]
fn what_is_not_an_uncompressed_point_of_the_curve_gets_no_table() {
    let good = uncompressed(ProjectivePoint::GENERATOR);
    assert!(KeyTable::new(&good).is_some());
    for tag in [0, 1, 2, 3, 5, 6, 7, 0xff] {
        assert!(KeyTable::new(&[&[tag], &good[1..]].concat()).is_none());
    }
    for byte in 1..65 {
        let mut off_the_curve = good.clone();
        off_the_curve[byte] ^= 1;
        assert!(KeyTable::new(&off_the_curve).is_none());
    }
    let compressed = ProjectivePoint::GENERATOR.to_affine().to_sec1_point(true);
    let (short, long) = (&good[..64], [&good[..], &[0]].concat());
    for other in [&[][..], &[0], &[4], compressed.as_bytes(), short, &long] {
        assert!(KeyTable::new(other).is_none());
    }
    for coordinate in [0, 0xff] {
        assert!(KeyTable::new(&[&[4][..], &[coordinate; 64]].concat()).is_none());
    }
}

/// x = 5 is on the curve, and so would x = 5 + p be if numbers were not checked before they are reduced.
#[test]
fn coordinates_have_to_be_below_the_prime() {
    use p256::elliptic_curve::point::DecompressPoint;
    use p256::elliptic_curve::subtle::Choice;
    let mut x = [0; 32];
    x[31] = 5;
    let point = AffinePoint::decompress(&x.into(), Choice::from(0)).unwrap();
    let good = uncompressed(point.into());
    assert!(KeyTable::new(&good).is_some());
    let five_and_prime = "ffffffff00000001000000000000000000000001000000000000000000000004";
    let above = [&[4][..], &hex::decode(five_and_prime).unwrap(), &good[33..]].concat();
    assert!(KeyTable::new(&above).is_none());
}
