//! Whether a subscriber may (still) read a channel.

use channel::{Bundle, Resource};
use model::ErrorCode;
use msp::policy::SignedData;
use proto::common::Status;

use crate::refusal::Refusal;

/// Which policy guards a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A policy of the channel, by its absolute path: the orderer's `/Channel/Readers`.
    Policy(&'static str),
    /// Whatever the channel's ACLs say for a resource: the peer's `event/Block`.
    Resource(Resource),
}

/// The standing permission of one request; asked again before each block.
#[derive(Debug)]
pub(crate) struct Permission {
    access: Access,
    signed: [SignedData; 1],
    /// Configuration sequence of the last evaluation.
    evaluated_at: Option<u64>,
    expires_at_s: Option<i64>,
}

impl Permission {
    /// Nothing is evaluated yet. The identity's expiry is read now, from the configuration now in force.
    pub(crate) fn new(access: Access, signed: SignedData, bundle: &Bundle) -> Self {
        // An identity that cannot be read has no expiry and fails the policy.
        let identity = bundle.msps().identity(&signed.identity).ok();
        Self {
            access,
            signed: [signed],
            evaluated_at: None,
            expires_at_s: identity.map(|identity| identity.expires_at()),
        }
    }

    /// Checks the expiry each time, and the policy the first time and after each change of configuration.
    ///
    /// # Errors
    /// FORBIDDEN.
    pub(crate) fn check(&mut self, bundle: &Bundle, now_s: i64) -> Result<(), Refusal> {
        if let Some(expires_at_s) = self.expires_at_s.filter(|at| *at < now_s) {
            let since_s = now_s.saturating_sub(expires_at_s);
            return Err(forbidden(
                ErrorCode::IdentityExpired,
                format!("the client's identity expired {since_s} s ago"),
            ));
        }
        if self
            .evaluated_at
            .is_some_and(|sequence| sequence >= bundle.sequence())
        {
            return Ok(());
        }
        let path = match self.access {
            Access::Policy(path) => path,
            Access::Resource(resource) => match bundle.access(resource) {
                channel::Access::Channel(path) => path,
                _ => {
                    let reason = format!("{} is not a channel's resource", resource.name());
                    return Err(forbidden(ErrorCode::AccessDenied, reason));
                }
            },
        };
        bundle
            .policies()
            .evaluate_signed(path, &self.signed)
            .map_err(|error| {
                let [signed] = &self.signed;
                forbidden(
                    bundle.why_denied(signed),
                    format!("policy {path} is not satisfied: {error}"),
                )
            })?;
        self.evaluated_at = Some(bundle.sequence());
        Ok(())
    }
}

fn forbidden(code: ErrorCode, reason: String) -> Refusal {
    Refusal::new(Status::Forbidden, code, reason)
}
