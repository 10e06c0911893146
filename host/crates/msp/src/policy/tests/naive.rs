//! The rules of policies once more, as features.md A.6 says them: slowly, and with nothing of the evaluator's.

use proto::common::{
    SignaturePolicy as RuleMessage, implicit_meta_policy::Rule, signature_policy::Type,
};

/// The signatures that a rule uses of those that are free, in their order; `None` if it does not hold.
///
/// A leaf uses the first that is its principal. A gate asks all its rules, each with what those before it have left; a rule that
/// does not hold uses nothing. `is` says whether a signature's identity is the principal of an index.
pub(super) fn uses(
    rule: &RuleMessage,
    free: &[usize],
    is: &dyn Fn(usize, i32) -> bool,
) -> Option<Vec<usize>> {
    match rule.r#type.as_ref().unwrap() {
        Type::SignedBy(principal) => {
            let first = free.iter().find(|signature| is(**signature, *principal))?;
            Some(vec![*first])
        }
        Type::NOutOf(gate) => {
            let mut used = Vec::new();
            let mut held = 0;
            for rule in &gate.rules {
                let left: Vec<usize> = free
                    .iter()
                    .copied()
                    .filter(|one| !used.contains(one))
                    .collect();
                if let Some(more) = uses(rule, &left, is) {
                    used.extend(more);
                    held += 1;
                }
            }
            (held >= gate.n).then_some(used)
        }
    }
}

/// How many gates stand inside one another.
pub(super) fn depth(rule: &RuleMessage) -> usize {
    match rule.r#type.as_ref().unwrap() {
        Type::SignedBy(_) => 0,
        Type::NOutOf(gate) => 1 + gate.rules.iter().map(depth).max().unwrap_or(0),
    }
}

/// Whether so many of so many groups are what an implicit policy wants; without groups everything is.
pub(super) fn enough(rule: Rule, satisfied: usize, groups: usize) -> bool {
    groups == 0
        || match rule {
            Rule::Any => satisfied > 0,
            Rule::All => satisfied == groups,
            Rule::Majority => 2 * satisfied > groups,
        }
}
