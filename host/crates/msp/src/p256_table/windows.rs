//! Multiples of a point, and multiplication by adding them up.

use p256::elliptic_curve::BatchNormalize;
use p256::elliptic_curve::ops::Double;
use p256::{AffinePoint, ProjectivePoint};

use super::sum::Affine;

/// Bits of a scalar.
const SCALAR_BITS: u32 = 256;

/// The multiples of a point P by which any scalar times P is a sum of at most one a window.
///
/// Window i holds `1*B, 2*B, … 2^(width-1)*B` of `B = 2^(i*width)*P`; the opposites of these need no place.
pub(super) struct Windows {
    width: u32,
    multiples: Vec<Affine>,
}

impl Windows {
    /// Computes the multiples of a point, `width` from 2 to 15 bits; `None` for infinity.
    ///
    /// The crate's additions are slow but know no exceptions.
    pub(super) fn of(point: ProjectivePoint, width: u32) -> Option<Windows> {
        let mut multiples = Vec::with_capacity(windows(width) * multiples_a_window(width));
        let mut base = point;
        for _ in 0..windows(width) {
            let mut multiple = base;
            multiples.push(multiple);
            for _ in 1..multiples_a_window(width) {
                multiple += base;
                multiples.push(multiple);
            }
            // The last multiple is by half of what the next window counts in.
            base = multiple.double();
        }
        let normalized: Vec<AffinePoint> =
            <ProjectivePoint as BatchNormalize<[ProjectivePoint]>>::batch_normalize(
                multiples.as_slice(),
            );
        Some(Windows {
            width,
            multiples: normalized.iter().map(Affine::of).collect::<Option<_>>()?,
        })
    }

    /// The points that `scalar*P` is the sum of; the scalar is big-endian.
    pub(super) fn summands(&self, scalar: &[u8; 32]) -> impl Iterator<Item = Affine> {
        let windows = self.multiples.chunks_exact(multiples_a_window(self.width));
        let digits = digits(scalar, self.width);
        windows.zip(digits).filter_map(|(window, digit)| {
            // There is nothing to add for the digit 0, and only for that.
            let place = (digit.unsigned_abs() as usize).checked_sub(1)?;
            let multiple = window.get(place)?;
            Some(if digit < 0 {
                multiple.negated()
            } else {
                *multiple
            })
        })
    }

    /// The bytes it takes.
    #[cfg(test)]
    pub(super) fn size_bytes(&self) -> usize {
        size_of_val(self.multiples.as_slice())
    }
}

/// How many windows cover a scalar and the carry out of its last full one.
fn windows(width: u32) -> usize {
    (SCALAR_BITS / width + 1) as usize
}

fn multiples_a_window(width: u32) -> usize {
    1 << (width - 1)
}

/// The digits of a big-endian scalar to the base `2^width`, lowest first, each from `-2^(width-1) + 1` to `2^(width-1)`.
///
/// The last window has at least one bit less to cover than its width, so nothing is carried out of it.
pub(super) fn digits(scalar: &[u8; 32], width: u32) -> impl Iterator<Item = i32> {
    let mut bytes = scalar.iter().rev();
    let (mut pending, mut pending_bits, mut carry) = (0, 0, 0);
    (0..windows(width)).map(move |_| {
        while pending_bits < width {
            pending |= bytes.next().map_or(0, |byte| i32::from(*byte)) << pending_bits;
            pending_bits += u8::BITS;
        }
        let value = (pending & ((1 << width) - 1)) + carry;
        pending >>= width;
        pending_bits -= width;
        carry = i32::from(value > 1 << (width - 1));
        value - (carry << width)
    })
}
