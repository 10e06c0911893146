//! A definition as people write it: policies in words, collections in the JSON of Fabric's tools.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use prost::Message as _;
use proto::FromWire;
use proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, ChaincodeSource, CheckCommitReadinessArgs,
    CommitChaincodeDefinitionArgs, chaincode_source,
};
use proto::protos::{
    ApplicationPolicy, CollectionConfig, CollectionConfigPackage, CollectionPolicyConfig,
    StaticCollectionConfig, application_policy, collection_config, collection_policy_config,
};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Why a description is no definition.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// A policy is not written as policies are.
    #[error("'{text}' is not a signature policy")]
    Policy {
        /// As it was written.
        text: String,
        /// What is wrong with it.
        #[source]
        source: msp::Error,
    },
    /// A collection names two sorts of endorsement policy, or none.
    #[error("endorsementPolicy needs either signaturePolicy or channelConfigPolicy")]
    EndorsementPolicy,
    /// Something is wrong with one collection.
    #[error("collection {name}")]
    Collection {
        /// Its name.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<DescriptionError>,
    },
    /// The collections are not the JSON that Fabric's tools take.
    #[error("the collections are not the JSON that Fabric's tools take")]
    Json(#[from] serde_json::Error),
}

/// Who must endorse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyText {
    /// A policy in words, such as `AND('Org1MSP.peer','Org2MSP.peer')`.
    Signature(String),
    /// The path of one of the channel's policies, such as `/Channel/Application/Endorsement`.
    Reference(String),
}

/// One private data collection. An unknown key is an error: a limit that was misspelt would silently not hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", deny_unknown_fields)]
pub struct CollectionDescription {
    name: String,
    policy: String,
    #[serde(default)]
    required_peer_count: i32,
    #[serde(default)]
    max_peer_count: i32,
    #[serde(default)]
    block_to_live: u64,
    #[serde(default)]
    member_only_read: bool,
    #[serde(default)]
    member_only_write: bool,
    #[serde(default, deserialize_with = "present_object")]
    endorsement_policy: Option<EndorsementPolicy>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EndorsementPolicy {
    #[serde(default, deserialize_with = "present")]
    signature_policy: Option<String>,
    #[serde(default, deserialize_with = "present")]
    channel_config_policy: Option<String>,
}

/// Text that may be left out, but is not null where it stands.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// As [`present`], for an object.
fn present_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_map(Object(PhantomData)).map(Some)
}

impl<'de> Deserialize<'de> for CollectionDescription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Named(#[serde(with = "CollectionDescription")] CollectionDescription);
        let Named(description) = deserializer.deserialize_map(Object(PhantomData))?;
        Ok(description)
    }
}

/// Takes an object alone: by itself serde reads a list as a struct's fields in their order, too.
struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// What `_lifecycle` is told of a definition. Empty plugins and an empty policy stand for its defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDefinition {
    /// The chaincode's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The definition's place in the row of this chaincode's definitions.
    pub sequence: i64,
    /// The encoded `ApplicationPolicy`, as [`policy`] makes it.
    pub validation_parameter: Bytes,
    /// The chaincode must be initialised before anything else.
    pub init_required: bool,
    /// The collections, as [`collections`] makes them.
    pub collections: Option<CollectionConfigPackage>,
}

impl DescribedDefinition {
    /// The argument of `ApproveChaincodeDefinitionForMyOrg`. Without a package the organisation's peers only validate.
    #[must_use]
    pub fn to_approve(&self, package_id: Option<String>) -> Bytes {
        let source = match package_id {
            Some(package_id) => {
                chaincode_source::Type::LocalPackage(chaincode_source::Local { package_id })
            }
            None => chaincode_source::Type::Unavailable(chaincode_source::Unavailable {}),
        };
        let args = ApproveChaincodeDefinitionForMyOrgArgs {
            sequence: self.sequence,
            name: self.name.clone(),
            version: self.version.clone(),
            validation_parameter: self.validation_parameter.clone(),
            collections: self.collections.clone(),
            init_required: self.init_required,
            source: Some(ChaincodeSource {
                r#type: Some(source),
            }),
            ..ApproveChaincodeDefinitionForMyOrgArgs::default()
        };
        args.encode_to_vec().into()
    }

    /// The argument of `CommitChaincodeDefinition`.
    #[must_use]
    pub fn to_commit(&self) -> Bytes {
        let args = CommitChaincodeDefinitionArgs {
            sequence: self.sequence,
            name: self.name.clone(),
            version: self.version.clone(),
            validation_parameter: self.validation_parameter.clone(),
            collections: self.collections.clone(),
            init_required: self.init_required,
            ..CommitChaincodeDefinitionArgs::default()
        };
        args.encode_to_vec().into()
    }

    /// The argument of `CheckCommitReadiness`.
    #[must_use]
    pub fn to_check(&self) -> Bytes {
        let args = CheckCommitReadinessArgs {
            sequence: self.sequence,
            name: self.name.clone(),
            version: self.version.clone(),
            validation_parameter: self.validation_parameter.clone(),
            collections: self.collections.clone(),
            init_required: self.init_required,
            ..CheckCommitReadinessArgs::default()
        };
        args.encode_to_vec().into()
    }
}

/// The encoded policy; nothing for the channel's default.
///
/// # Errors
/// [`DescriptionError::Policy`]
pub fn policy(text: Option<&PolicyText>) -> Result<Bytes, DescriptionError> {
    let policy = match text {
        None => return Ok(Bytes::new()),
        Some(PolicyText::Signature(text)) => signature_policy(text)?,
        Some(PolicyText::Reference(path)) => reference(path.clone()),
    };
    Ok(policy.encode_to_vec().into())
}

