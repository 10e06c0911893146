//! How a policy was evaluated, rule by rule: for people who ask why it was not satisfied.

use std::sync::Arc;

use super::dsl::principal_text;
use super::implicit_meta::ImplicitMeta;
use super::signature_policy::Rule;
use super::tree::Node;
use super::{ApplicationPolicy, PolicyTree, SignaturePolicy};
use crate::{Identity, Principal};

/// A rule of a policy, and what became of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// How many rules it stands inside of.
    pub depth: usize,
    /// The rule: a gate, a policy's path, or a principal as the policy language writes it.
    pub rule: String,
    /// Whether it held.
    pub held: bool,
    /// Who satisfied the principal.
    pub by: Option<Arc<Identity>>,
    /// Why it did not hold, where there is more to tell than the rules inside it tell.
    pub lacks: Option<String>,
}

/// Evaluates a chaincode's, collection's or key's policy over different identities whose signatures are verified, as
/// [`PolicyTree::evaluate_application`] does, and tells each rule's outcome: a rule before those inside it, in the order in
/// which they were asked. After `steps_max` rules the rest is not told.
#[must_use]
pub fn trace(
    tree: &PolicyTree,
    policy: &ApplicationPolicy,
    identities: &[Arc<Identity>],
    steps_max: usize,
) -> Vec<Step> {
    let own = tree.msps().own(identities);
    let mut tracer = Tracer {
        identities: &own,
        steps: Vec::new(),
        steps_max,
    };
    match policy {
        ApplicationPolicy::Signature(policy) => tracer.signature(policy, 0),
        ApplicationPolicy::Reference(path) => tracer.path(tree.node(path), path, 0),
    };
    tracer.steps
}

struct Tracer<'a> {
    identities: &'a [Arc<Identity>],
    steps: Vec<Step>,
    steps_max: usize,
}

impl Tracer<'_> {
    /// Where the step's outcome is to be entered; none if there is no more room.
    fn begin(&mut self, depth: usize, rule: impl FnOnce() -> String) -> Option<usize> {
        let place = self.steps.len();
        if place >= self.steps_max {
            return None;
        }
        self.steps.push(Step {
            depth,
            rule: rule(),
            held: false,
            by: None,
            lacks: None,
        });
        Some(place)
    }

    fn end(&mut self, place: Option<usize>, held: bool) -> bool {
        if let Some(step) = place.and_then(|place| self.steps.get_mut(place)) {
            step.held = held;
        }
        held
    }

    fn path(&mut self, node: Option<&Node>, path: &str, depth: usize) -> bool {
        match node {
            None => {
                let place = self.begin(depth, || path.to_owned());
                self.lacks(place, || "there is no such policy".to_owned());
                false
            }
            Some(Node::Signature(policy)) => {
                let place = self.begin(depth, || path.to_owned());
                let held = self.signature(policy, depth + 1);
                self.end(place, held)
            }
            Some(Node::ImplicitMeta(meta)) => self.implicit_meta(meta, path, depth),
        }
    }

    fn implicit_meta(&mut self, meta: &ImplicitMeta, path: &str, depth: usize) -> bool {
        let place = self.begin(depth, || format!("{path}: {}", meta.text()));
        let group = path.rsplit_once('/').map_or("", |(group, _)| group);
        let mut held = 0;
        for (name, node) in meta.groups() {
            let below = format!("{group}/{name}/{}", meta.name());
            held += usize::from(self.path(node, &below, depth + 1));
        }
        self.end(place, held >= meta.required())
    }

    fn signature(&mut self, policy: &SignaturePolicy, depth: usize) -> bool {
        let mut used = vec![false; self.identities.len()];
        self.rule(policy, policy.rule(), &mut used, depth)
    }

    fn rule(
        &mut self,
        policy: &SignaturePolicy,
        rule: &Rule,
        used: &mut [bool],
        depth: usize,
    ) -> bool {
        match rule {
            Rule::SignedBy(index) => match policy.principals().get(*index) {
                Some(principal) => self.principal(principal, used, depth),
                None => false,
            },
            Rule::OutOf(needed, rules) => {
                let place = self.begin(depth, || format!("{needed} of {}", rules.len()));
                let mut held = 0;
                for rule in rules {
                    let mut trial = used.to_vec();
                    if self.rule(policy, rule, &mut trial, depth + 1) {
                        held += 1;
                        used.copy_from_slice(&trial);
                    }
                }
                self.end(place, held >= *needed)
            }
        }
    }

    fn principal(&mut self, principal: &Principal, used: &mut [bool], depth: usize) -> bool {
        let identities = self.identities;
        let place = self.begin(depth, || principal_text(principal));
        let mut candidates = used.iter_mut().zip(identities);
        let found = candidates
            .find(|(used, identity)| !**used && identity.satisfies(principal).is_ok())
            .map(|(used, identity)| {
                *used = true;
                Arc::clone(identity)
            });
        let Some(identity) = found else {
            self.lacks(place, || lacking(principal, identities));
            return false;
        };
        if let Some(step) = place.and_then(|place| self.steps.get_mut(place)) {
            step.by = Some(identity);
        }
        self.end(place, true)
    }

    fn lacks(&mut self, place: Option<usize>, why: impl FnOnce() -> String) {
        if let Some(step) = place.and_then(|place| self.steps.get_mut(place)) {
            step.lacks = Some(why());
        }
    }
}

/// Why nobody who is left is the principal.
fn lacking(principal: &Principal, identities: &[Arc<Identity>]) -> String {
    if let Principal::Nobody(reason) = principal {
        return reason.clone();
    }
    let Some(msp_id) = principal.msp_id() else {
        return "nobody who is left satisfies it".to_owned();
    };
    let mut of_msp = identities
        .iter()
        .filter(|identity| identity.msp_id() == msp_id)
        .peekable();
    if of_msp.peek().is_none() {
        return format!("no good endorsement is by a member of {msp_id}");
    }
    let said: Vec<String> = of_msp
        .take(3)
        .map(|identity| {
            let subject = identity.certificate().subject();
            match identity.satisfies(principal) {
                Ok(()) => format!("{subject} counts for another rule already"),
                Err(error) => format!("{subject}: {error}"),
            }
        })
        .collect();
    said.join("; ")
}
