//! Remembers which signatures were found good.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use ring::digest::{Context, SHA256};

use crate::key_tables::KeyTables;

/// Keys that can have a table at the same time. Clients and endorsers that are busy at once are a handful.
const KEY_TABLES_MAX: usize = 64;

/// A bounded memory of good signatures: (public key, signed bytes, signature) triples whose mathematics held, or which this node
/// made with the key itself.
///
/// The same signature is checked again and again: a proposal by the endorser, its transaction by the orderer, the
/// committer and the gateway. A node makes one memo and hands it to the managers of all its channels, also to those that
/// come with later configurations: nothing in it depends on who trusts whom. Never share one between two nodes. Bad
/// signatures are not remembered, so that nobody can push good ones out for free.
///
/// The memo also holds what makes those keys faster that sign most: with the 64th good signature by a P-256 key that had to be
/// computed a table is made, in one or two milliseconds, and from then on the key's signatures take half the time. A table
/// takes 88 KB.
pub struct SignatureMemo {
    good: Cache<[u8; 32], ()>,
    tables: KeyTables,
    verified: AtomicU64,
    known: AtomicU64,
}

/// How signatures over messages were checked, since the memo was made. Those of certificates are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignaturesChecked {
    /// By computing, good ones and bad ones.
    pub verified: u64,
    /// By remembering.
    pub known: u64,
}

impl SignatureMemo {
    /// A memo of about `capacity` signatures, 32 bytes each and the cache's own overhead, and of tables for at most 64 keys,
    /// 6 MB in all.
    #[must_use]
    pub fn new(capacity: usize) -> SignatureMemo {
        SignatureMemo {
            good: Cache::new(capacity.max(1)),
            tables: KeyTables::new(KEY_TABLES_MAX),
            verified: AtomicU64::new(0),
            known: AtomicU64::new(0),
        }
    }

    /// The same memo with tables for about that many keys, 88 KB each. Without any, each key is always as slow as a new one.
    #[must_use]
    pub fn with_key_tables(mut self, keys_max: usize) -> SignatureMemo {
        self.tables = KeyTables::new(keys_max);
        self
    }

    /// How many signatures were checked, and how.
    #[must_use]
    pub fn checked(&self) -> SignaturesChecked {
        SignaturesChecked {
            verified: self.verified.load(Ordering::Relaxed),
            known: self.known.load(Ordering::Relaxed),
        }
    }

    /// The name of a triple: SHA-256 over the key, the digest of the signed bytes and the signature, each with its length.
    pub(crate) fn name(public_key: &[u8], digest: &[u8; 32], signature: &[u8]) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        for part in [public_key, digest.as_slice(), signature] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        finish(context)
    }

    /// Tables of the keys that sign most.
    pub(crate) fn tables(&self) -> &KeyTables {
        &self.tables
    }

    /// Whether the triple of this name was found good and is still remembered. If not, the caller will compute.
    pub(crate) fn knows(&self, name: &[u8; 32]) -> bool {
        let is_known = self.good.get(name).is_some();
        let counter = if is_known {
            &self.known
        } else {
            &self.verified
        };
        counter.fetch_add(1, Ordering::Relaxed);
        is_known
    }

    /// Remembers that the triple of this name is good.
    pub(crate) fn remember(&self, name: [u8; 32]) {
        self.good.insert(name, ());
    }
}

impl fmt::Debug for SignatureMemo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignatureMemo")
            .field("len", &self.good.len())
            .field("key_tables", &self.tables.len())
            .finish()
    }
}

/// A message and its SHA-256.
pub(crate) struct Hashed<'a> {
    message: &'a [u8],
    digest: [u8; 32],
}

impl<'a> Hashed<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Hashed<'a> {
        Hashed {
            message,
            digest: sha256(message),
        }
    }

    pub(crate) fn message(&self) -> &'a [u8] {
        self.message
    }

    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    finish(context)
}

/// SHA-256 of the parts, one after the other.
pub(crate) fn sha256_of<'a>(parts: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    parts.for_each(|part| context.update(part));
    finish(context)
}

fn finish(context: Context) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_other_lengths_have_another_name() {
        let digest = [0; 32];
        let one = SignatureMemo::name(b"ab", &digest, b"c");
        let other = SignatureMemo::name(b"a", &digest, b"bc");
        assert_ne!(one, other);
    }

    #[test]
    fn only_what_was_remembered_is_known() {
        let memo = SignatureMemo::new(10);
        memo.remember([1; 32]);
        assert!(memo.knows(&[1; 32]));
        assert!(!memo.knows(&[2; 32]));
        let checked = memo.checked();
        assert_eq!((checked.known, checked.verified), (1, 1));
    }
}
