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
    rule: Rule,
    required: usize,
    /// One entry a group, with its name; `None` where the group has no such policy, which nobody satisfies.
    below: Vec<(String, Option<Arc<Node>>)>,
}

impl ImplicitMeta {
    /// Reads a marshalled `ImplicitMetaPolicy`; `find` gives the policies of that name, one entry a group below.
    pub(crate) fn parse(
        bytes: &[u8],
        find: impl FnOnce(&str) -> Vec<(String, Option<Arc<Node>>)>,
    ) -> Result<ImplicitMeta, String> {
        let message =
            ImplicitMetaPolicy::from_wire(bytes.to_vec()).map_err(|error| error.to_string())?;
        let below = find(&message.sub_policy);
        let rule = Rule::try_from(message.rule)
            .map_err(|_| format!("the rule {} is unknown", message.rule))?;
        let required = match rule {
            // Without groups there is nobody to ask, and nobody is a majority of nobody.
            Rule::Any | Rule::Majority if below.is_empty() => 0,
            Rule::Any => 1,
            Rule::All => below.len(),
            Rule::Majority => below.len() / 2 + 1,
        };
        Ok(ImplicitMeta {
            name: message.sub_policy,
            rule,
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
        let held = self.below().filter(|node| holds(node));
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
        self.groups().filter_map(|(_, node)| node)
    }

    /// The groups one level below: name, and policy if there is one.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&str, Option<&Node>)> {
        let groups = self.below.iter();
        groups.map(|(name, node)| (name.as_str(), node.as_deref()))
    }

    /// The name that the policies below have.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How many of them must be satisfied.
    pub(crate) fn required(&self) -> usize {
        self.required
    }

    /// The rule as configurations write it, and what it comes to: `MAJORITY Endorsement, 2 of 3`.
    pub(crate) fn text(&self) -> String {
        let (rule, name) = (self.rule.as_str_name(), &self.name);
        format!("{rule} {name}, {} of {}", self.required, self.below.len())
    }
}
