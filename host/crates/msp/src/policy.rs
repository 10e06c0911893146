//! Which sets of signatures are enough.

mod application;
pub mod dsl;
mod implicit_meta;
pub mod plan;
mod signature_policy;
mod trace;
mod tree;

pub use application::ApplicationPolicy;
pub use signature_policy::{POLICY_RULES_MAX, SignaturePolicy};
pub use trace::{Step, trace};
pub use tree::PolicyTree;

use bytes::Bytes;

/// A signature, the bytes it is over, and the marshalled `SerializedIdentity` it is said to be of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedData {
    /// The signed bytes.
    pub data: Bytes,
    /// The marshalled `SerializedIdentity`.
    pub identity: Bytes,
    /// The signature.
    pub signature: Bytes,
}

/// Why a set of signatures is not enough. The texts are Fabric's, since clients see them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The signers do not satisfy a signature policy.
    #[error("signature set did not satisfy policy")]
    NotSatisfied,
    /// Too few of the policies one level below are satisfied.
    #[error(
        "implicit policy evaluation failed - {satisfied} sub-policies were satisfied, but this policy requires {required} \
         of the '{name}' sub-policies to be satisfied"
    )]
    SubPolicies {
        /// How many are satisfied.
        satisfied: usize,
        /// How many must be.
        required: usize,
        /// The name they all have.
        name: String,
    },
    /// There is no policy at this path, so nobody satisfies it.
    #[error("no such policy: '{0}'")]
    NoSuchPolicy(String),
}

#[cfg(test)]
mod tests;