/// A policy in words, as [`policy`] and Fabric's tools write it; hex of what is neither.
#[must_use]
pub fn policy_words(validation_parameter: &Bytes) -> String {
    let policy = ApplicationPolicy::from_wire(validation_parameter.clone());
    match policy.ok().and_then(|policy| policy.r#type) {
        Some(application_policy::Type::SignaturePolicy(policy)) => {
            msp::policy::dsl::to_text(&policy)
        }
        Some(application_policy::Type::ChannelConfigPolicyReference(path)) => path,
        None => hex::encode(validation_parameter),
    }
}

/// Reads collections in the JSON of Fabric's tools.
///
/// # Errors
/// All of [`DescriptionError`].
pub fn collections_of_json(json: &[u8]) -> Result<CollectionConfigPackage, DescriptionError> {
    collections(serde_json::from_slice(json)?)
}

/// Makes collections out of their descriptions.
///
/// # Errors
/// [`DescriptionError::Collection`] with the collection's name.
pub fn collections(
    descriptions: Vec<CollectionDescription>,
) -> Result<CollectionConfigPackage, DescriptionError> {
    let config = descriptions.into_iter().map(|collection| {
        let name = collection.name.clone();
        let config = collection.into_config().map_err(|source| {
            let source = Box::new(source);
            DescriptionError::Collection { name, source }
        })?;
        let payload = Some(collection_config::Payload::StaticCollectionConfig(config));
        Ok(CollectionConfig { payload })
    });
    let config = config.collect::<Result<_, DescriptionError>>()?;
    Ok(CollectionConfigPackage { config })
}

/// The names of collections, in their order.
#[must_use]
pub fn collection_names(package: &CollectionConfigPackage) -> Vec<String> {
    let names = package.config.iter().filter_map(|config| {
        let collection_config::Payload::StaticCollectionConfig(config) = config.payload.as_ref()?;
        Some(config.name.clone())
    });
    names.collect()
}

impl CollectionDescription {
    fn into_config(self) -> Result<StaticCollectionConfig, DescriptionError> {
        let members = parse(&self.policy)?;
        let members = collection_policy_config::Payload::SignaturePolicy(members);
        let endorsement = self.endorsement_policy.map(EndorsementPolicy::into_policy);
        Ok(StaticCollectionConfig {
            name: self.name,
            member_orgs_policy: Some(CollectionPolicyConfig {
                payload: Some(members),
            }),
            required_peer_count: self.required_peer_count,
            maximum_peer_count: self.max_peer_count,
            block_to_live: self.block_to_live,
            member_only_read: self.member_only_read,
            member_only_write: self.member_only_write,
            endorsement_policy: endorsement.transpose()?,
        })
    }
}

impl EndorsementPolicy {
    fn into_policy(self) -> Result<ApplicationPolicy, DescriptionError> {
        match (self.signature_policy, self.channel_config_policy) {
            (Some(text), None) => signature_policy(&text),
            (None, Some(path)) => Ok(reference(path)),
            _ => Err(DescriptionError::EndorsementPolicy),
        }
    }
}

fn parse(text: &str) -> Result<proto::common::SignaturePolicyEnvelope, DescriptionError> {
    msp::policy::dsl::parse(text).map_err(|source| DescriptionError::Policy {
        text: text.to_owned(),
        source,
    })
}

fn signature_policy(text: &str) -> Result<ApplicationPolicy, DescriptionError> {
    let policy = application_policy::Type::SignaturePolicy(parse(text)?);
    Ok(ApplicationPolicy {
        r#type: Some(policy),
    })
}

fn reference(path: String) -> ApplicationPolicy {
    ApplicationPolicy {
        r#type: Some(application_policy::Type::ChannelConfigPolicyReference(path)),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::{PolicyText, collection_names, collections_of_json, policy, policy_words};

    fn refusal(json: &str) -> String {
        let error = collections_of_json(json.as_bytes()).unwrap_err();
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        text
    }

    #[test]
    fn fields_are_named() {
        for json in [
            r#"[["c","OR('A.member')"]]"#,
            r#"[{"name":"c","policy":"OR('A.member')","endorsementPolicy":["OR('A.member')"]}]"#,
        ] {
            assert!(refusal(json).contains("invalid type: sequence, expected an object"));
        }
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        let json = r#"[{"name":"c","policy":"OR('A.member')","blocksToLive":3}]"#;
        assert!(refusal(json).contains("unknown field `blocksToLive`"));
    }

    #[test]
    fn a_policy_that_cannot_be_read_names_its_collection() {
        let json = r#"[{"name":"c7","policy":"OR("}]"#;
        assert!(refusal(json).starts_with("collection c7: 'OR(' is not a signature policy: "));
        let both = r#"[{"name":"c","policy":"OR('A.member')","endorsementPolicy":{"signaturePolicy":"OR('A.member')","channelConfigPolicy":"x"}}]"#;
        assert!(refusal(both).ends_with("either signaturePolicy or channelConfigPolicy"));
    }

    #[test]
    fn collections_keep_their_order_and_policies_come_back_in_words() {
        let json = r#"[{"name":"b","policy":"OR('A.member')"},{"name":"a","policy":"OR('A.member')","endorsementPolicy":{"channelConfigPolicy":"/x"}}]"#;
        let package = collections_of_json(json.as_bytes()).unwrap();
        assert_eq!(collection_names(&package), ["b", "a"]);
        let words = |text| policy_words(&policy(Some(&text)).unwrap());
        let text = "AND('A.peer', 'B.peer')";
        assert_eq!(words(PolicyText::Signature(text.into())), text);
        assert_eq!(
            words(PolicyText::Reference("/Channel/x".into())),
            "/Channel/x"
        );
        assert!(policy(None).unwrap().is_empty());
    }
}
