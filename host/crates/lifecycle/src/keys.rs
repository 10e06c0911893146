//! Where the lifecycle keeps what it knows: names of namespaces, collections and keys.

/// The namespace of definitions and approvals, and the name of the chaincode that writes it.
pub const NAMESPACE: &str = "_lifecycle";

/// The namespace of Fabric's old lifecycle. Nothing is ever in it, but it is read before a first definition.
pub(crate) const OLD_NAMESPACE: &str = "lscc";

/// Definitions and the parameters that organisations approve.
pub(crate) const NAMESPACES: &str = "namespaces";

/// Which package an organisation wants to run for an approved definition.
pub(crate) const SOURCES: &str = "chaincode-sources";

const IMPLICIT_PREFIX: &str = "_implicit_org_";

/// The collection that belongs to one organisation without being declared; it keeps its approvals there.
#[must_use]
pub fn implicit_collection(msp_id: &str) -> String {
    format!("{IMPLICIT_PREFIX}{msp_id}")
}

/// The organisation whose implicit collection this is; `None` for a declared collection.
#[must_use]
pub fn implicit_collection_org(collection: &str) -> Option<&str> {
    collection
        .strip_prefix(IMPLICIT_PREFIX)
        .filter(|msp_id| !msp_id.is_empty())
}

pub(crate) fn metadata_key(kind: &str, name: &str) -> String {
    format!("{kind}/metadata/{name}")
}

pub(crate) fn field_key(kind: &str, name: &str, field: &str) -> String {
    format!("{kind}/fields/{name}/{field}")
}

/// The key whose write says that a definition was committed; the config history and caches look for it.
#[must_use]
pub fn sequence_key(chaincode: &str) -> String {
    field_key(NAMESPACES, chaincode, "Sequence")
}

/// All keys of a definition: its metadata and its four fields. Who needs a definition as a block leaves it reads these.
#[must_use]
pub fn definition_keys(chaincode: &str) -> [String; 5] {
    let field = |name| field_key(NAMESPACES, chaincode, name);
    [
        metadata_key(NAMESPACES, chaincode),
        sequence_key(chaincode),
        field("EndorsementInfo"),
        field("ValidationInfo"),
        field("Collections"),
    ]
}

/// The chaincode that a public `_lifecycle` key newly defines, if it is a sequence key.
#[must_use]
pub fn defined_by_key(key: &str) -> Option<&str> {
    key.strip_prefix("namespaces/fields/")?
        .strip_suffix("/Sequence")
        .filter(|name| !name.is_empty() && !name.contains('/'))
}

/// The name under which an organisation approves one sequence number of a definition.
pub(crate) fn approval_name(chaincode: &str, sequence: i64) -> String {
    format!("{chaincode}#{sequence}")
}
