//! The update that turns one configuration into another, for tools.

use std::collections::BTreeMap;

use proto::common::{Config, ConfigGroup, ConfigPolicy, ConfigUpdate, ConfigValue};

use crate::Error;

/// Computes the smallest update that makes `updated` of `original`.
///
/// Versions in `updated` do not matter; mod_policies do. The result is unsigned; the caller puts it into a
/// `ConfigUpdateEnvelope`, has it signed, and sends it to an orderer.
///
/// # Errors
/// [`Error::Refused`] when there is no channel group, or no difference.
pub fn compute(
    channel_id: &model::ChannelId,
    original: &Config,
    updated: &Config,
) -> Result<ConfigUpdate, Error> {
    let group = |config: &Config, which: &str| {
        config
            .channel_group
            .clone()
            .ok_or_else(|| Error::Refused(format!("no channel group included for {which} config")))
    };
    let original = group(original, "original")?;
    let updated = group(updated, "updated")?;
    let Some(Delta { read, write }) = group_delta(&original, &updated) else {
        return Err(Error::Refused(
            "no differences detected between original and updated config".to_owned(),
        ));
    };
    Ok(ConfigUpdate {
        channel_id: channel_id.as_str().to_owned(),
        read_set: Some(read),
        write_set: Some(write),
        isolated_data: BTreeMap::new(),
    })
}

/// What an update says of one group.
struct Delta {
    read: ConfigGroup,
    write: ConfigGroup,
}

/// The differences among the members of one kind.
struct Members<T> {
    /// Unchanged ones; named in both sets only if the group itself changes.
    same: BTreeMap<String, T>,
    read: BTreeMap<String, T>,
    write: BTreeMap<String, T>,
    /// A member came or went, so that the group itself gets a new version.
    list_changed: bool,
}

impl<T: Clone> Members<T> {
    /// Both sets with the unchanged members added, for a group that changes itself.
    fn complete(mut self) -> Self {
        self.read.extend(self.same.clone());
        self.write.extend(std::mem::take(&mut self.same));
        self
    }

    fn touched(&self) -> bool {
        !self.read.is_empty() || !self.write.is_empty()
    }
}

/// `None` when the groups are alike.
fn group_delta(original: &ConfigGroup, updated: &ConfigGroup) -> Option<Delta> {
    let mut policies = members(
        &original.policies,
        &updated.policies,
        policy_change,
        |new| ConfigPolicy {
            version: 0,
            ..new.clone()
        },
    );
    let mut values = members(&original.values, &updated.values, value_change, |new| {
        ConfigValue {
            version: 0,
            ..new.clone()
        }
    });
    let mut groups = members(&original.groups, &updated.groups, group_change, |new| {
        group_delta(&ConfigGroup::default(), new).map_or_else(
            || ConfigGroup {
                mod_policy: new.mod_policy.clone(),
                ..ConfigGroup::default()
            },
            |delta| ConfigGroup {
                version: 0,
                ..delta.write
            },
        )
    });
    let own_change = policies.list_changed
        || values.list_changed
        || groups.list_changed
        || original.mod_policy != updated.mod_policy;
    if !own_change && !policies.touched() && !values.touched() && !groups.touched() {
        return None;
    }
    let (mut version, mut mod_policy) = (original.version, String::new());
    if own_change {
        policies = policies.complete();
        values = values.complete();
        groups = groups.complete();
        version += 1;
        mod_policy.clone_from(&updated.mod_policy);
    }
    Some(Delta {
        read: ConfigGroup {
            version: original.version,
            groups: groups.read,
            values: values.read,
            policies: policies.read,
            mod_policy: String::new(),
        },
        write: ConfigGroup {
            version,
            groups: groups.write,
            values: values.write,
            policies: policies.write,
            mod_policy,
        },
    })
}

/// What became of one member that stands on both sides.
enum Change<T> {
    /// Nothing; here is its mention.
    None(T),
    /// A new version, not read.
    Replaced(T),
    /// A group that changes within.
    Within { read: T, write: T },
}

fn members<T: Clone>(
    original: &BTreeMap<String, T>,
    updated: &BTreeMap<String, T>,
    change: impl Fn(&T, &T) -> Change<T>,
    added: impl Fn(&T) -> T,
) -> Members<T> {
    let mut members = Members {
        same: BTreeMap::new(),
        read: BTreeMap::new(),
        write: BTreeMap::new(),
        list_changed: false,
    };
    for (name, old) in original {
        let Some(new) = updated.get(name) else {
            members.list_changed = true;
            continue;
        };
        match change(old, new) {
            Change::None(mention) => {
                members.same.insert(name.clone(), mention);
            }
            Change::Replaced(write) => {
                members.write.insert(name.clone(), write);
            }
            Change::Within { read, write } => {
                members.read.insert(name.clone(), read);
                members.write.insert(name.clone(), write);
            }
        }
    }
    for (name, new) in updated
        .iter()
        .filter(|(name, _)| !original.contains_key(*name))
    {
        members.list_changed = true;
        members.write.insert(name.clone(), added(new));
    }
    members
}

fn policy_change(old: &ConfigPolicy, new: &ConfigPolicy) -> Change<ConfigPolicy> {
    if old.mod_policy == new.mod_policy && old.policy == new.policy {
        return Change::None(ConfigPolicy {
            version: old.version,
            ..ConfigPolicy::default()
        });
    }
    Change::Replaced(ConfigPolicy {
        version: old.version + 1,
        ..new.clone()
    })
}

fn value_change(old: &ConfigValue, new: &ConfigValue) -> Change<ConfigValue> {
    if old.mod_policy == new.mod_policy && old.value == new.value {
        return Change::None(ConfigValue {
            version: old.version,
            ..ConfigValue::default()
        });
    }
    Change::Replaced(ConfigValue {
        version: old.version + 1,
        ..new.clone()
    })
}

fn group_change(old: &ConfigGroup, new: &ConfigGroup) -> Change<ConfigGroup> {
    group_delta(old, new).map_or_else(
        || {
            Change::None(ConfigGroup {
                version: old.version,
                ..ConfigGroup::default()
            })
        },
        |Delta { read, write }| Change::Within { read, write },
    )
}
