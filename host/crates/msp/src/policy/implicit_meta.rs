//! Policies about the policies one level below.

use std::sync::Arc;

use proto::FromWire;
use proto::common::{ImplicitMetaPolicy, implicit_meta_policy::Rule};

use super::{PolicyError, tree::Node};
use crate::Identity;

/// So many of the groups below must have their policy of this name satisfied.
#[derive(Debug)]
pub(crate) struct ImplicitMeta {
    name: String,
    required: usize,
    /// One entry a group; `None` where the group has no such policy, which nobody satisfies.
    below: Vec<Option<Arc<Node>>>,
}

impl ImplicitMeta {
    /// Reads a marshalled `ImplicitMetaPolicy`; `find` gives the policies of that name, one entry a group below.
    pub(crate) fn parse(
        bytes: &[u8],
        find: impl FnOnce(&str) -> Vec<Option<Arc<Node>>>,
    ) -> Result<ImplicitMeta, String> {
        let message =
            ImplicitMetaPolicy::from_wire(bytes.to_vec()).map_err(|error| error.to_string())?;
        let below = find(&message.sub_policy);
        let required = match Rule::try_from(message.rule) {
            // Without groups there is nobody to ask, and nobody is a majority of nobody.
            Ok(Rule::Any | Rule::Majority) if below.is_empty() => 0,
            Ok(Rule::Any) => 1,
            Ok(Rule::All) => below.len(),
            Ok(Rule::Majority) => below.len() / 2 + 1,
            Err(_) => return Err(format!("the rule {} is unknown", message.rule)),
        };
        Ok(ImplicitMeta {
            name: message.sub_policy,
            required,
            below,
        })
    }

    /// Evaluates; each policy below sees all identities anew.
    pub(crate) fn evaluate(&self, identities: &[Arc<Identity>]) -> Result<(), PolicyError> {
        self.holds(|node| node.evaluate(identities).is_ok())
    }

    /// Evaluates with somebody else's idea of which policies below hold.
    pub(crate) fn holds(&self, holds: impl Fn(&Node) -> bool) -> Result<(), PolicyError> {
        let held = self.below.iter().flatten().filter(|node| holds(node));
        let satisfied = held.take(self.required).count();
        if satisfied == self.required {
            return Ok(());
        }
        Err(PolicyError::SubPolicies {
            satisfied,
            required: self.required,
            name: self.name.clone(),
        })
    }

    /// The policies below.
    pub(crate) fn below(&self) -> impl Iterator<Item = &Node> {
        self.below.iter().flatten().map(Arc::as_ref)
    }
}
