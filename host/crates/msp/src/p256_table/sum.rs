//! Sums of points of P-256, in variable time.

use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::hazmat::FieldArithmetic;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::{AffinePoint, NistP256};

use crate::signature::P256_ORDER;

/// A number modulo the prime p; the crate keeps it reduced after each operation.
type Coordinate = <NistP256 as FieldArithmetic>::FieldElement;

/// p - n, big-endian: p is the prime, n the order of the group (FIPS 186-4, D.1.2.3; the same in SP 800-186, 3.2.1.3).
const PRIME_MINUS_ORDER: [u8; 32] = [
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x43, 0x19, 0x05, 0x53, 0x58, 0xe8, 0x61, 0x7b, 0x0c, 0x46, 0x35, 0x3d, 0x03, 0x9c, 0xda, 0xae,
];

/// A point other than infinity, by its two coordinates. Aligned so that one is one line of the processor's cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Affine {
    x: Coordinate,
    y: Coordinate,
}

impl Affine {
    /// The crate's point in our form; `None` for infinity.
    pub(super) fn of(point: &AffinePoint) -> Option<Affine> {
        if point.is_identity().into() {
            return None;
        }
        Some(Affine {
            x: Coordinate::from_repr(point.x()).into_option()?,
            y: Coordinate::from_repr(point.y()).into_option()?,
        })
    }

    /// The point that together with this one gives infinity.
    pub(super) fn negated(&self) -> Affine {
        Affine {
            x: self.x,
            y: -self.y,
        }
    }

    /// Twice the point, by "mdbl-2008-s-1" for XYZZ coordinates. Twice a point is never infinity, as the order is odd.
    fn doubled(&self) -> Finite {
        let u = self.y + self.y;
        let v = u.square();
        let w = u * v;
        let s = self.x * v;
        // 3*x^2 + a, where the curve's a is -3.
        let slope = self.x.square() - Coordinate::ONE;
        let m = slope + slope + slope;
        let x = m.square() - s - s;
        Finite {
            x,
            y: m * (s - x) - w * self.y,
            zz: v,
            zzz: w,
        }
    }
}

/// What a point other than infinity is in XYZZ coordinates: `x/zz` and `y/zzz` are the affine ones, and `zz^3 = zzz^2`.
struct Finite {
    x: Coordinate,
    y: Coordinate,
    zz: Coordinate,
    zzz: Coordinate,
}

/// A sum that points are added to, at eight multiplications and two squarings each.
///
/// The coordinates and formulas are those called XYZZ for short Weierstrass curves in the Explicit-Formulas Database.
pub(super) struct Sum(Option<Finite>);

impl Sum {
    /// The sum of no points.
    pub(super) const INFINITY: Sum = Sum(None);

    /// Adds a point, by "madd-2008-s", which says nothing of a sum that is infinity, the point itself or its opposite.
    #[inline]
    pub(super) fn add(&mut self, point: &Affine) {
        let Some(sum) = &mut self.0 else {
            self.0 = Some(Finite {
                x: point.x,
                y: point.y,
                zz: Coordinate::ONE,
                zzz: Coordinate::ONE,
            });
            return;
        };
        let p = point.x * sum.zz - sum.x;
        let r = point.y * sum.zzz - sum.y;
        if p.is_zero().into() {
            self.0 = bool::from(r.is_zero()).then(|| point.doubled());
            return;
        }
        let pp = p.square();
        let ppp = p * pp;
        let q = sum.x * pp;
        sum.x = r.square() - ppp - q - q;
        sum.y = r * (q - sum.x) - sum.y * ppp;
        sum.zz *= pp;
        sum.zzz *= ppp;
    }

    /// Whether the sum is a point whose x is `r` modulo n, where `r` is from 1 to n-1.
    ///
    /// As p is below 2n, x is then either `r` or, if that is below p, `r + n`. Both are compared with x without the
    /// inversion that would give it.
    pub(super) fn has_x(&self, r: &[u8; 32]) -> bool {
        let (Some(sum), Some(x)) = (&self.0, coordinate(r)) else {
            return false;
        };
        let is_x = |x: Coordinate| x * sum.zz == sum.x;
        // Arrays compare from the front, as big-endian numbers do.
        is_x(x)
            || *r < PRIME_MINUS_ORDER
                && coordinate(&P256_ORDER).is_some_and(|order| is_x(x + order))
    }

    /// The sum as the crate has it, to be compared with the crate's own.
    #[cfg(test)]
    pub(super) fn to_affine(&self) -> AffinePoint {
        let Some(sum) = &self.0 else {
            return AffinePoint::IDENTITY;
        };
        let x = sum.x * sum.zz.invert().unwrap();
        let y = sum.y * sum.zzz.invert().unwrap();
        AffinePoint::from_coordinates(&x.to_repr(), &y.to_repr()).unwrap()
    }
}

/// The number, unless it is p or above.
fn coordinate(bytes: &[u8; 32]) -> Option<Coordinate> {
    Coordinate::from_repr((*bytes).into()).into_option()
}
