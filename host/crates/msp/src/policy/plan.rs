//! Which organisations to ask, so that their endorsements satisfy all policies that a transaction touches.
//!
//! A plan is made before anybody endorsed, so it takes endorsers as their organisation's peers without a face: each is a
//! member and a peer of its MSP. Principals that name an organisational unit or a certificate are taken as met by an
//! endorser of their MSP; whether they are is seen at validation.

use super::{ApplicationPolicy, PolicyTree};
use crate::principal::{Principal, Role};

/// How many sets are tried before the search for the smallest one is given up.
const SETS_TRIED_MAX: usize = 20_000;

/// How many endorsers an organisation has, or is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The organisation's MSP.
    pub msp_id: String,
    /// How many endorsers.
    pub endorsers: usize,
}

/// Whether endorsements by these shares satisfy every policy.
#[must_use]
pub fn is_satisfied(tree: &PolicyTree, policies: &[&ApplicationPolicy], shares: &[Share]) -> bool {
    let candidates: Vec<&str> = shares
        .iter()
        .flat_map(|share| std::iter::repeat_n(share.msp_id.as_str(), share.endorsers))
        .collect();
    let is = |index: usize, principal: &Principal| {
        candidates
            .get(index)
            .is_some_and(|msp_id| could_be(msp_id, principal))
    };
    policies.iter().all(|policy| match policy {
        ApplicationPolicy::Signature(policy) => policy.holds(candidates.len(), is),
        ApplicationPolicy::Reference(path) => tree
            .node(path)
            .is_some_and(|node| node.holds(candidates.len(), &is)),
    })
}

/// The smallest shares of `available` that satisfy every policy; organisations that stand earlier are preferred.
///
/// After 20,000 sets the search stops, and the answer is one from which nobody can be left out, though a smaller one may
/// exist. `None`: all of `available` together are not enough.
#[must_use]
pub fn smallest(
    tree: &PolicyTree,
    policies: &[&ApplicationPolicy],
    available: &[Share],
) -> Option<Vec<Share>> {
    let useful: Vec<Share> = available
        .iter()
        .map(|share| Share {
            msp_id: share.msp_id.clone(),
            endorsers: share.endorsers.min(leaves(tree, policies, &share.msp_id)),
        })
        .filter(|share| share.endorsers > 0)
        .collect();
    let mut search = Search {
        tree,
        policies,
        useful: &useful,
        tries_left: SETS_TRIED_MAX,
    };
    let total: usize = useful.iter().map(|share| share.endorsers).sum();
    for size in 0..=total {
        if let Some(found) = search.of_size(size, &mut Vec::new()) {
            return Some(found);
        }
        if search.tries_left == 0 {
            return search.without_surplus();
        }
    }
    None
}

struct Search<'a> {
    tree: &'a PolicyTree,
    policies: &'a [&'a ApplicationPolicy],
    useful: &'a [Share],
    tries_left: usize,
}

impl Search<'_> {
    /// Tries every way to choose `size` more endorsers from the organisations that are not in `chosen` yet.
    fn of_size(&mut self, size: usize, chosen: &mut Vec<Share>) -> Option<Vec<Share>> {
        let Some(next) = self.useful.get(chosen.len()) else {
            if size > 0 || self.tries_left == 0 {
                return None;
            }
            self.tries_left -= 1;
            let satisfied = is_satisfied(self.tree, self.policies, chosen);
            return satisfied.then(|| without_empty(chosen));
        };
        for endorsers in (0..=next.endorsers.min(size)).rev() {
            if self.tries_left == 0 {
                return None;
            }
            chosen.push(Share {
                msp_id: next.msp_id.clone(),
                endorsers,
            });
            let found = self.of_size(size - endorsers, chosen);
            chosen.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Takes everybody, then leaves out one after the other as long as the rest is enough.
    fn without_surplus(&self) -> Option<Vec<Share>> {
        let mut kept = self.useful.to_vec();
        if !is_satisfied(self.tree, self.policies, &kept) {
            return None;
        }
        for index in (0..kept.len()).rev() {
            loop {
                let mut fewer = kept.clone();
                match fewer.get_mut(index) {
                    Some(share) if share.endorsers > 0 => share.endorsers -= 1,
                    _ => break,
                }
                if !is_satisfied(self.tree, self.policies, &fewer) {
                    break;
                }
                kept = fewer;
            }
        }
        Some(without_empty(&kept))
    }
}

/// How many leaves of the policies an organisation's endorsers could satisfy.
fn leaves(tree: &PolicyTree, policies: &[&ApplicationPolicy], msp_id: &str) -> usize {
    let matters = |principal: &Principal| could_be(msp_id, principal);
    let counts = policies.iter().map(|policy| match policy {
        ApplicationPolicy::Signature(policy) => policy.leaves(&matters),
        ApplicationPolicy::Reference(path) => {
            tree.node(path).map_or(0, |node| node.leaves(&matters))
        }
    });
    counts.max().unwrap_or(0)
}

/// Whether an endorser of the MSP could be the principal.
fn could_be(msp_id: &str, principal: &Principal) -> bool {
    match principal {
        Principal::Role {
            msp_id: wanted,
            role,
        } => wanted == msp_id && matches!(role, Role::Member | Role::Peer),
        Principal::Unit { msp_id: wanted, .. } | Principal::Identity { msp_id: wanted, .. } => {
            wanted == msp_id
        }
        Principal::Nominal => true,
        Principal::All(parts) => parts.iter().all(|part| could_be(msp_id, part)),
        Principal::Nobody(_) => false,
    }
}

fn without_empty(shares: &[Share]) -> Vec<Share> {
    shares
        .iter()
        .filter(|share| share.endorsers > 0)
        .cloned()
        .collect()
}
