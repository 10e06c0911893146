//! The capabilities a configuration requires, at its three levels.

use std::collections::BTreeSet;

use proto::common;

use crate::Error;

const CHANNEL_KNOWN: [&str; 6] = ["V1_1", "V1_3", "V1_4_2", "V1_4_3", "V2_0", "V3_0"];
const ORDERER_KNOWN: [&str; 3] = ["V1_1", "V1_4_2", "V2_0"];
const APPLICATION_KNOWN: [&str; 6] = ["V1_1", "V1_2", "V1_3", "V1_4_2", "V2_0", "V2_5"];

/// Capability names of the channel group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelCapabilities(BTreeSet<String>);

/// Capability names of the orderer group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrdererCapabilities(BTreeSet<String>);

/// Capability names of the application group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplicationCapabilities(BTreeSet<String>);

impl ChannelCapabilities {
    /// # Errors
    /// [`Error::UnknownCapability`] when a name is not one of Fabric v3.1's.
    pub(crate) fn new(value: &common::Capabilities) -> Result<Self, Error> {
        known("Channel", &CHANNEL_KNOWN, value).map(Self)
    }

    /// V3_0: BFT ordering, Ed25519 identities, orderer addresses of organisations only.
    #[must_use]
    pub fn v3_0(&self) -> bool {
        self.0.contains("V3_0")
    }

    /// V1_4_2 and later: orderer addresses may be given by organisation, and the consensus type may migrate.
    #[must_use]
    pub fn endpoints_by_org(&self) -> bool {
        ["V1_4_2", "V1_4_3", "V2_0", "V3_0"]
            .iter()
            .any(|name| self.0.contains(*name))
    }

    /// The membership rules that go with these capabilities.
    #[must_use]
    pub fn msp_version(&self) -> msp::MspVersion {
        if self.v3_0() {
            msp::MspVersion::V3_0
        } else {
            msp::MspVersion::V1_4_3
        }
    }

    /// The names as they stand in the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl OrdererCapabilities {
    /// # Errors
    /// [`Error::UnknownCapability`] when a name is not one of Fabric v3.1's.
    pub(crate) fn new(value: &common::Capabilities) -> Result<Self, Error> {
        known("Orderer", &ORDERER_KNOWN, value).map(Self)
    }

    /// V1_1 and later: the orderer refuses messages whose creator's certificate has expired.
    #[must_use]
    pub fn expiration_check(&self) -> bool {
        !self.0.is_empty()
    }

    /// V1_4_2 and later: the consensus type may change in maintenance mode.
    #[must_use]
    pub fn consensus_type_migration(&self) -> bool {
        self.0.contains("V1_4_2") || self.0.contains("V2_0")
    }

    /// The names as they stand in the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl ApplicationCapabilities {
    /// # Errors
    /// [`Error::UnknownCapability`] when a name is not one of Fabric v3.1's; [`Error::Unusable`] without V2_0, since
    /// the rules of the chaincode lifecycle before it are not implemented.
    pub(crate) fn new(value: &common::Capabilities) -> Result<Self, Error> {
        let names = known("Application", &APPLICATION_KNOWN, value)?;
        if !names.contains("V2_0") && !names.contains("V2_5") {
            return Err(Error::Unusable(
                "application capability V2_0 or later is required: chaincode lifecycle before it is not supported"
                    .to_owned(),
            ));
        }
        Ok(Self(names))
    }

    /// V2_5: private data may be purged.
    #[must_use]
    pub fn purge_private_data(&self) -> bool {
        self.0.contains("V2_5")
    }

    /// The names as they stand in the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn known(
    section: &'static str,
    known: &[&str],
    value: &common::Capabilities,
) -> Result<BTreeSet<String>, Error> {
    if let Some(name) = value
        .capabilities
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(Error::UnknownCapability {
            section,
            name: name.clone(),
        });
    }
    Ok(value.capabilities.keys().cloned().collect())
}
