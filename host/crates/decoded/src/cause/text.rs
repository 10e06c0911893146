//! A cause in words. Each line is one line, whatever strangers wrote into it, once whoever prints it escapes what steers.

use std::fmt;

use super::{
    BadCreator, Cause, ChangedRange, Duplicate, Key, KeyChange, NotCounted, Place, PolicyChanged,
    PolicyNotMet, PolicyOwner, PolicyRule, RangeChange, RangeDifference, Signer, StaleRead,
};

impl Cause {
    /// The cause in words, line by line: first the cause itself, then what there is to know of it.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Rule(broken) => vec![format!("{}: {}", broken.part, broken.rule)],
            Self::Creator(bad) => vec![creator(bad)],
            Self::Duplicate(duplicate) => vec![first(duplicate)],
            Self::Policy(policy) => policy_lines(policy),
            Self::PolicyChanged(changed) => vec![policy_changed(changed)],
            Self::Read(read) => read_lines(read),
            Self::Range(range) => range_lines(range),
        }
    }
}

/// The lines, one below the other.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transaction {} of block {}", self.tx, self.block)?;
        match &self.tx_id {
            Some(tx_id) => write!(f, " ({tx_id})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.subject, self.msp_id)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.key, &self.key_hash) {
            (Some(key), _) => write!(f, "key {key:?} of ")?,
            (None, Some(hash)) => write!(f, "the key with hash {hash} of ")?,
            (None, None) => {}
        }
        if let Some(collection) = &self.collection {
            write!(f, "collection {collection} of ")?;
        }
        write!(f, "chaincode {}", self.namespace)
    }
}

fn creator(bad: &BadCreator) -> String {
    match &bad.creator {
        Some(creator) => format!("the creator is said to be {creator}: {}", bad.reason),
        None => format!("the creator: {}", bad.reason),
    }
}

fn first(duplicate: &Duplicate) -> String {
    let Duplicate { first, code } = duplicate;
    format!("{first} had the id first; it is {code}")
}

fn policy_changed(changed: &PolicyChanged) -> String {
    let PolicyChanged { key, by } = changed;
    format!("it writes {key}, whose endorsement policy {by}, in the same block, has changed before")
}

fn policy_lines(policy: &PolicyNotMet) -> Vec<String> {
    let owner = match policy.owner {
        PolicyOwner::Key => "the key's own policy",
        PolicyOwner::Collection => "the collection's policy",
        PolicyOwner::Chaincode => "the chaincode's policy",
        PolicyOwner::Lifecycle => "the channel's policy for chaincode definitions",
        PolicyOwner::Organization => "the policy of the collection's organisation",
    };
    let mut lines = vec![
        format!(
            "writing to {} needs {owner}, which is not satisfied",
            policy.written
        ),
        format!("policy: {}", policy.policy),
    ];
    lines.extend(policy.rules.iter().map(rule));
    if policy.rules_left_out > 0 {
        lines.push(format!("  … and {} rules more", policy.rules_left_out));
    }
    let good = policy
        .endorsers
        .iter()
        .map(|signer| format!("good endorsement: {signer}"));
    lines.extend(good);
    lines.extend(policy.not_counted.iter().map(not_counted));
    if policy.endorsers.is_empty() {
        lines.push("no endorsement is good".to_owned());
    }
    if policy.endorsements_left_out > 0 {
        let more = policy.endorsements_left_out;
        lines.push(format!("… and {more} endorsements more"));
    }
    lines
}

fn rule(rule: &PolicyRule) -> String {
    let indent = "  ".repeat(rule.depth.min(20) + 1);
    let outcome = match (rule.held, &rule.by, &rule.lacks) {
        (true, Some(by), _) => format!("satisfied by {by}"),
        (true, None, _) => "satisfied".to_owned(),
        (false, _, Some(lacks)) => format!("lacking: {lacks}"),
        (false, _, None) => "not satisfied".to_owned(),
    };
    format!("{indent}{}: {outcome}", rule.rule)
}

fn not_counted(endorsement: &NotCounted) -> String {
    match &endorsement.endorser {
        Some(endorser) => format!("not counted: {endorser}: {}", endorsement.reason),
        None => format!("not counted: {}", endorsement.reason),
    }
}

fn read_lines(read: &StaleRead) -> Vec<String> {
    let (key, at) = (&read.key, at(read.read.as_ref()));
    let by = match (&read.by, read.change) {
        (Some(by), _)
            if read
                .read
                .as_ref()
                .is_some_and(|read| read.version() > by.version()) =>
        {
            format!("{by} has left it as it is, and the version read was never committed here")
        }
        (Some(by), Some(KeyChange::Written)) => format!("{by} has written it since"),
        (Some(by), Some(KeyChange::Deleted)) => format!("{by} has deleted it since"),
        (Some(by), Some(KeyChange::Metadata)) => format!("{by} has changed its metadata since"),
        (Some(by), None) => format!("{by} has changed it since"),
        (None, _) if read.key.key_hash.is_some() => {
            "it is absent now: deleted, purged or expired, no peer keeps which".to_owned()
        }
        (None, _) => "it is absent now; which transaction deleted it is not known".to_owned(),
    };
    vec![
        format!("{key} was read {at}; {by}"),
        format!("  version read: {}", version(read.read.as_ref())),
        format!("  version now:  {}", version(read.now.as_ref())),
    ]
}

/// How a key was found: as somebody left it, or not at all.
fn at(read: Option<&Place>) -> String {
    match read {
        Some(read) => format!("as {read} left it"),
        None => "as absent".to_owned(),
    }
}

fn version(place: Option<&Place>) -> String {
    place.map_or_else(
        || "none".to_owned(),
        |place| format!("block {}, transaction {}", place.block, place.tx),
    )
}

fn range_lines(range: &ChangedRange) -> Vec<String> {
    let ChangedRange { start, end, .. } = range;
    let end = match end.as_str() {
        "" => "its end".to_owned(),
        end => format!("{end:?}"),
    };
    let mut differences = range.differences.iter().map(difference);
    let first = differences.next();
    let first = first.map_or_else(String::new, |first| format!(": {first}"));
    let mut lines = vec![format!(
        "the keys of chaincode {} from {start:?} to {end} are not those that were read{first}",
        range.namespace
    )];
    lines.extend(differences.map(|line| format!("  {line}")));
    if range.more {
        lines.push("  … and more".to_owned());
    }
    if let Some(height) = range.as_of_height {
        lines.push(format!(
            "  it was as it was read up to height {height}, as the hashes over what was read show"
        ));
    }
    lines.extend(range.untold.iter().map(|why| format!("  {why}")));
    lines
}

fn difference(difference: &RangeDifference) -> String {
    let RangeDifference { key, by, .. } = difference;
    let did = |what: &str| match by {
        Some(by) => format!("which {by} has {what}"),
        None => format!("{what} by a transaction that is not known"),
    };
    match difference.change {
        RangeChange::Gained => format!("it gained key {key:?}, {}", did("written")),
        RangeChange::Lost => format!("it lost key {key:?}, {}", did("deleted")),
        RangeChange::Changed => {
            let read = version(difference.read.as_ref());
            format!(
                "it read key {key:?} at version {read}, {}",
                did("changed since")
            )
        }
    }
}
