//! The rules of an update, apart from what its result means: versions, members, mod_policies.
//!
//! Fabric's `common/configtx/update.go`.

use proto::common::{ConfigGroup, ConfigUpdate};

use crate::{
    Error,
    elements::{Elements, assemble, flatten, id_error},
};

/// Decides whether the signers of an update satisfy a policy; the error is the reason in Fabric's words.
pub(crate) type Judge<'a> = dyn Fn(&str) -> Result<(), Denial> + 'a;

/// Why a mod_policy did not agree.
pub(crate) enum Denial {
    /// There is no such policy.
    Missing,
    /// The signatures do not satisfy it.
    Unsatisfied(String),
}

/// Applies an update to the channel group `current` and returns the group that results.
///
/// # Errors
/// [`Error::Refused`] with the rule that was broken.
pub(crate) fn authorize(
    channel_id: &str,
    current: &ConfigGroup,
    update: &ConfigUpdate,
    judge: &Judge<'_>,
) -> Result<ConfigGroup, Error> {
    if update.channel_id != channel_id {
        return Err(Error::Refused(format!(
            "ConfigUpdate for channel '{}' but envelope for channel '{channel_id}'",
            update.channel_id
        )));
    }
    let current = flatten(Some(current))?;
    let read_set = flatten(update.read_set.as_ref())
        .map_err(|error| error.refusing("error mapping ReadSet"))?;
    verify_read_set(&current, &read_set)
        .map_err(|error| error.refusing("error validating ReadSet"))?;
    let write_set = flatten(update.write_set.as_ref())
        .map_err(|error| error.refusing("error mapping WriteSet"))?;
    let delta = delta(&read_set, &write_set);
    verify_delta(&current, &delta, judge)
        .map_err(|error| error.refusing("error validating DeltaSet"))?;

    let mut result = current;
    result.extend(delta);
    if let Some(key) = write_set.keys().find(|key| !result.contains_key(*key)) {
        return Err(Error::Refused(format!(
            "full config did not verify: writeset contained key {key} which did not appear in proposed config"
        )));
    }
    assemble(&result)
        .map_err(|error| error.refusing("could not turn configMap back to channelGroup"))
}

fn verify_read_set(current: &Elements<'_>, read_set: &Elements<'_>) -> Result<(), Error> {
    for (key, read) in read_set {
        let Some(existing) = current.get(key) else {
            return Err(Error::Refused(format!(
                "existing config does not contain element for {key} but was in the read set"
            )));
        };
        if existing.version() != read.version() {
            return Err(Error::Refused(format!(
                "proposed update requires that key {key} be at version {}, but it is currently at version {}",
                read.version(),
                existing.version()
            )));
        }
    }
    Ok(())
}

/// What the update writes: the write set without what it merely repeats from the read set.
fn delta<'a>(read_set: &Elements<'_>, write_set: &Elements<'a>) -> Elements<'a> {
    write_set
        .iter()
        .filter(|(key, write)| {
            read_set
                .get(*key)
                .is_none_or(|read| read.version() != write.version())
        })
        .map(|(key, write)| (key.clone(), write.clone()))
        .collect()
}

fn verify_delta(
    current: &Elements<'_>,
    delta: &Elements<'_>,
    judge: &Judge<'_>,
) -> Result<(), Error> {
    if delta.is_empty() {
        return Err(Error::Refused(
            "delta set was empty -- update would have no effect".to_owned(),
        ));
    }
    for (key, write) in delta {
        if let Some(reason) = mod_policy_error(write.mod_policy()) {
            return Err(Error::Refused(format!(
                "invalid mod_policy for element {key}: {reason}"
            )));
        }
        let Some(existing) = current.get(key) else {
            if write.version() != 0 {
                return Err(Error::Refused(format!(
                    "attempted to set key {key} to version {}, but key does not exist",
                    write.version()
                )));
            }
            continue;
        };
        if existing.version().checked_add(1) != Some(write.version()) {
            return Err(Error::Refused(format!(
                "attempt to set key {key} to version {}, but key is at version {}",
                write.version(),
                existing.version()
            )));
        }
        judge(&existing.mod_policy_path()).map_err(|denial| {
            Error::Refused(match denial {
                Denial::Missing => format!(
                    "unexpected missing policy {} for item {key}",
                    existing.mod_policy()
                ),
                Denial::Unsatisfied(reason) => {
                    format!("policy for {key} not satisfied: {reason}")
                }
            })
        })?;
    }
    Ok(())
}

fn mod_policy_error(mod_policy: &str) -> Option<String> {
    if mod_policy.is_empty() {
        return Some("mod_policy not set".to_owned());
    }
    let path = mod_policy.strip_prefix('/').unwrap_or(mod_policy);
    path.split('/').enumerate().find_map(|(index, part)| {
        id_error(part).map(|reason| format!("path element at {index} is invalid: {reason}"))
    })
}
