//! What can be wrong with a channel's configuration or with a change to it.

/// Why a configuration, a configuration block or an update is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A message inside the configuration or the update does not decode.
    #[error("{what} does not decode")]
    Malformed {
        /// What was being read.
        what: String,
        /// What the decoder said.
        #[source]
        source: prost::DecodeError,
    },
    /// The block or envelope is not one that carries a configuration.
    #[error("not a configuration: {0}")]
    NotConfig(String),
    /// The configuration breaks a rule, so that no node could work with it.
    #[error("{0}")]
    Unusable(String),
    /// The configuration asks for a capability that this version does not have. A newer version may have it.
    #[error("{section} capability {name} is required but not supported")]
    UnknownCapability {
        /// `Channel`, `Orderer` or `Application`.
        section: &'static str,
        /// The name as it stands in the configuration.
        name: String,
    },
    /// The update may not be applied: wrong versions, missing signatures, a forbidden change. The text is Fabric's.
    #[error("{0}")]
    Refused(String),
    /// A channel description cannot be turned into a configuration.
    #[error("channel description: {0}")]
    Description(String),
}

impl Error {
    pub(crate) fn malformed(what: impl Into<String>) -> impl FnOnce(prost::DecodeError) -> Self {
        let what = what.into();
        move |source| Self::Malformed { what, source }
    }

    /// Turns any error into a refusal of an update, with `step` said first, as Fabric's wrapped errors read.
    pub(crate) fn refusing(self, step: &str) -> Self {
        let reason = match &self {
            Self::Malformed { what, source } => format!("{what} does not decode: {source}"),
            other => other.to_string(),
        };
        Self::Refused(format!("{step}: {reason}"))
    }
}
