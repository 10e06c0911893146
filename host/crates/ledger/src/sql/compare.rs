//! The statements that compare two ledgers of one channel: this one and the one attached as `other`.

/// A table of which every row follows from the blocks.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Its primary key.
    pub(crate) keys: &'static [&'static str],
    /// Its other columns, as far as they must be equal.
    pub(crate) values: &'static [&'static str],
}

/// In the order in which a difference is best looked for. The bytes of blocks are compared by their checksums. The causes of
/// invalid transactions are not among them: another version of this program may put them into other words.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "channel",
        keys: &["id"],
        values: &[
            "channel_id",
            "genesis_hash",
            "height",
            "last_hash",
            "commit_hash",
            "last_config",
        ],
    },
    Table {
        name: "blocks",
        keys: &["number"],
        values: &["hash", "checksum"],
    },
    Table {
        name: "state",
        keys: &["ns", "key"],
        values: &["value", "metadata", "block", "tx"],
    },
    Table {
        name: "hashed_state",
        keys: &["ns", "collection", "key_hash"],
        values: &["value_hash", "metadata", "block", "tx"],
    },
    Table {
        name: "transactions",
        keys: &["tx_id", "block", "tx"],
        values: &["code"],
    },
    Table {
        name: "history",
        keys: &["ns", "key", "block", "tx"],
        values: &[],
    },
    Table {
        name: "config_history",
        keys: &["chaincode", "block"],
        values: &["package"],
    },
    Table {
        name: "expiry",
        keys: &["at", "ns", "collection", "key_hash", "block"],
        values: &[],
    },
    Table {
        name: "purges",
        keys: &["ns", "collection", "key_hash"],
        values: &["block", "tx"],
    },
];

impl Table {
    /// Rows of this ledger that the other one has not, or not alike: all columns. ?1: most rows.
    pub(crate) fn unequal(&self) -> String {
        let all = self.keys.iter().chain(self.values);
        let same = self.equal(all.copied());
        self.missing("main", "other", &same)
    }

    /// Rows of the other ledger whose key this one has not: all columns. ?1: most rows.
    pub(crate) fn only_in_other(&self) -> String {
        let same = self.equal(self.keys.iter().copied());
        self.missing("other", "main", &same)
    }

    /// The other ledger's values under a key.
    pub(crate) fn in_other(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(|key| format!("{key} = ?")).collect();
        let values = match self.values {
            [] => "1".to_owned(),
            values => values.join(", "),
        };
        let (name, keys) = (self.name, keys.join(" AND "));
        format!("SELECT {values} FROM other.{name} WHERE {keys}")
    }

    fn equal(&self, columns: impl Iterator<Item = &'static str>) -> String {
        let pairs: Vec<_> = columns.map(|name| format!("b.{name} = a.{name}")).collect();
        pairs.join(" AND ")
    }

    fn missing(&self, from: &str, of: &str, same: &str) -> String {
        let columns: Vec<_> = self.keys.iter().chain(self.values).copied().collect();
        let (name, columns, keys) = (self.name, columns.join(", "), self.keys.join(", "));
        format!(
            "SELECT {columns} FROM {from}.{name} AS a WHERE NOT EXISTS \
             (SELECT 1 FROM {of}.{name} AS b WHERE {same}) ORDER BY {keys} LIMIT ?1"
        )
    }
}

/// Private values with the hashed key of the same version, and whether that key has a newer one.
pub(crate) const PRIVATE_CHECK: &str = "SELECT p.ns, p.collection, p.key, p.key_hash, p.value, same.value_hash, \
     EXISTS (SELECT 1 FROM hashed_state AS newer WHERE newer.ns = p.ns AND newer.collection = p.collection \
       AND newer.key_hash = p.key_hash AND (newer.block, newer.tx) > (p.block, p.tx)) \
     FROM private_state AS p LEFT JOIN hashed_state AS same ON same.ns = p.ns AND same.collection = p.collection \
       AND same.key_hash = p.key_hash AND same.block = p.block AND same.tx = p.tx ORDER BY p.ns, p.collection, p.key";
