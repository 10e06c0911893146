//! Reading one group of the tree: which values it may hold, and what they decode to.

use proto::FromWire;
use proto::common::ConfigGroup;

use crate::Error;

/// The values of one group.
pub(crate) struct Values<'a> {
    path: &'a str,
    group: &'a ConfigGroup,
}

impl<'a> Values<'a> {
    /// `path` is said in errors.
    pub(crate) fn new(path: &'a str, group: &'a ConfigGroup) -> Self {
        Self { path, group }
    }

    /// # Errors
    /// [`Error::Unusable`] when the group holds a value of another name.
    pub(crate) fn allow(&self, known: &[&str]) -> Result<(), Error> {
        match self
            .group
            .values
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            Some(name) => Err(Error::Unusable(format!(
                "unexpected key {name} in {}",
                self.path
            ))),
            None => Ok(()),
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.group.values.contains_key(name)
    }

    /// The value, or the empty message when the group does not have it.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it does not decode.
    pub(crate) fn get<T: FromWire>(&self, name: &str) -> Result<T, Error> {
        self.group.values.get(name).map_or_else(
            || Ok(T::default()),
            |value| {
                T::from_wire(value.value.clone())
                    .map_err(Error::malformed(format!("{}/{name}", self.path)))
            },
        )
    }
}

/// # Errors
/// [`Error::Unusable`] when an organisation's group holds groups.
pub(crate) fn reject_subgroups(path: &str, group: &ConfigGroup) -> Result<(), Error> {
    if group.groups.is_empty() {
        return Ok(());
    }
    Err(Error::Unusable(format!(
        "organization group {path} may not hold groups"
    )))
}
