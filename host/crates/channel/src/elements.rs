//! The configuration tree as a flat map, in which an update is compared and laid over, and the way back.
//!
//! Keys are Fabric's (`[Group]  /Channel/Application`, `[Value]  …`, `[Policy] …`), since its error texts show them.

use std::collections::BTreeMap;

use proto::common::{ConfigGroup, ConfigPolicy, ConfigValue};

use crate::{
    Error,
    names::{ADMINS, CHANNEL},
};

const ID_BYTES_MAX: usize = 249;

/// With this element in the configuration, an empty mod_policy anywhere becomes `Admins`: Fabric's repair of channels
/// that its version 1.0 made without them.
const REPAIR_SWITCH: &str = "[Value]  /Channel/Orderer/Capabilities";

/// A node of the tree.
#[derive(Clone, Copy)]
pub(crate) enum Node<'a> {
    Group(&'a ConfigGroup),
    Value(&'a ConfigValue),
    Policy(&'a ConfigPolicy),
}

/// A node and the path of the group that its relative mod_policy is resolved at.
#[derive(Clone)]
pub(crate) struct Element<'a> {
    pub(crate) node: Node<'a>,
    scope: String,
}

/// The flat map, by Fabric's key.
pub(crate) type Elements<'a> = BTreeMap<String, Element<'a>>;

impl Element<'_> {
    pub(crate) fn version(&self) -> u64 {
        match self.node {
            Node::Group(group) => group.version,
            Node::Value(value) => value.version,
            Node::Policy(policy) => policy.version,
        }
    }

    pub(crate) fn mod_policy(&self) -> &str {
        match self.node {
            Node::Group(group) => &group.mod_policy,
            Node::Value(value) => &value.mod_policy,
            Node::Policy(policy) => &policy.mod_policy,
        }
    }

    /// The absolute path of the policy that must agree to a change of this element.
    pub(crate) fn mod_policy_path(&self) -> String {
        let policy = self.mod_policy();
        if policy.starts_with('/') {
            policy.to_owned()
        } else {
            format!("{}/{policy}", self.scope)
        }
    }
}

/// Lays the tree out flat. `None` (no read set at all) is an empty map.
///
/// # Errors
/// [`Error::Refused`] when an element's name is not allowed.
pub(crate) fn flatten(root: Option<&ConfigGroup>) -> Result<Elements<'_>, Error> {
    let mut elements = Elements::new();
    if let Some(root) = root {
        flatten_group(&mut elements, &format!("/{CHANNEL}"), root)?;
    }
    Ok(elements)
}

fn flatten_group<'a>(
    elements: &mut Elements<'a>,
    path: &str,
    group: &'a ConfigGroup,
) -> Result<(), Error> {
    elements.insert(
        format!("[Group]  {path}"),
        element(Node::Group(group), path),
    );
    for (name, inner) in &group.groups {
        check_id("[Group]  ", name)?;
        flatten_group(elements, &format!("{path}/{name}"), inner)?;
    }
    for (name, value) in &group.values {
        check_id("[Value]  ", name)?;
        elements.insert(
            format!("[Value]  {path}/{name}"),
            element(Node::Value(value), path),
        );
    }
    for (name, policy) in &group.policies {
        check_id("[Policy] ", name)?;
        elements.insert(
            format!("[Policy] {path}/{name}"),
            element(Node::Policy(policy), path),
        );
    }
    Ok(())
}

fn element<'a>(node: Node<'a>, scope: &str) -> Element<'a> {
    Element {
        node,
        scope: scope.to_owned(),
    }
}

fn check_id(kind: &str, name: &str) -> Result<(), Error> {
    id_error(name).map_or(Ok(()), |reason| {
        Err(Error::Refused(format!(
            "illegal characters in key: {kind}{name:?}: {reason}"
        )))
    })
}

/// Why `name` cannot name an element of the tree or a part of a policy path; `None` if it can.
pub(crate) fn id_error(name: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    match name {
        "" => Some("config ID illegal, cannot be empty".to_owned()),
        "." | ".." => Some(format!("name '{name}' for config ID is not allowed")),
        _ if name.len() > ID_BYTES_MAX => Some(format!(
            "config ID illegal, cannot be longer than {ID_BYTES_MAX}"
        )),
        _ if !name.bytes().all(allowed) => {
            Some(format!("config ID '{name}' contains illegal characters"))
        }
        _ => None,
    }
}

/// Builds the tree back: members of a group are those its own element lists, each taken from the map.
///
/// # Errors
/// [`Error::Refused`] when a listed member is not in the map.
pub(crate) fn assemble(elements: &Elements<'_>) -> Result<ConfigGroup, Error> {
    let repair = elements.contains_key(REPAIR_SWITCH);
    assemble_group(elements, &format!("/{CHANNEL}"), repair)
}

fn assemble_group(elements: &Elements<'_>, path: &str, repair: bool) -> Result<ConfigGroup, Error> {
    let missing =
        |kind: &str, path: &str| Error::Refused(format!("missing {kind} at path: {path}"));
    let Some(Node::Group(listed)) = elements.get(&format!("[Group]  {path}")).map(|e| e.node)
    else {
        return Err(missing("group", path));
    };
    let mod_policy = |policy: &str| match policy {
        "" if repair => ADMINS.to_owned(),
        other => other.to_owned(),
    };
    let mut group = ConfigGroup {
        version: listed.version,
        mod_policy: mod_policy(&listed.mod_policy),
        ..ConfigGroup::default()
    };
    for name in listed.groups.keys() {
        let inner = assemble_group(elements, &format!("{path}/{name}"), repair)?;
        group.groups.insert(name.clone(), inner);
    }
    for name in listed.values.keys() {
        let path = format!("{path}/{name}");
        let Some(Node::Value(value)) = elements.get(&format!("[Value]  {path}")).map(|e| e.node)
        else {
            return Err(missing("value", &path));
        };
        let mut value = value.clone();
        value.mod_policy = mod_policy(&value.mod_policy);
        group.values.insert(name.clone(), value);
    }
    for name in listed.policies.keys() {
        let path = format!("{path}/{name}");
        let Some(Node::Policy(policy)) = elements.get(&format!("[Policy] {path}")).map(|e| e.node)
        else {
            return Err(missing("policy", &path));
        };
        let mut policy = policy.clone();
        policy.mod_policy = mod_policy(&policy.mod_policy);
        group.policies.insert(name.clone(), policy);
    }
    Ok(group)
}
