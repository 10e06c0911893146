//! What a sender is told whose signature satisfies no policy.

use model::ErrorCode;
use msp::policy::SignedData;

use crate::Bundle;

impl Bundle {
    /// Why a signed request did not satisfy a policy, in a code: the identity, the signature, or else the right.
    ///
    /// A policy passes over whatever is not good and says only that it is not satisfied, so this looks again. For requests that
    /// were refused; it never makes one good.
    #[must_use]
    pub fn why_denied(&self, signed: &SignedData) -> ErrorCode {
        let identity = match self.msps().identity(&signed.identity) {
            Ok(identity) => identity,
            Err(error) => return error.code(),
        };
        if identity.verify(&signed.data, &signed.signature).is_err() {
            return ErrorCode::RequestSignature;
        }
        match identity.validate() {
            Ok(()) => ErrorCode::AccessDenied,
            Err(error) => error.code(),
        }
    }
}
