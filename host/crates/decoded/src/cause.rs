//! Why a transaction is not valid: found when its block is committed, kept with the block, shown to who asks.
//!
//! Much of it are names and texts that strangers chose. [`Cause::to_bytes`] bounds what is kept of them.

mod bounds;
#[cfg(test)]
mod tests;
mod text;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use bounds::CAUSE_BYTES_MAX;

/// Why a transaction is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TransactionCause)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// A part of it breaks a rule.
    Rule(RuleBroken),
    /// Its creator has not signed it, or is nobody whom the channel knows.
    Creator(BadCreator),
    /// Its id was there before.
    Duplicate(Duplicate),
    /// An endorsement policy is not satisfied.
    Policy(Box<PolicyNotMet>),
    /// It writes a key whose endorsement policy an earlier transaction of the same block has changed.
    PolicyChanged(PolicyChanged),
    /// A key that it read has changed since.
    Read(StaleRead),
    /// A range that it read has changed since.
    Range(ChangedRange),
}

/// A part of a transaction that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleBroken {
    /// The part, such as `the channel header`.
    pub part: String,
    /// What is wrong with it.
    pub rule: String,
}

/// A creator whose signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BadCreator {
    /// Who it is said to be, where that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub creator: Option<Signer>,
    /// What is wrong.
    pub reason: String,
}

/// Somebody who has signed: organisation and certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signer {
    /// The organisation's MSP.
    pub msp_id: String,
    /// Distinguished name of the certificate's subject.
    pub subject: String,
}

/// A transaction id that was there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Duplicate {
    /// The transaction that had the id first.
    pub first: Place,
    /// That transaction's validation code.
    pub code: String,
}

/// Where a transaction stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = TransactionPlace)]
pub struct Place {
    /// The block's number.
    pub block: u64,
    /// Place in the block.
    pub tx: u64,
    /// The transaction's id; missing where it has none, or where only the place matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tx_id: Option<String>,
}

/// A key of the state: of a chaincode's public data, or, by its hash, of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StateKey)]
pub struct Key {
    /// The chaincode.
    pub namespace: String,
    /// The collection of private data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub collection: Option<String>,
    /// The public key; missing where none in particular is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key: Option<String>,
    /// SHA-256 of the private key, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key_hash: Option<String>,
}

/// An endorsement policy that is not satisfied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyNotMet {
    /// What is written that the policy is asked for.
    pub written: Key,
    /// Whose policy it is.
    pub owner: PolicyOwner,
    /// The policy in the policy language, or its path in the channel's configuration.
    pub policy: String,
    /// Its rules as they were asked, each before those inside it; empty if the policy cannot be used.
    pub rules: Vec<PolicyRule>,
    /// How many rules more there are than are shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rules_left_out: usize,
    /// Whose endorsements are good signatures over this result.
    pub endorsers: Vec<Signer>,
    /// The endorsements that do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_counted: Vec<NotCounted>,
    /// How many endorsements more there are than are shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub endorsements_left_out: usize,
}

/// Whose endorsement policy decides over a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyOwner {
    /// The key's own.
    Key,
    /// The collection's own.
    Collection,
    /// The chaincode's.
    Chaincode,
    /// The channel's, for chaincode definitions.
    Lifecycle,
    /// That of the organisation to which an implicit collection belongs.
    Organization,
}

/// A rule of a policy, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRule {
    /// How many rules it stands inside of.
    pub depth: usize,
    /// The rule: how many of those inside it must hold, a policy's path, or a principal.
    pub rule: String,
    /// Whether it held.
    pub held: bool,
    /// Who satisfied the principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub by: Option<Signer>,
    /// Whose signature it lacks, or what else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub lacks: Option<String>,
}

/// An endorsement that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotCounted {
    /// Whose it is said to be, where that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub endorser: Option<Signer>,
    /// Why it does not count.
    pub reason: String,
}

/// A key whose policy has changed in the same block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyChanged {
    /// The key.
    pub key: Key,
    /// The transaction that changed its policy.
    pub by: Place,
}

/// A key that is not as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaleRead {
    /// The key.
    pub key: Key,
    /// The version read: the transaction that had written it last. Missing if the key was absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub read: Option<Place>,
    /// The version found at the commit; missing if the key was absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub now: Option<Place>,
    /// The transaction that changed it; missing if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub by: Option<Place>,
    /// What that transaction did to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub change: Option<KeyChange>,
}

/// What a transaction did to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = KeyChangeKind)]
#[serde(rename_all = "snake_case")]
pub enum KeyChange {
    /// It has a new value.
    Written,
    /// It is gone.
    Deleted,
    /// It has another policy or other metadata.
    Metadata,
}

/// A range that is not as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedRange {
    /// The chaincode.
    pub namespace: String,
    /// The first key.
    pub start: String,
    /// The first key that is no more meant, or, if the walk was left early, the last one read; empty for no end.
    pub end: String,
    /// Whether the transaction holds only hashes over what it read.
    pub hashed: bool,
    /// The first keys that make the difference, in the order of their bytes.
    pub differences: Vec<RangeDifference>,
    /// Whether there are more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The greatest height at which the range was as it was read, where that was found by the hashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub as_of_height: Option<u64>,
    /// Why the differences are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub untold: Option<String>,
}

/// A key by which a range differs from what was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RangeKeyDifference)]
pub struct RangeDifference {
    /// The key.
    pub key: String,
    /// Whether the range has gained it, lost it, or found it changed.
    pub change: RangeChange,
    /// The version read; missing for a key that was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub read: Option<Place>,
    /// The version found; missing for a key that is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub now: Option<Place>,
    /// The transaction that wrote or deleted it; missing if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub by: Option<Place>,
}

/// What became of a key in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RangeChangeKind)]
#[serde(rename_all = "snake_case")]
pub enum RangeChange {
    /// It was not there.
    Gained,
    /// It is not there any more.
    Lost,
    /// It has been written since.
    Changed,
}

impl Cause {
    /// A part that breaks a rule.
    #[must_use]
    pub fn rule(part: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::Rule(RuleBroken {
            part: part.into(),
            rule: rule.into(),
        })
    }
}

impl Place {
    /// The place of which nothing else is known yet.
    #[must_use]
    pub fn new(version: model::Version) -> Self {
        Self {
            block: version.block,
            tx: version.tx,
            tx_id: None,
        }
    }

    /// The place as the version of what was written there.
    #[must_use]
    pub fn version(&self) -> model::Version {
        model::Version {
            block: self.block,
            tx: self.tx,
        }
    }
}

impl Key {
    /// A public key.
    #[must_use]
    pub fn public(namespace: &str, key: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            key: Some(key.to_owned()),
            ..Self::default()
        }
    }

    /// A private key, of which only the hash is known.
    #[must_use]
    pub fn hashed(namespace: &str, collection: &str, key_hash: &[u8]) -> Self {
        Self {
            namespace: namespace.to_owned(),
            collection: Some(collection.to_owned()),
            key_hash: Some(hex::encode(key_hash)),
            ..Self::default()
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
