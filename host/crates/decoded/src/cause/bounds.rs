//! What is kept of a cause: no more than a few KiB, whatever strangers wrote into their transactions.

use super::{Cause, Key, PolicyNotMet, RangeDifference, Signer};

/// Most bytes that are kept of a transaction's cause.
pub const CAUSE_BYTES_MAX: usize = 8 * 1024;

/// Characters of a text and members of a list that are kept: the first pair with which the cause is small enough.
const STEPS: [(usize, usize); 4] = [(512, 64), (256, 24), (96, 12), (24, 6)];

/// Characters that are shown of a key's parts in a list.
const KEY_CHARACTERS_MAX: usize = 512;

impl Cause {
    /// The cause to be kept, at most [`CAUSE_BYTES_MAX`] bytes of JSON: long texts and lists are cut, with a mark that says so.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        for (text, list) in STEPS {
            let mut cut = self.clone();
            cut.cut(text, list);
            let bytes = serde_json::to_vec(&cut).unwrap_or_default();
            if !bytes.is_empty() && bytes.len() <= CAUSE_BYTES_MAX {
                return bytes;
            }
        }
        let rest = Self::rule("the transaction", "the cause is too long to be kept");
        serde_json::to_vec(&rest).unwrap_or_default()
    }

    /// The cause that was kept; none if this version does not understand the bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    fn cut(&mut self, text: usize, list: usize) {
        match self {
            Self::Rule(broken) => {
                cut_text(&mut broken.part, text);
                cut_text(&mut broken.rule, text);
            }
            Self::Creator(bad) => {
                cut_signer(bad.creator.as_mut(), text);
                cut_text(&mut bad.reason, text);
            }
            Self::Duplicate(_) => {}
            Self::Policy(policy) => cut_policy(policy, text, list),
            Self::PolicyChanged(changed) => cut_key(&mut changed.key, text),
            Self::Read(read) => cut_key(&mut read.key, text),
            Self::Range(range) => {
                cut_text(&mut range.namespace, text);
                cut_text(&mut range.start, text);
                cut_text(&mut range.end, text);
                range.more |= cut_list(&mut range.differences, list) > 0;
                for RangeDifference { key, .. } in &mut range.differences {
                    cut_text(key, text);
                }
            }
        }
    }
}

fn cut_policy(policy: &mut PolicyNotMet, text: usize, list: usize) {
    cut_key(&mut policy.written, text);
    cut_text(&mut policy.policy, text);
    policy.rules_left_out += cut_list(&mut policy.rules, list);
    for rule in &mut policy.rules {
        cut_text(&mut rule.rule, text);
        cut_signer(rule.by.as_mut(), text);
        if let Some(lacks) = &mut rule.lacks {
            cut_text(lacks, text);
        }
    }
    policy.endorsements_left_out += cut_list(&mut policy.endorsers, list);
    for signer in &mut policy.endorsers {
        cut_signer(Some(signer), text);
    }
    policy.endorsements_left_out += cut_list(&mut policy.not_counted, list);
    for endorsement in &mut policy.not_counted {
        cut_signer(endorsement.endorser.as_mut(), text);
        cut_text(&mut endorsement.reason, text);
    }
}

impl Key {
    /// The key as it is shown in a list: long parts are cut.
    pub(crate) fn short(mut self) -> Self {
        cut_key(&mut self, KEY_CHARACTERS_MAX);
        self
    }
}

fn cut_key(key: &mut Key, max: usize) {
    cut_text(&mut key.namespace, max);
    let parts = [&mut key.collection, &mut key.key, &mut key.key_hash];
    for part in parts.into_iter().flatten() {
        cut_text(part, max);
    }
}

fn cut_signer(signer: Option<&mut Signer>, max: usize) {
    if let Some(signer) = signer {
        cut_text(&mut signer.msp_id, max);
        cut_text(&mut signer.subject, max);
    }
}

/// Keeps the first `max` characters and says how many there were more.
fn cut_text(text: &mut String, max: usize) {
    if let Some((at, _)) = text.char_indices().nth(max) {
        let more = text.get(at..).unwrap_or_default().chars().count();
        text.truncate(at);
        text.push_str(&format!("… ({more} characters more)"));
    }
}

/// Keeps the first `max` members and returns how many there were more.
fn cut_list<T>(list: &mut Vec<T>, max: usize) -> usize {
    let more = list.len().saturating_sub(max);
    list.truncate(max);
    more
}
