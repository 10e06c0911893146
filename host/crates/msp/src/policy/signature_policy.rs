//! Policies that name principals.

use std::sync::Arc;

use proto::FromWire;
use proto::common::{
    SignaturePolicy as RuleMessage, SignaturePolicyEnvelope,
    signature_policy::{NOutOf, Type},
};

use super::PolicyError;
use crate::{Error, Identity, MspManager, Principal};

/// The most rules, gates and leaves together, that a policy may have.
pub const POLICY_RULES_MAX: usize = 10_000;

/// A compiled signature policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignaturePolicy {
    rule: Rule,
    principals: Vec<Principal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Somebody who is the principal of this index signed.
    SignedBy(usize),
    /// At least so many of the rules hold.
    OutOf(i32, Vec<Rule>),
}

impl SignaturePolicy {
    /// Reads a marshalled `SignaturePolicyEnvelope`.
    ///
    /// # Errors
    /// [`Error::Policy`]: undecodable or not usable.
    pub fn parse(bytes: &[u8]) -> Result<SignaturePolicy, Error> {
        let envelope = SignaturePolicyEnvelope::from_wire(bytes.to_vec())
            .map_err(|error| refused(error.to_string()))?;
        SignaturePolicy::compile(&envelope)
    }

    /// Compiles an envelope.
    ///
    /// # Errors
    /// [`Error::Policy`]: a version other than 0, a rule without content, a principal's index out of range, more than
    /// [`POLICY_RULES_MAX`] rules.
    pub fn compile(envelope: &SignaturePolicyEnvelope) -> Result<SignaturePolicy, Error> {
        if envelope.version != 0 {
            return Err(refused(format!(
                "its version is {}, only 0 is known",
                envelope.version
            )));
        }
        let rule = envelope
            .rule
            .as_ref()
            .ok_or_else(|| refused("it has no rule".to_owned()))?;
        let mut left = POLICY_RULES_MAX;
        let rule = compile(rule, envelope.identities.len(), &mut left)?;
        Ok(SignaturePolicy {
            rule,
            principals: envelope.identities.iter().map(Principal::new).collect(),
        })
    }

    /// The principals, by index.
    #[must_use]
    pub fn principals(&self) -> &[Principal] {
        &self.principals
    }

    pub(crate) fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Evaluates over identities whose signatures are already verified and which are all different.
    ///
    /// A leaf takes the first identity not yet used that is its principal. A gate asks all its rules, also after enough of
    /// them held; a rule that holds keeps what it used, one that does not gives it back.
    ///
    /// # Errors
    /// [`PolicyError::NotSatisfied`].
    pub fn evaluate(
        &self,
        msps: &MspManager,
        identities: &[Arc<Identity>],
    ) -> Result<(), PolicyError> {
        let own = msps.own(identities);
        self.evaluate_own(&own)
    }

    /// The same over identities that the manager of the policy's configuration read itself.
    pub(crate) fn evaluate_own(&self, identities: &[Arc<Identity>]) -> Result<(), PolicyError> {
        let holds = self.holds(identities.len(), |index, principal| {
            identities
                .get(index)
                .is_some_and(|identity| identity.satisfies(principal).is_ok())
        });
        holds.then_some(()).ok_or(PolicyError::NotSatisfied)
    }

    /// Whether the policy holds for `count` candidates, of whom `is` says which is what.
    pub(crate) fn holds(&self, count: usize, is: impl Fn(usize, &Principal) -> bool) -> bool {
        let mut used = vec![false; count];
        self.rule_holds(&self.rule, &mut used, &is)
    }

    fn rule_holds(
        &self,
        rule: &Rule,
        used: &mut [bool],
        is: &impl Fn(usize, &Principal) -> bool,
    ) -> bool {
        match rule {
            Rule::SignedBy(index) => {
                let Some(principal) = self.principals.get(*index) else {
                    return false;
                };
                let found = used
                    .iter_mut()
                    .enumerate()
                    .find(|(candidate, used)| !**used && is(*candidate, principal));
                found.map(|(_, used)| *used = true).is_some()
            }
            Rule::OutOf(needed, rules) => {
                let mut held = 0;
                for rule in rules {
                    let mut trial = used.to_vec();
                    if self.rule_holds(rule, &mut trial, is) {
                        held += 1;
                        used.copy_from_slice(&trial);
                    }
                }
                held >= *needed
            }
        }
    }

    /// How many leaves name a principal for which `matters` holds.
    pub(crate) fn leaves(&self, matters: &impl Fn(&Principal) -> bool) -> usize {
        fn count(rule: &Rule, matters: &impl Fn(usize) -> bool) -> usize {
            match rule {
                Rule::SignedBy(index) => usize::from(matters(*index)),
                Rule::OutOf(_, rules) => rules.iter().map(|rule| count(rule, matters)).sum(),
            }
        }
        count(&self.rule, &|index| {
            self.principals.get(index).is_some_and(matters)
        })
    }
}

fn compile(rule: &RuleMessage, principals: usize, left: &mut usize) -> Result<Rule, Error> {
    *left = left
        .checked_sub(1)
        .ok_or_else(|| refused(format!("it has more than {POLICY_RULES_MAX} rules")))?;
    match &rule.r#type {
        Some(Type::SignedBy(index)) => usize::try_from(*index)
            .ok()
            .filter(|index| *index < principals)
            .map(Rule::SignedBy)
            .ok_or_else(|| refused(format!("it names principal {index} of {principals}"))),
        Some(Type::NOutOf(NOutOf { n, rules })) => {
            let rules = rules.iter().map(|rule| compile(rule, principals, left));
            Ok(Rule::OutOf(*n, rules.collect::<Result<_, _>>()?))
        }
        None => Err(refused("a rule is empty".to_owned())),
    }
}

fn refused(reason: String) -> Error {
    Error::Policy {
        path: "of signatures".to_owned(),
        reason,
    }
}
