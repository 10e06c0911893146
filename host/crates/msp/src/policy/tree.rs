//! The policies of a channel, by path.

use std::{collections::HashMap, sync::Arc};

use proto::common::{ConfigGroup, Policy, policy::PolicyType};

use super::{
    ApplicationPolicy, PolicyError, SignaturePolicy, SignedData, implicit_meta::ImplicitMeta,
};
use crate::{Error, Identity, MspManager, Principal};

/// How deep groups of a configuration may be nested.
const GROUPS_DEPTH_MAX: usize = 16;

/// All policies of a channel configuration.
#[derive(Debug)]
pub struct PolicyTree {
    root: Group,
    msps: Arc<MspManager>,
}

/// The policies of a group and of all groups inside it.
#[derive(Debug)]
struct Group {
    /// Without the leading slash: `Channel/Application`.
    path: String,
    /// By path below this group: `Writers`, `Org1/Writers`.
    policies: HashMap<String, Arc<Node>>,
}

/// A compiled policy.
#[derive(Debug)]
pub(crate) enum Node {
    Signature(SignaturePolicy),
    ImplicitMeta(ImplicitMeta),
}

impl PolicyTree {
    /// Compiles all policies of a channel's root group. `name` is the root's name, `Channel`.
    ///
    /// # Errors
    /// [`Error::Policy`]: a policy without content, of an unknown type, or that does not compile; groups nested too deep.
    pub fn new(name: &str, root: &ConfigGroup, msps: Arc<MspManager>) -> Result<PolicyTree, Error> {
        Ok(PolicyTree {
            root: Group::compile(name.to_owned(), root, GROUPS_DEPTH_MAX)?,
            msps,
        })
    }

    /// The MSPs that the policies speak of.
    #[must_use]
    pub fn msps(&self) -> &Arc<MspManager> {
        &self.msps
    }

    /// Whether there is a policy at `path`: absolute (`/Channel/Writers`), or relative to the root (`Application/Writers`).
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.root.get(path).is_ok()
    }

    /// Verifies signatures and evaluates the policy at `path` over those that are good.
    ///
    /// # Errors
    /// [`PolicyError`] with the reason; an unknown path is a policy that nobody satisfies.
    pub fn evaluate_signed(&self, path: &str, signed: &[SignedData]) -> Result<(), PolicyError> {
        let node = self.root.get(path)?;
        node.evaluate(&self.msps.signers(signed))
    }

    /// Evaluates the policy at `path` over different identities whose signatures are already verified.
    ///
    /// # Errors
    /// As for [`PolicyTree::evaluate_signed`].
    pub fn evaluate_identities(
        &self,
        path: &str,
        identities: &[Arc<Identity>],
    ) -> Result<(), PolicyError> {
        let node = self.root.get(path)?;
        node.evaluate(&self.msps.own(identities))
    }

    /// Evaluates a chaincode's or a collection's policy over different identities whose signatures are already verified.
    ///
    /// # Errors
    /// As for [`PolicyTree::evaluate_signed`].
    pub fn evaluate_application(
        &self,
        policy: &ApplicationPolicy,
        identities: &[Arc<Identity>],
    ) -> Result<(), PolicyError> {
        match policy {
            ApplicationPolicy::Signature(policy) => policy.evaluate(&self.msps, identities),
            ApplicationPolicy::Reference(path) => self.evaluate_identities(path, identities),
        }
    }

    pub(crate) fn node(&self, path: &str) -> Option<&Node> {
        self.root.get(path).ok().map(Arc::as_ref)
    }
}

impl Group {
    fn compile(path: String, group: &ConfigGroup, depth_left: usize) -> Result<Group, Error> {
        let depth_left = depth_left.checked_sub(1).ok_or_else(|| Error::Policy {
            path: path.clone(),
            reason: format!("groups are nested more than {GROUPS_DEPTH_MAX} deep"),
        })?;
        let mut below = Vec::with_capacity(group.groups.len());
        for (name, inner) in &group.groups {
            let inner = Group::compile(format!("{path}/{name}"), inner, depth_left)?;
            below.push((name, inner));
        }
        let mut policies = HashMap::new();
        for (name, policy) in &group.policies {
            let node = compile(policy.policy.as_ref(), &below).map_err(|reason| Error::Policy {
                path: format!("/{path}/{name}"),
                reason,
            })?;
            policies.insert(name.clone(), Arc::new(node));
        }
        for (name, inner) in below {
            let inside = inner.policies.into_iter();
            policies.extend(inside.map(|(inside, node)| (format!("{name}/{inside}"), node)));
        }
        Ok(Group { path, policies })
    }

    /// The policy at an absolute path, or at one relative to this group.
    fn get(&self, path: &str) -> Result<&Arc<Node>, PolicyError> {
        let relative = match path.strip_prefix('/') {
            None => path,
            Some(absolute) => absolute
                .strip_prefix(self.path.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                .ok_or_else(|| PolicyError::NoSuchPolicy(path.to_owned()))?,
        };
        self.policies
            .get(relative)
            .ok_or_else(|| PolicyError::NoSuchPolicy(relative.to_owned()))
    }
}

fn compile(policy: Option<&Policy>, below: &[(&String, Group)]) -> Result<Node, String> {
    let policy = policy.ok_or("it has no content")?;
    match PolicyType::try_from(policy.r#type) {
        Ok(PolicyType::Signature) => SignaturePolicy::parse(&policy.value)
            .map(Node::Signature)
            .map_err(|error| error.to_string()),
        Ok(PolicyType::ImplicitMeta) => {
            let find = |name: &str| {
                let groups = below.iter();
                groups
                    .map(|(group_name, group)| {
                        ((*group_name).clone(), group.get(name).ok().cloned())
                    })
                    .collect()
            };
            ImplicitMeta::parse(&policy.value, find).map(Node::ImplicitMeta)
        }
        Ok(PolicyType::Unknown | PolicyType::Msp) | Err(_) => {
            Err(format!("policies of type {} are unknown", policy.r#type))
        }
    }
}

impl Node {
    /// Evaluates over identities that the manager of this configuration read.
    pub(crate) fn evaluate(&self, identities: &[Arc<Identity>]) -> Result<(), PolicyError> {
        match self {
            Node::Signature(policy) => policy.evaluate_own(identities),
            Node::ImplicitMeta(meta) => meta.evaluate(identities),
        }
    }

    /// Whether it holds for `count` candidates, of whom `is` says which is what.
    pub(crate) fn holds(&self, count: usize, is: &impl Fn(usize, &Principal) -> bool) -> bool {
        match self {
            Node::Signature(policy) => policy.holds(count, is),
            Node::ImplicitMeta(meta) => meta.holds(|node| node.holds(count, is)).is_ok(),
        }
    }

    /// How many leaves name a principal for which `matters` holds.
    pub(crate) fn leaves(&self, matters: &impl Fn(&Principal) -> bool) -> usize {
        match self {
            Node::Signature(policy) => policy.leaves(matters),
            Node::ImplicitMeta(meta) => meta.below().map(|node| node.leaves(matters)).sum(),
        }
    }
}
