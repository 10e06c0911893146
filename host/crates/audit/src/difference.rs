//! Where a block states another verdict than the one found.

use std::fmt;

use bytes::Bytes;
use model::{Block, TxValidationCode, codes};

/// One thing that a block's metadata states and that judging the block again gives otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The block.
    pub block: u64,
    /// The transaction's index in it; none if it concerns the whole block.
    pub tx: Option<usize>,
    /// What differs: `validation code`, `transaction filter`, `commit hash`.
    pub what: &'static str,
    /// What the metadata states.
    pub stated: String,
    /// What was found here.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {}", self.block)?;
        if let Some(tx) = self.tx {
            write!(f, " transaction {tx}")?;
        }
        let Self {
            what,
            stated,
            found,
            ..
        } = self;
        write!(f, ": {what} is {found} here, the block states {stated}")
    }
}

/// The verdict that a block came with, taken out of its metadata.
pub(crate) struct Stated {
    number: u64,
    filter: Bytes,
    /// The commit hash; or that its slot does not decode.
    commit_hash: Option<Bytes>,
}

impl Stated {
    /// Empties the two slots of metadata that a peer writes, and keeps what was in them.
    pub(crate) fn take(block: &mut Block) -> Self {
        let stated = Self {
            number: block.number,
            filter: Bytes::copy_from_slice(block.transactions_filter()),
            commit_hash: block.commit_hash().ok(),
        };
        block.set_transactions_filter(&[]);
        block.clear_commit_hash();
        stated
    }

    /// How many things there are to compare.
    pub(crate) fn parts(&self) -> usize {
        let hash = self
            .commit_hash
            .as_ref()
            .is_none_or(|hash| !hash.is_empty());
        usize::from(!self.filter.is_empty()) + usize::from(hash)
    }

    /// Compares it with the verdict found. What is not stated is not compared.
    pub(crate) fn differences(
        &self,
        codes_found: &[TxValidationCode],
        commit_hash: &Bytes,
    ) -> Vec<Difference> {
        let mut differences = Vec::new();
        if !self.filter.is_empty() {
            self.compare_filter(codes_found, &mut differences);
        }
        let stated = match &self.commit_hash {
            Some(stated) if stated.is_empty() || stated == commit_hash => return differences,
            Some(stated) => hex(stated),
            None => "what does not decode".to_owned(),
        };
        differences.push(self.difference(None, "commit hash", stated, hex(commit_hash)));
        differences
    }

    fn compare_filter(&self, found: &[TxValidationCode], differences: &mut Vec<Difference>) {
        if self.filter.len() != found.len() {
            let count = |codes: usize| format!("{codes} codes");
            let (stated, found) = (count(self.filter.len()), count(found.len()));
            differences.push(self.difference(None, "transaction filter", stated, found));
            return;
        }
        for (tx, (stated, found)) in self.filter.iter().zip(found).enumerate() {
            if *stated != codes::to_byte(*found) {
                let name = codes::from_byte(*stated).map_or("unknown", codes::name);
                let stated = format!("{stated} {name}");
                let found = format!("{} {}", codes::to_byte(*found), codes::name(*found));
                differences.push(self.difference(Some(tx), "validation code", stated, found));
            }
        }
    }

    fn difference(
        &self,
        tx: Option<usize>,
        what: &'static str,
        stated: String,
        found: String,
    ) -> Difference {
        Difference {
            block: self.number,
            tx,
            what,
            stated,
            found,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    match bytes {
        [] => "empty".to_owned(),
        bytes => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
