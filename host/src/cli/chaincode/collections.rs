//! The file that describes private data collections, as Fabric's tools take it.

use anyhow::Context as _;
use model::ErrorCode;
use proto::common::SignaturePolicyEnvelope;
use proto::protos::{
    ApplicationPolicy, CollectionConfig, CollectionConfigPackage, CollectionPolicyConfig,
    StaticCollectionConfig, application_policy, collection_config, collection_policy_config,
};
use serde::Deserialize;

use crate::cli::failure::Failure;
use crate::cli::file;

/// One collection. An unknown key is an error: a limit that was misspelt would silently not hold.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InFile {
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
    #[serde(default)]
    endorsement_policy: Option<PolicyInFile>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyInFile {
    #[serde(default)]
    signature_policy: Option<String>,
    #[serde(default)]
    channel_config_policy: Option<String>,
}

/// Reads the file.
pub(super) fn read(file: &file::Path) -> anyhow::Result<CollectionConfigPackage> {
    parse(&file.read()?).context(Failure::new(
        ErrorCode::RequestInvalid,
        "the collections cannot be read",
    ))
}

/// Reads a signature policy such as `OR('Org1MSP.member')`.
pub(super) fn signature_policy(text: &str) -> anyhow::Result<SignaturePolicyEnvelope> {
    msp::policy::dsl::parse(text).with_context(|| {
        Failure::new(
            ErrorCode::RequestInvalid,
            format!("'{text}' is not a signature policy"),
        )
        .hint("such as OR('Org1MSP.peer','Org2MSP.peer')")
    })
}

fn parse(json: &[u8]) -> anyhow::Result<CollectionConfigPackage> {
    let collections: Vec<InFile> = serde_json::from_slice(json)?;
    let config = collections.into_iter().map(|collection| {
        let name = collection.name.clone();
        let payload = Some(collection_config::Payload::StaticCollectionConfig(
            collection
                .into_config()
                .with_context(|| format!("collection {name}"))?,
        ));
        anyhow::Ok(CollectionConfig { payload })
    });
    Ok(CollectionConfigPackage {
        config: config.collect::<Result<_, _>>()?,
    })
}

impl InFile {
    fn into_config(self) -> anyhow::Result<StaticCollectionConfig> {
        let members =
            collection_policy_config::Payload::SignaturePolicy(signature_policy(&self.policy)?);
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
            endorsement_policy: self
                .endorsement_policy
                .map(PolicyInFile::into_policy)
                .transpose()?,
        })
    }
}

impl PolicyInFile {
    fn into_policy(self) -> anyhow::Result<ApplicationPolicy> {
        let policy = match (self.signature_policy, self.channel_config_policy) {
            (Some(text), None) => {
                application_policy::Type::SignaturePolicy(signature_policy(&text)?)
            }
            (None, Some(path)) => application_policy::Type::ChannelConfigPolicyReference(path),
            _ => anyhow::bail!(
                "endorsementPolicy needs either signaturePolicy or channelConfigPolicy"
            ),
        };
        Ok(ApplicationPolicy {
            r#type: Some(policy),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::cli::tests::recorded;
    use prost::Message as _;
    use proto::lifecycle::CommitChaincodeDefinitionArgs;
    use proto::protos::{
        ChaincodeActionPayload, ChaincodeInvocationSpec, ChaincodeProposalPayload, Transaction,
    };

    fn refusal(json: &str) -> String {
        format!("{:#}", parse(json.as_bytes()).unwrap_err())
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        let json = r#"[{"name":"c","policy":"OR('A.member')","blocksToLive":3}]"#;
        assert!(
            refusal(json).contains("unknown field `blocksToLive`"),
            "{}",
            refusal(json)
        );
    }

    #[test]
    fn a_policy_that_cannot_be_read_names_its_collection() {
        assert!(
            refusal(r#"[{"name":"c7","policy":"OR("}]"#).starts_with("collection c7: 'OR(' is not")
        );
        let both = r#"[{"name":"c","policy":"OR('A.member')","endorsementPolicy":{"signaturePolicy":"OR('A.member')","channelConfigPolicy":"x"}}]"#;
        assert!(refusal(both).contains("either signaturePolicy or channelConfigPolicy"));
    }

    #[test]
    fn the_recorded_file_gives_the_bytes_that_fabric_s_tool_sent() {
        let Some(folder) = recorded() else { return };
        let collections = parse(&std::fs::read(folder.join("coll.json")).unwrap()).unwrap();
        let sent = (0..36).find_map(|number| {
            let bytes = std::fs::read(folder.join(format!("peer/{number}.block"))).unwrap();
            model::Block::decode(bytes)
                .unwrap()
                .data
                .iter()
                .find_map(committed_definition)
        });
        assert_eq!(sent.unwrap().collections.unwrap(), collections);
    }

    fn committed_definition(entry: &bytes::Bytes) -> Option<CommitChaincodeDefinitionArgs> {
        let envelope = model::Envelope::decode(entry).ok()?;
        let payload = model::Payload::parse(&envelope.payload).ok()?;
        let action = Transaction::decode(payload.data).ok()?.actions.pop()?;
        let action = ChaincodeActionPayload::decode(action.payload).ok()?;
        let proposal = ChaincodeProposalPayload::decode(action.chaincode_proposal_payload).ok()?;
        let spec = ChaincodeInvocationSpec::decode(proposal.input)
            .ok()?
            .chaincode_spec?;
        let args = spec.input?.args;
        if args.first()?.as_ref() != b"CommitChaincodeDefinition" {
            return None;
        }
        CommitChaincodeDefinitionArgs::decode(args.get(1)?.clone()).ok()
    }
}
