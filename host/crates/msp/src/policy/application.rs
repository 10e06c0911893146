//! The policy of a chaincode or a collection.

use proto::FromWire;
use proto::protos::{ApplicationPolicy as ApplicationPolicyMessage, application_policy::Type};

use super::SignaturePolicy;
use crate::Error;

/// An endorsement policy as a chaincode definition or a collection holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationPolicy {
    /// A policy of its own.
    Signature(SignaturePolicy),
    /// The path of a policy in the channel's configuration, taken when the policy is evaluated.
    Reference(String),
}

impl ApplicationPolicy {
    /// Reads a marshalled `ApplicationPolicy`.
    ///
    /// # Errors
    /// [`Error::Policy`]: undecodable, empty, or a signature policy that cannot be used.
    pub fn parse(bytes: &[u8]) -> Result<ApplicationPolicy, Error> {
        let message = ApplicationPolicyMessage::from_wire(bytes.to_vec())
            .map_err(|error| refused(error.to_string()))?;
        ApplicationPolicy::new(&message)
    }

    /// Takes a decoded one.
    ///
    /// # Errors
    /// As for [`ApplicationPolicy::parse`].
    pub fn new(policy: &ApplicationPolicyMessage) -> Result<ApplicationPolicy, Error> {
        match &policy.r#type {
            Some(Type::SignaturePolicy(envelope)) => {
                SignaturePolicy::compile(envelope).map(ApplicationPolicy::Signature)
            }
            Some(Type::ChannelConfigPolicyReference(path)) => {
                Ok(ApplicationPolicy::Reference(path.clone()))
            }
            None => Err(refused("it is empty".to_owned())),
        }
    }
}

fn refused(reason: String) -> Error {
    Error::Policy {
        path: "of an application".to_owned(),
        reason,
    }
}
